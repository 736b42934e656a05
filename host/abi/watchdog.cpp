#include "host/abi/watchdog.hpp"

#include <algorithm>
#include <chrono>

#include "host/abi/lane.hpp"

namespace weir::host {

Watchdog::~Watchdog() {
    {
        std::lock_guard const lock{mutex_};
        is_stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Watchdog::nudge() {
    {
        std::lock_guard const lock{mutex_};
        is_nudged_ = true;
    }
    wake_.notify_all();
}

void Watchdog::add(Lane& lane) {
    {
        std::lock_guard const lock{mutex_};
        lanes_.push_back(&lane);
        if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
    }
    wake_.notify_all();
}

void Watchdog::remove(Lane& lane) {
    std::lock_guard const lock{mutex_};
    std::erase(lanes_, &lane);
}

void Watchdog::run() {
    std::unique_lock lock{mutex_};
    while (!is_stopping_) {
        if (lanes_.empty()) {
            wake_.wait(lock, [this] { return is_stopping_ || !lanes_.empty(); });
            continue;
        }
        wake_.wait_for(lock, std::chrono::milliseconds{poll_ms},
                       [this] { return is_stopping_ || is_nudged_; });
        is_nudged_ = false;
        std::int64_t const now_ns = clock_.monotonic_ns();
        // Under the lock, so that remove() waits until no interrupt is under way.
        for (Lane* lane : lanes_) lane->watch(now_ns);
    }
}

}  // namespace weir::host
