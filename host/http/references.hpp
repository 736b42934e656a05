#pragma once

#include <optional>

#include "host/http/router.hpp"

namespace weir::host::http {

/// 403 with all places where a body refers to the environment, to files or to secrets of the host,
/// ${env:…}, ${file:…} and ${secret:…}, and who sends it has no scope `admin`: else a narrow token
/// could have any of them sent to where its connection leads.
std::optional<Response> refuse_references(Request const& request);

}  // namespace weir::host::http
