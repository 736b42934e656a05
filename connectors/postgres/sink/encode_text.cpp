#include "encode_text.hpp"

#include "array_literal.hpp"
#include "connectors/postgres/oids.hpp"
#include "foreign_type.hpp"
#include "printing.hpp"

namespace weir::postgres {
namespace {

constexpr struct EscapeTable {
    char of[256];
    constexpr EscapeTable() : of{} {
        of[static_cast<unsigned char>('\t')] = 't';
        of[static_cast<unsigned char>('\n')] = 'n';
        of[static_cast<unsigned char>('\r')] = 'r';
        of[static_cast<unsigned char>('\\')] = '\\';
    }
} escapes;

void escape(std::string_view text, Outgoing& out) {
    char* at = out.room(text.size() * 2);
    for (char const c : text) {
        char const escaped = escapes.of[static_cast<unsigned char>(c)];
        if (escaped) [[unlikely]] {
            *at++ = '\\';
            *at++ = escaped;
        } else {
            *at++ = c;
        }
    }
    out.end(at);
}

bool text(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    escape(column.view.bytes(row), out);
    return true;
}

bool binary(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    constexpr char digits[] = "0123456789abcdef";
    std::string_view const bytes = column.view.bytes(row);
    char* at = out.room(3 + 2 * bytes.size());
    for (char const c : {'\\', '\\', 'x'}) *at++ = c;
    for (char const c : bytes) {
        *at++ = digits[static_cast<unsigned char>(c) >> 4];
        *at++ = digits[c & 15];
    }
    out.end(at);
    return true;
}

/// What is finer than microseconds would be rounded.
bool moment(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    std::int64_t const finer = column.view.field().units / 1'000'000;
    if (finer > 1 && column.view.field().meaning != Meaning::date &&
        column.view.integer(row) % finer != 0)
        return false;
    print_value(out, column.view, row);
    return true;
}

bool printed(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    print_value(out, column.view, row);
    return true;
}

/// A number as so many bits as the column has.
bool bits(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    std::uint64_t const value = column.view.unsigned_integer(row);
    unsigned const count = bits_of(column.target.type_text);
    if (count < 64 && value >> count != 0) return false;
    column.scratch.clear();
    for (unsigned i = count; i-- > 0;)
        column.scratch += i < 64 && (value >> i & 1) != 0 ? '1' : '0';
    out.add(column.scratch);
    return true;
}

bool array(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    bool const of_json = column.target.element == oid_json || column.target.element == oid_jsonb;
    column.scratch.clear();
    if (!append_array_literal(column.scratch, column.view.bytes(row), column.target.delimiter,
                              of_json))
        return false;
    escape(column.scratch, out);
    return true;
}

}  // namespace

EncodedColumn::Put text_put(FieldView const& field, TargetColumn const& column) {
    bool const has_bytes = field.layout == Layout::text || field.layout == Layout::large_text;
    if (field.meaning == Meaning::binary && field.extension != "arrow.uuid") return binary;
    if (has_bytes) return column.element ? array : text;
    if (column.oid == oid_bit && field.layout == Layout::uint64) return bits;
    return field.meaning == Meaning::plain ? printed : moment;
}

}  // namespace weir::postgres
