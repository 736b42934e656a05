#pragma once

#include <vector>

#include "host/http/router.hpp"
#include "host/serve/bus.hpp"
#include "host/store/series.hpp"

namespace weir::host {

/// GET /series: what grew when, for charts. A job that is not
/// there, and has no figures, is 404 by jobs/1. All outlive the route.
std::vector<http::Route> series_routes(Series& series, Bus& bus, Clock const& clock);

}  // namespace weir::host
