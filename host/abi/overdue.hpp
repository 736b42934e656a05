#pragma once

#include <cstdint>
#include <string>

#include "host/abi/generation.hpp"
#include "host/abi/host_services.hpp"
#include "host/abi/watchdog.hpp"

namespace weir::host {

/// Tells, once for each call, of one that stays inside a plugin of this process beyond the
/// watchdog's call_ms: it cannot be ended, but people must know whose it is. In the log of the host
/// and of the run, and in /plugins until it is back. Plugins in processes of their own are told of
/// when theirs ends. One thread at a time.
class Overdue {
public:
    /// All of it outlives this.
    Overdue(HostServices const& services, std::string const& who, Generation const& generation)
        : services_{services}, who_{who}, generation_{generation} {}

    /// The call `what`, by its number, is inside at `now_ns`.
    void look(std::uint64_t number, char const* what, std::int64_t now_ns);
    /// It is inside no more.
    void came_back() {
        if (is_told_) tell_return();
    }

private:
    void tell_return();

    HostServices const& services_;
    std::string const& who_;
    Generation const& generation_;
    std::uint64_t number_ = 0;
    std::int64_t since_ns_ = 0;  // the first look at it
    char const* what_ = "";
    bool is_told_ = false;
};

}  // namespace weir::host
