#pragma once

#include <nlohmann/json.hpp>

#include "host/core/error.hpp"
#include "host/run/report.hpp"

namespace weir::host {

/// {"code","message","where"?,"suggestion"?}; passwords that a message quotes are masked.
nlohmann::ordered_json to_json(Error const& error);

/// One item of `streams`; with `is_dry_run` plan and actions, too.
nlohmann::ordered_json to_json(StreamReport const& stream, bool is_dry_run);

/// The one object of `weir copy --json`.
nlohmann::ordered_json to_json(CopyReport const& report);

}  // namespace weir::host
