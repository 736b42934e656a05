#include "session.hpp"

#include <set>

namespace weir::postgres {
namespace {

constexpr char begin_sql[] =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    "SET LOCAL \"TimeZone\" = 'UTC'; SET LOCAL \"DateStyle\" = 'ISO, MDY';"
    "SET LOCAL \"IntervalStyle\" = 'postgres'; SET LOCAL extra_float_digits = 1;"
    "SET LOCAL bytea_output = 'hex'; SET LOCAL lc_monetary = 'C'; SET LOCAL row_security = off;"
    "SET LOCAL quote_all_identifiers = off; SET LOCAL lock_timeout = 0;"
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

std::string begin_statements(NamePattern const& name, Preview const& preview) {
    std::string sql = begin_sql;
    // Before the snapshot: a table rewritten in between would look empty to it.
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
    return sql + ", pg_catalog.current_database();" + describe_sql(name);
}

Snapshot begin(Connection& connection, NamePattern const& name, std::string const& stream,
               Preview const& preview, Wait const& wait) {
    std::vector<Result> const answers = connection.run(begin_statements(name, preview), wait,
                                                       {stream, name.schema.text, name.table.text});
    if (answers.size() != 1 + describe_answers)
        throw Error{WEIR_E_INTERNAL, "the server left a statement without an answer"};
    std::vector<Table> tables = read_tables(answers[1], answers[2], answers[3]);
    if (tables.empty()) throw not_found(stream, connection.settings());
    Snapshot snapshot;
    snapshot.table = std::move(tables[0]);
    snapshot.server_us = answers[0].number(0, 0);
    snapshot.xmin = answers[0].text(0, 1);
    if (!answers[0].null(0, 2)) snapshot.origin.system = answers[0].text(0, 2);
    if (!answers[0].null(0, 3)) snapshot.origin.timeline = answers[0].number(0, 3);
    snapshot.origin.database = answers[0].text(0, 4);
    return snapshot;
}

/// Nothing, and no transaction: what was known of the relation does not hold any more.
std::optional<Snapshot> begin_as_known(Connection& connection, NamePattern const& name,
                                       std::string const& stream, Preview const& known,
                                       Wait const& wait) {
    try {
        Snapshot snapshot = begin(connection, name, stream, known, wait);
        if (snapshot.table.preview == known) return snapshot;
    } catch (Error const& error) {
        // 42: gone, another kind of relation, or no privilege any more.
        if (!error.sqlstate.starts_with("42")) throw;
    }
    connection.run("ROLLBACK", wait);
    return std::nullopt;
}

}  // namespace

Snapshot begin_read(Connection& connection, std::string_view stream,
                    std::optional<Preview> const& known, Wait const& wait) {
    std::string const asked{stream};
    std::optional<NamePattern> const name = parse_name(stream, connection.settings().schema());
    if (!name || !name->exact()) throw not_found(asked, connection.settings());
    std::optional<Snapshot> snapshot;
    if (known) snapshot = begin_as_known(connection, *name, asked, *known, wait);
    if (!snapshot)
        snapshot =
            begin(connection, *name, asked, look_before(connection, *name, asked, wait), wait);
    check_readable(snapshot->table, connection.settings());
    return std::move(*snapshot);
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
