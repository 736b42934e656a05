#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "host/abi/plugin_limits.hpp"
#include "host/core/clock.hpp"

namespace weir::host {

/// The one thread that interrupts calls which were cancelled or are late, and tells of those in
/// this process that do not come back.
///
/// It looks at everything that is watched each `poll_ms`, and interrupts a call at work again each
/// `repeat_ms` until it returns, because one interrupt may land between a plugin's look at
/// cancelled() and its blocking. The thread starts with the first that is watched. Outlives every
/// Instance. Thread-safe.
class Watchdog {
public:
    static constexpr int poll_ms = 20;
    static constexpr int repeat_ms = 250;

    /// Where calls are.
    class Watched {
    public:
        /// By the watchdog's thread only; quick.
        virtual void watch(std::int64_t now_ns) = 0;

    protected:
        ~Watched() = default;
    };

    explicit Watchdog(Clock const& clock, PluginLimits const& limits = {})
        : clock_{clock}, call_ms_{limits.call_ms_max()} {}
    Watchdog(Watchdog const&) = delete;
    Watchdog& operator=(Watchdog const&) = delete;
    ~Watchdog();

    /// Looks now instead of at the end of the pause: call it after setting a stop token.
    void nudge();
    /// How long one call may go on.
    std::int64_t call_ms() const { return call_ms_; }

    void add(Watched& watched);
    void remove(Watched& watched);  ///< on return no look at it is under way, nor will be

private:
    void run();

    Clock const& clock_;
    std::int64_t const call_ms_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Watched*> watched_;
    std::thread thread_;
    bool is_stopping_ = false, is_nudged_ = false;
};

}  // namespace weir::host
