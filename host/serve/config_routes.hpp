#pragma once

#include <vector>

#include "host/core/clock.hpp"
#include "host/http/router.hpp"
#include "host/serve/bus.hpp"
#include "host/serve/config_file.hpp"

namespace weir::host {

/// /config: the whole configuration planned, applied, remembered, brought back. Over config/1;
/// bodies are weir.yaml as YAML or JSON, and what is wrong with them is told with line and column.
/// All that it looks at outlives it. Scope admin.
std::vector<http::Route> config_routes(Bus& bus, Clock const& clock);

/// What `weir serve --config FILE` does with it: everything at once, or nothing. `tell` hears each
/// finding; the error is the first one, with its place in the file.
Result<void> apply_config(Bus& bus, Clock const& clock, ConfigFile const& config,
                          std::string const& file,
                          std::function<void(std::string const&)> const& tell);

/// What config/1 plans, or {"errors"}: all that is wrong with it, each with its line and column.
nlohmann::json validation_of(Bus& bus, Clock const& clock, ConfigFile const& config);
/// {"errors"} of what is wrong with the text alone.
nlohmann::json errors_of(ConfigFile const& config);

}  // namespace weir::host
