#pragma once

#include <cstdint>
#include <limits>

#include "../abi.h"
#include "error.hpp"

namespace weir {

/// One blocking call: is it still wanted. Valid until the call returns. Hand it on to every service
/// of the host that is used on its behalf: cancellation and deadline travel in it.
class Call {
public:
    /// Null: work that no call asked for; neither cancelled nor late.
    explicit Call(weir_call const* call) : call_{call} {}

    bool cancelled() const {
        return WEIR_HAS(call_, weir_call, cancelled) && call_->cancelled(call_) != 0;
    }
    /// <= 0: late; INT64_MAX: no deadline.
    std::int64_t remaining_ms() const {
        if (!WEIR_HAS(call_, weir_call, remaining_ms))
            return std::numeric_limits<std::int64_t>::max();
        return call_->remaining_ms(call_);
    }
    /// Throws when the host asked to stop, or the deadline has passed.
    void check() const {
        if (cancelled()) throw Error{WEIR_E_CANCELLED, "cancelled"}.coded("call.cancelled");
        if (remaining_ms() <= 0)
            throw Error{WEIR_E_TIMEOUT, "the deadline of the call has passed"}.coded(
                "call.timeout");
    }

    weir_call const* abi() const { return call_; }

private:
    weir_call const* call_;
};

}  // namespace weir
