#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "host/core/error.hpp"
#include "host/http/router.hpp"

namespace weir::host::http {

/// JSON of a stranger: UTF-8, at most 64 levels, no key twice in one object. Errors are
/// "request.malformed" and "request.duplicate_key", with `where` as JSON Pointer.
Result<nlohmann::json> read_json(std::string_view text);

/// Reads the body of a route with a `request` into `request.json` and checks it. What is wrong with
/// it comes as the answer: 400, 415 "request.content_type", or 422 "request.invalid" with all
/// findings at once. Nothing: it fits.
std::optional<Response> read_body(Route const& route, Request& request);

}  // namespace weir::host::http
