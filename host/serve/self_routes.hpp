#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/abi/registry.hpp"
#include "host/http/router.hpp"

namespace weir::host {

/// What the server says of itself: GET /openapi.json, /endpoints, /errors, /errors/{code}. Both
/// outlive the routes. The document is made anew when the live routes have changed.
std::vector<http::Route> self_routes(http::Router& router, Registry& registry);

/// Every code of the host and of the libraries in `registry`, by code: {"code","title","cause",
/// "remedy","owner"}; of two owners of one code the host, then the first library counts. Loads
/// nothing.
std::vector<nlohmann::json> error_catalogue(Registry& registry);

/// The row of `code`. E_NOT_FOUND "errors.not_found" with the nearest code.
Result<nlohmann::json> explain_code(Registry& registry, std::string const& code);

}  // namespace weir::host
