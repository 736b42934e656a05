#pragma once

#include <string>
#include <vector>

#include "host/http/router.hpp"

namespace weir::host {

/// Whether `host`, an address that the server is bound to, is reached from this machine alone;
/// empty: a Unix socket.
bool is_local_address(std::string const& host);

/// Where others can ask, the figures are for who may read.
void close_metrics(std::vector<http::Route>& routes);

}  // namespace weir::host
