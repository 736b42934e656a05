#pragma once

#include <string>
#include <string_view>
#include <weir/cpp/error.hpp>

#include "settings.hpp"

// What MariaDB, MySQL and libmariadb refuse, sorted by whose move it is:
//
//   mysql.unknown_host unreachable connect_timeout connection_lost       time may cure it
//   mysql.tls no_database too_many_connections cancelled locked failed   the server's
//   mysql.login_refused privilege                                        E_AUTH
//   source.stream_not_found field_not_found                              a person's
namespace weir::mysql {

/// What was being read when something went wrong; for messages.
struct Subject {
    std::string stream;  ///< as the user writes it; empty: none in particular
    std::string database, table;
};

/// What the library keeps of a failure.
struct Said {
    unsigned number = 0;  ///< ER_… of the server, CR_… of the library
    std::string sqlstate, text;
};

/// Why no session came about.
Error connect_failure(Settings const& settings, Said said);

/// No answer within the time for connecting.
Error connect_timeout(Settings const& settings);

/// Whether the number says that the session is over.
bool is_gone(unsigned number);

/// Why a statement failed.
Error statement_failure(Settings const& settings, Said said, Subject const& subject);

/// The user may not select from the table. `said` by the server, or empty.
Error privilege_failure(Settings const& settings, Subject const& subject, std::string_view said);

/// There is no stream of that name.
Error not_found(Settings const& settings, std::string const& stream);

/// What grants the right to read `subject`.
std::string grant_select(Settings const& settings, Subject const& subject);

/// The session ended while it was needed.
Error connection_lost(Settings const& settings, std::string_view said);

}  // namespace weir::mysql
