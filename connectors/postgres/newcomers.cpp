#include "newcomers.hpp"

namespace weir::postgres {
namespace {

// Of those that hold anything: how to ask each, and which it is where it cannot be asked itself.
std::string newcomers_sql(std::int64_t table, std::string const& is_newer) {
    return "WITH RECURSIVE part (oid, is_new) AS (SELECT t.inhrelid, " + is_newer +
           " FROM pg_catalog.pg_inherits t WHERE t.inhparent = " + std::to_string(table) +
           " UNION ALL SELECT t.inhrelid, p.is_new OR " + is_newer +
           " FROM part p JOIN pg_catalog.pg_inherits t ON t.inhparent = p.oid)"
           " SELECT c.oid, CASE WHEN pg_catalog.has_table_privilege(c.oid, 'SELECT')"
           " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND NOT c.relrowsecurity"
           " THEN pg_catalog.format('%I.%I', n.nspname, c.relname) END"
           " FROM part p JOIN pg_catalog.pg_class c ON c.oid = p.oid"
           " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
           " WHERE p.is_new AND c.relkind <> 'p'"
           " AND (c.relkind = 'f' OR pg_catalog.pg_relation_size(c.oid) > 0)";
}

}  // namespace

bool newcomers_hold_older(Query const& query, std::string const& xmin, Position const& position,
                          Connection& connection, Wait const& wait) {
    Result const found =
        std::move(connection.run(newcomers_sql(query.table->oid, Query::newer_sql(xmin)), wait)[0]);
    for (int row = 0; row < found.rows(); ++row) {
        std::string const sql =
            found.null(row, 1)
                ? query.exists_sql("t.tableoid = " + found.text(row, 0) + " AND " +
                                   query.reached_sql(position))
                : "SELECT EXISTS (SELECT FROM ONLY " + found.text(row, 1) + " AS t WHERE " +
                      query.reached_sql(position) + ");";
        if (connection.run(sql, wait).at(0).flag(0, 0)) return true;
    }
    return false;
}

}  // namespace weir::postgres
