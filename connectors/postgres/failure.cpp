#include "failure.hpp"

#include "names.hpp"

namespace weir::postgres {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// One line of what a library says, without its layers: "connection to server at …, failed: ".
std::string first_line(std::string_view said) {
    std::string_view line = said.substr(0, said.find('\n'));
    for (std::string_view intro : {"failed: ", "FATAL:  ", "ERROR:  ", "error: "})
        if (std::size_t const at = line.find(intro); at != line.npos)
            line = line.substr(at + intro.size());
    while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.remove_suffix(1);
    return std::string{line};
}

/// "FATAL:  28P01: password …" -> "28P01"; empty when the server said nothing.
std::string sqlstate_of(std::string_view said) {
    for (std::string_view intro : {"FATAL:  ", "ERROR:  ", "PANIC:  "}) {
        std::size_t const at = said.find(intro);
        if (at == said.npos || said.size() < at + intro.size() + 6) continue;
        std::string_view const state = said.substr(at + intro.size(), 5);
        bool plain = said[at + intro.size() + 5] == ':';
        for (char c : state) plain = plain && ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'));
        if (plain) return std::string{state};
    }
    return {};
}

std::string without_state(std::string line, std::string const& state) {
    if (!state.empty() && line.starts_with(state + ": ")) line.erase(0, state.size() + 2);
    return line;
}

Error login_refused(Settings const& settings, std::string const& said) {
    Error error{WEIR_E_AUTH, "the server at " + settings.address() + " refuses the login of \"" +
                                 settings.user() + "\": " + said};
    return std::move(error)
        .coded("postgres.login_refused")
        .suggest("check the user and the password in the URL, or PGPASSWORD");
}

Error no_database(Settings const& settings) {
    Error error{WEIR_E_IO, "the server at " + settings.address() + " has no database \"" +
                               settings.database() + "\": check the last part of the URL"};
    return std::move(error).for_good().coded("postgres.no_database");
}

Error tls_failure(Settings const& settings, std::string const& said) {
    Error error{WEIR_E_IO, "no TLS session with " + settings.address() + ": " + said};
    std::string remedy =
        settings.tls_by_default()
            ? "add ?sslrootcert=FILE with the server's CA, or ?sslmode=require for encryption "
              "without proof, ?sslmode=disable for none"
            : "check sslmode and sslrootcert in the URL; a CA without a mode means verify-full";
    return std::move(error).for_good().coded("postgres.tls").suggest(std::move(remedy));
}

Error too_many(Settings const& settings, std::string const& said) {
    Error error{WEIR_E_BUSY,
                "the server at " + settings.address() + " takes no more sessions: " + said};
    return std::move(error).coded("postgres.too_many_connections");
}

Error no_connect_privilege(Settings const& settings, std::string const& said) {
    Error error{WEIR_E_AUTH, "\"" + settings.user() + "\" may not connect to the database \"" +
                                 settings.database() + "\": " + said};
    return std::move(error)
        .coded("postgres.privilege")
        .suggest("GRANT CONNECT ON DATABASE " + short_identifier(settings.database()) + " TO " +
                 short_identifier(settings.user()));
}

/// What the server itself said to a login.
Error refusal(Settings const& settings, std::string const& state, std::string const& said) {
    if (state == "3D000" || has(said, "no such database")) return no_database(settings);
    if (settings.says("options") && (state == "42704" || state == "42601" || state == "22023"))
        return Error{WEIR_E_CONFIG,
                     "the server at " + settings.address() + " refuses an option: " + said}
            .coded("postgres.bad_url")
            .suggest("check options in the URL, or PGOPTIONS");
    if (state == "42501") return no_connect_privilege(settings, said);
    if (state.starts_with("53")) return too_many(settings, said);
    // A pooler says 08P01 to everything.
    if (state.starts_with("28") || has(said, "authentication failed") || has(said, "auth failed"))
        return login_refused(settings, said);
    Error error{WEIR_E_IO,
                "the server at " + settings.address() + " takes no session now: " + said};
    if (state == "57P03")
        return std::move(error).coded("postgres.starting").suggest("run again once it is up");
    return std::move(error).coded("postgres.unreachable");
}

}  // namespace

Error connect_failure(Settings const& settings, std::string_view message) {
    std::string const clean = settings.scrub(std::string{message});
    std::string const state = sqlstate_of(clean);
    std::string const said = without_state(first_line(clean), state);
    auto stated = [&state](Error error) {
        error.sqlstate = state;
        return error;
    };
    if (has(clean, "no password supplied")) return login_refused(settings, "no password was given");
    if (!state.empty()) return stated(refusal(settings, state, said));
    if (has(clean, "could not translate host name"))
        return Error{WEIR_E_IO, "the host of " + settings.address() + " is not known: " + said}
            .coded("postgres.unknown_host")
            .suggest("check the host name in the URL");
    if (settings.says("service") && has(said, "service"))
        return Error{WEIR_E_CONFIG, "the service that the URL or PGSERVICE names is not there: " +
                                        said}
            .coded("postgres.bad_url")
            .suggest("check ~/.pg_service.conf, or the file that PGSERVICEFILE names");
    // What libpq finds wrong in the URL before it calls anybody: invalid sslmode value: "maybe"
    if (said.starts_with("invalid ") && has(said, " value"))
        return Error{WEIR_E_CONFIG, "the URL of " + settings.address() + " is wrong: " + said}
            .coded("postgres.bad_url");
    if (has(clean, "SSL") || has(clean, "certificate")) return tls_failure(settings, said);
    if (has(clean, "authentication")) return login_refused(settings, said);
    return Error{WEIR_E_IO, "no PostgreSQL answers at " + settings.address() + ": " + said}
        .coded("postgres.unreachable")
        .suggest("check host and port, and that the server runs");
}

