#include "host/abi/overdue.hpp"

#include <fmt/format.h>

#include "host/abi/misdeeds.hpp"
#include "host/core/log_level.hpp"

namespace weir::host {

void Overdue::look(std::uint64_t number, char const* what, std::int64_t now_ns) {
    if (generation_.contained()) return;
    if (number != number_) {
        number_ = number;
        since_ns_ = now_ns;
        what_ = what;
    }
    std::int64_t const limit_ms = services_.watchdog.call_ms();
    if (is_told_ || (now_ns - since_ns_) / 1'000'000 < limit_ms) return;
    is_told_ = true;
    Error const error{
        WEIR_E_TIMEOUT, "plugin.stuck",
        fmt::format("{}() of the plugin {} did not come back within {} ms, and keeps its thread: "
                    "in the host's process a call cannot be ended",
                    what, generation_.id(), limit_ms)};
    Misdeeds::here().keep(generation_.id(), error);
    services_.log.log(level_error, who_, error.message);
}

void Overdue::tell_return() {
    is_told_ = false;
    Misdeeds::here().withdraw(generation_.id(), "plugin.stuck");
    services_.log.log(level_warning, who_,
                      fmt::format("{}() of the plugin {} came back after all", what_,
                                  generation_.id()));
}

}  // namespace weir::host
