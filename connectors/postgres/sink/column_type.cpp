#include "column_type.hpp"

#include <array>
#include <charconv>
#include <optional>

#include "connectors/postgres/names.hpp"
#include "connectors/postgres/oids.hpp"
#include "foreign_type.hpp"

namespace weir::postgres {
namespace {

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

/// What holds every value of a field whose source names no type that is known here.
std::string plain_type(FieldView const& field) {
    if (std::string exact = mysql_type(field); !exact.empty()) return exact;
    switch (field.meaning) {
        case Meaning::date: return "date";
        case Meaning::time: return "time without time zone";
        case Meaning::timestamp: return "timestamp without time zone";
        case Meaning::instant: return "timestamp with time zone";
        case Meaning::binary: return field.extension == "arrow.uuid" ? "uuid" : "bytea";
        default: break;
    }
    switch (field.layout) {
        case Layout::boolean: return "boolean";
        case Layout::int8:
        case Layout::uint8:
        case Layout::int16: return "smallint";
        case Layout::uint16:
        case Layout::int32: return "integer";
        case Layout::uint32:
        case Layout::int64: return "bigint";
        case Layout::uint64: return "numeric(20,0)";
        case Layout::float32: return "real";
        case Layout::float64: return "double precision";
        case Layout::decimal: {
            // A negative scale has modifiers only since PostgreSQL 15.
            if (field.scale < 0) return "numeric";
            return "numeric(" + std::to_string(field.precision) + "," +
                   std::to_string(field.scale) + ")";
        }
        default: break;
    }
    if (field.extension == "weir.numeric") return "numeric";
    return field.extension == "arrow.json" ? "json" : "text";
}

/// The numbers in the first brackets of a type: "numeric(10,2)".
std::vector<int> modifiers_of(std::string_view type) {
    std::vector<int> out;
    std::size_t const from = type.find('('), to = type.find(')');
    if (from == type.npos || to == type.npos || to < from) return out;
    for (char const *at = type.data() + from + 1, *end = type.data() + to; at < end; ++at) {
        int number = 0;
        at = std::from_chars(at, end, number).ptr;
        out.push_back(number);
    }
    return out;
}

bool is_one_of(std::uint32_t oid, std::initializer_list<std::uint32_t> oids) {
    for (std::uint32_t const each : oids)
        if (oid == each) return true;
    return false;
}

/// Of two types of one name: why the column's modifiers would round or cut.
std::string narrower(std::string const& own, TargetColumn const& column) {
    std::vector<int> const ours = modifiers_of(own), theirs = modifiers_of(column.type_text);
    if (theirs.empty() || ours == theirs) return {};
    if (column.oid == oid_numeric) {
        int const scale = theirs.size() > 1 ? theirs[1] : 0;
        int const wanted = ours.size() > 1 ? ours[1] : 0;
        return ours.empty() || wanted > scale ? "would round digits" : "";
    }
    if (is_one_of(column.oid, {oid_timestamp, oid_timestamptz, oid_time, oid_timetz, oid_interval}))
        return ours.empty() || ours[0] > theirs[0] ? "would round seconds" : "";
    // A text that is too long is refused when it comes; blanks at its end would be cut in silence.
    return {};
}

/// Whether the type prints a text as it was read, or refuses it: most take several spellings of one
/// value for the same and print their own, or cut what is too long.
bool keeps_text(TargetColumn const& column, std::string const& own) {
    if (column.kind == 'e' || column.element || column.type_name == "citext") return true;
    if (column.oid == oid_varbit) return own.starts_with("bit");
    return is_one_of(column.oid, {oid_json, oid_jsonb});
}

}  // namespace

std::string without_modifiers(std::string_view type) {
    std::string out;
    int depth = 0;
    for (char const c : type) {
        depth += c == '(';
        if (depth == 0) out += c;
        depth -= c == ')';
    }
    return out;
}

bool is_type_name(std::string_view text) {
    bool is_quoted = false, is_modifier = false;
    for (char const c : text) {
        if (c == '\0') return false;
        if (c == '"')
            is_quoted = !is_quoted;
        else if (is_quoted)
            continue;
        else if (c == '(' || c == ')')
            is_modifier = c == '(';
        else if (!is_word(c) && c != ' ' && c != '.' && c != '[' && c != ']' &&
                 !(is_modifier && (c == ',' || c == '-')))
            return false;
    }
    return !text.empty() && !is_quoted && !is_modifier;
}

std::vector<std::string> column_types(Connection& connection, std::vector<FieldView> const& fields,
                                      Wait const& wait) {
    std::vector<std::string> types;
    std::string asked;
    std::vector<std::size_t> places;
    for (FieldView const& field : fields) {
        types.push_back(plain_type(field));
        if (field.vendor != "postgres" || !is_type_name(field.source_type)) continue;
        asked += (asked.empty() ? "SELECT " : ", ") + std::string{"pg_catalog.to_regtype("} +
                 literal(without_modifiers(field.source_type)) + ") IS NOT NULL";
        places.push_back(types.size() - 1);
    }
    if (places.empty()) return types;
    Result const known = std::move(connection.run(asked, wait).at(0));
    for (std::size_t i = 0; i < places.size(); ++i)
        if (std::string const& own = fields[places[i]].source_type;
            known.flag(0, static_cast<int>(i)))
            types[places[i]] = own;
        else if (own.ends_with("[]"))
            types[places[i]] = "text[]";
    return types;
}

std::string misfit(FieldView const& field, TargetColumn const& column,
                   std::string const& own_type) {
    if (without_modifiers(own_type) == without_modifiers(column.type_text))
        return narrower(own_type, column);
    bool const is_number = field.meaning == Meaning::plain && field.layout >= Layout::int8 &&
                           field.layout <= Layout::uint64;
    bool const is_text = (field.layout == Layout::text || field.layout == Layout::large_text) &&
                         field.meaning == Meaning::plain;
    bool const is_decimal = field.layout == Layout::decimal || field.extension == "weir.numeric";
    // What does not fit there is refused when it comes.
    if (is_one_of(column.oid, {oid_text, oid_varchar}))
        return is_text || field.meaning != Meaning::binary ? "" : "takes no bytes";
    if (is_one_of(column.oid, {oid_int2, oid_int4, oid_int8, oid_oid}))
        return is_number ? "" : "takes whole numbers only";
    if (column.oid == oid_numeric) {
        if (!is_number && !is_decimal) return "takes decimal numbers only";
        return is_number ? "" : narrower(own_type, column);
    }
    if (column.oid == oid_float8)
        return field.layout == Layout::float32 || field.layout == Layout::float64 ? ""
               : is_number ? "would round whole numbers beyond 2^53"
                           : "would round digits";
    if (column.oid == oid_float4)
        return field.layout == Layout::float32 ? "" : "would round digits";
    if (column.oid == oid_timestamp && field.meaning == Meaning::timestamp)
        return narrower(own_type, column);
    if (column.oid == oid_timestamptz && field.meaning == Meaning::instant)
        return narrower(own_type, column);
    if (column.oid == oid_time && field.meaning == Meaning::time) return narrower(own_type, column);
    if (column.oid == oid_date && field.meaning == Meaning::date) return {};
    if (column.oid == oid_timestamp || column.oid == oid_timestamptz || column.oid == oid_date)
        return "would shift or cut times";
    if (column.oid == oid_bool)
        return field.layout == Layout::boolean ? "" : "takes true and false only";
    if (unsigned const bits = field.vendor == "mysql" ? bits_of(field.source_type) : 0;
        bits && column.oid == oid_bit)
        return bits <= bits_of(column.type_text) ? "" : "would cut bits";
    if (column.oid == oid_bytea) return field.meaning == Meaning::binary ? "" : "takes bytes only";
    if (column.oid == oid_uuid && field.extension == "arrow.uuid") return {};
    if (column.oid == oid_bpchar) return "would drop blanks at the end of a text";
    if (!is_text) return "takes other values";
    // Text that the type reads, or refuses row by row.
    return keeps_text(column, own_type) ? "" : "would change how a value is written";
}

}  // namespace weir::postgres
