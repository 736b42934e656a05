#include "host/serve/public_event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "host/core/text.hpp"
#include "host/http/problem.hpp"
#include "host/run/run_json.hpp"
#include "host/serve/loggers.hpp"
#include "host/serve/page.hpp"
#include "weir/cpp/calendar.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

constexpr std::size_t event_bytes_max = 256 * 1024;

constexpr std::array event_types{
    "host.state",       "plugin.loaded",    "plugin.unloaded",      "plugin.failed",
    "plugin.reloaded",  "config.applied",   "config.rejected",      "job.created",
    "job.updated",      "job.deleted",      "job.state",            "job.late",
    "job.regressed",    "run.queued",       "run.started",          "run.progress",
    "run.task",         "run.finished",     "schedule.fired",       "schedule.missed",
    "dead_letter.added", "dead_letter.replayed", "dead_letter.discarded", "hook.received", "log"};

bool is_public(std::string_view topic) {
    return std::find(event_types.begin(), event_types.end(), topic) != event_types.end();
}

bool fits(std::string_view pattern, std::string_view type) {
    if (!pattern.ends_with('*')) return pattern == type;
    return type.starts_with(pattern.substr(0, pattern.size() - 1));
}

std::string text_in(Json const& data, char const* name) {
    auto const found = data.find(name);
    return found != data.end() && found->is_string() ? found->get<std::string>() : "";
}

/// The type of what the runner said of a run; empty: nothing that a reader waits for.
std::string type_of_run(Json const& data) {
    std::string const status = text_in(data, "status");
    if (status == "queued") return "run.queued";
    if (status == "running") return data.value("begins", true) ? "run.started" : "";
    return is_ended(status) ? "run.finished" : "";
}

std::string type_of(Event const& event, Json const& data) {
    if (event.topic == "runner/1:run") return type_of_run(data);
    if (event.topic.starts_with("cron/1:")) return "schedule.fired";
    return is_public(event.topic) ? event.topic : "";
}

std::string job_of(Json const& data) {
    if (std::string job = text_in(data, "job"); !job.empty()) return job;
    // An event on the timer that is a job's.
    std::string const name = text_in(data, "name");
    return name.starts_with("job:") && text_in(data, "owner") != "user" ? name.substr(4) : "";
}

/// The members that are not told under another name, counts one level up.
void add_rest(Ordered& out, Json const& data) {
    bool const is_others = data.contains("owner") && text_in(data, "owner") != "user";
    for (auto const& [name, value] : data.items()) {
        if (name == "job" || name == "run_id" || name == "begins") continue;
        if (name == "payload" && is_others) continue;  // between the plugin and its event
        if (name == "counts" && value.is_object())
            for (auto const& [count, number] : value.items()) out[count] = number;
        else
            out[name] = value;
    }
}

std::string line_of(Ordered const& json) {
    return json.dump(-1, ' ', false, Ordered::error_handler_t::replace);
}

void check_type(std::string const& pattern, std::vector<Finding>& findings) {
    if (std::any_of(event_types.begin(), event_types.end(),
                    [&](char const* type) { return fits(pattern, type); }))
        return;
    std::string const near = nearest(pattern, {event_types.begin(), event_types.end()});
    findings.push_back({"", "request.bad_parameter",
                        fmt::format("types names \"{}\", which no event has", pattern),
                        did_you_mean(near, "types=run.*")});
}

bool is_among(std::vector<std::string> const& names, std::string const& name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::optional<PublicEvent> public_event(Event const& event) {
    Json const data = Json::parse(event.data, nullptr, false);
    if (!data.is_object()) return std::nullopt;
    PublicEvent out{event.seq, type_of(event, data), job_of(data), text_in(data, "run_id"), {}};
    if (out.type.empty()) return std::nullopt;
    Ordered json{{"at", rfc3339(event.at_us)}, {"type", out.type}};
    if (!out.job.empty()) json["job"] = out.job;
    if (!out.run.empty()) json["run"] = out.run;
    Ordered const brief = json;
    add_rest(json, data);
    out.data = line_of(json);
    // One event must not cut its readers.
    if (out.data.size() > event_bytes_max) {
        json = brief;
        json["left_out"] = true;
        out.data = line_of(json);
    }
    return out;
}

PublicEvent stream_event(std::string const& type, std::int64_t seq, std::int64_t at_us) {
    return {seq, type, "", "", line_of({{"at", rfc3339(at_us)}, {"type", type}})};
}

PublicEvent log_event(std::int64_t at_us, std::int32_t level, std::string_view logger,
                      std::string_view message, std::size_t left_out) {
    Ordered json{{"at", rfc3339(at_us)},
                 {"type", "log"},
                 {"level", level_name(level)},
                 {"logger", http::plain_text(logger)},
                 {"message", http::plain_text(message)}};
    if (left_out > 0) json["left_out"] = left_out;
    return {0, "log", "", "", line_of(json)};
}

bool EventFilter::wants_log() const {
    return who.scope == http::Scope::admin && !who.is_limited() &&
           std::any_of(types.begin(), types.end(),
                       [](std::string const& pattern) { return fits(pattern, "log"); });
}

EventFilter EventFilter::of(http::Request const& request, std::vector<Finding>& findings) {
    EventFilter filter;
    for (std::string const& list : query_values(request.query, "types"))
        for (std::size_t at = 0; at <= list.size();) {
            std::size_t const end = std::min(list.find(',', at), list.size());
            filter.types.push_back(list.substr(at, end - at));
            check_type(filter.types.back(), findings);
            at = end + 1;
        }
    filter.jobs = query_values(request.query, "job");
    filter.runs = query_values(request.query, "run");
    filter.who = request.who;
    return filter;
}

bool EventFilter::wants(PublicEvent const& event) const {
    if (!who.may_see(event.job)) return false;
    bool const is_wanted =
        types.empty() || std::any_of(types.begin(), types.end(), [&](std::string const& pattern) {
            return fits(pattern, event.type);
        });
    return is_wanted && is_among(jobs, event.job) && is_among(runs, event.run);
}

std::string render(PublicEvent const& event, EventForm form) {
    if (form == EventForm::server_sent) {
        std::string const id = event.seq == 0 ? "" : fmt::format("id: {}\n", event.seq);
        return fmt::format("{}event: {}\ndata: {}\n\n", id, event.type, event.data);
    }
    if (event.seq == 0) return event.data + "\n";
    return fmt::format("{{\"id\":\"{}\",{}\n", event.seq, event.data.substr(1));
}

}  // namespace weir::host
