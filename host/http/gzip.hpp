#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/http/router.hpp"

namespace weir::host::http {

std::string gzipped(std::string_view text);

/// Nothing: it is no whole gzip, or would be larger than `bytes_max`, which `is_too_large` tells
/// apart. One or several members, as RFC 1952 allows.
std::optional<std::string> gunzipped(std::string_view packed, std::size_t bytes_max,
                                     bool& is_too_large);

/// Puts the plain text in place of a body that came as gzip. 400 for what is none, 413 beyond
/// `bytes_max` or `ratio_max` times its size, 415 for another coding.
std::optional<Response> unpack_body(std::size_t bytes_max, std::size_t ratio_max,
                                    Request& request);

}  // namespace weir::host::http
