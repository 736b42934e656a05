#include "host/serve/runner_service.hpp"

#include <fmt/format.h>

#include <map>

#include "host/core/text.hpp"
#include "host/run/run_json.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using Method = std::function<MethodAnswer(Engine&, std::string const& caller, Json const& in)>;
using Methods = std::map<std::string, Method>;

std::string text(Json const& in, char const* name) {
    auto const at = in.is_object() ? in.find(name) : in.end();
    return at != in.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

std::size_t number(Json const& in, char const* name, std::size_t otherwise, std::size_t max) {
    auto const at = in.is_object() ? in.find(name) : in.end();
    if (at == in.end() || !at->is_number_unsigned()) return otherwise;
    return std::min(at->get<std::size_t>(), max);
}

MethodAnswer method_answer(Result<Json> result) {
    return result ? MethodAnswer{std::move(*result)} : MethodAnswer{result.error()};
}

MethodAnswer method_answer(Result<SubmittedRun> const& run) {
    if (!run) return run.error();
    return Json{{"run_id", run->run_id}, {"status", run->status}, {"existing", run->existing}};
}

std::optional<Overlap> overlap_of(std::string const& name) {
    static std::map<std::string, Overlap> const values{{"", Overlap::buffer_one},
                                                       {"skip", Overlap::skip},
                                                       {"buffer_one", Overlap::buffer_one},
                                                       {"queue", Overlap::buffer_one},
                                                       {"join", Overlap::join},
                                                       {"reject", Overlap::reject},
                                                       {"cancel_other", Overlap::cancel_other}};
    auto const at = values.find(name);
    if (at == values.end()) return std::nullopt;
    return at->second;
}

/// What is wrong with the plan of `in`, all of it; nothing when it can be run.
std::optional<MethodAnswer> objection(Engine& engine, Json const& in) {
    std::vector<Finding> findings =
        engine.check(in.is_object() ? in.value("plan", Json()) : Json());
    if (findings.empty()) return std::nullopt;
    Error error = error_of(findings);
    return MethodAnswer{std::move(error), std::move(findings)};
}

MethodAnswer submit(Engine& engine, std::string const& caller, Json const& in) {
    std::optional<Overlap> const overlap = overlap_of(text(in, "overlap"));
    if (!overlap)
        return Error{WEIR_E_CONFIG, "run.overlap",
                     "overlap is skip, buffer_one, join, reject or cancel_other", "/overlap"};
    if (auto wrong = objection(engine, in)) return std::move(*wrong);
    SubmitRun request;
    request.owner = caller;
    request.job = text(in, "job");
    request.plan_json = in["plan"].dump();
    request.idempotency_key = text(in, "idempotency_key");
    request.trigger_json = in.value("trigger", Json{{"by", "api"}}).dump();
    request.kind = text(in, "kind");
    request.overlap = *overlap;
    return method_answer(engine.submit(request));
}

MethodAnswer list(Engine& engine, std::string const&, Json const& in) {
    Runs::Filter filter;
    filter.job = text(in, "job");
    filter.before = text(in, "cursor");
    if (!filter.before.empty() && !is_ulid(filter.before))
        return Error{WEIR_E_CONFIG, "request.bad_parameter",
                     fmt::format("cursor={} is no cursor of this list", filter.before), "/cursor"};
    filter.limit = number(in, "limit", 50, 1'000);
    filter.since_us = static_cast<std::int64_t>(number(in, "since_us", 0, INT64_MAX));
    Json const status = in.is_object() ? in.value("status", Json()) : Json();
    if (status.is_string()) filter.statuses.push_back(status);
    if (status.is_array())
        for (Json const& each : status)
            if (each.is_string()) filter.statuses.push_back(each);
    return method_answer(engine.list(filter));
}

ConnectorConfig connector_of(Json const& in) {
    return {text(in, "type"), in.is_object() ? in.value("config", Json::object()) : Json::object()};
}

Methods const& runner_methods() {
    static Methods const methods{
        {"submit", submit},
        {"list", list},
        {"cancel",
         [](Engine& engine, std::string const&, Json const& in) {
             return method_answer(engine.cancel(text(in, "run_id"), text(in, "reason")));
         }},
        {"query",
         [](Engine& engine, std::string const&, Json const& in) {
             return method_answer(engine.query(text(in, "run_id"), in.value("tasks", false)));
         }},
        {"retry", [](Engine& engine, std::string const&,
                     Json const& in) { return method_answer(engine.retry(text(in, "run_id"))); }},
        {"forget",
         [](Engine& engine, std::string const&, Json const& in) -> MethodAnswer {
             if (Result<void> done = engine.forget(text(in, "job")); !done) return done.error();
             return Json::object();
         }},
        {"circuit",
         [](Engine& engine, std::string const& caller, Json const& in) -> MethodAnswer {
             return engine.circuit(caller, connector_of(in));
         }},
        {"preview",
         [](Engine& engine, std::string const& caller, Json const& in) {
             if (auto wrong = objection(engine, in)) return std::move(*wrong);
             auto const limit =
                 static_cast<std::int64_t>(number(in, "limit", 20, Inspector::preview_rows_max));
             return method_answer(engine.preview(caller, in["plan"], limit));
         }},
        {"position",
         [](Engine& engine, std::string const& caller, Json const& in) {
             if (auto wrong = objection(engine, in)) return std::move(*wrong);
             return method_answer(engine.position(caller, in["plan"]));
         }},
        {"reset", [](Engine& engine, std::string const& caller, Json const& in) {
             if (auto wrong = objection(engine, in)) return std::move(*wrong);
             return method_answer(engine.reset(caller, in["plan"]));
         }}};
    return methods;
}

Methods const& connector_methods() {
    static Methods const methods{
        {"list",
         [](Engine& engine, std::string const&, Json const&) -> MethodAnswer {
             return engine.inspector().connectors();
         }},
        {"check",
         [](Engine& engine, std::string const& caller, Json const& in) {
             return method_answer(engine.inspector().check(caller, connector_of(in)));
         }},
        {"sink",
         [](Engine& engine, std::string const&, Json const& in) {
             return method_answer(engine.inspector().sink(text(in, "type")));
         }},
        {"discover", [](Engine& engine, std::string const& caller, Json const& in) {
             std::optional<std::string> pattern;
             if (std::string const given = text(in, "pattern"); !given.empty()) pattern = given;
             auto const ms = static_cast<std::int64_t>(
                 number(in, "timeout_ms", Inspector::look_ms_max, Inspector::look_ms_max));
             return method_answer(
                 engine.inspector().discover(caller, connector_of(in), pattern, ms));
         }}};
    return methods;
}

MethodAnswer answer_reach(Engine& engine, FileReach const& reach, Json const& in) {
    auto beyond = out_of_reach(engine.inspector(), reach, connector_of(in));
    return beyond ? *std::move(beyond) : MethodAnswer{Json::object()};
}

MethodAnswer dispatch(Methods const& methods, Engine& engine, Bus::Request const& request) {
    auto const at = methods.find(request.method);
    if (at != methods.end() && !request.in.is_object())
        return Error{WEIR_E_CONFIG, "bus.bad_request",
                     fmt::format("{} takes an object", request.service)};
    if (at != methods.end()) return at->second(engine, request.caller, request.in);
    std::vector<std::string> names;
    for (auto const& [name, method] : methods) names.push_back(name);
    Error const unknown{WEIR_E_NOT_FOUND, "bus.unknown_method",
                        fmt::format("{} has no method {}", request.service, request.method),
                        request.method};
    return unknown.suggest(did_you_mean(nearest(request.method, names)));
}

}  // namespace

std::optional<MethodAnswer> out_of_reach(Inspector& inspector, FileReach const& reach,
                                         ConnectorConfig const& connector) {
    Json const all = inspector.connectors();
    for (Json const& each : all.at("items")) {
        if (each.at("type") != connector.connector) continue;
        std::vector<Finding> findings =
            reach.beyond(connector.config, each.value("config_schema", Json()));
        if (findings.empty()) return std::nullopt;
        Error error = error_of(findings);
        error.status = WEIR_E_AUTH;
        return MethodAnswer{std::move(error), std::move(findings)};
    }
    return std::nullopt;
}

Result<void> offer_runner(Bus& bus, Engine& engine, FileReach const& reach) {
    Result<void> offered = bus.offer("runner/1", "host", [&engine](auto const&, auto const& in) {
        return dispatch(runner_methods(), engine, in);
    });
    if (!offered) return offered;
    return bus.offer("connectors/1", "host", [&engine, &reach](auto const&, auto const& in) {
        if (in.method == "reach") return answer_reach(engine, reach, in.in);
        return dispatch(connector_methods(), engine, in);
    });
}

}  // namespace weir::host
