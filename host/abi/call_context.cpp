#include "host/abi/call_context.hpp"

namespace weir::host {

namespace {

CallContext const& of(weir_call const* call) { return *static_cast<CallContext const*>(call->ctx); }

// Late counts as cancelled for a plugin that asks only this; the host knows which it was.
std::int32_t cancelled(weir_call const* call) {
    return of(call).is_stopped() || of(call).is_late() ? 1 : 0;
}

std::int64_t remaining(weir_call const* call) { return of(call).remaining_ms(); }

}  // namespace

CallContext::CallContext(Clock const& clock, std::atomic<bool> const* stop,
                         std::int64_t deadline_ns)
    : CallContext{clock, stop, deadline_ns, 0} {}

CallContext::CallContext(Clock const& clock, std::atomic<bool> const* stop,
                         std::int64_t deadline_ns, std::uint32_t depth)
    : abi_{sizeof abi_, 0, this, cancelled, remaining},
      clock_{&clock},
      stop_{stop},
      deadline_ns_{deadline_ns},
      depth_{depth} {}

CallContext CallContext::within(CallContext const& outer) {
    return CallContext{*outer.clock_, outer.stop_, outer.deadline_ns_, outer.depth_ + 1};
}

CallContext const* CallContext::of(weir_call const* call) {
    bool const is_ours = call && call->struct_size == sizeof *call && call->cancelled == cancelled;
    return is_ours ? static_cast<CallContext const*>(call->ctx) : nullptr;
}

std::int64_t CallContext::remaining_ms() const {
    if (deadline_ns_ == no_deadline) return no_deadline;
    std::int64_t const left_ns = deadline_ns_ - clock_->monotonic_ns();
    // A part of a millisecond is still time left: 0 means late.
    return left_ns > 0 ? (left_ns - 1) / 1'000'000 + 1 : left_ns / 1'000'000;
}

}  // namespace weir::host
