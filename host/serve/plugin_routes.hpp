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
#include "host/serve/run_routes.hpp"
#include "host/serve/service_slot.hpp"

namespace weir::host {

/// What a plugin's routes need; what it refers to outlives the routes.
struct RoutePorts {
    std::shared_ptr<ServiceSlot> service;
    Clock const& clock;
    LogSink& log;
    AwaitRun await_run;
};

/// The routes that a service declares, as routes of the server owned by `owner`.
std::vector<http::Route> routes_of(std::string const& owner, Declared const& declared,
                                   RoutePorts const& ports);

/// A 202 that names a run becomes the finished run when the caller waits for it.
http::Response awaited(http::Response response, int wait_s, AwaitRun const& await_run);

/// The seconds of `Prefer: wait=N`, 600 at most; 0: not asked for.
int wait_asked(http::Request const& request);

}  // namespace weir::host
