#pragma once

#include <string>
#include <string_view>

#include "types.hpp"

// Arrays as PostgreSQL prints them, and as JSON.
//
//   array   := "{" [item (delimiter item)*] "}"      item := array | "NULL" | bare | quoted
//   quoted  := '"' (any | "\" any)* '"'
// An array whose lower bounds are not 1 is printed with them, "[0:1]={1,2}": JSON has no place for
// these, so such a value stays as it is.
namespace weir::postgres {

/// Whether `text` is printed without bounds.
inline bool plain_bounds(std::string_view text) { return !text.empty() && text[0] == '{'; }

/// Whether an array of JSON values keeps its meaning as one JSON array: a second dimension would be
/// an element that is an array, and the JSON value null an element that is missing.
bool plain_documents(std::string_view text);

/// Appends the JSON array that `text` means; throws E_DATA when it is no array.
void append_array(std::string& out, std::string_view text, Element element, char delimiter);

}  // namespace weir::postgres
