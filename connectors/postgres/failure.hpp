#pragma once

#include <libpq-fe.h>

#include <string>
#include <string_view>
#include <weir/cpp/error.hpp>

#include "settings.hpp"

// What PostgreSQL and libpq refuse, sorted by whose move it is:
//
//   postgres.unknown_host unreachable connect_timeout connection_lost starting     time may cure it
//   postgres.tls no_database too_many_connections resources                        the server's
//   postgres.login_refused privilege row_security                                  E_AUTH
//   source.stream_not_found field_not_found key_unsuitable                         a person's
namespace weir::postgres {

/// What was being read when something went wrong; for messages.
struct Subject {
    std::string stream;  ///< as the user writes it; empty: none in particular
    std::string schema, table;
};

/// Why no session came about. `said` is what libpq says, at verbosity VERBOSE.
Error connect_failure(Settings const& settings, std::string_view said);

/// No answer within `ms`.
Error connect_timeout(Settings const& settings, std::int64_t ms);

/// Why a statement failed; of `result`, or of `connection` when the session is gone.
Error statement_failure(Settings const& settings, PGconn* connection, PGresult const* result,
                        Subject const& subject);

/// The user may not use the schema, or not select from the table. `said` by the server, or empty.
Error privilege_failure(Settings const& settings, Subject const& subject, bool schema,
                        std::string_view said);

/// Row security keeps rows from the user.
Error row_security_failure(Settings const& settings, Subject const& subject);

/// What grants the right to read `subject`, to be typed in psql.
std::string grant_select(Settings const& settings, Subject const& subject);

/// The session ended while it was needed.
Error connection_lost(Settings const& settings, std::string_view said);

}  // namespace weir::postgres
