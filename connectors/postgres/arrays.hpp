#pragma once

#include <string>
#include <string_view>

#include "types.hpp"

// Arrays as PostgreSQL prints them, and as JSON.
//
//   array   := "{" [item (delimiter item)*] "}"      item := array | "NULL" | bare | quoted
//   quoted  := '"' (any | "\" any)* '"'
// An array whose lower bounds are not 1 is printed with them, "[0:1]={1,2}": JSON has no place for
// these, so such a value stays as it is. In an array of JSON values a blank stands before what
// would be taken for something else: a null that is a value of JSON, the bracket of a dimension.
namespace weir::postgres {

/// Whether `text` is printed without bounds.
inline bool plain_bounds(std::string_view text) { return !text.empty() && text[0] == '{'; }

/// Whether no element of an array of JSON values begins with a blank, as printed or as COPY escapes
/// it: there a blank means something.
bool plain_documents(std::string_view text);

/// Appends the JSON array that `text` means; throws E_DATA when it is no array.
void append_array(std::string& out, std::string_view text, Element element, char delimiter);

}  // namespace weir::postgres
