#include "session.hpp"

#include <set>

namespace weir::postgres {
namespace {

constexpr char begin_sql[] =
    " READ ONLY;"
    "SET LOCAL \"TimeZone\" = 'UTC'; SET LOCAL \"DateStyle\" = 'ISO, MDY';"
    "SET LOCAL \"IntervalStyle\" = 'postgres'; SET LOCAL extra_float_digits = 1;"
    "SET LOCAL bytea_output = 'hex'; SET LOCAL lc_monetary = 'C'; SET LOCAL row_security = off;"
    "SET LOCAL quote_all_identifiers = off; SET LOCAL array_nulls = on;"
    "SET LOCAL transform_null_equals = off; SET LOCAL lock_timeout = 0;"
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;";

Error not_found(std::string const& stream, Settings const& settings) {
    return Error{
        WEIR_E_NOT_FOUND,
        "there is no stream " + stream + " in the database \"" + settings.database() + "\"",
        "stream"}
        .coded("source.stream_not_found")
        .suggest("weir discover " + settings.url());
}

Preview look_before(Connection& connection, NamePattern const& name, std::string const& stream,
                    Wait const& wait) {
    std::optional<Preview> const seen = read_preview(connection.run(preview_sql(name), wait).at(0));
    if (!seen) throw not_found(stream, connection.settings());
    return *seen;
}

void check_readable(Table const& table, Settings const& settings) {
    if (!table.schema_usable) throw privilege_failure(settings, table.subject(), true, {});
    if (!table.readable) throw privilege_failure(settings, table.subject(), false, {});
    if (table.row_security) throw row_security_failure(settings, table.subject());
    if (table.fields.empty())
        throw Error{WEIR_E_UNSUPPORTED, table.stream() + " has no columns: choose another stream"}
            .coded("postgres.no_columns");
}

/// How large the values of a table and its parts are that lie outside of their rows; null where
/// something else than a table is among them.
std::string toast_sql(NamePattern const& name) {
    return "(WITH RECURSIVE part (oid) AS (SELECT c.oid FROM pg_catalog.pg_class c"
           " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = " +
           literal(name.schema.text) + "::text AND c.relname = " + literal(name.table.text) +
           "::text UNION ALL SELECT h.inhrelid FROM part p JOIN pg_catalog.pg_inherits h"
           " ON h.inhparent = p.oid) SELECT CASE WHEN bool_and(l.relkind IN ('r', 'p', 'm')) THEN"
           " coalesce(sum(pg_catalog.pg_relation_size(nullif(l.reltoastrelid, 0::pg_catalog.oid))),"
           " 0)::bigint END FROM part p JOIN pg_catalog.pg_class l ON l.oid = p.oid)";
}

/// What a read is begun for. Borrowed.
struct Beginning {
    NamePattern const& name;
    std::string const& stream;
    View view;
    Sharing const& sharing;
};

std::string begin_statements(Beginning const& read, Preview const& preview) {
    NamePattern const& name = read.name;
    std::string sql = std::string{"BEGIN ISOLATION LEVEL "} +
                      (read.view == View::one ? "REPEATABLE READ" : "READ COMMITTED") + begin_sql;
    if (!read.sharing.taken.empty())
        sql += "SET TRANSACTION SNAPSHOT " + literal(read.sharing.taken) + ";";
    // Before the snapshot: a table rewritten in between would look empty to it. It stands until the
    // last row is read, so that a later statement finds the table as it is described.
    if (preview.lockable && read.sharing.lock_ms > 0)
        sql += "SET LOCAL lock_timeout = " + std::to_string(read.sharing.lock_ms) + ";";
    if (preview.lockable)
        sql +=
            "LOCK TABLE " + qualified(name.schema.text, name.table.text) + " IN ACCESS SHARE MODE;";
    sql +=
        "SELECT (extract(epoch FROM pg_catalog.now()) * 1000000)::bigint,"
        " pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())";
    sql += preview.tells_system ? ", (SELECT system_identifier FROM pg_catalog.pg_control_system())"
                                : ", NULL";
    sql += preview.tells_timeline ? ", (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint())"
                                  : ", NULL";
    sql += read.sharing.exports ? ", pg_catalog.pg_export_snapshot()" : ", NULL";
    sql +=
        ", (SELECT l.virtualtransaction FROM pg_catalog.pg_locks l"
        " WHERE l.locktype = 'virtualxid' AND l.pid = pg_catalog.pg_backend_pid() LIMIT 1)";
    return sql + ", pg_catalog.current_database(), " + toast_sql(name) + ";" + describe_sql(name);
}

Snapshot begin(Connection& connection, Beginning const& read, Preview const& preview,
               Wait const& wait) {
    NamePattern const& name = read.name;
    std::vector<Result> const answers =
        connection.run(begin_statements(read, preview), wait,
                       {read.stream, name.schema.text, name.table.text});
    if (answers.size() != 1 + describe_answers)
        throw Error{WEIR_E_INTERNAL, "the server left a statement without an answer"};
    std::vector<Table> tables = read_tables(answers, 1);
    if (tables.empty()) throw not_found(read.stream, connection.settings());
    Snapshot snapshot;
    snapshot.table = std::move(tables[0]);
    if (!read.sharing.taken.empty() && snapshot.table.is_rewritten)
        throw Error{WEIR_E_IO,
                    read.stream + " was replaced (TRUNCATE, ALTER TABLE, VACUUM FULL, CLUSTER, a "
                                  "table renamed) behind the moment that all streams are read at",
                    read.stream}
            .coded("postgres.rewritten")
            .suggest("run it again");
    snapshot.server_us = answers[0].number(0, 0);
    snapshot.xmin = answers[0].text(0, 1);
    if (!answers[0].null(0, 2)) snapshot.origin.system = answers[0].text(0, 2);
    if (!answers[0].null(0, 3)) snapshot.origin.timeline = answers[0].number(0, 3);
    snapshot.exported = answers[0].text(0, 4);
    snapshot.transaction = answers[0].text(0, 5);
    snapshot.origin.database = answers[0].text(0, 6);
    if (!answers[0].null(0, 7)) snapshot.toast_bytes = answers[0].number(0, 7);
    return snapshot;
}

/// Of SET TRANSACTION SNAPSHOT: there is none of that name, or it is of another server.
bool is_lost_snapshot(Error const& error) {
    return error.sqlstate == "22023" || error.sqlstate == "42704" || error.sqlstate == "0A000" ||
           error.sqlstate == "55000" || error.sqlstate == "55P03";
}

/// Nothing, and no transaction: what was known of the relation does not hold any more.
std::optional<Snapshot> begin_as_known(Connection& connection, Beginning const& read,
                                       Preview const& known, Wait const& wait) {
    try {
        Snapshot snapshot = begin(connection, read, known, wait);
        if (snapshot.table.preview == known) return snapshot;
    } catch (Error const& error) {
        // 42: gone, another kind of relation, or no privilege any more.
        if (!error.sqlstate.starts_with("42")) throw;
    }
    connection.run("ROLLBACK", wait);
    return std::nullopt;
}

}  // namespace

Snapshot begin_read(Connection& connection, std::string_view stream, View view,
                    std::optional<Preview> const& known, Sharing const& sharing,
                    Wait const& wait) {
    bool const is_alone = stream.starts_with(alone_prefix);
    if (is_alone) stream.remove_prefix(alone_prefix.size());
    std::string const asked{stream};
    std::optional<NamePattern> const name = parse_name(stream, connection.settings().schema());
    if (!name || !name->exact()) throw not_found(asked, connection.settings());
    Beginning const read{*name, asked, view, sharing};
    std::optional<Snapshot> snapshot;
    try {
        if (known) snapshot = begin_as_known(connection, read, *known, wait);
        if (!snapshot)
            snapshot = begin(connection, read, look_before(connection, *name, asked, wait), wait);
    } catch (Error const& error) {
        bool const is_shared = !sharing.taken.empty() || sharing.lock_ms > 0;
        if (!is_shared || !is_lost_snapshot(error)) throw;
        throw Error{WEIR_E_IO,
                    "the moment that all streams are read at is gone with the session that kept "
                    "it: " + error.message,
                    asked}
            .coded("source.snapshot_lost");
    }
    if (is_alone) snapshot->table.is_alone = true, snapshot->table.has_children = false;
    check_readable(snapshot->table, connection.settings());
    return std::move(*snapshot);
}

std::string begin_again(Connection& connection, Snapshot const& before, Wait const& wait) {
    Table const& table = before.table;
    std::string const stream = table.stream();
    NamePattern const name = *parse_name(stream, connection.settings().schema());
    Snapshot now =
        begin(connection, {name, stream, View::later, {}}, table.preview, wait);
    if (now.table.oid != table.oid || now.table.fields != table.fields ||
        now.table.parts != table.parts || now.table.indexes != table.indexes)
        throw Error{WEIR_E_IO, table.stream() + " was changed while it was waited for its writers",
                    table.stream()}
            .coded("source.fields_changed")
            .suggest("run it again");
    return std::move(now.transaction);
}

void widen_search_path(Connection& connection, std::vector<SourceField const*> const& fields,
                       Wait const& wait) {
    std::set<std::string> schemas;
    for (SourceField const* field : fields)
        if (!field->type_schema.empty()) schemas.insert(identifier(field->type_schema));
    std::string more;
    for (std::string const& schema : schemas) more += ", " + schema;
    if (more.empty()) return;
    // Behind the rest, so that no name changes its meaning.
    connection.run(
        "SELECT pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ',"
        " nullif(pg_catalog.current_setting('search_path'), ''), " +
            literal(more.substr(2)) + "), true)",
        wait);
}

}  // namespace weir::postgres
