#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/core/error.hpp"

namespace weir::host {

/// `name=value` words of a command as a configuration: each value gets the type that the
/// connector's `schema` (JSON Schema, `properties`) asks for. Text that is no such value, a
/// reference (`${env:PORT}`) and a name that the schema lacks stay text: the host says what is
/// wrong with them. Errors: `usage`, a word without a name or a `=`.
Result<nlohmann::json> config_of_settings(std::vector<std::string> const& settings,
                                          nlohmann::json const& schema);

}  // namespace weir::host
