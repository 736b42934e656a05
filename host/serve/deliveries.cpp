#include "host/serve/deliveries.hpp"

#include <algorithm>
#include <chrono>
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

void Deliveries::stop() {
    is_over_ = true;
    wake();
    if (thread_.joinable()) thread_.join();
}

void Deliveries::run() {
    while (!is_over_) {
        while (!is_over_ && deliver_some()) {
        }
        std::unique_lock lock{mutex_};
        changed_.wait_for(lock, look_again, [this] { return is_woken_ || is_over_; });
        is_woken_ = false;
    }
}

/// Whether there may be more.
bool Deliveries::deliver_some() {
    Result<std::vector<Events::Delivery>> const found = events_.due(consumer_, limits_.batch);
    if (!found || found->empty()) return false;
    std::vector<std::int64_t> done;
    deliver_all(*found, done);
    // Not stored, they come once more: at least once.
    return !done.empty() && events_.delivered(consumer_, done).has_value();
}

void Deliveries::deliver_all(std::vector<Events::Delivery> const& found,
                             std::vector<std::int64_t>& done) {
    std::atomic<std::size_t> next{0};
    std::mutex guard;
    auto const work = [&] {
        for (std::size_t i = next++; i < found.size() && !is_over_; i = next++) {
            Result<void> const taken = caught([&] { return take_(found[i].event); });
            if (!taken) {
                put_off(found[i], taken.error().message);
                continue;
            }
            std::lock_guard const lock{guard};
            done.push_back(found[i].event.seq);
        }
    };
    std::vector<std::thread> others;
    std::size_t const wanted = std::min<std::size_t>(limits_.side_by_side, found.size());
    for (std::size_t i = 1; i < wanted; ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
}

void Deliveries::put_off(Events::Delivery const& delivery, std::string const& why) {
    std::int64_t const doubled = limits_.pause_ms_min << std::min(delivery.attempt, 20);
    std::int64_t const pause_ms = std::min(doubled, limits_.pause_ms_max);
    // Not stored, it comes at once again: no harm but haste.
    (void)events_.failed(consumer_, delivery.event.seq, clock_.unix_us() + pause_ms * 1'000, why);
}

}  // namespace weir::host
