#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "error.hpp"

namespace weir {

using Json = nlohmann::json;

namespace detail {

/// Throws E_DATA when `text`, named as `what` for people, is no JSON.
inline Json parse_json(std::string_view text, char const* what) {
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) throw Error{WEIR_E_DATA, std::string{what} + " is no JSON"};
    return json;
}

}  // namespace detail
}  // namespace weir
