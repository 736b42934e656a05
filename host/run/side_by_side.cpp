#include "host/run/side_by_side.hpp"

#include <algorithm>
#include <chrono>
#include <future>

namespace weir::host {

namespace {

constexpr std::chrono::milliseconds end_poll{20};

}  // namespace

SideBySide::SideBySide(Order const& order, std::size_t lanes, std::atomic<bool> const& stop)
    : order_{order},
      lanes_{std::clamp<std::size_t>(lanes, 1, std::max<std::size_t>(order.places.size(), 1))},
      stop_{stop},
      has_ended_(order.places.size()) {}

void SideBySide::run(std::function<void(std::size_t)> const& work) {
    auto const some = [&] {
        std::size_t place = 0;
        while (next(place)) {
            struct Ended {
                SideBySide& all;
                std::size_t place;
                ~Ended() { all.end(place); }
            } const ended{*this, place};
            work(place);
        }
    };
    std::vector<std::future<void>> others;
    for (std::size_t i = 1; i < lanes_; ++i)
        others.push_back(std::async(std::launch::async, some));
    some();
    for (std::future<void>& other : others) other.get();
}

bool SideBySide::next(std::size_t& place) {
    std::lock_guard const lock{mutex_};
    if (stop_ || begun_ == order_.places.size()) return false;
    place = order_.places[begun_++];
    return true;
}

void SideBySide::end(std::size_t place) {
    std::lock_guard const lock{mutex_};
    has_ended_[place] = true;
    ended_.notify_all();
}

// All of them began before `place` did, and the first of those at work waits for nobody.
Result<void> SideBySide::await_referenced(std::size_t place) {
    std::unique_lock lock{mutex_};
    auto const have_ended = [&] {
        return std::ranges::all_of(order_.after[place],
                                   [&](std::size_t other) { return has_ended_[other]; });
    };
    while (!ended_.wait_for(lock, end_poll, have_ended))
        if (stop_) return Error{WEIR_E_CANCELLED, "copy.interrupted", "interrupted"};
    return {};
}

}  // namespace weir::host
