#include <fmt/format.h>

#include <optional>
#include <set>

#include "host/serve/page.hpp"
#include "host/serve/plugin_routes.hpp"
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
    std::optional<Page> const page =
        Page::of(request, {"job", "run", "code", "status"}, findings, Page::Form::ulid);
    check_values(request.query, "status", {"waiting", "replayed", "discarded"}, findings);
    if (!findings.empty()) return refused(findings);
    if (!page) return refused(findings);
    Letters::Filter filter;
    filter.job = request.query_param("job").value_or("");
    filter.jobs = request.who.jobs;
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

Response show(Letters& letters, Request const& request) {
    Result<Letter> const found = letters.find(request.params.at("id"));
    return found ? http::json_response(200, to_json(*found)) : http::problem(found.error());
}

/// {"ids":[…]} or {"filter":{"job","run","code"}}: those that wait, oldest first, one more than
/// `most` when there are more. Nothing, and why in `findings`, when neither is named.
std::optional<Letters::Filter> chosen(Json const& body, std::size_t most,
                                      std::vector<Finding>& findings) {
    bool const has_ids = body.is_object() && body.contains("ids");
    bool const has_filter = body.is_object() && body.contains("filter");
    if (has_ids == has_filter) {
        findings.push_back({"", "request.required",
                            R"(name them by "ids" or by "filter", one of both)",
                            R"({"filter":{"job":"NAME"}} or {"ids":["ID"]})"});
        return std::nullopt;
    }
    Letters::Filter filter;
    filter.limit = most + 1;
    filter.oldest_first = true;
    filter.with_record = false;
    if (has_ids)
        for (Json const& id : body["ids"]) filter.ids.push_back(id);
    if (filter.ids.size() > most)
        findings.push_back({"/ids", "request.too_many",
                            fmt::format("at most {} letters at a time", most), ""});
    if (has_ids && filter.ids.empty())
        findings.push_back({"/ids", "request.required", "the list names no letter", ""});
    Json const by = body.value("filter", Json::object());
    filter.job = by.value("job", "");
    filter.run_id = by.value("run", "");
    filter.code = by.value("code", "");
    if (!findings.empty()) return std::nullopt;
    return filter;
}

/// Ids that nobody knows, each once; those that were settled already are left out in silence: there
/// is nothing left to do for them.
Result<void> add_unknown(Letters& letters, http::Principal const& who,
                         std::vector<std::string> const& ids, Json& items) {
    if (ids.empty()) return {};
    Letters::Filter filter;
    filter.ids = ids;
    filter.jobs = who.jobs;
    filter.status.clear();
    filter.with_record = false;
    filter.limit = ids.size();
    Result<std::vector<Letter>> known = letters.list(filter);
    if (!known) return known.error();
    std::set<std::string> unknown{ids.begin(), ids.end()};
    for (Letter const& letter : *known) unknown.erase(letter.id);
    for (std::string const& id : unknown)
        items.push_back({{"id", id}, {"status", "not_found"}});
    return {};
}

/// What `settle_all` makes of the letters that were chosen, as an answer.
template <class Settle>
Response settle_chosen(Letters& letters, Request const& request, Settle&& settle_all) {
    std::vector<Finding> findings;
    auto filter = chosen(request.json, RunPlan::letters_max, findings);
    if (!filter) return refused(findings);
    filter->jobs = request.who.jobs;
    Result<std::vector<Letter>> found = letters.list(*filter);
    if (!found) return http::problem(found.error());
    bool const has_more = found->size() > RunPlan::letters_max;
    if (has_more) found->pop_back();
    Result<Json> items = settle_all(*found);
    if (!items) return http::problem(items.error());
    if (auto done = add_unknown(letters, request.who, filter->ids, *items); !done)
        return http::problem(done.error());
    Json body{{"items", std::move(*items)}};
    if (has_more) body["has_more"] = true;  // ask again for the next ones
    return http::json_response(200, body);
}

Response replay_chosen(LetterPorts const& ports, Request const& request) {
    constexpr int wait_s_default = 30;
    int const asked = wait_asked(request);
    return settle_chosen(ports.letters, request,
                         [&](std::vector<Letter> const& letters) -> Result<Json> {
                             if (letters.empty()) return Json(Json::array());
                             return replay(ports, letters, asked ? asked : wait_s_default);
                         });
}

Response discard(Letters& letters, Request const& request) {
    return settle_chosen(
        letters, request, [&](std::vector<Letter> const& found) -> Result<Json> {
            std::vector<std::string> ids;
            for (Letter const& letter : found) ids.push_back(letter.id);
            Result<std::vector<std::string>> const settled =
                request.is_dry_run ? ids : letters.settle(ids, "discarded");
            if (!settled) return settled.error();
            Json items = Json::array();
            for (std::string const& id : *settled)
                items.push_back({{"id", id}, {"status", "discarded"}});
            return items;
        });
}

Json const& choice_schema() {
    static Json const schema = Json::parse(R"({"type":"object","additionalProperties":false,
        "properties":{"ids":{"type":"array","items":{"type":"string"}},
          "filter":{"type":"object","additionalProperties":false,"properties":{
            "job":{"type":"string"},"run":{"type":"string"},"code":{"type":"string"}}}}})");
    return schema;
}

}  // namespace

std::vector<http::Route> letter_routes(LetterPorts const& ports) {
    Letters& letters = ports.letters;
    http::Route listing, one, replaying, discarding;
    listing.method = one.method = "GET";
    listing.path = "/dead-letters";
    listing.summary = "Records that were refused, whole";
    listing.job_field = "job";
    listing.handler = [&letters](Request const& in) { return list_letters(letters, in); };
    one.path = "/dead-letters/{id}";
    one.summary = "One refused record, with its reason";
    one.job_of = [&letters](Request const& in) -> std::optional<std::string> {
        Result<Letter> const found = letters.find(in.params.at("id"));
        return found ? std::optional{found->job} : std::nullopt;
    };
    one.handler = [&letters](Request const& in) { return show(letters, in); };
    replaying.method = discarding.method = "POST";
    replaying.path = "/dead-letters/replay";
    replaying.scope = http::Scope::run;
    replaying.summary = "Write refused records again, as their jobs stand now";
    replaying.request = discarding.request = choice_schema();
    replaying.waits = true;
    replaying.handler = [ports](Request const& in) { return replay_chosen(ports, in); };
    discarding.path = "/dead-letters/discard";
    discarding.scope = http::Scope::write;
    discarding.summary = "Give up refused records";
    discarding.has_dry_run = true;
    discarding.is_audited = replaying.is_audited = true;
    discarding.heeds_jobs = replaying.heeds_jobs = true;
    discarding.handler = [&letters](Request const& in) { return discard(letters, in); };
    std::vector<http::Route> routes{listing, one, replaying, discarding};
    for (http::Route& route : routes) route.owner = "host";
    return routes;
}

}  // namespace weir::host
