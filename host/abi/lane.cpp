#include "host/abi/lane.hpp"

namespace weir::host {

Lane::Lane(std::string const& who, std::shared_ptr<Generation> generation,
           HostServices const& services, void (*unblock)(void* object), void* object)
    : generation_{std::move(generation)},
      watchdog_{services.watchdog},
      interrupt_{unblock},
      object_{object},
      overdue_{services, who, *generation_} {
    watchdog_.add(*this);
}

Lane::~Lane() { watchdog_.remove(*this); }

void Lane::leave() {
    std::uint32_t expected = calling;
    while (!state_.compare_exchange_weak(expected, entered, std::memory_order_acq_rel,
                                         std::memory_order_relaxed)) {
        // Somebody is inside interrupt(), which may ask a server: the object must stay until then.
        if (expected == watched) state_.wait(watched, std::memory_order_relaxed);
        expected = calling;
    }
    overdue_.came_back();
    state_.store(idle, std::memory_order_release);
}

void Lane::interrupt() {
    if (!interrupt_) return;
    std::uint32_t expected = calling;
    while (!state_.compare_exchange_weak(expected, watched, std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
        // Whoever else looks at it right now need not interrupt it.
        if (expected == watched)
            state_.wait(watched, std::memory_order_relaxed);
        else if (expected != calling)
            return;  // no call is inside
        expected = calling;
    }
    call_interrupt();
    state_.store(calling, std::memory_order_release);
    state_.notify_all();
}

void Lane::call_interrupt() noexcept {
    try {
        interrupt_(object_);
    } catch (...) {  // a call that is not unblocked is interrupted again
    }
}

void Lane::watch(std::int64_t now_ns) {
    std::uint32_t expected = calling;
    if (!state_.compare_exchange_strong(expected, watched, std::memory_order_acquire,
                                        std::memory_order_relaxed))
        return;
    overdue_.look(call_number_, what_, now_ns);
    bool const is_unwanted = interrupt_ && call_ && (call_->is_stopped() || call_->is_late());
    bool const is_first = interrupted_number_ != call_number_;
    constexpr std::int64_t repeat_ns = std::int64_t{Watchdog::repeat_ms} * 1'000'000;
    if (is_unwanted && (is_first || now_ns - interrupted_ns_ >= repeat_ns)) {
        interrupted_number_ = call_number_;
        interrupted_ns_ = now_ns;
        call_interrupt();
    }
    state_.store(calling, std::memory_order_release);
    state_.notify_all();
}

}  // namespace weir::host
