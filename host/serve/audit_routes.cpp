#include "host/serve/access_routes.hpp"
#include "host/serve/host_route.hpp"
#include "host/serve/page.hpp"
#include "weir/cpp/calendar.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;

Json audit_json(AuditRow const& row) {
    return {{"seq", row.seq},
            {"at", rfc3339(row.at_us)},
            {"principal", row.principal},
            {"address", row.address},
            {"request_id", row.request_id},
            {"action", row.action},
            {"object", row.object},
            {"result", row.result},
            {"difference", row.difference.empty() ? Json()
                                                  : Json::parse(row.difference, nullptr, false)}};
}

Response list_audit(Audit& audit, Request const& request) {
    std::vector<Finding> findings;
    auto const page = Page::of(request, {"principal", "action", "object"}, findings,
                               Page::Form::number);
    if (!page) return refused(findings);
    Audit::Filter filter;
    filter.before = page->number();
    filter.principal = request.query_param("principal").value_or("");
    filter.action = request.query_param("action").value_or("");
    filter.object = request.query_param("object").value_or("");
    filter.limit = page->limit;
    Result<std::vector<AuditRow>> const rows = audit.list(filter);
    if (!rows) return http::problem(rows.error());
    Json body{{"items", Json::array()}, {"next", nullptr}};
    for (AuditRow const& row : *rows) body["items"].push_back(audit_json(row));
    if (rows->size() == page->limit) body["next"] = std::to_string(rows->back().seq);
    return http::json_response(200, body);
}

Response verify_audit(Audit& audit) {
    Result<Audit::Verdict> const verdict = audit.verify();
    if (!verdict) return http::problem(verdict.error());
    Json body{{"ok", verdict->broken == 0}, {"rows", verdict->rows}};
    if (verdict->broken != 0) {
        body["broken_at"] = verdict->broken;
        body["why"] = verdict->why;
    }
    return http::json_response(200, body);
}

}  // namespace

std::vector<http::Route> audit_routes(Audit& audit) {
    using http::Scope;
    return {host_route("GET", "/audit", Scope::admin, "Who changed what, newest first",
                       [&audit](Request const& in) { return list_audit(audit, in); }),
            host_route("GET", "/audit/verification", Scope::admin,
                       "Whether the trail is whole and as it was written",
                       [&audit](Request const&) { return verify_audit(audit); })};
}

}  // namespace weir::host
