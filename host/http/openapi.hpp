#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/http/router.hpp"

namespace weir::host::http {

/// The routes as an OpenAPI 3.1 document: parameters, bodies and answers by the schemas that the
/// routes have, scopes (`x-scope`, and `security`), owners (`tags`), problems. Pure; the same
/// routes make the same document, whatever their order.
nlohmann::json openapi(std::vector<std::shared_ptr<Route const>> const& routes,
                       std::string const& version);

}  // namespace weir::host::http
