#pragma once

#include <string>

#include "finding.hpp"

namespace weir::replication {

/// {"id","name"?,"connector" | "integration","config"}, seed spellings (`connectorId`, `type`,
/// `integrationId`) replaced; `config` as it came. Without an integration the connector is needed.
Json read_connection(Json const& document, Findings& findings);

/// {"id","name"?,"connector","config"}.
Json read_integration(Json const& document, Findings& findings);

/// The connection's configuration over its integration's, key by key.
Json merged_config(Json const& integration, Json const& connection);

}  // namespace weir::replication
