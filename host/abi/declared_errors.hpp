#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/core/error.hpp"

namespace weir::host {

// `errors` of meta_json, of a connector or a service := [{"code","title","cause","remedy"}]

/// What a code means that a library gives, for people; see host/core/error_codes.hpp.
struct DeclaredError {
    static constexpr std::size_t errors_max = 512;  ///< of one component

    std::string code, title, cause, remedy;
};

/// E_CONFIG "plugin.declaration" for what is no such list, or has a code twice; one sentence
/// without the library's name.
Result<std::vector<DeclaredError>> read_declared_errors(nlohmann::json const& meta);

}  // namespace weir::host
