#include "landing.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace weir::adbc {
namespace {

bool is_whole(Layout layout) { return layout >= Layout::int8 && layout <= Layout::uint64; }
bool is_signed(Layout layout) { return layout <= Layout::int64; }

/// Whether `column` holds each value of `from` as it is.
bool holds(Dialect const& dialect, TableColumn const& column, FieldView const& from,
           Field const& field) {
    FieldView const& into = column.view;
    if (column.type == dialect.type_of(field)) return true;
    if (is_whole(from.layout) && from.meaning == Meaning::plain)
        return is_whole(into.layout) && into.meaning == Meaning::plain &&
               (is_signed(into.layout) == is_signed(from.layout)
                    ? into.width >= from.width
                    : is_signed(into.layout) && into.width > from.width);
    bool const is_text = into.layout == Layout::text || into.layout == Layout::large_text;
    switch (field.type) {
        case Type::float32: return into.layout == Layout::float32 || into.layout == Layout::float64;
        case Type::float64: return into.layout == Layout::float64;
        case Type::boolean: return into.layout == Layout::boolean;
        case Type::binary: return into.meaning == Meaning::binary && column.type != "BIT";
        case Type::decimal:
            return into.layout == Layout::decimal && into.scale >= field.scale &&
                   into.precision - into.scale >= field.precision - field.scale;
        case Type::date: return into.meaning == Meaning::date;
        case Type::time:
        case Type::timestamp:
        case Type::instant: return into.meaning == from.meaning && into.units >= from.units;
        case Type::utf8:
        case Type::numeric:
        case Type::json:
        case Type::opaque:
            return is_text && (column.type == "VARCHAR" || !dialect.is_duckdb());
        default: return false;
    }
}

constexpr std::string_view whole = "[+-]?[0-9]+";

/// Types that DuckDB reads a text into without a loss when the text is of this shape; what else its
/// casts take they round, cut, or move into the zone of the session.
struct Shape {
    std::string_view type, shape;
};
constexpr std::array shapes{
    Shape{"BIGINT", whole},
    Shape{"BIT", "[01]+"},
    Shape{"BOOLEAN", "true|false|t|f|0|1"},
    Shape{"DATE", "[0-9]{4,6}-[0-9]{2}-[0-9]{2}( \\(BC\\))?"},
    Shape{"HUGEINT", whole},
    Shape{"INTEGER", whole},
    Shape{"INTERVAL", ""},
    Shape{"JSON", ""},
    Shape{"SMALLINT", whole},
    Shape{"TIME", "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"},
    Shape{"TIMESTAMP",
          "[0-9]{4,6}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?)?"},
    Shape{"TIMESTAMP WITH TIME ZONE",
          "[0-9]{4,6}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
          "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"},
    Shape{"TIMESTAMP_MS",
          "[0-9]{4,6}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,3}0*)?)?)?"},
    Shape{"TIMESTAMP_NS",
          "[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?)?"},
    Shape{"TIMESTAMP_S",
          "[0-9]{4,6}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.]0+)?)?)?"},
    Shape{"TIME WITH TIME ZONE",
          "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?[+-][0-9]{2}(:[0-9]{2}(:[0-9]{2})?)?"},
    Shape{"TINYINT", whole},
    Shape{"UBIGINT", whole},
    Shape{"UHUGEINT", whole},
    Shape{"UINTEGER", whole},
    Shape{"USMALLINT", whole},
    Shape{"UTINYINT", whole},
    Shape{"UUID", ""},
};

bool is_real(std::string_view type) { return type == "DOUBLE" || type == "FLOAT"; }

/// Texts into a column that says what they mean, as those of SQLite or of a file.
std::optional<Landing> read_from_text(TableColumn const& column) {
    if (column.view.layout == Layout::decimal)
        return Landing{column.type, "[+-]?[0-9]+([.][0-9]{0," + std::to_string(column.view.scale) +
                                        "}0*)?"};
    if (column.type.starts_with("ENUM")) return Landing{column.type, ""};
    auto const found = std::ranges::find(shapes, column.type, &Shape::type);
    if (found != shapes.end()) return Landing{column.type, std::string{found->shape}};
    bool const is_nested = column.type.ends_with(']') || column.type.starts_with("STRUCT(") ||
                           column.type.starts_with("MAP(");
    if (is_nested || is_real(column.type)) return Landing{column.type, "", "VARCHAR"};
    return std::nullopt;
}

/// What a column of SQLite with values of several classes sends: `1`, `1.5`, `'it''s'`.
bool is_of_literals(Field const& field) {
    return field.type == Type::opaque && field.source_type == "sqlite.any";
}

std::string without_quotes(std::string const& name) {
    return "CASE WHEN " + name + " LIKE '''%''' THEN replace(substr(" + name + ", 2, length(" +
           name + ") - 2), '''''', '''') ELSE " + name + " END";
}

/// Whole numbers into a column that holds fewer of them.
std::optional<Landing> narrowed(TableColumn const& column) {
    FieldView const& into = column.view;
    if (into.layout == Layout::boolean) return Landing{column.type, "[01]"};
    bool const is_number = (is_whole(into.layout) && into.meaning == Meaning::plain) ||
                           into.layout == Layout::decimal || column.type == "HUGEINT" ||
                           column.type == "UHUGEINT";
    if (is_number) return Landing{column.type, ""};
    return std::nullopt;
}

}  // namespace

std::string Landing::value(std::string const& name) const {
    if (cast.empty()) return name;
    return "CAST(" + (is_literal ? without_quotes(name) : name) + " AS " + cast + ")";
}

std::string Landing::is_lost(std::string const& name) const {
    std::string const from = is_literal ? without_quotes(name) : name;
    std::string const into = "TRY_CAST(" + from + " AS " + cast + ")";
    std::string out = into + " IS NULL";
    if (!shape.empty())
        out += " OR NOT regexp_full_match(CAST(" + from + " AS VARCHAR), '" + shape + "')";
    if (!back.empty()) out += " OR (CAST(" + into + " AS " + back + ") IS DISTINCT FROM " + from;
    // DuckDB has other words for them.
    if (!back.empty() && is_real(cast) && back == "VARCHAR")
        out += " AND " + from + " NOT IN ('NaN', 'Infinity', '-Infinity')";
    return "(" + out + (back.empty() ? ")" : "))");
}

std::string cast_of(Field const& field, std::string const& type) {
    bool const is_word = field.type == Type::uuid || field.type == Type::json ||
                         field.type == Type::opaque;
    return is_word && type != "VARCHAR" ? type : "";
}

std::optional<Landing> landing(Dialect const& dialect, TableColumn const& column,
                               FieldView const& from, Field const& field) {
    if (holds(dialect, column, from, field)) return Landing{cast_of(field, column.type), ""};
    if (!dialect.is_duckdb()) return std::nullopt;
    if (field.type == Type::float64 && column.type == "FLOAT")
        return Landing{column.type, "", "DOUBLE"};
    if (is_of_literals(field)) {
        std::optional<Landing> out = read_from_text(column);
        if (out) out->is_literal = true;
        return out;
    }
    if (field.type == Type::utf8 || field.type == Type::numeric) return read_from_text(column);
    if (field.type == Type::int64 || field.type == Type::uint64) return narrowed(column);
    return std::nullopt;
}

}  // namespace weir::adbc
