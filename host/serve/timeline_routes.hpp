#pragma once

#include <vector>

#include "host/http/router.hpp"
#include "host/store/runs.hpp"

namespace weir::host {

/// GET /runs/{id}/timeline: every stream of a run as a span, in one answer. Figures are of the last
/// try; null while a task has not ended one. `runs` outlives the routes.
std::vector<http::Route> timeline_routes(Runs& runs);

}  // namespace weir::host
