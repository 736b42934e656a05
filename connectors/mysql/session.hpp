#pragma once

#include <string_view>

#include "catalog.hpp"
#include "connection.hpp"
#include "position.hpp"

namespace weir::mysql {

/// What holds of one read-only snapshot: taken once, before anything is read in it.
struct Snapshot {
    Table table;
    Origin origin;
    std::int64_t server_us = 0;  ///< the server's clock at its begin
    bool hides_fields = false;   ///< the table has fields that this user may not read, or see
};

/// Begins the transaction of one read on `connection` and describes the table that `stream` names,
/// under a lock that keeps the table as it is. Throws sorted errors: no such stream, no privilege.
Snapshot begin_read(Connection& connection, std::string_view stream, Wait const& wait);

/// The same in the transaction that another read began on `connection`: a table that was altered
/// since is refused when it is read.
Snapshot join_read(Connection& connection, std::string_view stream, Wait const& wait);

/// Begins another transaction for the read that `before` began, which was committed since. Throws
/// E_IO `source.fields_changed` when the table is not as it was.
void begin_again(Connection& connection, Snapshot const& before, Wait const& wait);

}  // namespace weir::mysql
