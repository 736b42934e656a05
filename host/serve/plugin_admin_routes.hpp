#pragma once

#include <vector>

#include "host/http/router.hpp"
#include "host/serve/plugin_admin.hpp"

namespace weir::host {

/// /plugins…: what is loaded, and changing it; what they look at outlives them.
std::vector<http::Route> plugin_admin_routes(Registry& registry, PluginLife& plugins,
                                             PluginAdmin& admin);

}  // namespace weir::host
