#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include "host/core/clock.hpp"
#include "weir/abi.h"

namespace weir::host {

/// How long one or several calls into plugins may go on: until `stop` turns true or `deadline_ns`
/// of the monotonic clock has come. Both sides of the boundary read it; it never changes, so that
/// several threads may share one. It, `stop` and `clock` outlive every call that is given it.
class CallContext {
public:
    static constexpr std::int64_t no_deadline = std::numeric_limits<std::int64_t>::max();

    explicit CallContext(Clock const& clock, std::atomic<bool> const* stop = nullptr,
                         std::int64_t deadline_ns = no_deadline);
    CallContext(CallContext const&) = delete;
    CallContext& operator=(CallContext const&) = delete;

    bool is_stopped() const { return stop_ && stop_->load(std::memory_order_relaxed); }
    bool is_late() const {
        return deadline_ns_ != no_deadline && clock_->monotonic_ns() >= deadline_ns_;
    }
    /// <= 0: late; INT64_MAX: no deadline.
    std::int64_t remaining_ms() const;

    /// What the plugin gets; valid as long as this.
    weir_call const* abi() const { return &abi_; }

private:
    weir_call abi_;
    Clock const* clock_;
    std::atomic<bool> const* stop_;
    std::int64_t deadline_ns_;
};

}  // namespace weir::host
