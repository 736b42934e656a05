#pragma once

#include "host/serve/plugin_life.hpp"

namespace weir::host {

/// One service and what was made for it.
struct PluginLife::Plugin {
    std::shared_ptr<ComponentInfo const> info;
    std::string id;  ///< of the library: whose documents, events and secrets
    std::shared_ptr<ServiceSlot> slot;
    std::optional<Instance> instance;
    std::shared_ptr<ServiceProxy> service;
    std::unique_ptr<Deliveries> deliveries;
    std::string state = "waiting";
    std::optional<Error> error;
    bool is_started = false;
};

/// The end of a call into a plugin that may take `ms`.
inline std::int64_t within(Clock const& clock, std::int64_t ms) {
    return clock.monotonic_ns() + ms * 1'000'000;
}

inline constexpr std::int64_t start_ms_max = 30'000;

}  // namespace weir::host
