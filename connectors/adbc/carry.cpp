#include "carry.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <weir/cpp/json.hpp>

namespace weir::adbc {
namespace {

constexpr std::int64_t micros = 1'000'000;

bool is_time(Type type) {
    return type == Type::time || type == Type::timestamp || type == Type::instant;
}

/// How many of ours one unit of the column is, or how many of its units one of ours is.
struct Scale {
    std::int64_t times = 1, by = 1;
};
Scale scale_of(FieldView const& view) {
    if (view.meaning == Meaning::date) return {1, view.units};
    if (view.units <= micros) return {micros / view.units, 1};
    return {1, view.units / micros};
}

/// INT64_MAX and its like stand for infinity.
bool is_infinite(FieldView const& view, std::int64_t value) {
    if (view.meaning == Meaning::time) return false;
    bool const is_narrow = view.layout == Layout::int32;
    std::int64_t const most =
        is_narrow ? INT32_MAX : std::numeric_limits<std::int64_t>::max();
    return value == most || value == -most;
}

std::optional<std::int64_t> in_our_units(FieldView const& view, std::int64_t value) {
    Scale const scale = scale_of(view);
    if (is_infinite(view, value) || value % scale.by != 0) return std::nullopt;
    std::int64_t out = 0;
    if (__builtin_mul_overflow(value / scale.by, scale.times, &out)) return std::nullopt;
    if (view.meaning == Meaning::date && (out > INT32_MAX || out < INT32_MIN)) return std::nullopt;
    return out;
}

std::string uuid_text(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        auto const byte = static_cast<unsigned char>(bytes[i]);
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::optional<std::array<char, 16>> uuid_bytes(std::string_view text) {
    std::array<char, 16> out{};
    std::size_t at = 0;
    int high = -1;
    for (char const c : text) {
        if (c == '-') continue;
        int const value = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (value < 0 || at == out.size()) return std::nullopt;
        if (high < 0) {
            high = value;
        } else {
            out[at++] = static_cast<char>(high * 16 + value);
            high = -1;
        }
    }
    if (at != out.size() || high >= 0) return std::nullopt;
    return out;
}

std::string hexed(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (char const c : bytes) {
        auto const byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

bool unhexed(std::string_view text, std::string& out) {
    if (text.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        unsigned byte = 0;
        auto const [at, wrong] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
        if (wrong != std::errc{} || at != text.data() + i + 2) return false;
        out += static_cast<char>(byte);
    }
    return true;
}

Error cannot(Field const& field, std::string const& why) {
    return Error{WEIR_E_DATA, "a value of " + field.name + " " + why, field.name}.coded(
        "adbc.data");
}

}  // namespace

FieldView view_of(ArrowSchema const& schema) {
    constexpr std::string_view width = ",128";
    std::string format = schema.format;
    if (!format.starts_with("d:") || !format.ends_with(width)) return FieldView::of(schema);
    format.erase(format.size() - width.size());
    ArrowSchema plain = schema;
    plain.format = format.c_str();
    return FieldView::of(plain);
}

std::optional<Field> carried(FieldView const& view) {
    Field out{view.name, Type::utf8, view.nullable, view.source_type};
    out.vendor = view.vendor;
    switch (view.meaning) {
        case Meaning::date: out.type = Type::date; return out;
        case Meaning::time: out.type = Type::time; return out;
        case Meaning::timestamp: out.type = Type::timestamp; return out;
        case Meaning::instant: out.type = Type::instant; return out;
        case Meaning::binary:
            out.type = view.extension == "arrow.uuid" ? Type::uuid : Type::binary;
            return out;
        case Meaning::plain: break;
    }
    switch (view.layout) {
        case Layout::refused:
        case Layout::fixed: return std::nullopt;
        case Layout::boolean: out.type = Type::boolean; return out;
        case Layout::uint64: out.type = Type::uint64; return out;
        case Layout::float32: out.type = Type::float32; return out;
        case Layout::float64: out.type = Type::float64; return out;
        case Layout::decimal:
            out.type = Type::decimal;
            out.precision = view.precision;
            out.scale = view.scale;
            return out;
        case Layout::text:
        case Layout::large_text:
            if (view.extension == "arrow.json") out.type = Type::json;
            if (view.extension == "weir.numeric") out.type = Type::numeric;
            if (view.extension == "arrow.opaque") out.type = Type::opaque;
            return out;
        default: out.type = Type::int64; return out;
    }
}

std::optional<Error> objection(Field const& field, ColumnView const& from, std::int64_t row) {
    if (from.is_null(row)) return std::nullopt;
    bool const is_counted = is_time(field.type) || field.type == Type::date;
    if (is_counted && !in_our_units(from.field(), from.integer(row)))
        return cannot(field, "is infinite, or finer than microseconds");
    if (field.type == Type::uuid && from.field().layout != Layout::fixed &&
        !uuid_bytes(from.bytes(row)))
        return cannot(field, "is no uuid");
    return std::nullopt;
}

void carry(Column& into, ColumnView const& from, std::int64_t row) {
    if (from.is_null(row)) return into.null();
    FieldView const& view = from.field();
    switch (into.type()) {
        case Type::boolean: return into.boolean(from.boolean(row));
        case Type::int64: return into.integer(from.integer(row));
        case Type::uint64: return into.unsigned_integer(from.unsigned_integer(row));
        case Type::float32: return into.float32(static_cast<float>(from.float64(row)));
        case Type::float64: return into.float64(from.float64(row));
        case Type::date:
        case Type::time:
        case Type::timestamp:
        case Type::instant: return into.integer(*in_our_units(view, from.integer(row)));
        case Type::decimal: return into.bytes16(from.bytes(row).data());
        case Type::uuid:
            if (view.layout == Layout::fixed) return into.bytes16(from.bytes(row).data());
            return into.bytes16(uuid_bytes(from.bytes(row))->data());
        default:
            if (view.extension == "arrow.uuid" && into.type() == Type::utf8)
                return into.text(uuid_text(from.bytes(row)));
            return into.text(from.bytes(row));
    }
}

Value Value::of(Type type, ColumnView const& from, std::int64_t row) {
    Value out{type, from.is_null(row), 0, 0, {}};
    if (out.is_null) return out;
    switch (type) {
        case Type::boolean: out.integer = from.boolean(row); break;
        case Type::float32:
        case Type::float64: out.real = from.float64(row); break;
        case Type::utf8:
        case Type::binary: out.text = from.bytes(row); break;
        case Type::uint64:
            out.integer = static_cast<std::int64_t>(from.unsigned_integer(row));
            break;
        case Type::int64: out.integer = from.integer(row); break;
        default: out.integer = in_our_units(from.field(), from.integer(row)).value_or(INT64_MAX);
    }
    return out;
}

std::string Value::to_json() const {
    if (is_null) return "null";
    if (type == Type::utf8) return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
    if (type == Type::binary) return Json(hexed(text)).dump();
    if (type == Type::float32 || type == Type::float64) {
        char digits[64];
        auto const end = std::to_chars(digits, digits + sizeof digits, real).ptr;
        return Json(std::string{digits, end}).dump();
    }
    return std::to_string(integer);
}

std::optional<Value> Value::from_json(Type type, std::string const& text) {
    Json const json = Json::parse(text, nullptr, false);
    Value out{type, json.is_null(), 0, 0, {}};
    if (out.is_null) return out;
    bool const is_real = type == Type::float32 || type == Type::float64;
    if (!is_real && type != Type::utf8 && type != Type::binary) {
        if (!json.is_number_integer()) return std::nullopt;
        out.integer = json.get<std::int64_t>();
        return out;
    }
    if (!json.is_string()) return std::nullopt;
    std::string const said = json.get<std::string>();
    if (type == Type::utf8) {
        out.text = said;
    } else if (type == Type::binary) {
        if (!unhexed(said, out.text)) return std::nullopt;
    } else {
        char const* const end = said.data() + said.size();
        auto const [at, wrong] = std::from_chars(said.data(), end, out.real);
        if (wrong != std::errc{} || at != end) return std::nullopt;
    }
    return out;
}

Batch row_of(std::vector<Value> const& values) {
    Schema schema;
    for (Value const& value : values)
        schema.push_back({std::to_string(schema.size() + 1), value.type});
    Batch out{schema};
    for (std::size_t i = 0; i < values.size(); ++i) {
        Value const& value = values[i];
        Column& into = out.column(i);
        if (value.is_null) {
            into.null();
            continue;
        }
        switch (value.type) {
            case Type::boolean: into.boolean(value.integer != 0); break;
            case Type::float32: into.float32(static_cast<float>(value.real)); break;
            case Type::float64: into.float64(value.real); break;
            case Type::uint64:
                into.unsigned_integer(static_cast<std::uint64_t>(value.integer));
                break;
            case Type::utf8:
            case Type::binary: into.text(value.text); break;
            default: into.integer(value.integer);
        }
    }
    return out;
}

}  // namespace weir::adbc
