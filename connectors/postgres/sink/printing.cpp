#include "printing.hpp"

#include <charconv>
#include <cmath>
#include <weir/cpp/calendar.hpp>

namespace weir::postgres {
namespace {

constexpr std::size_t number_max = 32;

template <class Number>
void print_number(Outgoing& out, Number value) {
    char* const at = out.room(number_max);
    out.end(std::to_chars(at, at + number_max, value).ptr);
}

template <class Float>
void print_float(Outgoing& out, Float value) {
    if (std::isnan(value)) return out.add("NaN");
    if (std::isinf(value)) return out.add(value > 0 ? "Infinity" : "-Infinity");
    print_number(out, value);
}

void print_uuid(Outgoing& out, std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    char* at = out.room(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
        auto const byte = static_cast<unsigned char>(bytes[i]);
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
    out.end(at);
}

}  // namespace

void print_decimal(Outgoing& out, std::string_view bytes, std::int32_t scale) {
    __extension__ using Wide = unsigned __int128;
    Wide value;
    std::memcpy(&value, bytes.data(), sizeof value);
    char reversed[40];
    int size = 0;
    bool const is_negative = (value >> 127) != 0;
    if (is_negative) value = ~value + 1;
    for (; value; value /= 10)
        reversed[size++] = static_cast<char>('0' + static_cast<int>(value % 10));
    if (is_negative) out.add("-");
    auto const zeros = [&out](int count) {
        while (count-- > 0) out.add("0");
    };
    if (size <= scale || size == 0) out.add("0");
    for (int at = size; at-- > std::max(scale, 0);) out.add({&reversed[at], 1});
    if (scale < 0 && size > 0) zeros(-scale);
    if (scale <= 0) return;
    out.add(".");
    zeros(scale - size);
    for (int at = std::min(size, scale); at-- > 0;) out.add({&reversed[at], 1});
}

void print_value(Outgoing& out, ColumnView const& column, std::int64_t row) {
    FieldView const& field = column.field();
    char* const at = out.room(calendar_text_max);
    switch (field.meaning) {
        case Meaning::date: return out.end(print_date(at, column.integer(row), field.units));
        case Meaning::time: return out.end(print_time(at, column.integer(row), field.units));
        case Meaning::timestamp:
        case Meaning::instant:
            return out.end(print_timestamp(at, column.integer(row), field.units,
                                           field.meaning == Meaning::instant));
        default: break;
    }
    switch (field.layout) {
        case Layout::boolean: return out.add(column.boolean(row) ? "t" : "f");
        case Layout::uint64: return print_number(out, column.unsigned_integer(row));
        case Layout::float32: return print_float(out, static_cast<float>(column.float64(row)));
        case Layout::float64: return print_float(out, column.float64(row));
        case Layout::decimal: return print_decimal(out, column.bytes(row), field.scale);
        case Layout::fixed: return print_uuid(out, column.bytes(row));
        default: return print_number(out, column.integer(row));
    }
}

std::string shown_value(ColumnView const& column, std::int64_t row) {
    constexpr std::size_t shown_max = 60;
    if (column.is_null(row)) return "NULL";
    FieldView const& field = column.field();
    if (field.layout == Layout::text || field.layout == Layout::large_text) {
        std::string_view text = column.bytes(row);
        std::size_t size = std::min(text.size(), shown_max);
        while (size < text.size() && size > 0 && (text[size] & 0xC0) == 0x80) --size;
        std::string shown{text.substr(0, size)};
        for (std::size_t at = 0; (at = shown.find('\0', at)) != shown.npos;)
            shown.replace(at, 1, "\\0");  // a message ends at that character
        return shown + (size < text.size() ? "…" : "");
    }
    if (field.layout == Layout::fixed && field.extension != "arrow.uuid")
        return std::to_string(field.width) + " bytes";
    Outgoing out;
    print_value(out, column, row);
    return {out.data(), out.size()};
}

}  // namespace weir::postgres
