#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schedule.hpp"

namespace weir::cron {

constexpr std::size_t name_chars_max = 128;
constexpr std::size_t payload_bytes_max = 64 * 1024;
constexpr Millis jitter_ms_max = hour_ms;

/// What happens to times that passed while nobody looked, or more than a minute ago. `fire_once`:
/// the latest fires and counts the others; `skip`: none fires; `fire_all`: each, at most 100.
enum class Misfire { fire_once, skip, fire_all };

/// What somebody asked for. A value.
struct Definition {
    std::string owner, name;
    Json schedule;
    std::string timezone = "UTC";
    Json payload = Json::object();
    Misfire misfire = Misfire::fire_once;
    Millis catchup_ms = day_ms;  ///< what is missed for longer never fires
    Gap gap = Gap::run_after;
    Millis jitter_ms = 0;  ///< each time is delayed by 0 to this, always the same for one time
    bool enabled = true;

    /// Reads the body of add_event, its schedule and zone too. Throws Problems with all findings.
    static Definition of(std::string owner, Json const& body);
    /// {name, schedule, timezone, payload, misfire, catchup_window, dst_gap, jitter_ms, enabled}.
    Json json() const;

    std::string key() const { return owner + "/" + name; }
    bool operator==(Definition const&) const = default;
    /// Whether both are due at the same times.
    bool has_times_of(Definition const& other) const;
};

/// An event as it is stored: what was asked for, and how far it came.
struct CronEvent {
    Definition definition;
    std::optional<Millis> next_ms;            ///< the first time that has not been dealt with
    std::optional<Millis> last_scheduled_ms;  ///< the last one that has
    std::optional<Millis> last_fired_ms;
    Millis seen_ms = 0;  ///< the clock when this was written
    std::uint64_t missed = 0;
    std::string last_error;

    Json document() const;
    static CronEvent of_document(Json const& document);
    /// An item of `list`.
    Json shown() const;
};

/// Times that passed and did not fire.
struct Miss {
    std::string owner, name;
    std::uint64_t count;
    Millis latest_ms;

    Json data() const;  ///< of the topic "schedule.missed"
};

/// The topic that all events of people share; nobody but readers of /events waits for it.
constexpr char const* users_topic = "schedule.fired";
/// Where the deliveries of the event with this key go.
std::string topic_of(std::string const& key);

/// One delivery.
struct Firing {
    std::string owner, name;
    Millis scheduled_ms, fired_ms;
    std::uint64_t missed;  ///< times before it that do not fire
    Json payload;

    std::string topic() const;
    std::string dedupe_key() const;
    Json data() const;
};

}  // namespace weir::cron
