#include "give_way.hpp"

#include <algorithm>

#include "connectors/postgres/names.hpp"
#include "merge.hpp"

namespace weir::postgres {
namespace {

// A row each: a unique index, the columns that it looks at, those of them that take nulls, its own
// before those of a predicate, and whether nulls are all different to it (PostgreSQL 15 may be told
// otherwise).
constexpr char indexes_sql[] = R"(SELECT c.every, c.nullable,
 coalesce(pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'false'
FROM pg_catalog.pg_index i CROSS JOIN LATERAL (
 SELECT pg_catalog.json_agg(a.attname) AS every,
  coalesce(pg_catalog.json_agg(a.attname ORDER BY n.plain DESC, a.attnum)
   FILTER (WHERE NOT a.attnotnull AND a.attgenerated = ''), '[]') AS nullable
 FROM (SELECT u.number, bool_or(u.plain) AS plain FROM (
   SELECT k.number::integer, true FROM unnest(i.indkey[:i.indnkeyatts - 1]) k (number)
   UNION ALL
   SELECT d.refobjsubid, false FROM pg_catalog.pg_depend d
   WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.objid = i.indexrelid AND d.refobjid = i.indrelid) u (number, plain)
  GROUP BY u.number) n
 JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = n.number
  AND n.number > 0) c
WHERE i.indisunique AND i.indrelid = %::oid AND c.every IS NOT NULL)";

// Whether a row may leave and come again.
constexpr char alone_sql[] = R"(SELECT pg_catalog.has_table_privilege(c.oid, 'DELETE')
 AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint f WHERE f.confrelid = c.oid)
 AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid
  AND NOT g.tgisinternal),
 (SELECT pg_catalog.json_agg(a.attname) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
FROM pg_catalog.pg_class c WHERE c.oid = %::oid)";

std::string of_table(std::string_view sql, std::string const& table) {
    std::string out{sql};
    std::size_t const at = out.find('%');
    return out.replace(at, 1, "pg_catalog.to_regclass(" + literal(table) + ")");
}

using Names = std::vector<std::string>;

bool has(Names const& names, std::string const& name) {
    return std::ranges::find(names, name) != names.end();
}

bool is_written(Fit const& fit, std::string const& column) {
    return std::ranges::any_of(fit.landings, [&](Landing const& landing) {
        return landing.column.name == column && !landing.column.is_always_identity;
    });
}

/// The columns that become null; empty: some index has none.
Names nulls_of(Result const& indexes, Fit const& fit) {
    Names out;
    for (int row = 0; row < indexes.rows(); ++row) {
        Names const all = Json::parse(indexes.value(row, 0));
        bool const is_key = all.size() == fit.key.size() &&
                            std::ranges::all_of(all, [&](auto const& each) {
                                return has(fit.key, each);
                            });
        if (is_key) continue;
        Names const nullable = Json::parse(indexes.value(row, 1));
        auto const found = std::ranges::find_if(nullable, [&](std::string const& each) {
            return !has(fit.key, each) && is_written(fit, each);
        });
        if (found == nullable.end() || !indexes.flag(row, 2)) return {};
        if (!has(out, *found)) out.push_back(*found);
    }
    return out;
}

}  // namespace

GiveWay give_way(Connection& connection, Place const& place, Fit const& fit, Wait const& wait) {
    std::vector<Result> const found = connection.run(
        of_table(indexes_sql, place.sql()) + ";" + of_table(alone_sql, place.sql()), wait);
    GiveWay way{GiveWay::How::by_null, nulls_of(found.at(0), fit)};
    if (!way.columns.empty()) return way;
    Result const& alone = found.at(1);
    if (alone.rows() == 0 || !alone.flag(0, 0)) return {};
    Names const columns = Json::parse(alone.value(0, 1));
    bool const has_all = std::ranges::all_of(columns, [&](std::string const& each) {
        return each == fit.deleted_at || std::ranges::any_of(fit.landings, [&](auto const& one) {
                   return one.column.name == each;
               });
    });
    way.how = has_all ? GiveWay::How::by_leaving : GiveWay::How::not_at_all;
    return way;
}

std::string give_way_sql(GiveWay const& way, Place const& place, Fit const& fit,
                         std::string const& from) {
    if (way.how == GiveWay::How::not_at_all) return {};
    std::string const which = from + " AS s WHERE " + changes_sql(fit) + "; ";
    if (way.how == GiveWay::How::by_leaving)
        return "DELETE FROM " + place.rows_sql() + " AS t USING " + which;
    std::string sets;
    for (std::string const& column : way.columns)
        sets += (sets.empty() ? "" : ", ") + identifier(column) + " = NULL";
    return "UPDATE " + place.rows_sql() + " AS t SET " + sets + " FROM " + which;
}

}  // namespace weir::postgres
