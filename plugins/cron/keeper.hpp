#pragma once

#include <mutex>
#include <optional>
#include <weir/cpp/host.hpp>

#include "book.hpp"

namespace weir::cron {

/// The book, kept in step with the store and the host's one timer: a step is stored in one
/// transaction before the book shows it, and the timer is aimed anew only when the head of the book
/// changes. Thread-safe; failures throw Error and leave all as it was. Steps wait for each other;
/// who only looks waits for none of them to be stored.
class Keeper {
public:
    explicit Keeper(Host const& host) : host_{host} {}

    /// Reads the stored events and deals with what passed meanwhile. Called once, first.
    void start(Call const& call);
    void on_timer(Call const& call, Millis now_ms);

    struct Added {
        CronEvent event;
        bool is_new, is_changed;
    };
    Added add(Call const& call, Definition const& definition);
    /// E_CONFLICT "cron.event_exists" when there is another one of this name.
    /// `is_dry`, here and below: says what would come of it.
    Added add_new(Call const& call, Definition const& definition, bool is_dry = false);
    /// E_NOT_FOUND "cron.event_not_found".
    CronEvent change(Call const& call, std::string const& key, Json const& merge_patch,
                     bool is_dry = false);
    CronEvent get(std::string const& key) const;
    /// False: there was none. Afterwards no firing of it is stored, and none that is queued starts.
    bool remove(Call const& call, std::string const& key);
    Firing fire(Call const& call, std::string const& key);

    std::vector<CronEvent> list(Book::Filter const& filter) const;
    Millis now_ms() const { return host_.unix_us() / 1'000; }

private:
    Added add_locked(Call const& call, Definition const& definition, bool is_dry = false);
    CronEvent const& found(std::string const& key) const;
    void take(Call const& call, Step const& step);
    template <class Ask>
    void take_all(Call const& call, Ask ask);
    void aim();
    bool knows_host(Call const& call) const;

    Host host_;
    std::mutex steps_;            // held from when a step is asked for until it is in the book
    mutable std::mutex reading_;  // the book changes under both, and is read under either
    Book book_;
    std::optional<Millis> armed_ms_;
};

}  // namespace weir::cron
