#pragma once

#include <optional>

#include "host/http/router.hpp"

// The one place where who is limited to some jobs (Principal::jobs) is kept from the others.
namespace weir::host::http {

/// 403 for what changes something that is no job's. Looks at no body.
std::optional<Response> refuse_beyond_jobs(Route const& route, Request const& request);

/// 404 for a request about another job, as if there were none.
std::optional<Response> refuse_other_jobs(Route const& route, Request const& request);

/// Takes the items of other jobs out of a list, and hints at other names out of a problem.
Response limit_to_jobs(Route const& route, Request const& request, Response answer);

}  // namespace weir::host::http
