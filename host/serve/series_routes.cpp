#include "host/serve/series_routes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "host/core/text.hpp"
#include "host/run/run_figures.hpp"
#include "host/serve/page.hpp"
#include "weir/cpp/calendar.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;
using Resolution = Series::Resolution;

constexpr std::int64_t in_a_second = 1'000'000, default_span_s = 3'600;

void check_name(std::string const& name, std::vector<Finding>& findings) {
    std::vector<std::string> const names = RunFigures::growth_names();
    if (std::ranges::find(names, name) != names.end()) return;
    findings.push_back({"/name", "request.bad_parameter",
                        fmt::format("name={} is none of {}", name, fmt::join(names, ", ")),
                        did_you_mean(nearest(name, names))});
}

/// The one that is asked for; else the finest that is still kept from `from_s` on.
Resolution const* resolution_of(Request const& request, std::int64_t from_s, std::int64_t now_s,
                                std::vector<Finding>& findings) {
    auto const said = request.query_param("step");
    for (Resolution const& each : Series::resolutions)
        if (said ? *said == each.name : from_s >= now_s - each.kept_s) return &each;
    if (!said) return &Series::resolutions.back();
    findings.push_back({"/step", "request.bad_parameter",
                        fmt::format("step={} is none of 10s, 1m, 1h", *said), "1m"});
    return nullptr;
}

/// Cuts the span to whole points of what is kept: before, 0 would be made up, and what is to come
/// is not known.
void cut(Series::Wanted& wanted, Resolution const& resolution, std::int64_t now_s) {
    wanted.step_s = resolution.step_s;
    wanted.from_s = std::max(wanted.from_s, now_s - resolution.kept_s);
    wanted.from_s -= wanted.from_s % wanted.step_s;
    wanted.to_s = std::min(wanted.to_s, now_s + 1);
}

/// Every point of the span in turn, those that were not stored with 0.
Json points_json(Series::Wanted const& wanted, std::vector<Series::Point> const& stored) {
    Json points = Json::array();
    auto next = stored.begin();
    for (std::int64_t at = wanted.from_s; at < wanted.to_s; at += wanted.step_s) {
        bool const is_stored = next != stored.end() && next->at_s == at;
        points.push_back(
            {{"at", rfc3339(at * in_a_second)}, {"value", is_stored ? (next++)->value : 0.0}});
    }
    return points;
}

struct Ports {
    Series& series;
    Bus& bus;
    Clock const& clock;
};

/// Nothing: it is there, or nobody can say.
std::optional<Error> unknown_job(Ports const& ports, std::string const& job) {
    constexpr std::int64_t ask_ms_max = 5'000;
    CallContext const call{ports.clock, nullptr,
                           ports.clock.monotonic_ns() + ask_ms_max * 1'000'000};
    MethodAnswer const all = ports.bus.invoke("host", "jobs/1", "figures", Json::object(), call);
    if (all.error) return std::nullopt;
    std::vector<std::string> names;
    for (Json const& each : all.json.value("items", Json::array()))
        names.push_back(each.value("job", ""));
    if (std::ranges::find(names, job) != names.end()) return std::nullopt;
    return Error{WEIR_E_NOT_FOUND, "series.unknown_job",
                 fmt::format("there is no job \"{}\", and no figures of one", job), "/job"}
        .suggest(did_you_mean(nearest(job, names), "GET /replication/jobs"));
}

Response show(Ports const& ports, Request const& request) {
    auto& [series, bus, clock] = ports;
    std::vector<Finding> findings;
    auto const page = Page::of(request, {"name", "job", "from", "to", "step"}, findings);
    std::int64_t const now_us = clock.unix_us();
    Series::Wanted wanted;
    wanted.name = request.query_param("name").value_or("");
    wanted.job = request.query_param("job").value_or("");
    wanted.jobs = request.who.jobs;
    check_name(wanted.name, findings);
    std::int64_t const to_us = time_param(request, "to", now_us, findings);
    wanted.to_s = (to_us + in_a_second - 1) / in_a_second;
    wanted.from_s = time_param(request, "from", to_us - default_span_s * in_a_second, findings) /
                    in_a_second;
    if (findings.empty() && wanted.from_s > wanted.to_s)
        findings.push_back({"/to", "request.bad_parameter", "to is before from", ""});
    if (!page || !findings.empty()) return refused(findings);
    std::int64_t const now_s = now_us / in_a_second;
    Resolution const* const resolution = resolution_of(request, wanted.from_s, now_s, findings);
    if (!resolution) return refused(findings);
    cut(wanted, *resolution, now_s);
    Result<std::vector<Series::Point>> const stored = series.points(wanted);
    if (!stored) return http::problem(stored.error());
    // Figures outlive their job; a job that never grew is known by who keeps it.
    if (stored->empty() && !wanted.job.empty())
        if (std::optional<Error> const unknown = unknown_job(ports, wanted.job))
            return http::problem(*unknown);
    return http::json_response(200, {{"name", wanted.name},
                                     {"job", wanted.job.empty() ? Json() : Json(wanted.job)},
                                     {"step", resolution->name},
                                     {"points", points_json(wanted, *stored)}});
}

}  // namespace

std::vector<http::Route> series_routes(Series& series, Bus& bus, Clock const& clock) {
    http::Route route;
    route.method = "GET";
    route.path = "/series";
    route.scope = http::Scope::read;
    route.owner = "host";
    route.summary = "What grew when, for charts";
    route.job_of = [](Request const& in) { return in.query_param("job"); };
    route.heeds_jobs = true;
    route.handler = [ports = Ports{series, bus, clock}](Request const& in) {
        return show(ports, in);
    };
    return {std::move(route)};
}

}  // namespace weir::host
