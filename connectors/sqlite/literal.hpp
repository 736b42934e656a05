#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "database.hpp"

namespace weir::sqlite {

/// The value of a column of the row at hand as a literal of SQL, the very same when read back:
/// `12`, `1.5`, `'it''s'`, `x'00ff'`, `NULL`. See storage.hpp, any_type.
std::string literal_of(Statement const& row, int column);
/// A number of it as other systems read it too: the same, but `Infinity` for `9e999`.
std::string number_of(Statement const& row, int column);
/// A float, of a REAL or of the text that Weir stores for NaN and the infinities; nothing: neither.
std::optional<double> float_of(Statement const& row, int column);
/// A whole number that is not below zero, of an INTEGER or of a text of digits; nothing: neither.
std::optional<std::uint64_t> whole_of(Statement const& row, int column);

}  // namespace weir::sqlite
