#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::host {

/// Tells systemd how the server does, as sd_notify(3) has it, when $NOTIFY_SOCKET asks for that;
/// else every call does nothing. One thread.
class ServiceManager {
public:
    /// Takes NOTIFY_SOCKET and WATCHDOG_USEC out of the environment: no child is asked for.
    ServiceManager();

    void ready() const { tell("READY=1"); }
    void reloading(std::int64_t monotonic_ns) const;
    void stopping() const { tell("STOPPING=1"); }
    /// That the server still turns, at half the time within which systemd wants to hear it.
    void alive(std::int64_t monotonic_ns);

private:
    void tell(std::string_view what) const;

    std::string socket_;
    std::int64_t every_ns_ = 0, last_ns_ = 0;
};

}  // namespace weir::host
