#include "host/run/record_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "weir/cpp/calendar.hpp"
#include "weir/cpp/utf8.hpp"
#include "weir/cpp/view.hpp"

namespace weir::host {

namespace {

using Ordered = nlohmann::ordered_json;

constexpr std::int64_t exact_integer_max = std::int64_t{1} << 53;

std::string hex(std::string_view bytes) {
    std::string out = "\\x";
    for (char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out;
}

std::string uuid(std::string_view bytes) {
    std::string const digits = hex(bytes).substr(2);
    return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" +
           digits.substr(16, 4) + "-" + digits.substr(20);
}

/// Two's complement of 128 bits, little endian, with `scale` digits behind the point.
std::string decimal(std::string_view bytes, int scale) {
    __extension__ __int128 value;
    std::memcpy(&value, bytes.data(), sizeof value);
    bool const is_negative = value < 0;
    __extension__ unsigned __int128 rest = static_cast<unsigned __int128>(value);
    if (is_negative) rest = ~rest + 1;
    std::string digits;
    for (; rest; rest /= 10) digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    while (static_cast<int>(digits.size()) <= scale) digits += '0';
    if (scale > 0) digits.insert(static_cast<std::size_t>(scale), ".");
    if (is_negative) digits += '-';
    std::reverse(digits.begin(), digits.end());
    return digits;
}

/// What a function of calendar.hpp prints.
template <class Print>
std::string printed(Print&& print) {
    char text[calendar_text_max];
    return {text, print(static_cast<char*>(text))};
}

Ordered number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    return value;
}

Ordered integer(std::int64_t value) {
    if (value > -exact_integer_max && value < exact_integer_max) return value;
    return std::to_string(value);
}

Ordered text(FieldView const& field, std::string_view bytes) {
    if (field.meaning == Meaning::binary) return hex(bytes);
    if (!is_utf8(bytes)) return {{no_text_member, hex(bytes)}};
    if (field.extension == "arrow.json") {
        // Digits that a double cannot hold would be rounded by parsing, so such a text stays one. A
        // document that is itself a string stays text as well: it could not be told from them.
        Ordered parsed = Ordered::parse(bytes, nullptr, false);
        bool const is_same = !parsed.is_discarded() && parsed.dump() == bytes;
        if (is_same && !parsed.is_string() && !parsed.is_null() && !is_no_text(parsed))
            return parsed;
    }
    return std::string{bytes};
}

Ordered value(ColumnView const& column, std::int64_t row) {
    FieldView const& field = column.field();
    if (column.is_null(row)) return nullptr;
    switch (field.layout) {
        case Layout::boolean: return column.boolean(row);
        case Layout::float32:
        case Layout::float64: return number(column.float64(row));
        case Layout::uint64: {
            std::uint64_t const big = column.unsigned_integer(row);
            if (big < static_cast<std::uint64_t>(exact_integer_max)) return big;
            return std::to_string(big);
        }
        case Layout::text:
        case Layout::large_text: return text(field, column.bytes(row));
        case Layout::fixed:
            return field.extension == "arrow.uuid" ? uuid(column.bytes(row))
                                                   : hex(column.bytes(row));
        case Layout::decimal: return decimal(column.bytes(row), field.scale);
        default: break;
    }
    std::int64_t const count = column.integer(row);
    switch (field.meaning) {
        case Meaning::date:
            return printed([&](char* out) { return print_date(out, count, field.units); });
        case Meaning::time:
            return printed([&](char* out) { return print_time(out, count, field.units); });
        case Meaning::timestamp:
        case Meaning::instant:
            return printed([&](char* out) {
                bool const is_instant = field.meaning == Meaning::instant;
                return print_timestamp(out, count, field.units, is_instant);
            });
        default: return integer(count);
    }
}

}  // namespace

bool is_no_text(nlohmann::ordered_json const& value) {
    return value.is_object() && value.size() == 1 && value.contains(no_text_member);
}

Ordered record_json(ArrowSchema const& schema, ArrowArray const& batch, std::int64_t row) {
    Ordered record = Ordered::object();
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        FieldView const field = FieldView::of(*schema.children[i]);
        record[field.name] = value(ColumnView{field, *batch.children[i]}, row);
    }
    return record;
}

}  // namespace weir::host
