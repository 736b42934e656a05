#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/declared.hpp"
#include "host/abi/host_services.hpp"
#include "host/http/router.hpp"
#include "host/serve/service_slot.hpp"

namespace weir::host {

/// What a plugin's routes need; what it refers to outlives the routes.
struct RoutePorts {
    std::shared_ptr<ServiceSlot> service;
    Clock const& clock;
    LogSink& log;
    std::function<std::optional<nlohmann::json>(std::string const& run_id, int wait_s)> await_run;
};

/// The routes that a service declares, as routes of the server owned by `owner`.
std::vector<http::Route> routes_of(std::string const& owner, Declared const& declared,
                                   RoutePorts const& ports);

/// The seconds of `Prefer: wait=N`, 600 at most; 0: not asked for.
int wait_asked(http::Request const& request);

}  // namespace weir::host
