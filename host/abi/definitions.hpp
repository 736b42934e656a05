#pragma once

#include <nlohmann/json.hpp>

#include "host/core/error.hpp"

namespace weir::host {

/// `document` with each {"$ref":"#/definitions/NAME"} replaced by what its own `definitions` have
/// under NAME, and without them: a declaration says a schema once and names it where it is meant.
/// E_CONFIG "plugin.declaration": no such name, or one that contains itself; one sentence without
/// the library's name, "names the definition job, which …".
Result<nlohmann::json> with_definitions(nlohmann::json document);

}  // namespace weir::host
