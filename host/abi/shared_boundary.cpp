#include "host/abi/shared_boundary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace weir::host {

SharedBoundary::Stay::Stay(SharedBoundary const& boundary, char const* what)
    : watchdog_{boundary.services_.watchdog},
      what_{what},
      overdue_{boundary.services_, boundary.judge_.who(), *boundary.generation_} {
    watchdog_.add(*this);
}

SharedBoundary::Stay::~Stay() {
    watchdog_.remove(*this);
    overdue_.came_back();
}

void SharedBoundary::open() {
    std::lock_guard const lock{mutex_};
    is_open_ = true;
}

bool SharedBoundary::is_open() const {
    std::lock_guard const lock{mutex_};
    return is_open_;
}

std::int64_t SharedBoundary::close(CallContext const& context) {
    constexpr std::int64_t look_ms = 20;  // the stop token and the clock of a test wake nobody
    std::unique_lock lock{mutex_};
    is_open_ = false;
    while (inside_ > 0 && !context.is_stopped() && !context.is_late()) {
        std::int64_t const wait_ms = std::clamp<std::int64_t>(context.remaining_ms(), 1, look_ms);
        left_.wait_for(lock, std::chrono::milliseconds{wait_ms});
    }
    return inside_;
}

bool SharedBoundary::enter() {
    std::lock_guard const lock{mutex_};
    if (is_open_) ++inside_;
    return is_open_;
}

void SharedBoundary::leave() {
    // Notified under the lock: whoever waits may end this object once it is let go.
    std::lock_guard const lock{mutex_};
    --inside_;
    left_.notify_all();
}

Error SharedBoundary::not_running(char const* what) const {
    Error error{WEIR_E_BUSY, "service.not_running",
                fmt::format("{} does not run now, so {}() was not called; try again later",
                            judge_.who(), what)};
    error.flags = WEIR_ERR_RETRYABLE;
    return error;
}

}  // namespace weir::host
