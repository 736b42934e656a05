#pragma once

#include <nlohmann/json.hpp>

#include "host/abi/registry.hpp"
#include "host/serve/plugin_life.hpp"

namespace weir::host {

/// A library as `/plugins/{id}` shows it: the Contract's fields, and "enabled", "components",
/// "parked" (older generations that somebody still uses).
nlohmann::json plugin_json(Registry::Library const& library, PluginLife const& plugins);
/// A library that is not in use, and why.
nlohmann::json plugin_json(Refusal const& refusal);
/// All of them.
nlohmann::json plugins_json(Registry& registry, PluginLife const& plugins);

}  // namespace weir::host
