#include "refusal.hpp"

#include <charconv>

#include "connectors/postgres/names.hpp"

namespace weir::postgres {
namespace {

std::string said(Result const& failed, int field) {
    char const* const text = PQresultErrorField(failed.get(), field);
    return text ? text : "";
}

bool is(std::string const& state, std::string_view start) { return state.starts_with(start); }

char const* row_code(std::string const& state) {
    if (state == "23505") return "postgres.unique";
    if (state == "23502") return "postgres.not_null";
    if (state == "23514") return "postgres.check";
    if (state == "23503") return "postgres.foreign_key";
    if (is(state, "23")) return "postgres.constraint";
    if (is(state, "P0")) return "postgres.trigger";
    if (is(state, "54")) return "postgres.row_too_big";
    return "postgres.value";
}

Error privilege(Settings const& settings, std::string const& text, Place const& place) {
    std::string const user = short_identifier(settings.user());
    std::string const schema = short_identifier(place.schema);
    std::string const table = schema + "." + short_identifier(place.table);
    bool const of_schema = text.find("for schema") != text.npos;
    std::string const grant =
        of_schema ? "GRANT USAGE, CREATE ON SCHEMA " + schema + " TO " + user
                  : "GRANT SELECT, INSERT, UPDATE, DELETE ON " + table + " TO " + user;
    return Error{WEIR_E_AUTH, "\"" + settings.user() + "\" may not write " + table + ": " + text}
        .coded("postgres.privilege")
        .suggest(grant);
}

Error sorted(Settings const& settings, std::string const& state, std::string const& text,
             Place const& place) {
    std::string const about = place.table + ": " + text;
    if (state == "42501") return privilege(settings, text, place);
    if (state == "3F000")
        return Error{WEIR_E_NOT_FOUND, "there is no schema \"" + place.schema +
                                           "\" in the database \"" + settings.database() + "\""}
            .coded("postgres.no_schema")
            .suggest("CREATE SCHEMA " + short_identifier(place.schema));
    if (state == "25006")
        return Error{WEIR_E_UNSUPPORTED,
                     "the server at " + settings.address() + " takes no writes: " + text}
            .coded("postgres.read_only");
    if (state == "42P01")
        return Error{WEIR_E_CONFLICT, "table " + place.table +
                                          " was dropped while it was copied into; run again to "
                                          "read everything from the beginning"}
            .coded("postgres.target_replaced");
    if (state == "42703")
        return Error{WEIR_E_SCHEMA, "table " + place.table +
                                        " was changed while it was copied into: " + text +
                                        "; the position is kept"}
            .coded("postgres.column_missing")
            .suggest("run it again, which says what to do");
    if (state == "57014") return Error{WEIR_E_TIMEOUT, about}.coded("postgres.cancelled");
    if (is(state, "40")) return Error{WEIR_E_IO, about}.coded("postgres.conflict");
    if (state == "55P03") return Error{WEIR_E_BUSY, about}.coded("postgres.locked");
    if (is(state, "53")) return Error{WEIR_E_IO, about}.coded("postgres.resources");
    if (is(state, "42") || is(state, "0A") || is(state, "55"))
        return Error{WEIR_E_UNSUPPORTED, about}.coded("postgres.refused");
    return Error{WEIR_E_IO, about}.coded("postgres.failed");
}

}  // namespace

std::string sqlstate_of(Result const& failed) { return said(failed, PG_DIAG_SQLSTATE); }

std::string message_of(Result const& failed) { return said(failed, PG_DIAG_MESSAGE_PRIMARY); }

bool is_about_row(std::string const& state) {
    // 22: values; 23: constraints; 21: a key twice in one statement; 44: WITH CHECK OPTION; 54: too
    // large; P0: raised by a trigger.
    return is(state, "22") || is(state, "23") || is(state, "21") || is(state, "44") ||
           is(state, "54") || is(state, "P0");
}

bool may_wait(std::string const& state) {
    return state == "23505" || state == "23P01" || state == "23503";
}

std::optional<std::int64_t> line_of(Result const& failed) {
    // "COPY users, line 7, column name": the words are of the server's language.
    std::string const context = said(failed, PG_DIAG_CONTEXT);
    if (!context.starts_with("COPY ")) return std::nullopt;
    std::size_t at = context.find(", ");
    at = at == context.npos ? at : context.find_first_of("0123456789", at);
    if (at == context.npos) return std::nullopt;
    std::int64_t line = 0;
    std::from_chars(context.data() + at, context.data() + context.size(), line);
    return line > 0 ? std::optional{line} : std::nullopt;
}

Error row_refusal(Settings const& settings, Result const& failed, std::string const& row,
                  std::string const& table) {
    std::string const state = sqlstate_of(failed), detail = said(failed, PG_DIAG_MESSAGE_DETAIL);
    Error error{WEIR_E_DATA,
                settings.scrub(row + " was refused by " + table + ": " + message_of(failed) +
                               (detail.empty() ? "" : " (" + detail + ")")),
                said(failed, PG_DIAG_COLUMN_NAME)};
    error.sqlstate = state;
    bool const is_nul = state == "22021" && message_of(failed).find("0x00") != std::string::npos;
    bool const is_escaped_nul = state == "22P05";
    if (is_nul || is_escaped_nul)
        error.suggestion = "?nul=strip in the URL of the target takes such characters out";
    return std::move(error).coded(row_code(state));
}

Error write_failure(Connection& connection, Result const& failed, Place const& place) {
    Settings const& settings = connection.settings();
    std::string const state = sqlstate_of(failed);
    bool const is_gone = state.empty() || is(state, "08") || (is(state, "57") && state != "57014");
    Error error = is_gone ? connection_lost(settings, state.empty() ? connection.said()
                                                                    : message_of(failed))
                          : sorted(settings, state, settings.scrub(message_of(failed)), place);
    error.sqlstate = state;
    error.message = settings.scrub(std::move(error.message));
    return error;
}

Error fenced(std::string const& table) {
    return Error{WEIR_E_FENCED, "a newer run of the same copy has taken over " + table +
                                    "; this one stops and leaves the rest to it"}
        .coded("sink.fenced");
}

}  // namespace weir::postgres
