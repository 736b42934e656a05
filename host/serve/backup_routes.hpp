#pragma once

#include <filesystem>
#include <vector>

#include "host/core/clock.hpp"
#include "host/http/router.hpp"

namespace weir::host {

/// POST /backup: a copy of the state in DIR/backups, while the host works. Scope admin.
std::vector<http::Route> backup_routes(std::filesystem::path data_directory, Clock const& clock);

}  // namespace weir::host
