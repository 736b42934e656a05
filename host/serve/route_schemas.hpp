#pragma once

#include <vector>

#include "host/http/router.hpp"

namespace weir::host {

/// Gives the host's own routes the schemas of what they take in their queries and what they
/// answer, out of the one table in route_schemas.cpp. A route that is not in it stays as it is;
/// tests/e2e/self_test.cpp finds it.
void add_schemas(std::vector<http::Route>& routes);

}  // namespace weir::host
