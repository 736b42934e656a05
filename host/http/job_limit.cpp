#include "host/http/job_limit.hpp"

#include <fmt/format.h>

namespace weir::host::http {

namespace {

using Json = nlohmann::json;

/// {"job"} of an item, or of the job that it is.
bool is_seen(Request const& request, Json const& item, std::string const& field) {
    return item.is_object() && item.contains(field) && item[field].is_string() &&
           request.who.may_see(item[field].get_ref<std::string const&>());
}

}  // namespace

std::optional<Response> refuse_other_jobs(Route const& route, Request const& request) {
    if (!request.who.is_limited() || !route.job_of) return std::nullopt;
    std::optional<std::string> const job = route.job_of(request);
    if (!job || request.who.may_see(*job)) return std::nullopt;
    return problem(404, "request.not_found", "", fmt::format("there is no {}", request.path));
}

std::optional<Response> refuse_beyond_jobs(Route const& route, Request const& request) {
    bool const changes = route.method != "GET" && route.scope >= Scope::run;
    if (!request.who.is_limited() || !changes || route.job_of || route.heeds_jobs)
        return std::nullopt;
    return problem(403, "request.forbidden", "",
                   fmt::format("this token is for the jobs {} alone", request.who.jobs));
}

Response limit_to_jobs(Route const& route, Request const& request, Response answer) {
    if (!request.who.is_limited()) return answer;
    bool const is_list = !route.job_field.empty() && answer.status == 200;
    if (!is_list && answer.status != 404) return answer;
    Json body = Json::parse(answer.body, nullptr, false);
    if (!body.is_object()) return answer;
    if (answer.status == 404) body.erase("suggestion");
    if (is_list && body.contains("items") && body["items"].is_array()) {
        Json seen = Json::array();
        for (Json& item : body["items"])
            if (is_seen(request, item, route.job_field)) seen.push_back(std::move(item));
        body["items"] = std::move(seen);
    }
    answer.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return answer;
}

}  // namespace weir::host::http
