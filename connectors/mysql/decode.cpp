#include "decode.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <weir/cpp/utf8.hpp>

#include "names.hpp"
#include "times.hpp"

static_assert(std::endian::native == std::endian::little);

namespace weir::mysql {
namespace {

constexpr std::size_t shown_bytes_max = 32, type_bytes_max = 80;
constexpr char bad_text_remedy[] = "correct the row, or leave the field out with --fields";

std::string_view text_of(RawValue const& value) {
    return {reinterpret_cast<char const*>(value.data), value.size};
}

/// In hex, as far as it is not too long.
std::string shown(RawValue const& value) {
    std::string_view const bytes = text_of(value);
    return "x'" + hex_of(bytes.substr(0, shown_bytes_max)) +
           (bytes.size() > shown_bytes_max ? "'…" : "'");
}

template <class Number>
Number number_of(RawValue const& value) {
    Number out{};
    std::memcpy(&out, value.data, std::min(sizeof out, value.size));
    return out;
}

/// Integers are sent in the width of their type.
std::int64_t integer_of(RawValue const& value, bool is_unsigned) {
    switch (value.size) {
        case 1:
            return is_unsigned ? std::int64_t{number_of<std::uint8_t>(value)}
                               : number_of<std::int8_t>(value);
        case 2:
            return is_unsigned ? std::int64_t{number_of<std::uint16_t>(value)}
                               : number_of<std::int16_t>(value);
        case 4:
            return is_unsigned ? std::int64_t{number_of<std::uint32_t>(value)}
                               : number_of<std::int32_t>(value);
        default: return number_of<std::int64_t>(value);
    }
}

std::uint64_t bits_of(RawValue const& value) {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < value.size; ++i) out = out << 8 | value.data[i];
    return out;
}

/// "-12.50" with two digits behind the point -> -1250; false for what is no such number.
bool decimal_of(std::string_view text, __int128& out) {
    bool const negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    unsigned __int128 sum = 0;
    for (char const c : text) {
        if (c == '.') continue;
        if (c < '0' || c > '9') return false;
        sum = sum * 10 + static_cast<unsigned>(c - '0');
    }
    out = negative ? -static_cast<__int128>(sum) : static_cast<__int128>(sum);
    return !text.empty();
}

bool uuid_of(std::string_view text, char (&out)[16]) {
    std::size_t size = 0;
    unsigned high = 16;
    for (char const c : text) {
        if (c == '-') continue;
        unsigned digit = 16;
        if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
        if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a' + 10);
        if (digit > 15 || size == sizeof out) return false;
        if (high > 15) {
            high = digit;
            continue;
        }
        out[size++] = static_cast<char>(high << 4 | digit);
        high = 16;
    }
    return size == sizeof out && high > 15;
}

template <class Number>
void print_number(Number number, std::string& out) {
    char text[40];
    char const* const end = std::to_chars(text, text + sizeof text, number).ptr;
    out = std::string_view{text, end};
}

}  // namespace

Decoder::Decoder(SourceField const& field)
    : field_{field.field()},
      form_{field.is_interval ? Form::time_text : form_of(field.type)},
      is_unsigned_{field.type.is_unsigned || field.type.name == "year"},
      zero_is_null_{field.zero_is_null} {}

bool Decoder::is_narrow() const {
    return !zero_is_null_ && (form_ == Form::date || form_ == Form::time ||
                              form_ == Form::timestamp || form_ == Form::instant);
}

bool Decoder::holds(RawValue const& value) const {
    if (value.null) return true;
    switch (form_) {
        case Form::date: return days_of(moment_of(value)).has_value();
        case Form::time: return time_of_day(span_of(value)).has_value();
        case Form::timestamp:
        case Form::instant: return microseconds_of(moment_of(value)).has_value();
        default: return true;
    }
}

void Decoder::become_text() {
    form_ = text_form(form_);
    field_.type = Type::utf8;
}

void Decoder::append(Column& column, RawValue const& value) {
    if (value.null) return column.null();
    switch (form_) {
        case Form::integer: return column.integer(integer_of(value, is_unsigned_));
        case Form::number: return column.unsigned_integer(number_of<std::uint64_t>(value));
        case Form::bits: return column.unsigned_integer(bits_of(value));
        case Form::decimal: {
            __int128 number = 0;
            if (!decimal_of(text_of(value), number)) refuse(value);
            return column.bytes16(&number);
        }
        case Form::float32: return column.float32(number_of<float>(value));
        case Form::float64: return column.float64(number_of<double>(value));
        case Form::digits:
        case Form::text:
        case Form::binary: return column.text(text_of(value));
        case Form::uuid: {
            char bytes[16];
            if (!uuid_of(text_of(value), bytes)) refuse(value);
            return column.bytes16(bytes);
        }
        case Form::date: return append_dated(column, days_of(moment_of(value)));
        case Form::time: return column.integer(*time_of_day(span_of(value)));
        case Form::timestamp:
        case Form::instant: return append_dated(column, microseconds_of(moment_of(value)));
        default: return append_printed(column, value);
    }
}

/// Nothing: what the calendar does not have, which zero_date says to leave out.
void Decoder::append_dated(Column& column, std::optional<std::int64_t> count) {
    if (count) return column.integer(*count);
    ++nulls_;
    column.null();
}

void Decoder::append_printed(Column& column, RawValue const& value) {
    scratch_.clear();
    if (form_ == Form::time_text)
        print_span(span_of(value), scratch_);
    else if (form_ == Form::date_text)
        print_date(moment_of(value), scratch_);
    else
        print_datetime(moment_of(value), 'T', scratch_);
    if (form_ == Form::instant_text) scratch_ += 'Z';
    column.text(scratch_);
}

std::string Decoder::refusal(RawValue const& value) const {
    // Of an enumeration the type may be longer than any sentence.
    std::string_view const type = std::string_view{field_.source_type}.substr(0, type_bytes_max);
    return Json{{"field", field_.name},
                {"code", "mysql.bad_text"},
                {"message", "field \"" + field_.name + "\" (" + std::string{type} +
                                ") holds a value that is no text of UTF-8: " + shown(value)},
                {"suggestion", bad_text_remedy}}
        .dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Decoder::refuse(RawValue const& value) const {
    Error error{WEIR_E_DATA,
                "field \"" + field_.name + "\" (" + field_.source_type +
                    ") holds a value that cannot be read: " + shown(value),
                field_.name};
    throw std::move(error).coded("mysql.bad_text").suggest(bad_text_remedy);
}

bool is_utf8(RawValue const& value) { return weir::is_utf8(text_of(value)); }

std::string_view place_text(Form form, bool is_unsigned, RawValue const& value,
                            std::string& scratch) {
    scratch.clear();
    switch (form) {
        case Form::integer: print_number(integer_of(value, is_unsigned), scratch); break;
        case Form::number: print_number(number_of<std::uint64_t>(value), scratch); break;
        case Form::bits: print_number(bits_of(value), scratch); break;
        // As the number that it is compared with: a double.
        case Form::float32: print_number(double{number_of<float>(value)}, scratch); break;
        case Form::float64: print_number(number_of<double>(value), scratch); break;
        case Form::binary: scratch = hex_of(text_of(value)); break;
        case Form::date: print_date(moment_of(value), scratch); break;
        case Form::time: print_span(span_of(value), scratch); break;
        case Form::timestamp:
        case Form::instant: print_datetime(moment_of(value), ' ', scratch); break;
        default: return text_of(value);
    }
    return scratch;
}

}  // namespace weir::mysql
