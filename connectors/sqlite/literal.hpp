#pragma once

#include <string>

#include "database.hpp"

namespace weir::sqlite {

/// The value of a column of the row at hand as a literal of SQL, the very same when read back:
/// `12`, `1.5`, `'it''s'`, `x'00ff'`, `NULL`. See storage.hpp, any_type.
std::string literal_of(Statement const& row, int column);

}  // namespace weir::sqlite
