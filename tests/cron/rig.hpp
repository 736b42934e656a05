#pragma once

#include <map>
#include <set>

#include "cron/times.hpp"
#include "plugins/cron/book.hpp"

namespace weir::cron {

/// What stands around a book: the store, which outlives it, and the clock.
class Rig {
public:
    explicit Rig(std::string const& now) : now_ms{at(now)} { restart(); }

    /// A new host over the same store, or another generation of the plugin in the same host.
    void restart(bool is_host_new = true) {
        book = Book{};
        std::vector<Book::Stored> stored;
        for (auto const& [key, document] : documents) stored.push_back({key, document});
        book.load(stored, is_host_new ? std::optional{now_ms} : std::nullopt);
        take_all([&] { return book.start(now_ms); });
    }
    void restart_at(std::string const& time) {
        now_ms = at(time);
        restart();
    }
    template <class Ask>
    void take_all(Ask ask) {
        for (Step step = ask(); !step.empty(); step = ask()) take(step);
    }
    void take(Step const& step, bool is_stored = true) {
        if (step.empty()) return;
        ++applied;
        if (!is_stored) return;
        for (CronEvent const& event : step.changed)
            documents[event.definition.key()] = event.document();
        for (std::string const& key : step.removed) documents.erase(key);
        for (Firing const& firing : step.firings) {
            // The host leaves out what was published before.
            if (!published.insert(firing.topic() + " " + firing.dedupe_key()).second) continue;
            fired.push_back(firing);
        }
        if (step.correction) ++corrections;
        book.commit(step);
    }
    void add(std::string const& name, Json const& schedule, Json more = Json::object()) {
        more["name"] = name;
        more["schedule"] = schedule;
        take(book.add(Definition::of("test", more), now_ms));
    }
    /// Lets time pass as the host's timer does: a tick at each aim.
    void run_until(std::string const& time) {
        Millis const end = at(time);
        while (book.aim() && *book.aim() <= end) {
            now_ms = std::max(now_ms, *book.aim());
            ++ticks;
            take_all([&] { return book.tick(now_ms); });
        }
        now_ms = end;
    }
    /// One look at the clock, however late.
    void look_at(std::string const& time) {
        now_ms = at(time);
        take_all([&] { return book.tick(now_ms); });
    }
    CronEvent const& event(std::string const& name) const { return *book.find("test/" + name); }
    /// "15:00 missed 2": the scheduled times since the last call, and what they say was missed.
    Times take_fired() {
        Times out;
        for (Firing const& firing : fired) {
            out.push_back(print_time(firing.scheduled_ms).substr(11, 5));
            if (firing.missed) out.back() += " missed " + std::to_string(firing.missed);
        }
        fired.clear();
        return out;
    }

    Millis now_ms;
    Book book;
    std::map<std::string, Json> documents;
    std::set<std::string> published;
    std::vector<Firing> fired;
    int applied = 0, ticks = 0, corrections = 0;
};

}  // namespace weir::cron
