#include "host/serve/run_routes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/core/text.hpp"
#include "host/serve/host_route.hpp"
#include "host/serve/page.hpp"
#include "host/serve/plugin_routes.hpp"
#include "host/serve/runner_service.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;
using http::Scope;

Response answer(Result<Json> const& result, unsigned status = 200) {
    return result ? http::json_response(status, *result) : http::problem(result.error());
}

Response list_runs(Engine& engine, Request const& request) {
    std::vector<Finding> findings;
    std::optional<Page> const page =
        Page::of(request, {"job", "status", "since", "until", "q"}, findings, Page::Form::ulid);
    check_values(request.query, "status",
                 {"queued", "running", "retrying", "succeeded", "partial", "failed", "cancelled",
                  "skipped"},
                 findings);
    Runs::Filter filter;
    filter.since_us = time_param(request, "since", filter.since_us, findings);
    filter.until_us = time_param(request, "until", filter.until_us, findings);
    if (findings.empty() && filter.since_us > filter.until_us)
        findings.push_back({"/until", "request.bad_parameter", "until is before since", ""});
    if (!page || !findings.empty()) return refused(findings);
    filter.part = request.query_param("q").value_or("");
    filter.jobs = request.who.jobs;
    filter.limit = page->limit;
    filter.before = page->cursor;
    filter.job = request.query_param("job").value_or("");
    filter.statuses = query_values(request.query, "status");
    return answer(engine.list(filter));
}

Response list_tasks(Engine& engine, Request const& request) {
    Result<Json> const run = engine.query(request.params.at("id"), true);
    if (!run) return http::problem(run.error());
    return http::json_response(200,
                               {{"items", run->value("tasks", Json::array())}, {"next", nullptr}});
}

Response list_logs(Engine& engine, Request const& request) {
    std::vector<Finding> findings;
    std::optional<Page> const page = Page::of(request, {}, findings, Page::Form::number);
    if (!page) return refused(findings);
    Result<Json> logs = engine.logs(request.params.at("id"), page->number(), page->limit);
    if (logs && (*logs)["next"].is_number()) (*logs)["next"] = (*logs)["next"].dump();
    return answer(logs);
}

Response retry(Engine& engine, Request const& request) {
    Result<SubmittedRun> const run = engine.retry(request.params.at("id"));
    if (!run) return http::problem(run.error());
    Response response =
        http::json_response(202, {{"run_id", run->run_id}, {"status", run->status}});
    response.headers.emplace_back("location", "/runs/" + run->run_id);
    return response;
}

std::optional<std::string> job_of_run(Engine& engine, Request const& request) {
    Result<Json> const run = engine.query(request.params.at("id"));
    if (!run) return std::nullopt;
    return run->value("job", "");
}

Json find_connector(Engine& engine, std::string const& type, std::string& near) {
    std::vector<std::string> types;
    for (Json const& each : engine.inspector().connectors().value("items", Json::array())) {
        if (each.value("type", "") == type) return each;
        types.push_back(each.value("type", ""));
    }
    near = nearest(type, types);
    return nullptr;
}

Response unknown_connector(std::string const& type, std::string const& near) {
    Error const error{WEIR_E_NOT_FOUND, "connector.not_found",
                      fmt::format("there is no connector \"{}\"", type)};
    return http::problem(
        error.suggest(did_you_mean(near, "GET /connectors")));
}

Json const& config_schema() {
    static Json const schema = Json::parse(
        R"({"type":"object","required":["config"],"additionalProperties":false,
            "properties":{"config":{"type":"object"},"pattern":{"type":"string"}}})");
    return schema;
}

/// What was sent as a configuration, looked at by `look` once its connector is known.
template <class Look>
Response try_connector(Engine& engine, FileReach const& reach, Request const& request,
                       Look&& look) {
    std::string const& type = request.params.at("type");
    std::string near;
    if (find_connector(engine, type, near).is_null()) return unknown_connector(type, near);
    Json const config =
        request.json.is_object() ? request.json.value("config", Json::object()) : Json::object();
    ConnectorConfig const connector{type, config};
    if (request.who.scope != Scope::admin)
        if (auto beyond = out_of_reach(engine.inspector(), reach, connector)) {
            for (Finding& each : beyond->findings) each.pointer.insert(0, "/config");
            beyond->error->where.insert(0, "/config");
            return http::problem(*beyond->error, beyond->findings);
        }
    return answer(look(connector));
}

}  // namespace

std::vector<http::Route> run_routes(Engine& engine, AwaitRun const& await_run) {
    std::vector<http::Route> routes{
        host_route("GET", "/runs", Scope::read, "Runs, newest first",
              [&engine](Request const& in) { return list_runs(engine, in); }),
        host_route("GET", "/runs/{id}", Scope::read, "One run",
              [&engine](Request const& in) { return answer(engine.query(in.params.at("id"))); }),
        host_route("GET", "/runs/{id}/tasks", Scope::read, "The tasks of a run",
              [&engine](Request const& in) { return list_tasks(engine, in); }),
        host_route("GET", "/runs/{id}/logs", Scope::read, "What a run said",
              [&engine](Request const& in) { return list_logs(engine, in); }),
        host_route("POST", "/runs/{id}/cancel", Scope::run, "Stop a run; what is committed stays",
              [&engine](Request const& in) {
                  return answer(engine.cancel(in.params.at("id"), "cancelled by request"));
              }),
        host_route("POST", "/runs/{id}/retry", Scope::run, "Run again what failed in it",
              [&engine, await_run](Request const& in) {
                  return awaited(retry(engine, in), wait_asked(in), await_run);
              })};
    routes.front().job_field = "job";
    for (std::size_t i = 1; i < routes.size(); ++i)
        routes[i].job_of = [&engine](Request const& in) { return job_of_run(engine, in); };
    routes.back().waits = true;
    return routes;
}

std::vector<http::Route> connector_routes(Engine& engine, FileReach const& reach) {
    std::vector<http::Route> routes{
            host_route("GET", "/connectors", Scope::read, "Connectors and how they are configured",
                  [&engine](Request const& in) {
                      std::vector<Finding> findings;
                      if (!Page::of(in, {}, findings)) return refused(findings);
                      return http::json_response(
                          200, {{"items", engine.inspector().connectors().at("items")},
                                {"next", nullptr}});
                  }),
            host_route("GET", "/connectors/{type}", Scope::read, "One connector",
                  [&engine](Request const& in) {
                      std::string near;
                      Json const found = find_connector(engine, in.params.at("type"), near);
                      if (found.is_null()) return unknown_connector(in.params.at("type"), near);
                      return http::json_response(200, found);
                  }),
            host_route(
                "POST", "/connectors/{type}/check", Scope::run, "Try a configuration, step by step",
                [&engine, &reach](Request const& in) {
                    return try_connector(engine, reach, in, [&](ConnectorConfig const& connector) {
                        return engine.inspector().check("host", connector);
                    });
                },
                config_schema()),
            host_route(
                "POST", "/connectors/{type}/discover", Scope::run, "The streams of a configuration",
                [&engine, &reach](Request const& in) {
                    return try_connector(engine, reach, in, [&](ConnectorConfig const& connector) {
                        std::optional<std::string> pattern;
                        if (in.json.contains("pattern")) pattern = in.json["pattern"];
                        return engine.inspector().discover("host", connector, pattern);
                    });
                },
                config_schema())};
    for (http::Route& each : routes) each.is_costly = each.method == "POST";
    return routes;
}

}  // namespace weir::host
