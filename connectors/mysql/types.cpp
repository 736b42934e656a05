#include "types.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>

namespace weir::mysql {
namespace {

constexpr std::int32_t decimal128_digits_max = 38;

std::map<std::string_view, Form> const& forms() {
    static std::map<std::string_view, Form> const known{
        {"tinyint", Form::integer},      {"smallint", Form::integer},
        {"mediumint", Form::integer},    {"int", Form::integer},
        {"bigint", Form::integer},       {"year", Form::integer},
        {"bit", Form::bits},             {"decimal", Form::decimal},
        {"float", Form::float32},        {"double", Form::float64},
        {"date", Form::date},            {"datetime", Form::timestamp},
        {"timestamp", Form::instant},    {"time", Form::time},
        {"binary", Form::binary},        {"varbinary", Form::binary},
        {"tinyblob", Form::binary},      {"blob", Form::binary},
        {"mediumblob", Form::binary},    {"longblob", Form::binary},
        {"geometry", Form::binary},      {"point", Form::binary},
        {"linestring", Form::binary},    {"polygon", Form::binary},
        {"multipoint", Form::binary},    {"multilinestring", Form::binary},
        {"multipolygon", Form::binary},  {"geometrycollection", Form::binary},
        {"geomcollection", Form::binary}, {"vector", Form::binary},
        {"uuid", Form::uuid}};
    return known;
}

constexpr std::string_view texts[] = {"char", "varchar", "tinytext", "text", "mediumtext",
                                      "longtext", "enum", "set", "inet4", "inet6"};

}  // namespace

Form form_of(SourceType const& type) {
    auto const found = forms().find(type.name);
    if (found == forms().end()) return Form::text;
    if (found->second == Form::integer && type.name == "bigint" && type.is_unsigned)
        return Form::number;
    if (found->second == Form::decimal && type.precision > decimal128_digits_max)
        return Form::digits;
    return found->second;
}

Type type_of(SourceType const& type) {
    switch (form_of(type)) {
        case Form::integer: return Type::int64;
        case Form::number:
        case Form::bits: return Type::uint64;
        case Form::decimal: return Type::decimal;
        case Form::digits: return Type::numeric;
        case Form::float32: return Type::float32;
        case Form::float64: return Type::float64;
        case Form::binary: return Type::binary;
        case Form::uuid: return Type::uuid;
        case Form::date: return Type::date;
        case Form::time: return Type::time;
        case Form::timestamp: return Type::timestamp;
        case Form::instant: return Type::instant;
        default: break;
    }
    if (type.name == "json") return Type::json;
    return std::ranges::find(texts, type.name) == std::end(texts) ? Type::opaque : Type::utf8;
}

bool fits_key(SourceType const& type) {
    Type const what = type_of(type);
    if (what == Type::json || what == Type::opaque) return false;
    return what != Type::binary || type.name == "binary" || type.name == "varbinary" ||
           type.name.ends_with("blob");
}

bool is_listed(SourceType const& type) { return type.name == "enum" || type.name == "set"; }

Form text_form(Form form) {
    switch (form) {
        case Form::date: return Form::date_text;
        case Form::time: return Form::time_text;
        case Form::timestamp: return Form::timestamp_text;
        case Form::instant: return Form::instant_text;
        default: return Form::text;
    }
}

}  // namespace weir::mysql
