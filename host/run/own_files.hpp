#pragma once

#include <nlohmann/json.hpp>

#include "host/core/error.hpp"
#include "host/run/secret_lookup.hpp"

namespace weir::host {

/// Refuses a configuration in which some text names a file of the host's own, as it stands, as a
/// URL (sqlite:PATH) or as a reference (${file:PATH}): E_CONFIG "config.own_file".
Result<void> refuse_own_files(nlohmann::json const& config, SecretLookup const& lookup);

}  // namespace weir::host
