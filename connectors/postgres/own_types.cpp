#include "own_types.hpp"

namespace weir::postgres {
namespace {

// Numbers below belong to the server itself. A type that is the row of a table comes with its
// table, and one of an extension with the extension.
constexpr char reach_sql[] = R"(WITH RECURSIVE domain (oid, base, modifier) AS (
 SELECT oid, typbasetype, typtypmod FROM pg_catalog.pg_type WHERE typtype = 'd'
 UNION ALL
 SELECT d.oid, t.typbasetype, CASE d.modifier WHEN -1 THEN t.typtypmod ELSE d.modifier END
 FROM domain d JOIN pg_catalog.pg_type t ON t.oid = d.base WHERE t.typtype = 'd'
), flat AS (SELECT d.* FROM domain d JOIN pg_catalog.pg_type b ON b.oid = d.base
 WHERE b.typtype <> 'd'),
reach (relation, oid, depth) AS (
 SELECT a.attrelid, a.atttypid, 0 FROM pg_catalog.pg_attribute a
 WHERE a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= 16384
  AND a.attrelid IN (SELECT c.oid)";

constexpr char types_sql[] = R"()
 UNION
 SELECT r.relation, n.oid, r.depth + 1
 FROM reach r JOIN pg_catalog.pg_type t ON t.oid = r.oid CROSS JOIN LATERAL (
  SELECT t.typelem UNION ALL SELECT t.typbasetype UNION ALL
  SELECT a.atttypid FROM pg_catalog.pg_attribute a
  WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
 ) n (oid) WHERE n.oid >= 16384
)
SELECT r.relation, n.nspname, t.typname, t.typtype, CASE t.typtype WHEN 'e' THEN
  (SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder)
   FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)
 ELSE (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname,
    CASE WHEN o.oid IS NOT NULL AND q.typinput = 'pg_catalog.array_in'::pg_catalog.regproc
     THEN 'text'
    WHEN s.nspname = 'pg_catalog' THEN
     pg_catalog.format_type(q.oid, coalesce(u.modifier, d.modifier, a.atttypmod))
    ELSE pg_catalog.format('%I.%I', s.nspname, q.typname) END ||
    CASE WHEN o.oid IS NULL THEN '' ELSE '[]' END) ORDER BY a.attnum)
   FROM pg_catalog.pg_attribute a LEFT JOIN flat d ON d.oid = a.atttypid
   JOIN pg_catalog.pg_type p ON p.oid = coalesce(d.base, a.atttypid)
   LEFT JOIN pg_catalog.pg_type o
    ON o.oid = p.typelem AND p.typinput = 'pg_catalog.array_in'::pg_catalog.regproc
   LEFT JOIN flat u ON u.oid = o.oid
   JOIN pg_catalog.pg_type q ON q.oid = coalesce(u.base, o.oid, p.oid)
   JOIN pg_catalog.pg_namespace s ON s.oid = q.typnamespace
   WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END
FROM (SELECT relation, oid, max(depth) AS depth FROM reach GROUP BY relation, oid) r
JOIN pg_catalog.pg_type t ON t.oid = r.oid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_class k ON k.oid = t.typrelid
WHERE (t.typtype = 'e' OR k.relkind = 'c') AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x
 WHERE x.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND x.objid = t.oid
 AND x.deptype = 'e')
ORDER BY r.relation, r.depth DESC, t.oid)";

}  // namespace

std::string own_types_sql(std::string const& relations) {
    return std::string{reach_sql} + relations + types_sql;
}

std::map<std::int64_t, Json> read_own_types(Result const& types) {
    std::map<std::int64_t, Json> all;
    for (int row = 0; row < types.rows(); ++row)
        all[types.number(row, 0)].push_back(
            {{"schema", types.text(row, 1)},
             {"name", types.text(row, 2)},
             {types.value(row, 3) == "e" ? "labels" : "attributes",
              types.null(row, 4) ? Json::array() : Json::parse(types.value(row, 4))}});
    return all;
}

}  // namespace weir::postgres
