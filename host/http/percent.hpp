#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::host::http {

/// `text` with %XX put in; nothing for a broken escape, for what is no UTF-8 then, and for control
/// characters: plugins get C strings. `plus_is_space`: as in a query.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// "/a/b" as {"a","b"}, "/" as {""}. Nothing is decoded, so %2F stays inside its segment.
std::vector<std::string_view> path_segments(std::string_view path);

/// A path of a request, decoded; nothing when a segment does not decode or is "." or "..".
std::optional<std::string> decode_path(std::string_view path);

}  // namespace weir::host::http
