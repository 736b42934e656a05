#pragma once

#include <string>
#include <string_view>
#include <weir/cpp/view.hpp>

#include "dialect.hpp"
#include "target.hpp"

namespace weir::mysql {

/// The type of a new column that holds every value of `field`: the source's own where this server
/// has it too. `is_key`: one that an index can hold whole.
std::string column_type(FieldView const& field, bool is_key, Dialect const& dialect);

/// Why `column` would change a value of `field` without a word: "would round digits". Empty: it
/// keeps them, or refuses them row by row.
std::string misfit(FieldView const& field, TargetColumn const& column, std::string const& own_type);

/// Whether a column of `type_text` is of the type `own`, whatever the modifiers and collation.
bool is_same_type(std::string_view own, std::string_view type_text);

}  // namespace weir::mysql
