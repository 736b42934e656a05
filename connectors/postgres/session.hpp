#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog.hpp"
#include "connection.hpp"
#include "position.hpp"

namespace weir::postgres {

/// What holds of one read-only snapshot: taken once, before anything is read in it.
struct Snapshot {
    Table table;
    Origin origin;
    std::int64_t server_us = 0;  ///< the server's clock at its begin
    std::string xmin;            ///< no transaction below it was open
};

/// Begins the transaction of one read on `connection` and describes the table that `stream` names,
/// in its snapshot and under a lock that keeps the table as it is. Throws sorted errors: no such
/// stream, no privilege, row security.
///
/// `known` is what discover() told of the relation, and saves a round trip while it holds.
///
/// Settings are local to the transaction, so that a pooler may lend the session to others after it.
Snapshot begin_read(Connection& connection, std::string_view stream,
                    std::optional<Preview> const& known, Wait const& wait);

/// Makes the operators of these columns' types known, where the search path does not.
void widen_search_path(Connection& connection, std::vector<SourceField const*> const& fields,
                       Wait const& wait);

}  // namespace weir::postgres
