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
/// looks again. Thread-safe.
class Timer {
public:
    /// `fire(due_ms, now_ms)` runs on the timer's thread, once per arm(), at or after the aim.
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
    std::int64_t now_ms() const { return clock_.unix_us() / 1'000; }

    Clock const& clock_;
    Fire fire_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<std::int64_t> aim_;
    bool is_over_ = false;
    std::thread thread_;
};

}  // namespace weir::host
