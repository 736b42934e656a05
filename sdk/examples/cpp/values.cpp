#include "values.hpp"

#include <cmath>
#include <cstring>
#include <map>
#include <weir/cpp/utf8.hpp>

namespace notebook {

namespace {

using weir::Layout;
using weir::Meaning;
using weir::Type;

std::map<std::string, Type> const types{{"bool", Type::boolean},     {"int", Type::int64},
                                        {"uint", Type::uint64},      {"float", Type::float64},
                                        {"text", Type::utf8},        {"bytes", Type::binary},
                                        {"date", Type::date},        {"time", Type::time},
                                        {"local", Type::timestamp},  {"instant", Type::instant},
                                        {"number", Type::numeric},   {"json", Type::json}};

constexpr std::int64_t micros = 1'000'000;

std::string word_of(weir::FieldView const& field) {
    switch (field.meaning) {
        case Meaning::binary: return "bytes";
        case Meaning::date: return "date";
        case Meaning::time: return "time";
        case Meaning::timestamp: return "local";
        case Meaning::instant: return "instant";
        case Meaning::plain: break;
    }
    switch (field.layout) {
        case Layout::boolean: return "bool";
        case Layout::uint64: return "uint";
        case Layout::float32:
        case Layout::float64: return "float";
        case Layout::text:
        case Layout::large_text:
            if (field.extension == "weir.numeric") return "number";
            return field.extension == "arrow.json" ? "json" : "text";
        case Layout::decimal: return "number";
        case Layout::fixed:
        case Layout::refused: return "";
        default: return "int";
    }
}

std::string hex(std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (unsigned char const byte : bytes) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string from_hex(std::string const& text) {
    std::string out;
    for (std::size_t at = 0; at + 1 < text.size(); at += 2)
        out += static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16));
    return out;
}

weir::Error no_word(weir::FieldView const& field, char const* why) {
    return weir::Error{WEIR_E_DATA, "notebook: a value of " + field.name + " " + why, field.name}
        .coded("notebook.value");
}

/// A count in the units of the field as one in days or microseconds; exact, or refused.
std::int64_t scaled(weir::ColumnView const& column, std::int64_t row, std::int64_t wanted) {
    std::int64_t const value = column.integer(row), units = column.field().units;
    std::int64_t out = value;
    bool const is_whole =
        units > wanted ? value % (units / wanted) == 0
                       : !__builtin_mul_overflow(value, wanted / units, &out);
    if (!is_whole) throw no_word(column.field(), "is finer or later than a notebook keeps");
    return units > wanted ? value / (units / wanted) : out;
}

/// 128 bits, little endian, as the digits of a number with a point.
std::string digits_of(std::string_view bytes, std::int32_t scale) {
    __extension__ using Wide = __int128;
    Wide value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    bool const is_negative = value < 0;
    std::string out;
    for (; value != 0; value /= 10) {
        int const digit = static_cast<int>(value % 10);
        out.insert(out.begin(), static_cast<char>('0' + (digit < 0 ? -digit : digit)));
    }
    auto const behind = static_cast<std::size_t>(scale > 0 ? scale : 0);
    if (out.size() <= behind) out.insert(0, behind + 1 - out.size(), '0');
    if (behind > 0) out.insert(out.size() - behind, ".");
    if (scale < 0 && out != "0") out.append(static_cast<std::size_t>(-scale), '0');
    return is_negative ? "-" + out : out;
}

}  // namespace

Json kept_field(weir::FieldView const& field) {
    std::string const word = word_of(field);
    if (word.empty())
        throw weir::Error{WEIR_E_SCHEMA,
                          "notebook: the field " + field.name +
                              " has a type that a notebook does not keep; leave it out",
                          field.name}
            .coded("notebook.type");
    return {{"name", field.name}, {"type", word}, {"nullable", field.nullable}};
}

weir::Field field_of(Json const& kept) {
    std::string const word = kept.at("type");
    auto const found = types.find(word);
    if (found == types.end())
        throw weir::Error{WEIR_E_CONFIG, "notebook: there is no type " + word}.coded(
            "notebook.damaged");
    return {kept.at("name"), found->second, kept.at("nullable"), word};
}

Json value_of(weir::ColumnView const& column, std::int64_t row) {
    if (column.is_null(row)) return nullptr;
    weir::FieldView const& field = column.field();
    switch (field.meaning) {
        case Meaning::binary: return hex(column.bytes(row));
        case Meaning::date: return scaled(column, row, 1);
        case Meaning::time:
        case Meaning::timestamp:
        case Meaning::instant: return scaled(column, row, micros);
        case Meaning::plain: break;
    }
    switch (field.layout) {
        case Layout::boolean: return column.boolean(row);
        case Layout::decimal: return digits_of(column.bytes(row), field.scale);
        case Layout::uint64: return column.unsigned_integer(row);
        case Layout::float32:
        case Layout::float64:
            if (!std::isfinite(column.float64(row)))
                throw no_word(field, "is no number that JSON can write");
            return column.float64(row);
        case Layout::text:
        case Layout::large_text:
            if (!weir::is_utf8(column.bytes(row))) throw no_word(field, "is no UTF-8");
            return std::string{column.bytes(row)};
        default: return column.integer(row);
    }
}

void append(weir::Column& column, weir::Field const& field, Json const& value) {
    if (value.is_null()) return column.null();
    switch (field.type) {
        case Type::boolean: return column.boolean(value.get<bool>());
        case Type::uint64: return column.unsigned_integer(value.get<std::uint64_t>());
        case Type::float64: return column.float64(value.get<double>());
        case Type::binary: return column.text(from_hex(value.get<std::string>()));
        case Type::utf8:
        case Type::numeric:
        case Type::json: return column.text(value.get<std::string>());
        default: return column.integer(value.get<std::int64_t>());
    }
}

}  // namespace notebook
