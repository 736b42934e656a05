#include "values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "connectors/mysql/names.hpp"
#include "connectors/mysql/times.hpp"
#include "json_document.hpp"

namespace weir::mysql {
namespace {

constexpr std::int64_t second_us = 1'000'000;

template <class Number>
void append_number(std::string& out, Number number) {
    char text[40];
    out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

void append_quoted(std::string& out, Style style, std::string_view text) {
    bool const is_literal = style == Style::literal;
    std::string_view const special = is_literal ? "'\\" : "\\\t\n";
    if (is_literal) out += '\'';
    for (std::size_t from = 0; from < text.size();) {
        std::size_t const at = text.find_first_of(special, from);
        out.append(text, from, at == text.npos ? at : at - from);
        if (at == text.npos) break;
        out += '\\';
        bool const is_tab = text[at] == '\t', is_line = text[at] == '\n';
        out += !is_literal && is_tab ? 't' : !is_literal && is_line ? 'n' : text[at];
        from = at + 1;
    }
    if (is_literal) out += '\'';
}

void append_bytes(std::string& out, Style style, std::string_view bytes) {
    if (style == Style::line) {
        out += hex_of(bytes);
        return;
    }
    out += "_binary";
    append_quoted(out, style, bytes);
}

char const* append_float(std::string& out, Style style, double number) {
    if (!std::isfinite(number)) return "has no NaN and no infinity";
    std::size_t const from = out.size();
    append_number(out, number);
    // Else it would be a decimal; in a line it is a text, which a column of texts keeps.
    if (style == Style::literal && out.find('e', from) == out.npos) out += "e0";
    return nullptr;
}

void append_decimal(std::string& out, std::string_view bytes, std::int32_t scale) {
    __extension__ using Wide = unsigned __int128;
    Wide value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    bool const negative = (value >> 127) != 0;
    if (negative) value = ~value + 1;
    std::string digits;
    for (; value != 0; value /= 10) digits += static_cast<char>('0' + static_cast<int>(value % 10));
    for (; scale < 0 && !digits.empty(); ++scale) digits.insert(digits.begin(), '0');
    while (digits.size() <= static_cast<std::size_t>(scale < 0 ? 0 : scale)) digits += '0';
    if (negative) out += '-';
    for (std::size_t left = digits.size(); left > 0; --left) {
        if (scale > 0 && left == static_cast<std::size_t>(scale)) out += '.';
        out += digits[left - 1];
    }
}

void append_uuid(std::string& out, Style style, std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    if (style == Style::literal) out += '\'';
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        auto const byte = static_cast<unsigned char>(bytes[i]);
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    if (style == Style::literal) out += '\'';
}

char const* append_time(std::string& out, Style style, ColumnView const& column,
                        std::int64_t value) {
    std::int64_t us = value;
    std::int64_t const units = column.field().units;
    if (column.field().meaning == Meaning::date) {
        us = value / units * 86'400 * second_us;
    } else if (units > second_us) {
        if (value % (units / second_us) != 0) return "has no more than six digits of a second";
        us = value / (units / second_us);
    } else if (__builtin_mul_overflow(value, second_us / units, &us)) {
        return "has no such year";
    }
    // From 0001-01-01 to 9999-12-31.
    bool const is_dated = column.field().meaning != Meaning::time;
    if (is_dated && (us < -62'135'596'800 * second_us || us >= 253'402'300'800 * second_us))
        return "has no such year";
    if (style == Style::literal) out += '\'';
    if (column.field().meaning == Meaning::time) {
        auto const seconds = static_cast<std::uint64_t>(us / second_us);
        print_span({false, seconds / 3600, static_cast<unsigned>(seconds / 60 % 60),
                    static_cast<unsigned>(seconds % 60), static_cast<unsigned>(us % second_us)},
                   out);
    } else if (column.field().meaning == Meaning::date) {
        print_date(moment_of(us), out);
    } else {
        print_datetime(moment_of(us), ' ', out);
    }
    if (style == Style::literal) out += '\'';
    return nullptr;
}

/// A time that its source's type could not hold comes in the Contract's form.
void append_moment_text(std::string& out, Style style, std::string_view text) {
    std::string plain{text};
    if (plain.size() > 10 && plain[10] == 'T') plain[10] = ' ';
    if (plain.ends_with('Z')) plain.pop_back();
    append_quoted(out, style, plain);
}

/// [-]hours:minutes:seconds[.digits], as MariaDB prints a time and PostgreSQL an interval that has
/// nothing else.
bool is_span(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    std::size_t const colon = text.find(':');
    if (colon < 1 || colon > 3 || text.size() < colon + 6) return false;
    std::string form{text};
    for (char& c : form) c = c >= '0' && c <= '9' ? '9' : c;
    std::string const digits = form.size() > colon + 6 ? form.substr(colon + 6) : ".9";
    return form.starts_with(std::string(colon, '9') + ":99:99") && digits.size() > 1 &&
           digits[0] == '.' && digits.find_first_not_of('9', 1) == digits.npos;
}

/// Bits come as digits.
char const* append_bits(std::string& out, std::string_view text) {
    if (text.empty() || text.size() > 64 || text.find_first_not_of("01") != text.npos)
        return "takes bits only";
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, 2);
    append_number(out, value);
    return nullptr;
}

}  // namespace

bool is_bytes(FieldView const& field) {
    return field.meaning == Meaning::binary && field.extension != "arrow.uuid";
}

char const* append_value(std::string& out, Style style, ColumnView const& column,
                         std::int64_t row, TargetColumn const& target) {
    if (column.is_null(row)) {
        out += style == Style::literal ? "NULL" : "\\N";
        return nullptr;
    }
    FieldView const& field = column.field();
    switch (field.meaning) {
        case Meaning::date:
        case Meaning::time:
        case Meaning::timestamp:
        case Meaning::instant: return append_time(out, style, column, column.integer(row));
        case Meaning::binary:
            if (is_bytes(field))
                append_bytes(out, style, column.bytes(row));
            else
                append_uuid(out, style, column.bytes(row));
            return nullptr;
        case Meaning::plain: break;
    }
    switch (field.layout) {
        case Layout::boolean: out += column.boolean(row) ? '1' : '0'; return nullptr;
        case Layout::uint64: append_number(out, column.unsigned_integer(row)); return nullptr;
        case Layout::float32:
        case Layout::float64: return append_float(out, style, column.float64(row));
        case Layout::decimal: append_decimal(out, column.bytes(row), field.scale); return nullptr;
        case Layout::text:
        case Layout::large_text:
            if (target.type == "bit") return append_bits(out, column.bytes(row));
            if (target.is_blind_to_blanks && column.bytes(row).ends_with(' '))
                return "takes keys for one that differ in blanks at their end";
            if (target.type == "json" && field.vendor != "mysql")
                if (char const* const why = json_change(column.bytes(row))) return why;
            if (target.type == "time" && !is_span(column.bytes(row)))
                return "takes hours, minutes and seconds only";
            if (target.type == "datetime" || target.type == "timestamp")
                append_moment_text(out, style, column.bytes(row));
            else
                append_quoted(out, style, column.bytes(row));
            return nullptr;
        default: break;
    }
    // All 64 bits of a number would be taken for bits.
    if (target.type == "bit" && column.integer(row) < 0) return "has no numbers below zero";
    append_number(out, column.integer(row));
    return nullptr;
}

std::string shortened(std::string_view text) {
    constexpr std::size_t shown_max = 60;
    std::size_t size = std::min(text.size(), shown_max);
    while (size < text.size() && size > 0 && (text[size] & '\xC0') == '\x80') --size;
    return std::string{text.substr(0, size)} + (size < text.size() ? "…" : "");
}

std::string shown_value(ColumnView const& column, std::int64_t row) {
    if (column.is_null(row)) return "NULL";
    FieldView const& field = column.field();
    if (is_bytes(field)) return shortened("x'" + hex_of(column.bytes(row).substr(0, 60)) + "'");
    if (field.meaning == Meaning::plain &&
        (field.layout == Layout::text || field.layout == Layout::large_text))
        return shortened(column.bytes(row));
    std::string text;
    char const* const why = append_value(text, Style::line, column, row, {});
    return why ? std::string{"that "} + why : text;
}

}  // namespace weir::mysql
