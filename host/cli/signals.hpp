#pragma once

#include <signal.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include "host/run/stop.hpp"

namespace weir::host {

/// Makes the process fit for a command: descriptors 0, 1 and 2 are open (so that no file of ours
/// can become standard output), and a closed pipe or a full disk is an error, not a signal. First
/// thing in main.
void prepare_process();

/// Turns Ctrl-C and SIGTERM into a Stop while it lives: the first asks to stop reading, and to
/// stop writing when that takes longer than `drain_ms`; the second ends the process with 130 at
/// once. SIGHUP sets `hangups` when there is one, and else ends the process as ever. Made before
/// any other thread, so that only its own sees the signals.
class Signals {
public:
    Signals(Stop& stop, std::int64_t drain_ms, std::function<void()> told,
            std::atomic<bool>* hangups = nullptr);
    Signals(Signals const&) = delete;
    Signals& operator=(Signals const&) = delete;
    ~Signals();

private:
    void wait(std::int64_t drain_ms, std::function<void()> const& told);

    sigset_t watched() const;

    Stop& stop_;
    std::atomic<bool>* hangups_;
    std::thread thread_;
};

}  // namespace weir::host
