#include "failure.hpp"

#include <errmsg.h>
#include <mysqld_error.h>

#include "names.hpp"

namespace weir::mysql {
namespace {

// Of MySQL 8, which these headers do not know.
constexpr unsigned er_query_timeout = 3024;

Error sorted(Error error, Said const& said) {
    error.sqlstate = said.sqlstate;
    error.native_code = static_cast<std::int32_t>(said.number);
    return error;
}

Error login_refused(Settings const& settings, std::string const& said) {
    return Error{WEIR_E_AUTH, "the server at " + settings.address() + " refuses the login of \"" +
                                  settings.user() + "\": " + said}
        .coded("mysql.login_refused")
        .suggest("check the user and the password in the URL, or MYSQL_PWD");
}

Error no_database(Settings const& settings) {
    return Error{WEIR_E_IO, "the server at " + settings.address() + " has no database \"" +
                                settings.database() + "\": check the last part of the URL"}
        .for_good()
        .coded("mysql.no_database");
}

Error tls_failure(Settings const& settings, std::string const& said) {
    std::string remedy =
        settings.tls_by_default()
            ? "add ?sslrootcert=FILE with the server's CA, or ?sslmode=require for encryption "
              "without proof, ?sslmode=disable for none"
            : "check sslmode and sslrootcert in the URL; a CA without a mode means verify-full";
    return Error{WEIR_E_IO, "no TLS session with " + settings.address() + ": " + said}
        .for_good()
        .coded("mysql.tls")
        .suggest(std::move(remedy));
}

Error too_many(Settings const& settings, std::string const& said) {
    return Error{WEIR_E_BUSY, "the server at " + settings.address() +
                                  " takes no more sessions: " + said}
        .coded("mysql.too_many_connections");
}

Error no_right_to_database(Settings const& settings, std::string const& said) {
    return Error{WEIR_E_AUTH, "\"" + settings.user() + "\" may not use the database \"" +
                                  settings.database() + "\": " + said}
        .coded("mysql.privilege")
        .suggest("GRANT SELECT ON " + identifier(settings.database()) + ".* TO " +
                 literal(settings.user()));
}

Error refused_connect(Settings const& settings, Said const& said) {
    switch (said.number) {
        case ER_ACCESS_DENIED_ERROR:
        case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
        case ER_HOST_NOT_PRIVILEGED:
        case ER_HOST_IS_BLOCKED:
        case CR_AUTH_PLUGIN_CANNOT_LOAD: return login_refused(settings, said.text);
        case ER_DBACCESS_DENIED_ERROR: return no_right_to_database(settings, said.text);
        case ER_BAD_DB_ERROR: return no_database(settings);
        case ER_CON_COUNT_ERROR:
        case ER_TOO_MANY_USER_CONNECTIONS:
        case ER_USER_LIMIT_REACHED: return too_many(settings, said.text);
        case CR_SSL_CONNECTION_ERROR: return tls_failure(settings, said.text);
        case CR_UNKNOWN_HOST:
            return Error{WEIR_E_IO,
                         "the host of " + settings.address() + " is not known: " + said.text}
                .coded("mysql.unknown_host")
                .suggest("check the host name in the URL");
        default:
            return Error{WEIR_E_IO, "no MariaDB or MySQL answers at " + settings.address() + ": " +
                                        said.text}
                .coded("mysql.unreachable")
                .suggest("check host and port, and that the server runs");
    }
}

Error refused_statement(Settings const& settings, Said const& said, Subject const& subject) {
    std::string const about =
        subject.stream.empty() ? said.text : subject.stream + ": " + said.text;
    switch (said.number) {
        case ER_NO_SUCH_TABLE:
        case ER_BAD_DB_ERROR:
        case ER_NO_SUCH_TABLE_IN_ENGINE:
            if (!subject.stream.empty()) return not_found(settings, subject.stream);
            break;
        case ER_BAD_FIELD_ERROR:
            return Error{WEIR_E_NOT_FOUND, about}.coded("source.field_not_found");
        case ER_TABLEACCESS_DENIED_ERROR:
        case ER_COLUMNACCESS_DENIED_ERROR:
        case ER_DBACCESS_DENIED_ERROR:
        case ER_SPECIFIC_ACCESS_DENIED_ERROR:
        case ER_ACCESS_DENIED_ERROR: return privilege_failure(settings, subject, said.text);
        case ER_QUERY_INTERRUPTED:
        case ER_STATEMENT_TIMEOUT:
        case er_query_timeout:
            return Error{WEIR_E_TIMEOUT, "the server cancelled the read of " + about}
                .coded("mysql.cancelled")
                .suggest("raise max_statement_time for this user, or see who ended it");
        case ER_LOCK_WAIT_TIMEOUT:
        case ER_LOCK_DEADLOCK:
            return Error{WEIR_E_BUSY, about}
                .coded("mysql.locked")
                .suggest("run again when the lock is gone; SHOW PROCESSLIST tells who holds it");
        default: break;
    }
    return Error{WEIR_E_IO, "the server ended the read of " + about}
        .coded("mysql.failed")
        .suggest("the log of the server may tell more");
}

}  // namespace

bool is_gone(unsigned number) {
    switch (number) {
        case CR_SERVER_GONE_ERROR:
        case CR_SERVER_LOST:
        case CR_SERVER_LOST_EXTENDED:
        case CR_MALFORMED_PACKET:
        case CR_COMMANDS_OUT_OF_SYNC:
        case CR_SSL_CONNECTION_ERROR:
        case ER_SERVER_SHUTDOWN:
        case ER_CONNECTION_KILLED:
        case ER_NET_READ_ERROR:
        case ER_NET_READ_INTERRUPTED:
        case ER_NET_ERROR_ON_WRITE:
        case ER_NET_WRITE_INTERRUPTED: return true;
        default: return false;
    }
}

Error connect_failure(Settings const& settings, Said said) {
    said.text = settings.scrub(std::move(said.text));
    return sorted(refused_connect(settings, said), said);
}

Error connect_timeout(Settings const& settings) {
    return Error{WEIR_E_TIMEOUT,
                 "the server at " + settings.address() + " did not answer within " +
                     std::to_string(settings.connect_timeout_ms() / 1000) + " s"}
        .coded("mysql.connect_timeout")
        .suggest("check host, port and firewall, or give it longer: ?connect_timeout=30");
}

Error connection_lost(Settings const& settings, std::string_view said) {
    std::string line = settings.scrub(std::string{said});
    if (line.empty()) line = "the connection is closed";
    return Error{WEIR_E_IO, "the session with " + settings.address() + " ended: " + line}.coded(
        "mysql.connection_lost");
}

Error statement_failure(Settings const& settings, Said said, Subject const& subject) {
    said.text = settings.scrub(std::move(said.text));
    if (said.number == 0 || is_gone(said.number))
        return sorted(connection_lost(settings, said.text), said);
    return sorted(refused_statement(settings, said, subject), said);
}

std::string grant_select(Settings const& settings, Subject const& subject) {
    return "GRANT SELECT ON " + qualified(subject.database, subject.table) + " TO " +
           literal(settings.user());
}

Error privilege_failure(Settings const& settings, Subject const& subject, std::string_view said) {
    Error error{WEIR_E_AUTH, "\"" + settings.user() + "\" may not read " +
                                 (subject.stream.empty() ? "the catalog" : subject.stream)};
    if (!said.empty()) error.message += ": " + std::string{said};
    std::string remedy;
    if (!subject.table.empty()) remedy = grant_select(settings, subject);
    return std::move(error).coded("mysql.privilege").suggest(std::move(remedy));
}

Error not_found(Settings const& settings, std::string const& stream) {
    std::string place;
    if (!settings.database().empty())
        place = " (a bare name lies in \"" + settings.database() + "\")";
    else if (stream.find('.') == std::string::npos)
        place = ": write database.table, or name a database in the URL";
    return Error{WEIR_E_NOT_FOUND,
                 "there is no stream " + stream + " at " + settings.address() + place, "stream"}
        .coded("source.stream_not_found")
        .suggest("weir discover " + settings.url());
}

}  // namespace weir::mysql
