#pragma once

#include <string>
#include <weir/cpp/view.hpp>

#include "target.hpp"

namespace weir::mysql {

/// Where a value is to stand.
enum class Style : std::uint8_t {
    literal,  ///< in SQL
    line      ///< between tabs in what LOAD DATA reads; bytes in hex, bits as a number
};

/// Whether a value of the field stands in hex in a line.
bool is_bytes(FieldView const& field);

/// Appends the value of a row, which the server reads as exactly that value. Answers why it cannot
/// be one, "MariaDB has no NaN"; null: it was appended.
char const* append_value(std::string& out, Style style, ColumnView const& column, std::int64_t row,
                         TargetColumn const& target);

/// At most 60 bytes of it, for people.
std::string shortened(std::string_view text);

/// The value as a person would read it, shortened.
std::string shown_value(ColumnView const& column, std::int64_t row);

}  // namespace weir::mysql
