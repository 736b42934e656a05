#pragma once

#include "host/run/engine.hpp"
#include "host/serve/bus.hpp"

namespace weir::host {

/// Puts the engine on the bus: "runner/1" and "connectors/1", see sdk/README.md for their methods.
/// What a plan or configuration names as a secret is the calling plugin's own.
Result<void> offer_runner(Bus& bus, Engine& engine);

}  // namespace weir::host
