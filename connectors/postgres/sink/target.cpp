#include "target.hpp"

#include <algorithm>
#include <charconv>

#include "connectors/postgres/names.hpp"
#include "connectors/postgres/oids.hpp"

namespace weir::postgres {
namespace {

constexpr std::string_view mark_word = "weir ";

constexpr char columns_sql[] = R"(WITH RECURSIVE base (number, oid, modifier, strict) AS (
 SELECT a.attnum, a.atttypid, a.atttypmod, a.attnotnull FROM pg_catalog.pg_attribute a
 WHERE a.attrelid = %::oid AND a.attnum > 0 AND NOT a.attisdropped
 UNION ALL
 SELECT b.number, t.typbasetype, CASE b.modifier WHEN -1 THEN t.typtypmod ELSE b.modifier END,
  b.strict OR t.typnotnull
 FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.oid WHERE t.typtype = 'd'
)
SELECT a.attname, t.oid, b.modifier, t.typtype, t.typname,
 pg_catalog.format_type(t.oid, b.modifier), coalesce(e.oid, 0), coalesce(e.typdelim, ','),
 b.strict, a.atthasdef OR a.attidentity <> '', a.attidentity = 'a', a.attgenerated <> '',
 coalesce(k.collisdeterministic, true)
FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.oid AND t.typtype <> 'd'
JOIN pg_catalog.pg_attribute a ON a.attrelid = %::oid AND a.attnum = b.number
LEFT JOIN pg_catalog.pg_type e
 ON e.oid = t.typelem AND t.typinput = 'pg_catalog.array_in'::pg_catalog.regproc
LEFT JOIN pg_catalog.pg_collation k ON k.oid = a.attcollation
ORDER BY a.attnum)";

constexpr char keys_sql[] = R"(SELECT i.indexrelid, a.attname FROM pg_catalog.pg_index i,
 unnest(i.indkey[:i.indnkeyatts - 1]) WITH ORDINALITY k (number, place)
 JOIN pg_catalog.pg_attribute a ON a.attnum = k.number
WHERE i.indrelid = %::oid AND a.attrelid = i.indrelid AND i.indisunique AND i.indisvalid
 AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
ORDER BY i.indisprimary DESC, i.indexrelid, k.place)";

std::string with_table(std::string_view sql, std::string const& table) {
    std::string out;
    for (char const c : sql) {
        if (c == '%')
            out += table;
        else
            out += c;
    }
    return out;
}

/// Whether the server calls values of the type equal only when their text is the same.
bool has_exact_equality(TargetColumn const& column) {
    if (column.element || column.kind != 'b') return column.kind == 'e';
    switch (column.oid) {
        case oid_numeric:
        case oid_float4:
        case oid_float8:
        case oid_bpchar:
        case oid_interval:
        case oid_timetz:
        case oid_jsonb: return false;
        default: return column.oid < 10'000;
    }
}

}  // namespace

TargetColumn const* TargetTable::column(std::string_view name) const {
    auto const found = std::ranges::find(columns, name, &TargetColumn::name);
    return found == columns.end() ? nullptr : &*found;
}

bool TargetTable::has_key(std::vector<std::string> const& wanted) const {
    return std::ranges::any_of(keys, [&](std::vector<std::string> const& key) {
        return key.size() == wanted.size() &&
               std::ranges::all_of(key, [&](std::string const& column) {
                   return std::ranges::find(wanted, column) != wanted.end();
               });
    });
}

std::string TargetTable::mark() const {
    if (!comment.starts_with(mark_word)) return foreign_mark;
    std::string const mark = comment.substr(mark_word.size());
    bool const is_ours =
        mark.size() > 16 && mark.find_first_not_of("0123456789abcdef-") == std::string::npos;
    return is_ours ? mark : foreign_mark;
}

bool is_same_table(std::string_view one, std::string_view other) {
    auto const mark_of = [](std::string_view identity) {
        return identity.substr(0, identity.find(' '));
    };
    auto const oid_of = [](std::string_view identity) {
        return identity.substr(std::min(identity.find(' '), identity.size()));
    };
    if (oid_of(one) == oid_of(other)) return true;
    return mark_of(one) == mark_of(other) && mark_of(one) != foreign_mark;
}

std::string mark_sql(std::string const& table, std::string const& mark) {
    return "COMMENT ON TABLE " + table + " IS " + literal(std::string{mark_word} + mark);
}

std::string look_sql(std::string const& table) {
    std::string const oid = "pg_catalog.to_regclass(" + literal(table) + ")";
    return "SELECT c.oid, c.relkind, pg_catalog.obj_description(c.oid, 'pg_class'),"
           " pg_catalog.has_table_privilege(c.oid, 'SELECT'), EXISTS (SELECT FROM"
           " pg_catalog.pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f'),"
           " c.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent ="
           " c.oid), (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, p.relname))"
           " FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class p ON p.oid = h.inhparent JOIN"
           " pg_catalog.pg_namespace n ON n.oid = p.relnamespace WHERE h.inhrelid = c.oid)"
           " FROM pg_catalog.pg_class c WHERE c.oid = " +
           oid + "::oid;" + with_table(columns_sql, oid) + ";" + with_table(keys_sql, oid);
}

std::optional<TargetTable> read_look(std::vector<Result> const& answers, std::size_t from) {
    Result const& relation = answers.at(from);
    if (relation.rows() == 0) return std::nullopt;
    TargetTable table;
    table.oid = static_cast<std::uint32_t>(relation.number(0, 0));
    table.kind = relation.value(0, 1).empty() ? 'r' : relation.value(0, 1)[0];
    table.comment = relation.text(0, 2);
    table.is_readable = relation.flag(0, 3);
    table.has_references = relation.flag(0, 4);
    table.has_children = relation.flag(0, 5);
    if (!relation.null(0, 6))
        for (Json const& parent : Json::parse(relation.value(0, 6)))
            table.parents.push_back(
                qualified(parent.at(0).get<std::string>(), parent.at(1).get<std::string>()));
    Result const& columns = answers.at(from + 1);
    for (int row = 0; row < columns.rows(); ++row) {
        TargetColumn column;
        column.name = columns.text(row, 0);
        column.oid = static_cast<std::uint32_t>(columns.number(row, 1));
        column.modifier = static_cast<std::int32_t>(columns.number(row, 2));
        column.kind = columns.value(row, 3).empty() ? 'b' : columns.value(row, 3)[0];
        column.type_name = columns.text(row, 4);
        column.type_text = columns.text(row, 5);
        column.element = static_cast<std::uint32_t>(columns.number(row, 6));
        column.delimiter = columns.value(row, 7).empty() ? ',' : columns.value(row, 7)[0];
        column.not_null = columns.flag(row, 8);
        column.has_default = columns.flag(row, 9);
        column.is_always_identity = columns.flag(row, 10);
        column.is_generated = columns.flag(row, 11);
        column.is_exact = columns.flag(row, 12) && has_exact_equality(column);
        table.columns.push_back(std::move(column));
    }
    Result const& keys = answers.at(from + 2);
    std::string index;
    for (int row = 0; row < keys.rows(); ++row) {
        if (keys.value(row, 0) != index) table.keys.emplace_back();
        index = keys.text(row, 0);
        table.keys.back().push_back(keys.text(row, 1));
    }
    return table;
}

}  // namespace weir::postgres
