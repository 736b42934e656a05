#include "host/core/clock.hpp"

#include <chrono>

namespace weir::host {

namespace {

template <class Unit, class Clock>
std::int64_t count() {
    return std::chrono::duration_cast<Unit>(Clock::now().time_since_epoch()).count();
}

}  // namespace

std::int64_t SystemClock::unix_us() const {
    return count<std::chrono::microseconds, std::chrono::system_clock>();
}

std::int64_t SystemClock::monotonic_ns() const {
    return count<std::chrono::nanoseconds, std::chrono::steady_clock>();
}

}  // namespace weir::host
