#pragma once

#include <vector>

#include "host/http/router.hpp"
#include "host/serve/loggers.hpp"

namespace weir::host {

/// GET /loggers, GET and PUT /loggers/{name} {"level","ttl_seconds"?}. `loggers` outlives them.
std::vector<http::Route> logger_routes(Loggers& loggers);

}  // namespace weir::host
