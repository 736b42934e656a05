#include "session.hpp"

#include <mysqld_error.h>

#include <optional>

namespace weir::mysql {
namespace {

void read_origin(Connection& connection, Snapshot& snapshot, Wait const& wait) {
    std::string const who =
        connection.is_mariadb() ? "@@server_id, @@gtid_domain_id" : "@@server_uuid, NULL";
    Answer const answer = connection.run(
        "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED), " + who, wait);
    snapshot.server_us = answer.number(0, 0);
    snapshot.origin.server = answer.text(0, 1);
    if (!answer.null(0, 2)) snapshot.origin.domain = answer.text(0, 2);
}

/// Looks into the table, and answers whether there are fields that one may not read: the catalog is
/// silent about them.
bool hides_fields(Connection& connection, Subject const& subject, Wait const& wait) {
    std::string const from =
        " FROM " + qualified(subject.database, subject.table) + " AS t LIMIT 0";
    std::optional<Said> const refused = connection.execute("SELECT *" + from, wait);
    if (!refused) return false;
    connection.run("SELECT 1" + from, wait, subject);
    return refused->number == ER_TABLEACCESS_DENIED_ERROR ||
           refused->number == ER_COLUMNACCESS_DENIED_ERROR;
}

Subject subject_of(Settings const& settings, std::string_view stream) {
    std::string const asked{stream};
    std::optional<NamePattern> const name = parse_name(stream, settings.database());
    if (!name || !name->exact()) throw not_found(settings, asked);
    return {asked, name->database.text, name->table.text};
}

}  // namespace

Snapshot begin_read(Connection& connection, std::string_view stream, Wait const& wait) {
    subject_of(connection.settings(), stream);  // refused before anything is begun
    connection.run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", wait);
    return join_read(connection, stream, wait);
}

Snapshot join_read(Connection& connection, std::string_view stream, Wait const& wait) {
    Settings const& settings = connection.settings();
    Subject const subject = subject_of(settings, stream);
    // Takes the lock on the table's definition, which the transaction keeps: what the catalog says
    // then holds until its end. A table that was altered in between is refused by InnoDB.
    Snapshot snapshot;
    snapshot.hides_fields = hides_fields(connection, subject, wait);
    read_origin(connection, snapshot, wait);
    std::vector<Table> tables =
        read_tables(connection, parse_name(stream, settings.database()), wait);
    if (tables.empty()) throw not_found(settings, subject.stream);
    snapshot.table = std::move(tables[0]);
    settings.overrides().apply(snapshot.table);
    if (!snapshot.table.is_readable()) throw privilege_failure(settings, subject, {});
    return snapshot;
}

void begin_again(Connection& connection, Snapshot const& before, Wait const& wait) {
    Table const& table = before.table;
    Snapshot const now = begin_read(connection, table.stream(), wait);
    if (now.table.fields != table.fields || now.table.indexes != table.indexes)
        throw Error{WEIR_E_IO, table.stream() + " was changed while it was waited for its writers",
                    table.stream()}
            .coded("source.fields_changed")
            .suggest("run it again");
}

}  // namespace weir::mysql
