#pragma once

#include <vector>

#include "host/http/router.hpp"
#include "host/serve/event_feed.hpp"

namespace weir::host {

/// GET /events: server-sent events; as lines for `Accept: application/x-ndjson`; one page for
/// `Accept: application/json`. `feed` outlives the routes.
std::vector<http::Route> event_routes(EventFeed& feed);

}  // namespace weir::host
