#include "book.hpp"

#include <algorithm>
#include <weir/cpp/error.hpp>

#include "explain.hpp"
#include "missed.hpp"
#include "spelling.hpp"

namespace weir::cron {

namespace {

/// From 0 to `jitter_ms`: the same for the same time of the same event, on every host.
Millis jitter_of(std::string const& key, Millis time_ms, Millis jitter_ms) {
    if (jitter_ms <= 0) return 0;
    std::uint64_t hash = 14695981039346656037u;
    auto const mix = [&](std::uint64_t byte) { hash = (hash ^ byte) * 1099511628211u; };
    for (char const c : key) mix(static_cast<unsigned char>(c));
    for (int i = 0; i < 64; i += 8) mix(static_cast<std::uint64_t>(time_ms) >> i & 0xFF);
    return static_cast<Millis>((hash ^ hash >> 32) % static_cast<std::uint64_t>(jitter_ms + 1));
}

}  // namespace

bool Book::Due::operator<(Due const& other) const {
    if (at_ms != other.at_ms) return at_ms < other.at_ms;
    Definition const &mine = entry->event.definition, &theirs = other.entry->event.definition;
    if (int const order = mine.owner.compare(theirs.owner); order != 0) return order < 0;
    return mine.name < theirs.name;
}

Book::Entry Book::entry_of(CronEvent event) {
    Schedule schedule = Schedule::of(event.definition.schedule);
    Zone zone = Zone::named(event.definition.timezone);
    std::size_t const bytes = event.definition.json().dump().size() + event.definition.owner.size();
    return {std::move(event), std::move(schedule), std::move(zone), bytes};
}

bool Book::is_full(Step const& step, Entry const& entry) {
    Millis const late = step.now_ms - entry.event.next_ms.value_or(step.now_ms);
    std::size_t may_fire = 1;
    if (entry.event.definition.misfire == Misfire::fire_all)
        may_fire = fired_at_once_max;
    else if (late <= late_ms + entry.event.definition.jitter_ms)
        may_fire = static_cast<std::size_t>(std::max<Millis>(late, 0) / second_ms + 1);
    return step.changed.size() >= step_changes_max || step.bytes >= step_bytes_max ||
           (!step.firings.empty() && step.firings.size() + may_fire > step_changes_max);
}

void Book::change(Entry const& entry, CronEvent event, Step& step) {
    constexpr std::size_t around_bytes = 500;  // the state, the key twice
    step.bytes += entry.bytes + around_bytes;
    event.seen_ms = step.now_ms;
    step.changed.push_back(std::move(event));
}

void Book::publish(Entry const& entry, Millis scheduled_ms, std::uint64_t missed, Step& step) {
    constexpr std::size_t around_bytes = 250;
    step.bytes += entry.bytes + around_bytes;
    Definition const& definition = entry.event.definition;
    step.firings.push_back(
        {definition.owner, definition.name, scheduled_ms, step.now_ms, missed, definition.payload});
}

std::optional<Millis> Book::next(Entry const& entry, Millis after_ms) {
    return entry.schedule->next(after_ms, entry.zone, entry.event.definition.gap);
}

std::optional<Millis> Book::due_ms(Entry const& entry) {
    CronEvent const& event = entry.event;
    if (!entry.schedule || !event.definition.enabled || !event.next_ms) return std::nullopt;
    return *event.next_ms +
           jitter_of(event.definition.key(), *event.next_ms, event.definition.jitter_ms);
}

void Book::load(std::vector<Stored> const& stored, std::optional<Millis> reboot_ms) {
    for (Stored const& row : stored) {
        Entry entry;
        try {
            CronEvent event = CronEvent::of_document(row.document);
            if (event.definition.key() != row.key)
                throw Error{WEIR_E_CONFIG, "the stored event lies under another name"};
            seen_ms_ = std::max({seen_ms_, event.seen_ms, event.last_fired_ms.value_or(0)});
            entry = entry_of(std::move(event));
            if (entry.schedule->is_reboot()) entry.event.next_ms = reboot_ms;
        } catch (std::exception const& error) {
            std::size_t const slash = std::min(row.key.find('/'), row.key.size() - 1);
            entry.event.definition.owner = row.key.substr(0, slash);
            entry.event.definition.name = row.key.substr(slash + 1);
            entry.event.definition.enabled = false;
            entry.event.last_error = error.what();
        }
        entries_[row.key] = std::move(entry);
    }
    for (auto const& [key, entry] : entries_)
        if (std::optional<Millis> const due = due_ms(entry)) due_.insert({*due, &entry});
}

Step Book::start(Millis now_ms) const {
    if (is_corrected(now_ms)) return correct(now_ms);
    Step step;
    step.now_ms = now_ms;
    for (auto const& [key, entry] : entries_) {
        if (is_full(step, entry)) break;
        if (!entry.schedule || !entry.event.definition.enabled || !entry.event.next_ms) continue;
        if (*entry.event.next_ms <= now_ms) {
            settle_missed(entry, step);
            continue;
        }
        Millis const after_ms = std::max(now_ms, entry.event.last_scheduled_ms.value_or(now_ms));
        std::optional<Millis> const moved = next(entry, after_ms);
        if (moved == entry.event.next_ms) continue;
        CronEvent event = entry.event;
        event.next_ms = moved;
        change(entry, std::move(event), step);
    }
    return step;
}

Step Book::tick(Millis now_ms) const {
    if (is_corrected(now_ms)) return correct(now_ms);
    Step step;
    step.now_ms = now_ms;
    for (Due const& due : due_) {
        if (due.at_ms > now_ms || is_full(step, *due.entry)) break;
        if (now_ms - due.at_ms > late_ms)
            settle_missed(*due.entry, step);
        else
            settle(*due.entry, step);
    }
    return step;
}

/// On time: each time that is due fires. A time a second at most, so at most late_ms of them.
void Book::settle(Entry const& entry, Step& step) {
    Entry now = entry;
    CronEvent& event = now.event;
    for (std::optional<Millis> due = due_ms(now); due && *due <= step.now_ms; due = due_ms(now)) {
        publish(entry, *event.next_ms, 0, step);
        event.last_scheduled_ms = event.next_ms;
        event.next_ms = next(now, *event.next_ms);
    }
    event.last_fired_ms = step.now_ms;
    change(entry, std::move(event), step);
}

void Book::settle_missed(Entry const& entry, Step& step) {
    CronEvent event = entry.event;
    Definition const& definition = event.definition;
    std::size_t const keep = definition.misfire == Misfire::fire_all ? fired_at_once_max : 1;
    Missed const missed = missed_times(*entry.schedule, entry.zone, definition.gap, *event.next_ms,
                                       step.now_ms, keep, missed_counted_max);
    Millis const window_ms = definition.misfire == Misfire::skip ? late_ms : definition.catchup_ms;
    std::vector<Millis> fired;
    for (Millis const time : missed.latest)
        if (step.now_ms - time <= window_ms) fired.push_back(time);
    std::uint64_t left_out = missed.count - fired.size();
    event.missed += left_out;
    if (left_out > 0)
        step.misses.push_back({definition.owner, definition.name, left_out, missed.latest.back()});
    for (Millis const time : fired)  // the first of them tells what went before
        publish(entry, time, std::exchange(left_out, std::uint64_t{0}), step);
    event.last_scheduled_ms = missed.latest.back();
    event.next_ms = next(entry, std::max(step.now_ms, missed.latest.back()));
    if (!fired.empty()) event.last_fired_ms = step.now_ms;
    change(entry, std::move(event), step);
}

bool Book::is_corrected(Millis now_ms) const { return now_ms < seen_ms_ - correction_ms; }

Step Book::correct(Millis now_ms) const {
    Step step;
    step.now_ms = now_ms;
    for (auto const& [key, entry] : entries_) {
        // What was written before the clock went wrong is right.
        if (!entry.schedule || entry.event.seen_ms <= now_ms) continue;
        if (is_full(step, entry)) return step;
        CronEvent event = entry.event;
        event.last_scheduled_ms.reset();
        event.last_fired_ms.reset();
        event.next_ms = event.definition.enabled ? next(entry, now_ms) : std::nullopt;
        change(entry, std::move(event), step);
    }
    step.correction = Step::Correction{seen_ms_, now_ms};
    return step;
}

Step Book::add(Definition const& definition, Millis now_ms) const {
    auto const found = entries_.find(definition.key());
    bool const exists = found != entries_.end() && found->second.schedule;
    if (exists && found->second.event.definition == definition) return {};
    if (found == entries_.end() && entries_.size() >= events_max)
        throw Error{WEIR_E_CONFLICT, "there are " + std::to_string(events_max) +
                                         " events, which is the most; remove one first"}
            .coded("cron.too_many_events");
    CronEvent event;
    if (exists) event = found->second.event;
    bool const keeps_times = exists && event.definition.has_times_of(definition);
    event.definition = definition;
    event.seen_ms = now_ms;
    event.last_error.clear();
    Entry const entry = entry_of(std::move(event));
    Step step;
    step.now_ms = now_ms;
    step.changed.push_back(entry.event);
    if (keeps_times) return step;
    Millis const last_ms = entry.event.last_scheduled_ms.value_or(now_ms);
    bool const was_corrected = last_ms - now_ms > correction_ms;
    std::optional<Millis> const due =
        next(entry, was_corrected ? now_ms : std::max(now_ms, last_ms));
    if (!due && !entry.schedule->is_reboot()) throw never_due(definition.schedule, now_ms);
    step.changed.back().next_ms = definition.enabled ? due : std::nullopt;
    return step;
}

Step Book::remove(std::string const& key) const {
    Step step;
    if (entries_.contains(key)) step.removed.push_back(key);
    return step;
}

Step Book::fire(std::string const& key, Millis now_ms) const {
    CronEvent const* event = find(key);
    if (!event || !entries_.at(key).schedule)
        throw Error{WEIR_E_NOT_FOUND, "there is no event " +
                                          in_quotes(key.substr(key.find('/') + 1)) +
                                          " that could be fired"}
            .coded("cron.event_not_found");
    Step step;
    step.now_ms = now_ms;
    Entry const& entry = entries_.at(key);
    publish(entry, now_ms, 0, step);
    CronEvent changed = *event;
    changed.last_fired_ms = now_ms;
    change(entry, std::move(changed), step);
    return step;
}

void Book::commit(Step const& step) {
    for (std::string const& key : step.removed) erase(key);
    for (CronEvent const& event : step.changed) put(event);
    seen_ms_ = step.correction ? step.now_ms : std::max(seen_ms_, step.now_ms);
}

void Book::put(CronEvent const& event) {
    std::string const key = event.definition.key();
    auto const found = entries_.find(key);
    if (found == entries_.end() || !found->second.schedule ||
        !found->second.event.definition.has_times_of(event.definition)) {
        erase(key);
        entries_.emplace(key, entry_of(event));
    } else {
        if (std::optional<Millis> const due = due_ms(found->second))
            due_.erase({*due, &found->second});
        found->second.event = event;
    }
    Entry const& entry = entries_.at(key);
    if (std::optional<Millis> const due = due_ms(entry)) due_.insert({*due, &entry});
}

void Book::erase(std::string const& key) {
    auto const found = entries_.find(key);
    if (found == entries_.end()) return;
    if (std::optional<Millis> const due = due_ms(found->second)) due_.erase({*due, &found->second});
    entries_.erase(found);
}

std::optional<Millis> Book::aim() const {
    if (due_.empty()) return std::nullopt;
    return due_.begin()->at_ms;
}

CronEvent const* Book::find(std::string const& key) const {
    auto const found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second.event;
}

std::vector<CronEvent const*> Book::list(Filter const& filter) const {
    std::string const prefix = filter.owner.empty() ? "" : filter.owner + "/" + filter.name_prefix;
    std::vector<CronEvent const*> out;
    auto at =
        filter.after < prefix ? entries_.lower_bound(prefix) : entries_.upper_bound(filter.after);
    for (; at != entries_.end() && out.size() < filter.limit && at->first.starts_with(prefix); ++at)
        if (at->second.event.definition.name.starts_with(filter.name_prefix))
            out.push_back(&at->second.event);
    return out;
}

}  // namespace weir::cron
