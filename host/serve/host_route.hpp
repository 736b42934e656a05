#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "host/http/router.hpp"

namespace weir::host {

/// A route of the host with what every one has.
http::Route host_route(char const* method, char const* path, http::Scope scope,
                       char const* summary,
                       std::function<http::Response(http::Request const&)> handler,
                       nlohmann::json request = nullptr);

}  // namespace weir::host
