#include "event.hpp"

#include <algorithm>
#include <weir/cpp/error.hpp>

#include "spelling.hpp"

namespace weir::cron {

namespace {

Error bad(std::string message, std::string where, std::string suggestion = {}) {
    return Error{WEIR_E_CONFIG, std::move(message), std::move(where)}
        .coded("cron.bad_event")
        .suggest(std::move(suggestion));
}

Misfire misfire_named(std::string const& name) {
    if (name == "fire_once") return Misfire::fire_once;
    if (name == "skip") return Misfire::skip;
    if (name == "fire_all") return Misfire::fire_all;
    throw bad("misfire " + in_quotes(name) + " is not fire_once, skip or fire_all", "/misfire",
              nearest(name, {"fire_once", "skip", "fire_all"}));
}

char const* name_of(Misfire misfire) {
    return misfire == Misfire::skip       ? "skip"
           : misfire == Misfire::fire_all ? "fire_all"
                                          : "fire_once";
}

void check_name(std::string const& name) {
    auto const may_stand = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.' || c == ':';
    };
    if (name.empty() || name.size() > name_chars_max ||
        !std::all_of(name.begin(), name.end(), may_stand))
        throw bad("the name " + in_quotes(name) + " is not 1 to " + std::to_string(name_chars_max) +
                      " of A-Z a-z 0-9 _ - . :",
                  "/name");
}

Json payload_of(Config const& config) {
    if (!config.has("payload")) return Json::object();
    Json const& payload = config.json()["payload"];
    if (!payload.is_object()) throw bad("the payload is an object", "/payload");
    if (payload.dump().size() > payload_bytes_max)
        throw bad("the payload is larger than 64 KiB; keep it in a document and name that here",
                  "/payload");
    return payload;
}

Millis window_named(std::string const& text) {
    if (std::optional<Millis> const window_ms = read_interval(text)) return *window_ms;
    throw bad("the catchup_window " + in_quotes(text) + " is no time from 1s to 366d",
              "/catchup_window", "24h");
}

Json time_or_null(std::optional<Millis> time) { return time ? Json(print_time(*time)) : Json(); }

std::optional<Millis> time_of(Json const& document, char const* name) {
    auto const found = document.find(name);
    if (found == document.end() || !found->is_string()) return std::nullopt;
    return read_time(found->get<std::string>());
}

}  // namespace

Definition Definition::of(std::string owner, Json const& body) {
    Problems problems;
    check_members(body,
                  {"name", "schedule", "timezone", "payload", "misfire", "catchup_window",
                   "dst_gap", "jitter_ms", "enabled"},
                  problems);
    if (!body.is_object()) throw problems;
    Config const config{body.dump().c_str()};
    Definition out;
    out.owner = std::move(owner);
    auto const read = [&](auto member) {
        try {
            member();
        } catch (Error& error) {
            if (error.code.empty()) error.code = "cron.bad_event";  // of another type
            problems.add(error);
        }
    };
    read([&] { check_name(out.name = config.text("name")); });
    read([&] {
        if (!config.has("schedule")) throw bad("the event has no schedule", "/schedule", "15m");
        Schedule::of(out.schedule = body["schedule"]);
    });
    read([&] { Zone::named(out.timezone = config.text("timezone", "UTC")); });
    read([&] { out.payload = payload_of(config); });
    read([&] { out.misfire = misfire_named(config.text("misfire", "fire_once")); });
    read([&] { out.catchup_ms = window_named(config.text("catchup_window", "24h")); });
    read([&] { out.gap = gap_named(config.text("dst_gap", "run_after")); });
    read([&] {
        out.jitter_ms = config.integer("jitter_ms", 0);
        if (out.jitter_ms < 0 || out.jitter_ms > jitter_ms_max)
            throw bad("jitter_ms " + std::to_string(out.jitter_ms) + " is not in 0-3600000",
                      "/jitter_ms");
    });
    read([&] { out.enabled = config.flag("enabled", true); });
    problems.check();
    return out;
}

Json Definition::json() const {
    return {{"name", name},
            {"schedule", schedule},
            {"timezone", timezone},
            {"payload", payload},
            {"misfire", name_of(misfire)},
            {"catchup_window", print_interval(catchup_ms)},
            {"dst_gap", cron::name_of(gap)},
            {"jitter_ms", jitter_ms},
            {"enabled", enabled}};
}

bool Definition::has_times_of(Definition const& other) const {
    return schedule == other.schedule && timezone == other.timezone && gap == other.gap &&
           enabled == other.enabled;
}

Json CronEvent::document() const {
    Json out = definition.json();
    out["owner"] = definition.owner;
    out["next"] = time_or_null(next_ms);
    out["last_scheduled_at"] = time_or_null(last_scheduled_ms);
    out["last_fired_at"] = time_or_null(last_fired_ms);
    out["seen_at"] = print_time(seen_ms);
    out["missed"] = missed;
    out["last_error"] = last_error;
    return out;
}

CronEvent CronEvent::of_document(Json const& document) {
    if (!document.is_object()) throw bad("the stored event is no object", "");
    Json body = document;
    for (char const* name :
         {"owner", "next", "last_scheduled_at", "last_fired_at", "seen_at", "missed", "last_error"})
        body.erase(name);
    Config const config{document.dump().c_str()};
    CronEvent out;
    out.definition = Definition::of(config.text("owner"), body);
    out.next_ms = time_of(document, "next");
    out.last_scheduled_ms = time_of(document, "last_scheduled_at");
    out.last_fired_ms = time_of(document, "last_fired_at");
    out.seen_ms = time_of(document, "seen_at").value_or(0);
    out.missed = static_cast<std::uint64_t>(std::max<std::int64_t>(config.integer("missed"), 0));
    out.last_error = config.text("last_error");
    return out;
}

Json CronEvent::shown() const {
    Json out = document();
    out.erase("seen_at");
    if (last_error.empty()) out["last_error"] = nullptr;
    return out;
}

Json Miss::data() const {
    return {{"owner", owner}, {"name", name}, {"missed", count}, {"latest", print_time(latest_ms)}};
}

std::string topic_of(std::string const& key) {
    return key.starts_with("user/") ? users_topic : "cron/1:" + key;
}

std::string Firing::topic() const { return topic_of(owner + "/" + name); }

std::string Firing::dedupe_key() const {
    return owner == "user" ? name + "@" + print_time(scheduled_ms) : print_time(scheduled_ms);
}

Json Firing::data() const {
    return {{"owner", owner},
            {"name", name},
            {"scheduled_at", print_time(scheduled_ms)},
            {"fired_at", print_time(fired_ms)},
            {"missed", missed},
            {"payload", payload}};
}

}  // namespace weir::cron
