#include "fence.hpp"

#include <algorithm>

#include "names.hpp"

namespace weir::postgres {
namespace {

std::string listed(std::vector<std::string> const& fence) {
    std::string out;
    for (std::string const& each : fence) out += (out.empty() ? "" : ", ") + literal(each);
    return out;
}

}  // namespace

// A session shows here from before it takes the clock for its statement until all that it did is
// visible. One that becomes a prepared transaction keeps the name and loses the process.
std::string running_sql() {
    return "SELECT l.virtualtransaction, pg_catalog.bool_or((l.locktype = 'virtualxid' OR"
           " l.pid IS NULL) AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()"
           " AND (a.datid IS NULL OR a.datid = d.oid)"
           " AND a.backend_type IS DISTINCT FROM 'autovacuum worker'),"
           " pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot()),"
           " (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint,"
           " (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint"
           " FROM pg_catalog.pg_database d CROSS JOIN pg_catalog.pg_locks l"
           " LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
           " WHERE d.datname = pg_catalog.current_database() AND l.virtualtransaction IS NOT NULL"
           " GROUP BY l.virtualtransaction ORDER BY 1;";
}

Running read_running(Result const& from) {
    Running out;
    // Our own session is always there.
    for (int row = 0; row < from.rows(); ++row) {
        out.standing.insert(from.text(row, 0));
        if (from.flag(row, 1)) out.fence.push_back(from.text(row, 0));
    }
    if (from.rows() == 0) return out;
    out.xmin = from.text(0, 2);
    out.boot = from.text(0, 3);
    out.clock_us = from.number(0, 4);
    return out;
}

bool is_clear(Mark const& mark, Running const& running) {
    return std::ranges::none_of(
        mark.fence, [&](std::string const& each) { return running.standing.contains(each); });
}

std::string blockers_sql(std::vector<std::string> const& fence) {
    return "SELECT DISTINCT CASE WHEN l.pid IS NULL THEN 'a prepared transaction' ELSE"
           " 'process ' || l.pid || coalesce(' (' || nullif(a.application_name, '') || ')', '')"
           " || coalesce(', since ' || a.xact_start::timestamptz(0), '') END"
           " FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
           " WHERE l.virtualtransaction IN (" +
           listed(fence) + ") LIMIT 5;";
}

}  // namespace weir::postgres
