#pragma once

#include <nlohmann/json.hpp>

namespace weir::host {

/// The JSON Schema of weir.yaml, for editors. `connectors`: as connectors/1 lists them, whose
/// configurations stand in it; `documents`: what config/1 answers to "schema", null: nobody does,
/// and then connections, integrations and jobs are any objects.
nlohmann::json file_schema(nlohmann::json const& connectors, nlohmann::json const& documents);

}  // namespace weir::host
