#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "event.hpp"

namespace weir::cron {

/// What is to be stored, all of it or nothing, and what the book holds from then on.
struct Step {
    std::vector<CronEvent> changed;
    std::vector<std::string> removed;  ///< keys
    std::vector<Firing> firings;
    std::vector<Miss> misses;
    struct Correction {
        Millis was_ms, now_ms;
    };
    std::optional<Correction> correction;  ///< the clock was set back by more than correction_ms
    Millis now_ms = 0;
    std::size_t bytes = 0;  ///< at most this much JSON, about

    bool empty() const {
        return changed.empty() && removed.empty() && firings.empty() && !correction;
    }
};

/// All events, and which of them is due first. Knows neither store nor timer nor clock: it is told
/// the time, and answers a Step. Once the step is stored, commit() it; if it could not be stored,
/// forget it, and ask again.
///
/// Keeps: no time of an event fires twice, also when the clock steps back; every event that is due
/// at a tick is in its step, unless there are more than fit into one transaction of the store; a
/// broken event hurts only itself.
///
/// Not thread-safe.
class Book {
public:
    static constexpr std::size_t events_max = 100'000;
    static constexpr Millis late_ms = minute_ms;          ///< later than this is a misfire
    static constexpr Millis correction_ms = 3 * hour_ms;  ///< a larger step back is a correction
    static constexpr std::size_t fired_at_once_max = 100;
    static constexpr std::uint64_t missed_counted_max = 10'000;

    // What the host takes in one transaction.
    static constexpr std::size_t step_changes_max = 10'000, step_bytes_max = 15u << 20;

    /// Takes the stored events; called once, first. One that cannot be read stands in list() with
    /// `last_error`, never fires, and can be removed. Events of @reboot are due at
    /// `reboot_ms`; nothing: they were, and another generation of this plugin served before.
    struct Stored {
        std::string key;
        Json document;
    };
    void load(std::vector<Stored> const& stored, std::optional<Millis> reboot_ms);
    /// What passed while nobody looked, by the rules of misfire however late it is, and times that
    /// were moved by new rules of a zone. To be asked again until the step is empty.
    Step start(Millis now_ms) const;

    /// Everything that is due at `now_ms`. To be asked again until the step is empty.
    Step tick(Millis now_ms) const;

    /// Adds the event, or changes the one with this key; empty when it is there like that. Another
    /// schedule counts from `now_ms`. Throws E_CONFIG: the schedule, or never due.
    Step add(Definition const& definition, Millis now_ms) const;
    /// Empty when there is none.
    Step remove(std::string const& key) const;
    /// Fires by hand, beside the schedule. Throws E_NOT_FOUND.
    Step fire(std::string const& key, Millis now_ms) const;

    void commit(Step const& step);

    /// When tick() is wanted; nothing: never.
    std::optional<Millis> aim() const;

    CronEvent const* find(std::string const& key) const;
    std::size_t size() const { return entries_.size(); }
    /// Whether the clock was set back so far that schedules go on from `now_ms`: tick() then does
    /// so.
    bool is_corrected(Millis now_ms) const;

    /// Which events list() answers. In order of keys, behind `after`.
    struct Filter {
        std::string owner;  ///< empty: all
        std::string name_prefix, after;
        std::size_t limit = 50;
    };
    std::vector<CronEvent const*> list(Filter const& filter) const;

private:
    struct Entry {
        CronEvent event;
        std::optional<Schedule> schedule;  ///< nothing: broken
        Zone zone;
        std::size_t bytes = 0;  ///< of its definition as JSON
    };
    struct Due {
        Millis at_ms;
        Entry const* entry;
        bool operator<(Due const& other) const;
    };

    static Entry entry_of(CronEvent event);
    static std::optional<Millis> next(Entry const& entry, Millis after_ms);
    static std::optional<Millis> due_ms(Entry const& entry);
    static void settle(Entry const& entry, Step& step);
    static void settle_missed(Entry const& entry, Step& step);
    Step correct(Millis now_ms) const;
    static bool is_full(Step const& step, Entry const& entry);
    static void change(Entry const& entry, CronEvent event, Step& step);
    static void publish(Entry const& entry, Millis scheduled_ms, std::uint64_t missed, Step& step);
    void put(CronEvent const& event);
    void erase(std::string const& key);

    std::map<std::string, Entry> entries_;  // its nodes stay where they are: due_ points to them
    std::set<Due> due_;
    Millis seen_ms_ = 0;  // the latest the clock ever said
};

}  // namespace weir::cron
