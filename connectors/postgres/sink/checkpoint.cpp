#include "checkpoint.hpp"

#include "connectors/postgres/names.hpp"
#include "refusal.hpp"

namespace weir::postgres {
namespace {

constexpr char columns[] =
    "c.epoch, c.batch, c.\"rows\", c.\"cursor\", c.spec, c.target, c.target_id, c.fields,"
    " c.run_id, pg_catalog.to_char(c.updated_at AT TIME ZONE 'UTC',"
    " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), c.is_filling";

std::string or_null(std::string const& text) { return text.empty() ? "NULL" : literal(text); }

}  // namespace

std::string require_sql(std::string const& condition) {
    return "SELECT 1 / (" + condition + ")::integer";
}

std::string Checkpoint::objection(Place const& wanted, TargetTable const* table,
                                  bool has_rows) const {
    if (target_id.empty()) return {};  // nothing was written yet, so there is nothing to doubt
    if (target != wanted.table) return "it was written for " + target;
    if (!table) return "the table is gone";
    if (!is_same_table(table->identity(), target_id))
        return "the table is not the one that was written";
    if (table->mark() == foreign_mark && rows > 0 && !has_rows)
        return "the table is empty, although " + std::to_string(rows) + " rows were written";
    return {};
}

bool Checkpoint::is_owned() const {
    return !target_id.empty() && !target_id.starts_with(foreign_mark);
}

std::string Seat::table() const { return qualified(schema, "_weir_checkpoint"); }

std::string Seat::where() const {
    return " WHERE c.job = " + literal(job) + " AND c.stream = " + literal(stream);
}

std::string Seat::find_sql() const {
    return std::string{"SELECT "} + columns + " FROM " + table() + " AS c" + where();
}

std::string Seat::fence_sql(std::int64_t epoch) const {
    std::string const ours = std::to_string(epoch);
    return "INSERT INTO " + table() + " AS c (job, stream, epoch) VALUES (" + literal(job) + ", " +
           literal(stream) + ", " + (epoch ? ours : "1") +
           ") ON CONFLICT (job, stream) DO UPDATE SET epoch = " +
           (epoch ? "excluded.epoch WHERE c.epoch <= excluded.epoch" : "c.epoch + 1") +
           " RETURNING " + columns;
}

std::string Seat::begin_sql(Checkpoint const& row) const {
    return "UPDATE " + table() + " AS c SET \"cursor\" = " + or_null(row.cursor) +
           ", spec = " + or_null(row.spec) + ", target = " + or_null(row.target) +
           ", target_id = " + or_null(row.target_id) + ", fields = " + or_null(row.fields) +
           ", run_id = " + or_null(row.run_id) + ", \"rows\" = " + std::to_string(row.rows) +
           ", is_filling = " + (row.is_filling ? "true" : "false") +
           ", updated_at = pg_catalog.clock_timestamp()" + where();
}

std::string Seat::commit_sql(Checkpoint const& row, std::uint64_t rows) const {
    return "WITH held AS (UPDATE " + table() + " AS c SET \"cursor\" = " + or_null(row.cursor) +
           ", spec = " + or_null(row.spec) + ", target_id = coalesce(" + or_null(row.target_id) +
           ", c.target_id), fields = coalesce(" + or_null(row.fields) +
           ", c.fields), run_id = " + or_null(row.run_id) + ", \"rows\" = c.\"rows\" + " +
           std::to_string(rows) + ", batch = c.batch + 1, is_filling = " +
           (row.is_filling ? "true" : "false") +
           ", updated_at = pg_catalog.clock_timestamp()" + where() +
           " AND c.epoch = " + std::to_string(row.epoch) +
           " AND c.batch = " + std::to_string(row.batch) +
           " RETURNING 1) SELECT 1 / pg_catalog.count(*) FROM held";
}

std::optional<Checkpoint> read_checkpoint(Result const& from) {
    if (from.rows() == 0) return std::nullopt;
    Checkpoint row;
    row.epoch = from.number(0, 0);
    row.batch = from.number(0, 1);
    row.rows = from.number(0, 2);
    row.cursor = from.text(0, 3);
    row.spec = from.text(0, 4);
    row.target = from.text(0, 5);
    row.target_id = from.text(0, 6);
    row.fields = from.text(0, 7);
    row.run_id = from.text(0, 8);
    row.updated_at = from.text(0, 9);
    row.is_filling = from.flag(0, 10);
    return row;
}

void create_checkpoint_table(Connection& connection, std::string const& schema, Wait const& wait) {
    std::string const table = qualified(schema, "_weir_checkpoint");
    // IF NOT EXISTS alone lets two sessions make the same table at once, and one of them fail.
    std::string const sql =
        "BEGIN; SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext(" + literal(table) +
        ")); CREATE TABLE IF NOT EXISTS " + table +
        " (job text NOT NULL, stream text NOT NULL, epoch bigint NOT NULL,"
        " batch bigint NOT NULL DEFAULT 0, \"cursor\" text, spec text, target text,"
        " target_id text, fields text, run_id text, \"rows\" bigint NOT NULL DEFAULT 0,"
        " is_filling boolean NOT NULL DEFAULT false, updated_at timestamptz,"
        " PRIMARY KEY (job, stream)); COMMIT";
    Outcome const outcome = connection.execute(sql, wait);
    if (!outcome.failed) return;
    Error const why = write_failure(connection, *outcome.failed, {schema, "_weir_checkpoint"});
    if (connection.usable() || why.sqlstate.empty()) throw Error{why};
    connection.execute("ROLLBACK", wait);
    throw Error{why};
}

bool is_missing_table(Result const& failed) { return sqlstate_of(failed) == "42P01"; }

std::optional<Error> foreign_checkpoint(Settings const& settings, Result const& failed) {
    std::string const state = sqlstate_of(failed);
    if (state != "42703" && state != "42809" && state != "42P10" && state != "42804")
        return std::nullopt;
    return Error{WEIR_E_SCHEMA, "_weir_checkpoint in the schema \"" + settings.schema() +
                                    "\" is not the table that Weir keeps positions in: " +
                                    message_of(failed)}
        .coded("postgres.foreign_checkpoint")
        .suggest("rename it, or copy into another schema");
}

}  // namespace weir::postgres
