#pragma once

#include <vector>

#include "host/http/router.hpp"
#include "host/store/series.hpp"

namespace weir::host {

/// GET /series: what grew when, for charts. `series` and `clock` outlive the route.
std::vector<http::Route> series_routes(Series& series, Clock const& clock);

}  // namespace weir::host
