#include "literal.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "names.hpp"

namespace weir::sqlite {
namespace {

std::string real_literal(double value) {
    if (std::isinf(value)) return value > 0 ? "9e999" : "-9e999";
    char text[40];
    std::string out{text, std::to_chars(text, text + sizeof text, value).ptr};
    return out.find_first_of(".e") == std::string::npos ? out + ".0" : out;
}

}  // namespace

std::string literal_of(Statement const& row, int column) {
    switch (row.type(column)) {
        case SQLITE_INTEGER: return std::to_string(row.integer(column));
        case SQLITE_FLOAT: return real_literal(row.real(column));
        case SQLITE_TEXT: return as_text(row.bytes(column));
        case SQLITE_BLOB: return "x'" + hex(row.bytes(column)) + "'";
        default: return "NULL";
    }
}

std::string number_of(Statement const& row, int column) {
    bool const is_endless =
        row.type(column) == SQLITE_FLOAT && std::isinf(row.real(column));
    if (!is_endless) return literal_of(row, column);
    return row.real(column) > 0 ? "Infinity" : "-Infinity";
}

std::optional<double> float_of(Statement const& row, int column) {
    if (row.type(column) == SQLITE_FLOAT) return row.real(column);
    if (row.type(column) != SQLITE_TEXT) return std::nullopt;
    std::string_view const text = row.bytes(column);
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
    return std::nullopt;
}

std::optional<std::uint64_t> whole_of(Statement const& row, int column) {
    if (row.type(column) == SQLITE_INTEGER && row.integer(column) >= 0)
        return static_cast<std::uint64_t>(row.integer(column));
    if (row.type(column) != SQLITE_TEXT) return std::nullopt;
    std::string_view const text = row.bytes(column);
    std::uint64_t out = 0;
    auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (wrong != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return out;
}

}  // namespace weir::sqlite
