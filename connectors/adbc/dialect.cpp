#include "dialect.hpp"

#include <algorithm>
#include <array>

namespace weir::adbc {
namespace {

constexpr std::int32_t digits_max = 38;

/// Types of DuckDB that Arrow has no type for, or one that holds less.
constexpr std::array texts{"HUGEINT", "UHUGEINT", "BIT", "TIME WITH TIME ZONE", "INTERVAL",
                           "TIMESTAMP_NS"};

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

std::string identifier(std::string_view name) {
    if (name.find('\0') != name.npos)
        throw Error{WEIR_E_CONFIG, "a name has a NUL in it"}.coded("adbc.reserved_name");
    std::string out = "\"";
    for (char const c : name) out += c == '"' ? std::string{"\"\""} : std::string{c};
    return out + "\"";
}

std::string identifiers(std::vector<std::string> const& names, std::string_view before) {
    std::string out;
    for (std::string const& name : names)
        out += (out.empty() ? "" : ", ") + std::string{before} + identifier(name);
    return out;
}

std::string written(std::string const& name) {
    auto const is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    };
    bool const is_number = !name.empty() && name[0] >= '0' && name[0] <= '9';
    if (!name.empty() && !is_number && std::ranges::all_of(name, is_plain)) return name;
    return identifier(name);
}

bool same_name(std::string_view one, std::string_view other) {
    return std::ranges::equal(one, other, {}, folded, folded);
}

std::string Dialect::type_of(Field const& field) const {
    bool const duck = is_duckdb();
    switch (field.type) {
        case Type::boolean: return "BOOLEAN";
        case Type::int64: return "BIGINT";
        case Type::uint64: return duck ? "UBIGINT" : "NUMERIC(20, 0)";
        case Type::float32: return "REAL";
        case Type::float64: return "DOUBLE PRECISION";
        case Type::binary: return duck ? "BLOB" : "VARBINARY";
        case Type::uuid: return duck ? "UUID" : "VARCHAR(36)";
        case Type::date: return "DATE";
        case Type::time: return "TIME";
        case Type::timestamp: return "TIMESTAMP";
        case Type::instant: return "TIMESTAMP WITH TIME ZONE";
        case Type::json: return duck ? "JSON" : "VARCHAR";
        case Type::decimal:
            if (field.precision < 1 || field.precision > digits_max || field.scale < 0 ||
                field.scale > field.precision)
                return {};
            return "DECIMAL(" + std::to_string(field.precision) + ", " +
                   std::to_string(field.scale) + ")";
        case Type::opaque:
            // Its own word come back.
            if (duck && field.vendor == vendor_ && crosses_as_text(field.source_type))
                return field.source_type;
            return "VARCHAR";
        case Type::utf8:
        case Type::numeric: return "VARCHAR";
    }
    return {};
}

bool Dialect::crosses_as_text(std::string const& type) const {
    return is_duckdb() && std::ranges::find(texts, type) != texts.end();
}

std::string Dialect::mark_sql(std::string const& table, std::string const& mark) const {
    if (!is_duckdb()) return {};
    return "COMMENT ON TABLE " + table + " IS '" + mark + "'";
}

std::string Dialect::mark_query() const {
    if (!is_duckdb()) return {};
    return "SELECT coalesce(comment, '') FROM duckdb_tables() WHERE database_name = "
           "current_database() AND schema_name = ? AND lower(table_name) = lower(?)";
}

}  // namespace weir::adbc
