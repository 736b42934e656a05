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
    /// A call made on behalf of `outer`: ends with it, and knows that the chain is one longer.
    static CallContext within(CallContext const& outer);
    CallContext(CallContext const&) = delete;
    CallContext& operator=(CallContext const&) = delete;

    bool is_stopped() const { return stop_ && stop_->load(std::memory_order_relaxed); }
    bool is_late() const {
        return deadline_ns_ != no_deadline && clock_->monotonic_ns() >= deadline_ns_;
    }
    /// <= 0: late; INT64_MAX: no deadline.
    std::int64_t remaining_ms() const;

    /// Calls on behalf of which this one is made: 0 for one that the host began.
    std::uint32_t depth() const { return depth_; }

    /// The context that a plugin handed back; null for null and for a weir_call of its own making.
    static CallContext const* of(weir_call const* call);
    /// What the plugin gets; valid as long as this.
    weir_call const* abi() const { return &abi_; }

private:
    CallContext(Clock const& clock, std::atomic<bool> const* stop, std::int64_t deadline_ns,
                std::uint32_t depth);

    weir_call abi_;
    Clock const* clock_;
    std::atomic<bool> const* stop_;
    std::int64_t deadline_ns_;
    std::uint32_t depth_;
};

}  // namespace weir::host
