#include "host/serve/plugin_routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "host/core/log_level.hpp"
#include "host/http/problem.hpp"
#include "host/serve/page.hpp"

namespace weir::host {

namespace {

constexpr std::int64_t handle_ms_max = 60'000;
constexpr int wait_s_max = 600;

/// The first of `names` that the path or the body holds: the job a request is about.
std::optional<std::string> job_named(http::Request const& request,
                                     std::vector<std::string> const& names) {
    for (std::string const& name : names) {
        if (auto const at = request.params.find(name); at != request.params.end())
            return at->second;
        if (request.json.is_object() && request.json.contains(name) &&
            request.json[name].is_string())
            return request.json[name].get<std::string>();
    }
    return std::nullopt;
}

http::Response response_of(HttpAnswer answer) {
    if (answer.error) return http::problem(*answer.error, answer.findings, answer.blocked_by);
    http::Response response;
    response.status = answer.status;
    response.headers = std::move(answer.headers);
    response.content_type = std::move(answer.content_type);
    response.body = std::move(answer.body);
    return response;
}

/// Of a bug the caller learns whose it is and no more; the log has the sentence.
http::Response told(HttpAnswer answer, std::string const& plugin, LogSink& log,
                    http::Request const& request) {
    std::string const why = answer.error ? answer.error->message : "";
    std::string const code = answer.error ? answer.error->code : "";
    http::Response response = response_of(std::move(answer));
    if (response.status != 500 || why.empty()) return response;
    log.log(level_error, plugin,
            fmt::format("request {}: {} {}: {}", request.request_id, request.method, request.path,
                        http::plain_text(why)));
    if (code.starts_with("host.")) return response;
    return http::problem(500, code.starts_with("plugin.") ? code : "plugin.internal", "",
                         fmt::format("on_http() of the plugin {} failed, which is a bug of its: "
                                     "report it to its maker, with the line of the log that has "
                                     "this request id",
                                     plugin));
}

/// Asks the service; it may be replaced while a run is waited for.
http::Response asked(RoutePorts const& ports, std::string const& id, http::Request const& request) {
    Result<ServiceSlot::Use> const service = ports.service->enter();
    if (!service) return http::problem(service.error());
    CallContext const call{ports.clock, nullptr,
                           ports.clock.monotonic_ns() + handle_ms_max * 1'000'000};
    std::string const principal = to_json(request.who);
    HttpAnswer answer = (*service)->on_http(
        id,
        {request.method, request.path, request.query, principal, request.request_id, request.body,
         request.headers, request.params},
        call);
    return told(std::move(answer), (*service)->info().id, ports.log, request);
}

}  // namespace

int wait_asked(http::Request const& request) {
    auto const at = request.headers.find("prefer");
    if (at == request.headers.end()) return 0;
    std::size_t const word = at->second.find("wait=");
    if (word == std::string::npos) return 0;
    int seconds = 0;
    char const* const from = at->second.data() + word + 5;
    std::from_chars(from, at->second.data() + at->second.size(), seconds);
    return std::clamp(seconds, 0, wait_s_max);
}

http::Response awaited(http::Response response, int wait_s, AwaitRun const& await_run) {
    if (response.status != 202 || wait_s == 0) return response;
    nlohmann::json const body = nlohmann::json::parse(response.body, nullptr, false);
    if (!body.is_object() || !body.contains("run_id") || !body["run_id"].is_string())
        return response;
    std::optional<nlohmann::json> const run = await_run(body["run_id"], wait_s);
    if (!run) return response;
    http::Response ended = http::json_response(200, *run);
    ended.headers.emplace_back("preference-applied", "wait=" + std::to_string(wait_s));
    return ended;
}

std::vector<http::Route> routes_of(std::string const& owner, Declared const& declared,
                                   RoutePorts const& ports) {
    std::vector<http::Route> routes;
    for (DeclaredRoute const& each : declared.routes) {
        http::Route route;
        route.method = each.method;
        route.path = each.path;
        route.scope = http::scope_named(each.scope).value_or(http::Scope::admin);
        route.id = each.id;
        route.owner = owner;
        route.query = each.query;
        if (!each.answers.empty()) route.answers = each.answers;
        route.summary = each.summary;
        route.request = each.request;
        route.response = each.response;
        route.document = each.document;
        route.body_bytes_max = each.body_bytes_max;
        route.waits = each.waits;
        route.is_costly = each.is_costly;
        route.has_dry_run = each.has_dry_run;
        route.is_audited = each.is_audited;
        route.job_field = each.job_field;
        if (!each.job.empty())
            route.job_of = [names = each.job](http::Request const& request) {
                return job_named(request, names);
            };
        std::vector<std::string> const also =
            each.has_dry_run ? std::vector<std::string>{"dry_run"} : std::vector<std::string>{};
        route.handler = [ports, id = each.id, waits = each.waits, query = each.query,
                         also](http::Request const& request) {
            std::vector<Finding> findings;
            check_query(request.query, query, also, findings);
            if (!findings.empty()) return refused(findings);
            http::Response response = asked(ports, id, request);
            if (!waits) return response;
            return awaited(std::move(response), wait_asked(request), ports.await_run);
        };
        routes.push_back(std::move(route));
    }
    return routes;
}

}  // namespace weir::host
