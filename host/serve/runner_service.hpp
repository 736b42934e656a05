#pragma once

#include <optional>

#include "host/run/engine.hpp"
#include "host/run/file_reach.hpp"
#include "host/serve/bus.hpp"

namespace weir::host {

/// Puts the engine on the bus: "runner/1" and "connectors/1", see sdk/README.md for their methods.
/// What a plan or configuration names as a secret is the calling plugin's own.
/// `reach` outlives the bus.
Result<void> offer_runner(Bus& bus, Engine& engine, FileReach const& reach);

/// What of a connector's configuration a token below admin may not name: 403, with all findings.
/// Nothing: it may, or there is no such connector, which is told elsewhere.
std::optional<MethodAnswer> out_of_reach(Inspector& inspector, FileReach const& reach,
                                         ConnectorConfig const& connector);

}  // namespace weir::host
