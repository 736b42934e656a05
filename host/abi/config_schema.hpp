#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/core/error.hpp"

namespace weir::host {

/// The configuration with its defaults filled in, checked against a component's schema of the
/// profile below. Errors are E_CONFIG with `where` as JSON Pointer; for a property that does not
/// exist the nearest name is suggested. The value of a `writeOnly` property is never quoted (I9).
///
/// Profile: an object at the root; a single type or [T,"null"]; properties required enum const
/// default minimum maximum minLength maxLength pattern items additionalProperties:false; and
/// hints: title description examples writeOnly format $schema x-….
Result<nlohmann::json> check_config(nlohmann::json const& schema, nlohmann::json config);

/// What keeps `schema` out of the profile, one sentence each with its JSON Pointer; empty: fits.
std::vector<std::string> check_schema_profile(nlohmann::json const& schema);

}  // namespace weir::host
