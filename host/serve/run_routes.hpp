#pragma once

#include <vector>

#include "host/http/router.hpp"
#include "host/run/engine.hpp"
#include "host/serve/letter_replay.hpp"

namespace weir::host {

/// /runs…, /connectors… and /dead-letters…; what they look at outlives them.
std::vector<http::Route> run_routes(Engine& engine);
std::vector<http::Route> connector_routes(Engine& engine);
std::vector<http::Route> letter_routes(LetterPorts const& ports);

}  // namespace weir::host
