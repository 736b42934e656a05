#include "literal.hpp"

#include <charconv>
#include <cmath>

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

}  // namespace weir::sqlite
