#include "host/serve/deliveries.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string_view>
#include <utility>

#include "host/core/caught.hpp"

namespace weir::host {

namespace {

/// What was put off is looked for this often.
constexpr std::chrono::milliseconds look_again{500};

}  // namespace

Deliveries::Deliveries(Events& events, Clock const& clock, std::string consumer, Take take,
                       Limits limits)
    : events_{events},
      clock_{clock},
      consumer_{std::move(consumer)},
      take_{std::move(take)},
      limits_{limits} {}

Deliveries::~Deliveries() { stop(); }

void Deliveries::start() {
    if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
}

void Deliveries::wake() {
    {
        std::lock_guard const lock{mutex_};
        is_woken_ = true;
    }
    changed_.notify_all();
}

void Deliveries::drop(std::string const& topic) {
    std::lock_guard const lock{mutex_};
    if (dropped_.size() < limits_.dropped_max) dropped_.insert(topic);
    is_woken_ = true;  // what was published on it since is looked up at once
}

// What was looked up before a drop may still stand in line behind others.
bool Deliveries::may_start(std::string const& topic) {
    std::lock_guard const lock{mutex_};
    return dropped_.size() < limits_.dropped_max && !dropped_.contains(topic);
}

void Deliveries::stop() {
    is_over_ = true;
    wake();
    if (thread_.joinable()) thread_.join();
}

void Deliveries::run() {
    while (!is_over_) {
        while (!is_over_ && deliver_some()) {
        }
        if (!taken_.empty()) {
            if (wait(std::chrono::milliseconds{limits_.mark_ms})) continue;
            mark();
        }
        wait(look_again);
    }
    mark();
}

/// Whether there is something to do before `time` is over.
bool Deliveries::wait(std::chrono::milliseconds time) {
    std::unique_lock lock{mutex_};
    bool const is_woken = changed_.wait_for(lock, time, [this] { return is_woken_ || is_over_; });
    is_woken_ = false;
    return is_woken;
}

/// Not stored, they come once more: at least once.
bool Deliveries::mark() {
    if (taken_.empty()) return true;
    if (!events_.delivered(consumer_, {taken_.begin(), taken_.end()})) return false;
    taken_.clear();
    return true;
}

/// What is due and was not taken yet.
Result<std::vector<Events::Delivery>> Deliveries::look() {
    Result<std::vector<Events::Delivery>> found =
        events_.due(consumer_, limits_.batch + taken_.size());
    if (found)
        std::erase_if(*found, [this](Events::Delivery const& each) {
            return taken_.contains(each.event.seq);
        });
    return found;
}

/// Whether there may be more.
bool Deliveries::deliver_some() {
    {
        // Before the look, which sees what is dropped from here on, or finds its topic in here.
        std::lock_guard const lock{mutex_};
        dropped_.clear();
        is_woken_ = false;
    }
    Result<std::vector<Events::Delivery>> const found = look();
    if (!found || found->empty()) return false;
    std::vector<std::int64_t> const done = deliver_all(lines_of(*found));
    taken_.insert(done.begin(), done.end());
    bool const is_marked = taken_.size() < limits_.unmarked_max || mark();
    // All that was there was taken: what comes later wakes.
    bool const is_all = done.size() == found->size() && found->size() < limits_.batch;
    return !done.empty() && is_marked && !is_all;
}

std::vector<Deliveries::Line> Deliveries::lines_of(std::vector<Events::Delivery> const& found) {
    std::vector<Line> lines;
    std::map<std::string_view, std::size_t> places;
    for (Events::Delivery const& delivery : found) {
        auto const [at, is_new] = places.try_emplace(delivery.event.topic, lines.size());
        if (is_new) lines.emplace_back();
        lines[at->second].push_back(&delivery);
    }
    return lines;
}

/// Answers which were taken.
std::vector<std::int64_t> Deliveries::deliver_all(std::vector<Line> const& lines) {
    std::int64_t const late_ns = clock_.monotonic_ns() + limits_.batch_ms * 1'000'000;
    std::atomic<std::size_t> next{0};
    std::mutex guard;
    std::vector<std::int64_t> all;
    auto const work = [&] {
        for (std::size_t i = next++; i < lines.size() && !is_over_; i = next++) {
            std::vector<std::int64_t> const done = deliver(lines[i], late_ns);
            std::lock_guard const lock{guard};
            all.insert(all.end(), done.begin(), done.end());
        }
    };
    std::vector<std::thread> others;
    std::size_t const wanted = std::min<std::size_t>(limits_.side_by_side, lines.size());
    for (std::size_t i = 1; i < wanted; ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
    return all;
}

std::vector<std::int64_t> Deliveries::deliver(Line const& line, std::int64_t late_ns) {
    std::vector<std::int64_t> done;
    for (Events::Delivery const* delivery : line) {
        if (!done.empty() && (is_over_ || clock_.monotonic_ns() > late_ns)) break;
        if (!may_start(delivery->event.topic)) break;
        Result<void> const taken = caught([&] { return take_(delivery->event); });
        if (!taken) {
            put_off(*delivery, taken.error().message);
            break;  // what follows in its topic waits for it
        }
        done.push_back(delivery->event.seq);
    }
    return done;
}

void Deliveries::put_off(Events::Delivery const& delivery, std::string const& why) {
    std::int64_t const doubled = limits_.pause_ms_min << std::min(delivery.attempt, 20);
    std::int64_t const pause_ms = std::min(doubled, limits_.pause_ms_max);
    // Not stored, it comes at once again: no harm but haste.
    (void)events_.failed(consumer_, delivery.event.seq, clock_.unix_us() + pause_ms * 1'000, why);
}

}  // namespace weir::host