Error connect_timeout(Settings const& settings, std::int64_t ms) {
    return Error{WEIR_E_TIMEOUT, "the server at " + settings.address() + " did not answer within " +
                                     std::to_string(ms / 1000) + " s"}
        .coded("postgres.connect_timeout")
        .suggest("check host, port and firewall, or give it longer: ?connect_timeout=30");
}

Error connection_lost(Settings const& settings, std::string_view said) {
    std::string line = first_line(settings.scrub(std::string{said}));
    if (line.empty()) line = "the connection is closed";
    return Error{WEIR_E_IO, "the session with " + settings.address() + " ended: " + line}.coded(
        "postgres.connection_lost");
}

std::string grant_select(Settings const& settings, Subject const& subject) {
    return "GRANT SELECT ON " + short_identifier(subject.schema) + "." +
           short_identifier(subject.table) + " TO " + short_identifier(settings.user());
}

Error privilege_failure(Settings const& settings, Subject const& subject, bool schema,
                        std::string_view said) {
    Error error{WEIR_E_AUTH, "\"" + settings.user() + "\" may not read " +
                                 (subject.stream.empty() ? "the catalog" : subject.stream)};
    if (!said.empty()) error.message += ": " + std::string{said};
    std::string remedy;
    if (schema)
        remedy = "GRANT USAGE ON SCHEMA " + short_identifier(subject.schema) + " TO " +
                 short_identifier(settings.user());
    else if (!subject.stream.empty())
        remedy = grant_select(settings, subject);
    return std::move(error).coded("postgres.privilege").suggest(std::move(remedy));
}

Error row_security_failure(Settings const& settings, Subject const& subject) {
    return Error{WEIR_E_AUTH, "row security hides rows of " + subject.stream + " from \"" +
                                  settings.user() + "\", so a copy would not be whole"}
        .coded("postgres.row_security")
        .suggest("ALTER ROLE " + short_identifier(settings.user()) + " BYPASSRLS");
}

namespace {

struct Said {
    std::string state, text;
};

/// A read has no limit of ours; what comes before it has the one of the role or the database.
Error cancelled(Settings const& settings, std::string const& said, Subject const& subject) {
    Error error{WEIR_E_TIMEOUT, subject.stream.empty()
                                    ? "the server cancelled a look at its catalog: " + said
                                    : "the server cancelled the read of " + subject.stream + ": " +
                                          said};
    std::string remedy;
    if (has(said, "statement timeout"))
        remedy =
            "ALTER ROLE " + short_identifier(settings.user()) + " SET statement_timeout = '1min'";
    return std::move(error).coded("postgres.cancelled").suggest(std::move(remedy));
}

Error of_state(Settings const& settings, Said const& said, Subject const& subject) {
    std::string const& state = said.state;
    std::string const about =
        subject.stream.empty() ? said.text : subject.stream + ": " + said.text;
    auto is = [&state](std::string_view start) { return state.starts_with(start); };
    if (state == "42501" && has(said.text, "row-level security"))
        return row_security_failure(settings, subject);
    if (state == "42501")
        return privilege_failure(settings, subject, has(said.text, "for schema"), said.text);
    if (state == "42P01" || state == "3F000")
        return Error{WEIR_E_NOT_FOUND, "there is no " + about, "stream"}.coded(
            "source.stream_not_found");
    if (state == "42703") return Error{WEIR_E_NOT_FOUND, about}.coded("source.field_not_found");
    if (state == "42883" || state == "42704" || state == "42P18")
        return Error{WEIR_E_CONFIG, about + "; a key needs types that the server can sort"}.coded(
            "source.key_unsuitable");
    if (state == "57014") return cancelled(settings, said.text, subject);
    if (is("57") || is("08")) return connection_lost(settings, said.text);
    if (state == "40001" || is("40"))
        return Error{WEIR_E_IO, "the server broke off the read of " + about}
            .coded("postgres.conflict")
            .suggest("run again: it goes on from the last commit");
    if (state == "55P03")
        return Error{WEIR_E_BUSY, about}
            .coded("postgres.locked")
            .suggest("run again when the lock is gone; pg_locks tells who holds it");
    if (is("55"))
        return Error{WEIR_E_CONFLICT, about}
            .coded("postgres.not_ready")
            .suggest("a materialized view is filled by REFRESH MATERIALIZED VIEW");
    if (is("53"))
        return Error{WEIR_E_IO, about}
            .coded("postgres.resources")
            .suggest("make room on the server: disk, memory or sessions are used up");
    if (state == "22021" || state == "22P05")
        return Error{WEIR_E_DATA, "a text cannot be read as UTF-8 in " + about}.coded(
            "postgres.bad_text");
    if (is("22"))
        return Error{WEIR_E_DATA, "cannot read " + about}
            .coded("postgres.data")
            .suggest("correct the row, or leave the field out with --fields");
    if (is("42") || is("0A")) return Error{WEIR_E_UNSUPPORTED, about}.coded("postgres.refused");
    return Error{WEIR_E_IO, "the server ended the read of " + about}
        .coded("postgres.failed")
        .suggest("the log of the server may tell more");
}

}  // namespace

Error statement_failure(Settings const& settings, PGconn* connection, PGresult const* result,
                        Subject const& subject) {
    auto field = [result](int code) {
        char const* const text = result ? PQresultErrorField(result, code) : nullptr;
        return std::string{text ? text : ""};
    };
    Said const said{field(PG_DIAG_SQLSTATE), field(PG_DIAG_MESSAGE_PRIMARY)};
    if (said.state.empty()) return connection_lost(settings, PQerrorMessage(connection));
    Error error = of_state(settings, said, subject);
    error.sqlstate = said.state;
    return error;
}

}  // namespace weir::postgres
