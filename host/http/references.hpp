#pragma once

#include <optional>

#include "host/http/router.hpp"

namespace weir::host::http {

/// 403 with all places where a body refers to the environment or to files of the host, ${env:…} and
/// ${file:…}, and who sends it has no scope `admin`: else a narrow token could have any file of the
/// host put into what a connection sends. ${secret:…} needs `write`, as the documents it is for.
std::optional<Response> refuse_references(Request const& request);

}  // namespace weir::host::http
