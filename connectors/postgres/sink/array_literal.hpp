#pragma once

#include <string>
#include <string_view>

namespace weir::postgres {

/// How the JSON array that an array crosses the boundary as becomes a literal of the server again:
/// `[1,null,"a"]` is `{1,NULL,"a"}`. What has bounds of its own, `[0:1]={1,2}`, and what is a
/// literal already stays as it is. Elements that are JSON themselves (`of_json`) are taken whole.
///
/// Appends to `out`; false: `json` is no array of such elements.
bool append_array_literal(std::string& out, std::string_view json, char delimiter, bool of_json);

}  // namespace weir::postgres
