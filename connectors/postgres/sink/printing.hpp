#pragma once

#include <string>
#include <weir/cpp/view.hpp>

#include "outgoing.hpp"

namespace weir::postgres {

/// Appends the value of a row as the server reads it, without any escaping; null must be asked
/// before. Texts and bytes are not printed here.
void print_value(Outgoing& out, ColumnView const& column, std::int64_t row);

/// 16 bytes, little endian, with `scale` digits behind the point.
void print_decimal(Outgoing& out, std::string_view bytes, std::int32_t scale);

/// The value as a person would read it, shortened.
std::string shown_value(ColumnView const& column, std::int64_t row);

}  // namespace weir::postgres
