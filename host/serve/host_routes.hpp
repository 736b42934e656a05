#pragma once

#include <functional>
#include <vector>

#include "host/abi/registry.hpp"
#include "host/http/router.hpp"
#include "host/serve/plugin_life.hpp"
#include "host/store/store.hpp"

namespace weir::host {

/// What the routes of the host itself look at; outlives the routes.
struct HostRoutePorts {
    Registry& registry;
    PluginLife& plugins;
    Store& store;
    http::Router& router;
    Clock const& clock;
    std::function<std::string()> metrics;  ///< the text of /metrics
    std::function<std::string()> config_error;  ///< of the configuration file; empty: none
};

/// Health, versions, metrics.
std::vector<http::Route> host_routes(HostRoutePorts const& ports);

}  // namespace weir::host
