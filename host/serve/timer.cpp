#include "host/serve/timer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace weir::host {

namespace {

constexpr std::int64_t look_again_us = 1'000'000;
/// Less is how clocks are kept right.
constexpr std::int64_t step_us_min = 1'000'000;

std::int64_t ahead_us(Clock const& clock) {
    return clock.unix_us() - clock.monotonic_ns() / 1'000;
}

}  // namespace

Timer::Timer(Clock const& clock, Fire fire)
    : clock_{clock}, fire_{std::move(fire)}, ahead_us_{ahead_us(clock)} {}

Timer::~Timer() { stop(); }

void Timer::start() {
    if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
}

void Timer::arm(std::int64_t at_unix_ms) {
    {
        std::lock_guard const lock{mutex_};
        aim_ = at_unix_ms;
    }
    changed_.notify_all();
}

void Timer::disarm() {
    std::lock_guard const lock{mutex_};
    aim_.reset();
}

void Timer::stop() {
    {
        std::lock_guard const lock{mutex_};
        is_over_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

/// Since the last look.
bool Timer::is_set_back() {
    std::int64_t const before_us = std::exchange(ahead_us_, ahead_us(clock_));
    return before_us - ahead_us_ >= step_us_min;
}

void Timer::fire(std::unique_lock<std::mutex>& lock) {
    std::int64_t const due_ms = *std::exchange(aim_, std::nullopt);
    lock.unlock();
    fire_(due_ms, clock_.unix_us() / 1'000);
    lock.lock();
}

void Timer::run() {
    std::unique_lock lock{mutex_};
    while (!is_over_) {
        if (!aim_) {
            changed_.wait(lock);
            continue;
        }
        std::int64_t const left_us = *aim_ * 1'000 - clock_.unix_us();
        if (is_set_back() || left_us <= 0)
            fire(lock);
        else
            changed_.wait_for(lock, std::chrono::microseconds{std::min(left_us, look_again_us)});
    }
}

}  // namespace weir::host
