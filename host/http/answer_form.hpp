#pragma once

#include "host/http/router.hpp"

namespace weir::host::http {

/// The form in which an answer leaves, whoever made it: a list that goes on gets a `Link` to its
/// next page, and what is larger than 1 KiB is gzip for who takes it.
void finish_answer(Request const& request, Response& answer);

}  // namespace weir::host::http
