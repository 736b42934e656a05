#pragma once

#include <optional>

#include "host/http/router.hpp"

// ETag, If-Match and If-None-Match of RFC 9110, for resources that can be changed. A handler may
// answer an `etag` of its own, which leaves out what changes by itself; else the body is hashed.
namespace weir::host::http {

/// Gives a 200 its ETag, unless it has one.
void tag(Response& answer);

/// Whether the request says If-Match or If-None-Match.
bool has_precondition(Request const& request);

/// Why the request may not change what answers `current` to GET: 412 with the current tag and the
/// places where a PUT differs, or 428 when a condition is required and there is none.
std::optional<Response> check_precondition(Request const& request, Response const& current,
                                           bool is_required);

/// The reader has this already.
bool is_unchanged(Request const& request, Response const& answer);
Response not_modified(Response const& answer);

}  // namespace weir::host::http
