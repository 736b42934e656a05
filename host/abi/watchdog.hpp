#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "host/core/clock.hpp"

namespace weir::host {

class Lane;

/// The one thread that interrupts calls which were cancelled or are late.
///
/// It looks at every lane each `poll_ms`, and interrupts a call at work again each `repeat_ms`
/// until it returns, because one interrupt may land between a plugin's look at cancelled() and its
/// blocking. The thread starts with the first lane. Outlives every Instance. Thread-safe.
class Watchdog {
public:
    static constexpr int poll_ms = 20;
    static constexpr int repeat_ms = 250;

    explicit Watchdog(Clock const& clock) : clock_{clock} {}
    Watchdog(Watchdog const&) = delete;
    Watchdog& operator=(Watchdog const&) = delete;
    ~Watchdog();

    /// Looks now instead of at the end of the pause: call it after setting a stop token.
    void nudge();

private:
    friend class Lane;
    void add(Lane& lane);
    void remove(Lane& lane);  ///< on return no interrupt of it is under way, nor will be
    void run();

    Clock const& clock_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Lane*> lanes_;
    std::thread thread_;
    bool is_stopping_ = false, is_nudged_ = false;
};

}  // namespace weir::host
