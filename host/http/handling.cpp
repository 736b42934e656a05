#include "host/http/handling.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/http/gzip.hpp"
#include "host/http/idempotency.hpp"
#include "host/http/job_limit.hpp"
#include "host/http/json_body.hpp"
#include "host/http/precondition.hpp"
#include "host/http/references.hpp"

namespace weir::host::http {

namespace {

using Json = nlohmann::json;

/// How long a change waits for another one of the same path.

/// Without what the route's schema says is computed: that no request changed.
Json document_in(std::string const& body, Json const& schema) {
    Json document = Json::parse(body, nullptr, false);
    if (!document.is_object()) return nullptr;
    if (schema.is_object())
        for (Json const& name : schema.value("x-computed", Json::array()))
            document.erase(name.get<std::string>());
    return document;
}

/// All of it when there was or is no such document; so that it fits, at last only the pointers.
Json difference_of(Json const& before, Json const& after) {
    constexpr std::size_t bytes_max = 4096;
    if (before.is_null() && after.is_null()) return nullptr;
    Json out = Json::array(), names = Json::array();
    if (before.is_null() || after.is_null()) {
        out.push_back({{"pointer", ""}, {before.is_null() ? "after" : "before",
                                         before.is_null() ? after : before}});
        names.push_back({{"pointer", ""}});
    }
    for (Json const& change : out.empty() ? Json::diff(before, after) : Json::array()) {
        std::string const pointer = change.value("path", "");
        Json::json_pointer const at{pointer};
        names.push_back({{"pointer", pointer}});
        out.push_back({{"pointer", pointer}});
        if (before.contains(at)) out.back()["before"] = before.at(at);
        if (after.contains(at)) out.back()["after"] = after.at(at);
    }
    auto const fits = [](Json const& json) {
        return json.dump(-1, ' ', false, Json::error_handler_t::replace).size() <= bytes_max;
    };
    if (fits(out)) return out;
    return fits(names) ? names : Json();
}

/// What the answer itself tells of its changes: each by name alone when all of it is too much.
Json changes_in(std::string const& body, std::string const& field) {
    constexpr std::size_t bytes_max = 8192;
    Json const answer = Json::parse(body, nullptr, false);
    Json changes = answer.is_object() ? answer.value(field, Json()) : Json();
    auto const size = [&] {
        return changes.dump(-1, ' ', false, Json::error_handler_t::replace).size();
    };
    if (size() > bytes_max)
        for (Json& each : changes) each.erase("differences");
    return size() > bytes_max ? Json() : changes;
}

Response busy_path() {
    Error const busy{WEIR_E_BUSY, "request.path_busy",
                     "another request is changing this; try again"};
    return problem(busy);
}

}  // namespace

bool Handling::is_configurable() const {
    for (char const* const method : {"PUT", "PATCH", "DELETE"})
        if (place_.allow.find(method) != std::string::npos) return true;
    return false;
}

bool Handling::is_audited() const {
    return is_change() && !request_.is_dry_run && ports_.audit &&
           !route_.is_look && (route_.is_audited || route_.scope >= Scope::write);
}

Response Handling::run() {
    if (auto refused = check()) return *std::move(refused);
    return limit_to_jobs(route_, request_, once());
}

std::optional<Response> Handling::check() {
    if (auto refused = refuse_beyond_jobs(route_, request_)) return refused;
    if (auto refused = unpack_body(route_.body_bytes_max, ports_.limits.gzip_ratio_max, request_))
        return refused;
    if (auto refused = check_dry_run()) return refused;
    if (auto refused = read_body(route_, request_)) return refused;
    if (auto refused = refuse_references(request_)) return refused;
    return refuse_other_jobs(route_, request_);
}

std::optional<Response> Handling::check_dry_run() {
    auto const said = request_.query_param("dry_run");
    if (!said || !is_change()) return std::nullopt;
    if (*said != "true" && *said != "false")
        return problem(Error{WEIR_E_CONFIG, "request.bad_parameter",
                             fmt::format("dry_run={} is neither true nor false", *said),
                             "/dry_run"});
    request_.is_dry_run = *said == "true";
    // What would do it all the same is refused: nobody who asks for a trial gets the real thing.
    if (request_.is_dry_run && !route_.has_dry_run)
        return problem(Error{WEIR_E_CONFIG, "request.no_dry_run",
                             fmt::format("{} {} has no dry run", route_.method, route_.path),
                             "/dry_run"});
    return std::nullopt;
}

Response Handling::once() {
    auto const key = request_.headers.find("idempotency-key");
    bool const counts = key != request_.headers.end() && request_.method == "POST" &&
                        route_.scope >= Scope::run && !request_.is_dry_run && ports_.replays;
    if (!counts) return on_condition();
    Repeated repeated{*ports_.replays, request_, key->second};
    if (auto answer = repeated.begin()) return *std::move(answer);
    Response answer = on_condition();
    repeated.end(answer, route_.shows_secret);
    return answer;
}

Response Handling::on_condition() {
    if (request_.method == "GET") return read();
    bool const is_document = request_.method == "PUT" || request_.method == "PATCH" ||
                             request_.method == "DELETE";
    return is_document ? change() : call();
}

Response Handling::read() {
    Response answer = route_.handler(request_);
    if (is_configurable()) tag(answer);
    return is_unchanged(request_, answer) ? not_modified(answer) : answer;
}

Response Handling::change() {
    std::chrono::milliseconds const patience{ports_.limits.path_wait_ms_max};
    PathLocks::Hold const hold{locks_, request_.path, patience};
    if (!hold.is_held()) return busy_path();
    bool const has_condition = has_precondition(request_);
    std::optional<Response> now;
    if (has_condition || ports_.requires_if_match || is_audited()) now = current();
    if (now && (has_condition || ports_.requires_if_match))
        if (auto refused = check_precondition(request_, *now, ports_.requires_if_match))
            return *std::move(refused);
    Response answer = route_.handler(request_);
    if (!is_audited()) return answer;
    bool const was_there = now && now->status == 200;
    audit(answer, was_there ? document_in(now->body, schema_now_) : Json());
    return answer;
}

Response Handling::call() {
    Response answer = route_.handler(request_);
    if (is_audited()) audit(answer, nullptr);
    return answer;
}

std::optional<Response> Handling::current() {
    Router::Match match = ports_.router.find("GET", place_.path);
    if (!match.route) return std::nullopt;
    schema_now_ = match.route->response;
    Request look = request_;
    look.method = "GET";
    look.query.clear();
    look.body.clear();
    look.json = nullptr;
    look.params = std::move(match.params);
    Response answer = match.route->handler(look);
    tag(answer);
    return answer;
}

void Handling::audit(Response const& answer, Json const& before) const {
    if (answer.status >= 400) return;
    AuditEntry entry{request_.who.id,
                     request_.address,
                     request_.request_id,
                     fmt::format("{} {}", route_.method, route_.path),
                     request_.path,
                     std::to_string(answer.status),
                     nullptr};
    if (!route_.change_field.empty())
        entry.difference = changes_in(answer.body, route_.change_field);
    else if (!route_.shows_secret && (!before.is_null() || answer.status == 201))
        entry.difference = difference_of(before, document_in(answer.body, route_.response));
    for (auto const& [name, value] : answer.headers)
        if (answer.status == 201 && name == "location") entry.object = value;
    ports_.audit(entry);
}

}  // namespace weir::host::http
