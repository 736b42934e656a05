#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/core/error.hpp"

namespace weir::host {

// names := name ("," name)*    name := '"' (any character, a quote doubled)* '"' | (any but ",")*

/// Several names in one argument, as a line of CSV: `id,"first, last","a ""b"""`. A quote that does
/// not begin a name is part of it. E_CONFIG for a quote that is not closed, for text behind a
/// closed one, and for a name that is empty.
Result<std::vector<std::string>> split_names(std::string_view text);

/// The same written again: names with a comma, or that begin with a quote, stand in quotes.
std::string join_names(std::vector<std::string> const& names);

}  // namespace weir::host
