#include "session.hpp"

#include <set>

namespace weir::postgres {
namespace {

constexpr char begin_sql[] =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    "SET LOCAL \"TimeZone\" = 'UTC'; SET LOCAL \"DateStyle\" = 'ISO, MDY';"
    "SET LOCAL \"IntervalStyle\" = 'postgres'; SET LOCAL extra_float_digits = 1;"
    "SET LOCAL bytea_output = 'hex'; SET LOCAL lc_monetary = 'C'; SET LOCAL row_security = off;"
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;";

/// What has to be known before the transaction: the lock must come before the snapshot, and a
/// function that may not be called would end it.
struct Preview {
    char kind;
    bool lockable, tells_system, tells_timeline;
};

Error not_found(std::string const& stream, Settings const& settings) {
    return Error{
        WEIR_E_NOT_FOUND,
        "there is no stream " + stream + " in the database \"" + settings.database() + "\"",
        "stream"}
        .coded("source.stream_not_found")
        .suggest("weir discover " + settings.identity());
}

Preview look_before(Connection& connection, NamePattern const& name, std::string const& stream,
                    Wait const& wait) {
    std::vector<Result> const answers = connection.run(
        "SELECT c.relkind, pg_catalog.has_table_privilege(c.oid, 'SELECT')"
        " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'),"
        " pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),"
        " pg_catalog.has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE')"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = " +
            literal(name.schema.text) + "::text AND c.relname = " + literal(name.table.text) +
            "::text",
        wait);
    if (answers.empty() || answers[0].rows() == 0) throw not_found(stream, connection.settings());
    char const kind = answers[0].value(0, 0)[0];
    bool const can_be = kind == 'r' || kind == 'p' || kind == 'v';
    return {kind, can_be && answers[0].flag(0, 1), answers[0].flag(0, 2), answers[0].flag(0, 3)};
}

void check_readable(Table const& table, Settings const& settings) {
    if (!table.schema_usable) throw privilege_failure(settings, table.subject(), true, {});
    if (!table.readable) throw privilege_failure(settings, table.subject(), false, {});
    if (table.row_security) throw row_security_failure(settings, table.subject());
    if (table.fields.empty())
        throw Error{WEIR_E_UNSUPPORTED, table.stream() + " has no columns"}.coded(
            "postgres.no_columns");
}

}  // namespace

Snapshot begin_read(Connection& connection, std::string_view stream, Wait const& wait) {
    std::string const asked{stream};
    std::optional<NamePattern> const name = parse_name(stream, connection.settings().schema());
    if (!name || !name->exact()) throw not_found(asked, connection.settings());
    Preview const preview = look_before(connection, *name, asked, wait);
    std::string const table = qualified(name->schema.text, name->table.text);
    std::string sql = begin_sql;
    // Before the snapshot: a table rewritten in between would look empty to it.
    if (preview.lockable) sql += "LOCK TABLE " + table + " IN ACCESS SHARE MODE;";
    sql +=
        "SELECT (extract(epoch FROM pg_catalog.now()) * 1000000)::bigint,"
        " pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())";
    sql += preview.tells_system ? ", (SELECT system_identifier FROM pg_catalog.pg_control_system())"
                                : ", NULL";
    sql += preview.tells_timeline ? ", (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint())"
                                  : ", NULL";
    sql += ";" + describe_sql(name);
    std::vector<Result> const answers =
        connection.run(sql, wait, {asked, name->schema.text, name->table.text});
    if (answers.size() != 1 + describe_answers)
        throw Error{WEIR_E_INTERNAL, "the server left a statement without an answer"};
    std::vector<Table> tables = read_tables(answers[1], answers[2], answers[3]);
    if (tables.empty()) throw not_found(asked, connection.settings());
    Snapshot snapshot;
    snapshot.table = std::move(tables[0]);
    snapshot.server_us = answers[0].number(0, 0);
    snapshot.xmin = answers[0].text(0, 1);
    if (!answers[0].null(0, 2)) snapshot.origin.system = answers[0].text(0, 2);
    if (!answers[0].null(0, 3)) snapshot.origin.timeline = answers[0].number(0, 3);
    check_readable(snapshot.table, connection.settings());
    return snapshot;
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
