#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "host/core/clock.hpp"

namespace weir::host {

/// The one timer of the host: one aim, by the wall clock.
///
/// A sleeping thread does not notice that the clock was set, so it wakes at least each second and
/// looks again. Set forward, the aim may have passed; set back, it may lie days ahead of what its
/// owner meant, who is told at once and aims anew. Thread-safe.
class Timer {
public:
    /// `fire(due_ms, now_ms)` runs on the timer's thread, once per arm(): at or after the aim, or
    /// before it (`now_ms` < `due_ms`) when the clock was set back by a second or more.
    using Fire = std::function<void(std::int64_t due_ms, std::int64_t now_ms)>;

    Timer(Clock const& clock, Fire fire);
    ~Timer();  ///< as stop()
    Timer(Timer const&) = delete;
    Timer& operator=(Timer const&) = delete;

    void start();
    /// Replaces the aim.
    void arm(std::int64_t at_unix_ms);
    void disarm();
    /// No fire() runs any more when this returns.
    void stop();

private:
    void run();
    void fire(std::unique_lock<std::mutex>& lock);
    bool is_set_back();

    Clock const& clock_;
    Fire fire_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<std::int64_t> aim_;
    std::int64_t ahead_us_;  // of the clock that does not step, at the last look
    bool is_over_ = false;
    std::thread thread_;
};

}  // namespace weir::host
