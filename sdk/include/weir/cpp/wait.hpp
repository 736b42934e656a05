#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "call.hpp"

namespace weir {

/// Milliseconds of a clock that nobody sets.
inline std::int64_t steady_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

/// Wakes whoever waits for a server. raise() from any thread; the waiting side clears it at the
/// start of each call, since the host raises again until the call returns.
class Interrupt {
public:
    Interrupt() : descriptor_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
        if (descriptor_ < 0) throw Error{WEIR_E_IO, "no file descriptor is left"};
    }
    Interrupt(Interrupt const&) = delete;
    Interrupt& operator=(Interrupt const&) = delete;
    ~Interrupt() { close(descriptor_); }

    void raise() noexcept {
        raised_.store(true, std::memory_order_relaxed);
        eventfd_write(descriptor_, 1);
    }
    void clear() noexcept {
        raised_.store(false, std::memory_order_relaxed);
        eventfd_t count;
        eventfd_read(descriptor_, &count);
    }
    bool raised() const noexcept { return raised_.load(std::memory_order_relaxed); }
    int descriptor() const { return descriptor_; }

private:
    std::atomic<bool> raised_{false};
    int descriptor_;
};

/// What one call may wait for. Borrowed for the length of the call.
struct Wait {
    Call const& call;
    Interrupt& interrupt;

    /// Throws E_CANCELLED or E_TIMEOUT when the call is no longer wanted.
    void check() const {
        if (interrupt.raised()) throw Error{WEIR_E_CANCELLED, "cancelled"};
        call.check();
    }
    /// Does nothing for so long; throws the same meanwhile.
    void pause(std::int64_t ms) const {
        constexpr int nothing = -1;
        for (std::int64_t const until = steady_ms() + ms; steady_ms() < until;)
            ready(nothing, 0, until - steady_ms());
        check();
    }
    /// Which of `events` (poll(2)) came on `descriptor`; 0: none so far, look again. Waits for
    /// `ms_max` or a quarter of a second at the longest; throws the same meanwhile.
    short ready(int descriptor, short events, std::int64_t ms_max = INT64_MAX) const {
        // The host raises the interrupt when it cancels; this bounds what one that does not costs.
        constexpr std::int64_t look_up_ms = 250;
        check();
        std::int64_t const limit = std::min({ms_max, look_up_ms, call.remaining_ms()});
        pollfd both[] = {{descriptor, events, 0}, {interrupt.descriptor(), POLLIN, 0}};
        poll(both, 2, static_cast<int>(std::max<std::int64_t>(limit, 0)));
        check();
        return both[0].revents;
    }
};

}  // namespace weir
