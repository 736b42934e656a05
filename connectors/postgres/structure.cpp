#include "structure.hpp"

#include "own_types.hpp"

namespace weir::postgres {
namespace {

// An index of expressions, or of some rows, has no list of columns.
constexpr char index_sql[] = R"(SELECT i.indrelid, x.relname, i.indisunique,
 pg_catalog.pg_get_indexdef(i.indexrelid),
 CASE WHEN i.indexprs IS NULL AND i.indpred IS NULL THEN
  (SELECT pg_catalog.json_agg(a.attname ORDER BY k.place)
   FROM unnest(i.indkey[:i.indnkeyatts - 1]) WITH ORDINALITY k (number, place)
   JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number) END
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
WHERE NOT i.indisprimary AND i.indisvalid AND NOT i.indisexclusion
 AND i.indrelid IN (SELECT c.oid)";

constexpr char foreign_key_sql[] = R"(SELECT f.conrelid, f.conname, n.nspname, c.relname,
 (SELECT pg_catalog.json_agg(a.attname ORDER BY k.place)
  FROM unnest(f.conkey) WITH ORDINALITY k (number, place)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number),
 (SELECT pg_catalog.json_agg(a.attname ORDER BY k.place)
  FROM unnest(f.confkey) WITH ORDINALITY k (number, place)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number),
 pg_catalog.pg_get_constraintdef(f.oid)
FROM pg_catalog.pg_constraint f JOIN pg_catalog.pg_class c ON c.oid = f.confrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE f.contype = 'f' AND f.conparentid = 0 AND f.conrelid IN (SELECT c.oid)";

// Of tables alone, not of partitions: the children of any depth, and the parents in their order.
constexpr char inheritance_sql[] = R"(WITH RECURSIVE chosen (oid) AS (SELECT c.oid)";
constexpr char inheritance_rest_sql[] = R"(), down (parent, oid) AS (
 SELECT h.inhparent, h.inhrelid FROM pg_catalog.pg_inherits h
 WHERE h.inhparent IN (SELECT oid FROM chosen)
 UNION SELECT d.parent, h.inhrelid FROM down d
 JOIN pg_catalog.pg_inherits h ON h.inhparent = d.oid
), pairs (oid, other, is_child, place) AS (
 SELECT parent, oid, true, 0 FROM down
 UNION ALL SELECT h.inhrelid, h.inhparent, false, h.inhseqno FROM pg_catalog.pg_inherits h
 WHERE h.inhrelid IN (SELECT oid FROM chosen))
SELECT p.oid, p.is_child, n.nspname, o.relname
FROM pairs p JOIN pg_catalog.pg_class t ON t.oid = p.oid AND t.relkind = 'r'
 AND NOT t.relispartition
JOIN pg_catalog.pg_class o ON o.oid = p.other AND o.relkind <> 'p'
JOIN pg_catalog.pg_namespace n ON n.oid = o.relnamespace
ORDER BY p.oid, p.is_child, p.place, n.nspname, o.relname)";

}  // namespace

std::string_view behind(std::string_view sql, std::string_view words) {
    bool is_quoted = false;
    for (std::size_t i = 0; i < sql.size(); ++i) {
        if (!is_quoted && sql.substr(i).starts_with(words)) return sql.substr(i + words.size());
        if (sql[i] == '"') is_quoted = !is_quoted;
    }
    return {};
}

std::string structure_sql(std::string const& relations) {
    return std::string{index_sql} + relations + ") ORDER BY i.indrelid, x.relname;" +
           foreign_key_sql + relations + ") ORDER BY f.conrelid, f.conname;" +
           own_types_sql(relations) + ";" + inheritance_sql + relations + inheritance_rest_sql;
}

std::map<std::int64_t, Json> read_structure(std::vector<Result> const& answers, std::size_t from) {
    Result const &indexes = answers.at(from), &foreign_keys = answers.at(from + 1);
    std::map<std::int64_t, Json> all;
    for (auto& [table, types] : read_own_types(answers.at(from + 2)))
        all[table]["types"] = std::move(types);
    Result const& inheritance = answers.at(from + 3);
    for (int row = 0; row < inheritance.rows(); ++row) {
        Json& around = all[inheritance.number(row, 0)];
        std::string const schema = inheritance.text(row, 2), table = inheritance.text(row, 3);
        if (inheritance.flag(row, 1))
            around["children"].push_back(stream_name(schema, table));
        else
            around["parents"].push_back(
                {{"stream", stream_name(schema, table)}, {"schema", schema}, {"target", table}});
    }
    for (int row = 0; row < indexes.rows(); ++row) {
        Json index{{"name", indexes.text(row, 1)},
                   {"unique", indexes.flag(row, 2)},
                   {"definition",
                    "USING " + std::string{behind(indexes.value(row, 3), " USING ")}}};
        if (!indexes.null(row, 4)) index["columns"] = Json::parse(indexes.value(row, 4));
        all[indexes.number(row, 0)]["indexes"].push_back(std::move(index));
    }
    for (int row = 0; row < foreign_keys.rows(); ++row) {
        // FOREIGN KEY (a) REFERENCES b(c) ON DELETE …
        std::string_view const referred = behind(foreign_keys.value(row, 6), " REFERENCES ");
        all[foreign_keys.number(row, 0)]["foreign_keys"].push_back(
            {{"name", foreign_keys.text(row, 1)},
             {"stream", stream_name(foreign_keys.value(row, 2), foreign_keys.value(row, 3))},
             {"schema", foreign_keys.text(row, 2)},
             {"target", foreign_keys.text(row, 3)},
             {"columns", Json::parse(foreign_keys.value(row, 4))},
             {"references", Json::parse(foreign_keys.value(row, 5))},
             {"behind", std::string{behind(referred, ")")}}});
    }
    return all;
}

}  // namespace weir::postgres
