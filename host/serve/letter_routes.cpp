#include <fmt/format.h>

#include "host/serve/page.hpp"
#include "host/serve/run_routes.hpp"
#include "weir/cpp/calendar.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;

Json to_json(Letter const& letter) {
    return {{"id", letter.id},
            {"job", letter.job},
            {"stream", letter.stream},
            {"target", letter.target},
            {"run_id", letter.run_id},
            {"code", letter.code},
            {"message", letter.message},
            {"where", letter.where},
            {"status", letter.status},
            {"at", rfc3339(letter.at_us)},
            {"record", Json::parse(letter.record_json, nullptr, false)}};
}

Response list_letters(Letters& letters, Request const& request) {
    std::vector<Finding> findings;
    std::optional<Page> const page = Page::of(request, {"job", "run", "code", "status"}, findings);
    if (!page) return refused(findings);
    Letters::Filter filter;
    filter.job = request.query_param("job").value_or("");
    filter.run_id = request.query_param("run").value_or("");
    filter.code = request.query_param("code").value_or("");
    filter.status = request.query_param("status").value_or("waiting");
    filter.before = page->cursor;
    filter.limit = page->limit;
    Result<std::vector<Letter>> const found = letters.list(filter);
    if (!found) return http::problem(found.error());
    Json body{{"items", Json::array()}, {"next", nullptr}};
    for (Letter const& letter : *found) body["items"].push_back(to_json(letter));
    if (found->size() == page->limit) body["next"] = found->back().id;
    return http::json_response(200, body);
}

/// {"ids":[…]} or {"filter":{"job","run","code"}}.
Letters::Filter chosen(Json const& body) {
    Letters::Filter filter;
    filter.limit = Letters::letters_per_job_max;
    if (body.contains("ids"))
        for (Json const& id : body["ids"]) filter.ids.push_back(id);
    Json const by = body.value("filter", Json::object());
    filter.job = by.value("job", "");
    filter.run_id = by.value("run", "");
    filter.code = by.value("code", "");
    return filter;
}

Response discard(Letters& letters, Request const& request) {
    if (!request.json.is_object() ||
        (!request.json.contains("ids") && !request.json.contains("filter")))
        return refused({{"", "request.required", "name them by ids or by filter", ""}});
    Result<std::vector<Letter>> const found = letters.list(chosen(request.json));
    if (!found) return http::problem(found.error());
    std::vector<std::string> ids;
    Json items = Json::array();
    for (Letter const& letter : *found) {
        ids.push_back(letter.id);
        items.push_back({{"id", letter.id}, {"status", "discarded"}});
    }
    if (auto done = letters.settle(ids, "discarded"); !done) return http::problem(done.error());
    return http::json_response(200, {{"items", items}});
}

Json const& choice_schema() {
    static Json const schema = Json::parse(R"({"type":"object","additionalProperties":false,
        "properties":{"ids":{"type":"array","items":{"type":"string"}},
          "filter":{"type":"object","additionalProperties":false,"properties":{
            "job":{"type":"string"},"run":{"type":"string"},"code":{"type":"string"}}}}})");
    return schema;
}

}  // namespace

std::vector<http::Route> letter_routes(Letters& letters) {
    http::Route listing, discarding;
    listing.method = "GET";
    listing.path = "/dead-letters";
    listing.scope = http::Scope::read;
    listing.summary = "Records that were refused, whole";
    listing.handler = [&letters](Request const& in) { return list_letters(letters, in); };
    discarding.method = "POST";
    discarding.path = "/dead-letters/discard";
    discarding.scope = http::Scope::write;
    discarding.summary = "Give up refused records";
    discarding.request = choice_schema();
    discarding.handler = [&letters](Request const& in) { return discard(letters, in); };
    listing.owner = discarding.owner = "host";
    return {listing, discarding};
}

}  // namespace weir::host
