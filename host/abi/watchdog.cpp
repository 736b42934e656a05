#include "host/abi/watchdog.hpp"

#include <algorithm>
#include <chrono>

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

void Watchdog::add(Watched& watched) {
    {
        std::lock_guard const lock{mutex_};
        watched_.push_back(&watched);
        if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
    }
    wake_.notify_all();
}

void Watchdog::remove(Watched& watched) {
    std::lock_guard const lock{mutex_};
    std::erase(watched_, &watched);
}

void Watchdog::run() {
    std::unique_lock lock{mutex_};
    while (!is_stopping_) {
        if (watched_.empty()) {
            wake_.wait(lock, [this] { return is_stopping_ || !watched_.empty(); });
            continue;
        }
        wake_.wait_for(lock, std::chrono::milliseconds{poll_ms},
                       [this] { return is_stopping_ || is_nudged_; });
        is_nudged_ = false;
        std::int64_t const now_ns = clock_.monotonic_ns();
        // Under the lock, so that remove() waits until no interrupt is under way.
        for (Watched* const each : watched_) each->watch(now_ns);
    }
}

}  // namespace weir::host
