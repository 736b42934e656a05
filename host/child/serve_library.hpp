#pragma once

#include <string>

namespace weir::host {

/// What weir-runner does with --serve: loads `library` and answers the host at the other end of
/// descriptor 3 until it is gone. Answers an exit code when the library cannot be loaded.
int serve_library(std::string const& library);

}  // namespace weir::host
