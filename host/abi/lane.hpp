#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "host/abi/call_context.hpp"
#include "host/abi/generation.hpp"
#include "host/abi/overdue.hpp"
#include "host/abi/watchdog.hpp"
#include "host/core/error.hpp"

namespace weir::host {

/// One plugin object as the host enters it: by one call at a time, watched while it runs.
///
/// The three states are what makes interrupt() safe: it happens only while a call is inside, so it
/// neither hits the next call nor an object that is gone. A call costs two uncontended exchanges.
class Lane final : public Watchdog::Watched {
public:
    /// `who` and `services` outlive it. `unblock` may be null; it is called on any thread and must
    /// outlive the lane.
    Lane(std::string const& who, std::shared_ptr<Generation> generation,
         HostServices const& services, void (*unblock)(void* object), void* object);
    Lane(Lane const&) = delete;
    Lane& operator=(Lane const&) = delete;
    ~Lane();

    /// Runs `work` as the one call of the lane, named `what`; null `call`: it cannot be
    /// interrupted. Nothing is run, and false is answered, when another call is inside already.
    template <class Work>
    bool enter(char const* what, CallContext const* call, Work&& work) {
        std::uint32_t expected = idle;
        if (!state_.compare_exchange_strong(expected, entered, std::memory_order_acquire,
                                            std::memory_order_relaxed))
            return false;
        call_ = call;
        what_ = what;
        ++call_number_;
        generation_->enter();
        state_.store(calling, std::memory_order_release);
        std::forward<Work>(work)();
        leave();
        generation_->leave();
        return true;
    }

    /// Unblocks the call that is inside; nothing happens when there is none. Any thread.
    void interrupt();

    std::shared_ptr<Generation> const& generation() const { return generation_; }

private:
    enum : std::uint32_t { idle, entered, calling, watched };

    void leave();
    void call_interrupt() noexcept;   ///< calls the plugin's interrupt; in the state `watched` only
    void watch(std::int64_t now_ns) override;

    alignas(64) std::atomic<std::uint32_t> state_{idle};
    CallContext const* call_ = nullptr;
    char const* what_ = "";
    std::shared_ptr<Generation> generation_;
    Watchdog& watchdog_;
    void (*interrupt_)(void*);
    void* object_;
    std::uint64_t call_number_ = 0;
    std::uint64_t interrupted_number_ = 0;  ///< of the call that the watchdog interrupted last
    std::int64_t interrupted_ns_ = 0;       ///< and when
    Overdue overdue_;
};

}  // namespace weir::host
