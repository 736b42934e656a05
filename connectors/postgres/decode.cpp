#include "decode.hpp"

#include <bit>
#include <charconv>
#include <cstring>

#include "arrays.hpp"
#include "native.hpp"
#include "times.hpp"

namespace weir::postgres {
namespace {

constexpr std::uint8_t none = 0xFF;

constexpr struct HexTable {
    std::uint8_t of[256];
    constexpr HexTable() : of{} {
        for (auto& value : of) value = none;
        for (int i = 0; i < 10; ++i) of['0' + i] = static_cast<std::uint8_t>(i);
        for (int i = 0; i < 6; ++i) {
            of['a' + i] = static_cast<std::uint8_t>(10 + i);
            of['A' + i] = static_cast<std::uint8_t>(10 + i);
        }
    }
} hex;

/// Decodes `count` bytes from twice as many digits; false at a character that is none.
bool from_hex(char const* from, std::size_t count, char* into) {
    unsigned bad = 0;
    for (std::size_t i = 0; i < count; ++i) {
        std::uint8_t const high = hex.of[static_cast<unsigned char>(from[2 * i])];
        std::uint8_t const low = hex.of[static_cast<unsigned char>(from[2 * i + 1])];
        bad |= (high | low) & 0xF0u;
        into[i] = static_cast<char>(high << 4 | low);
    }
    return bad == 0;
}

char unescaped(char c) {
    switch (c) {
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        case 'v': return '\v';
        default: return c;
    }
}

/// Copies without backslashes; `into` may be `from`. Answers the size.
std::size_t unescape(char const* from, std::size_t size, char* into) {
    char* const start = into;
    char const* const end = from + size;
    while (from < end) {
        auto const* slash =
            static_cast<char const*>(std::memchr(from, '\\', static_cast<std::size_t>(end - from)));
        std::size_t const plain = static_cast<std::size_t>((slash ? slash : end) - from);
        if (into != from) std::memmove(into, from, plain);
        into += plain;
        if (!slash || slash + 1 == end) break;
        *into++ = unescaped(slash[1]);
        from = slash + 2;
    }
    return static_cast<std::size_t>(into - start);
}

bool integer_of(std::string_view text, std::int64_t& out) {
    char const* at = text.data();
    char const* const end = at + text.size();
    bool const negative = at < end && *at == '-';
    if (negative) ++at;
    if (at == end || end - at > 18) {  // 19 digits may overflow
        auto const [last, failed] = std::from_chars(text.data(), end, out);
        return failed == std::errc{} && last == end;
    }
    std::uint64_t value = 0;
    unsigned bad = 0;
    for (; at < end; ++at) {
        unsigned const digit = static_cast<unsigned char>(*at - '0');
        bad |= digit > 9;
        value = value * 10 + digit;
    }
    out = negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
    return bad == 0;
}

template <class Float>
bool float_of(std::string_view text, Float& out) {
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
    // The text is what the server made of a Float, so it fits; underflow has no other way to show.
    return failed == std::errc{} && end == text.data() + text.size();
}

}  // namespace

void split_line(char* line, std::size_t size, std::vector<RawValue>& values) {
    char* at = line;
    char* const end = line + size - (size && line[size - 1] == '\n' ? 1 : 0);
    auto find = [end](char* from, int c) {
        auto* const found =
            static_cast<char*>(std::memchr(from, c, static_cast<std::size_t>(end - from)));
        return found ? found : end;
    };
    char* slash = find(at, '\\');
    std::size_t count = 0;
    for (;; ++count) {
        char* const stop = find(at, '\t');
        if (count == values.size()) break;
        RawValue& value = values[count];
        value.data = at;
        value.size = static_cast<std::size_t>(stop - at);
        value.escaped = slash < stop;
        value.null = value.escaped && value.size == 2 && at[0] == '\\' && at[1] == 'N';
        if (value.escaped) slash = find(stop, '\\');
        if (stop == end) {
            ++count;
            break;
        }
        at = stop + 1;
    }
    // A table without columns sends empty lines.
    if (count != values.size() && !(values.empty() && at == end))
        throw Error{WEIR_E_SCHEMA, "the server sends another number of columns than it announced"};
}

std::string_view plain_text(RawValue& value) {
    if (value.escaped) {
        value.size = unescape(value.data, value.size, value.data);
        value.escaped = false;
    }
    return {value.data, value.size};
}

Decoder::Decoder(Field field, SourceType const& type, bool native)
    : field_{std::move(field)},
      form_{form_of(type)},
      native_form_{form_},
      element_{element_of(type)},
      delimiter_{type.delimiter},
      native_{native},
      unsigned_{type.name == "oid"} {}

bool Decoder::is_narrow() const {
    return form_ == Form::date || form_ == Form::timestamp || form_ == Form::instant ||
           form_ == Form::array;
}

bool Decoder::holds(RawValue const& value) const {
    if (value.null) return true;
    if (native_) {
        if (form_ == Form::date) return native_days(value).has_value();
        bool const moment = form_ == Form::timestamp || form_ == Form::instant;
        return !moment || native_microseconds(value).has_value();
    }
    switch (form_) {
        case Form::date: return value.data[0] != 'i' && value.data[0] != '-';
        case Form::timestamp:
        case Form::instant: {
            if (value.size > 4 && value.data[4] == '-') return true;
            return microseconds_of({value.data, value.size}).has_value();
        }
        case Form::array: return is_plain_array({value.data, value.size});
        default: return true;
    }
}

bool Decoder::is_plain_array(std::string_view text) const {
    return plain_bounds(text) && (element_ != Element::json || plain_documents(text));
}

void Decoder::become_text() {
    form_ = text_form(form_);
    field_.type = Type::utf8;
}

void Decoder::append(Column& column, RawValue& value) {
    if (value.null)
        column.null();
    else if (native_)
        append_native(column, value);
    else
        append_present(column, value);
}

void Decoder::append_present(Column& column, RawValue& value) {
    std::string_view const text{value.data, value.size};
    switch (form_) {
        case Form::boolean: return column.boolean(text == "t");
        case Form::integer: {
            std::int64_t number;
            if (!integer_of(text, number)) refuse(text);
            return column.integer(number);
        }
        case Form::float32: {
            float number;
            if (!float_of(text, number)) refuse(text);
            return column.float32(number);
        }
        case Form::float64: {
            double number;
            if (!float_of(text, number)) refuse(text);
            return column.float64(number);
        }
        case Form::date: {
            auto const days = days_of(text);
            if (!days) refuse(text);
            return column.integer(*days);
        }
        case Form::time: {
            auto const us = time_of_day(text);
            if (!us) refuse(text);
            return column.integer(*us);
        }
        case Form::timestamp:
        case Form::instant: {
            auto const us = microseconds_of(text);
            if (!us) refuse(text);
            return column.integer(*us);
        }
        case Form::text: return append_text(column, value);
        case Form::bytea: return append_bytea(column, value);
        case Form::uuid: return append_uuid(column, value);
        default: return append_rewritten(column, value);
    }
}

void Decoder::append_native(Column& column, RawValue& value) {
    switch (form_) {
        case Form::boolean: return column.boolean(value.data[0] != 0);
        case Form::integer: {
            std::int64_t const number = native_integer(value);
            return column.integer(unsigned_ ? number & 0xFFFFFFFF : number);
        }
        case Form::float32: {
            auto const bits = static_cast<std::int32_t>(native_integer(value));
            return column.float32(std::bit_cast<float>(bits));
        }
        case Form::float64: return column.float64(std::bit_cast<double>(native_integer(value)));
        case Form::date: return column.integer(*native_days(value));
        case Form::time: return column.integer(native_integer(value));
        case Form::timestamp:
        case Form::instant: return column.integer(*native_microseconds(value));
        case Form::uuid: return column.bytes16(value.data);
        case Form::timestamp_text:
        case Form::instant_text: {
            std::string printed;
            native_text(native_form_, value, printed);
            RawValue text{printed.data(), printed.size(), false, false};
            return append_rewritten(column, text);
        }
        // A date that became text has the form of text; texts and bytes come as they are.
        default:
            if (native_form_ != Form::date) return column.text({value.data, value.size});
            native_text(native_form_, value, scratch_);
            return column.text(scratch_);
    }
}

void Decoder::append_text(Column& column, RawValue& value) {
    if (!value.escaped) return column.text({value.data, value.size});
    char* const room = column.text_room(value.size);
    column.text_done(unescape(value.data, value.size, room));
}

void Decoder::append_bytea(Column& column, RawValue& value) {
    // bytea_output hex: `\x41…`, whose backslash COPY doubles.
    std::size_t const prefix = value.escaped ? 3 : 2;
    if (value.size < prefix || value.data[prefix - 1] != 'x') refuse({value.data, value.size});
    std::size_t const count = (value.size - prefix) / 2;
    if (!from_hex(value.data + prefix, count, column.text_room(count)))
        refuse({value.data, value.size});
    column.text_done(count);
}

void Decoder::append_uuid(Column& column, RawValue& value) {
    char bytes[16];
    char const* const text = value.data;
    bool const good = value.size == 36 && from_hex(text, 4, bytes) &&
                      from_hex(text + 9, 2, bytes + 4) && from_hex(text + 14, 2, bytes + 6) &&
                      from_hex(text + 19, 2, bytes + 8) && from_hex(text + 24, 6, bytes + 10);
    if (!good) refuse({value.data, value.size});
    column.bytes16(bytes);
}

void Decoder::append_rewritten(Column& column, RawValue& value) {
    std::string_view const text = plain_text(value);
    scratch_.clear();
    if (form_ == Form::timestamp_text || form_ == Form::instant_text)
        append_timestamp(scratch_, text, form_ == Form::instant_text);
    else if (is_plain_array(text))
        append_array(scratch_, text, element_, delimiter_);
    else
        scratch_ = text;
    column.text(scratch_);
}

void Decoder::refuse(std::string_view text) const {
    throw Error{WEIR_E_DATA,
                "field \"" + field_.name + "\" (" + field_.source_type +
                    ") holds a value that cannot be read: " + std::string{text.substr(0, 64)},
                field_.name}
        .coded("postgres.data")
        .suggest("correct the row, or leave the field out with --fields");
}

}  // namespace weir::postgres
