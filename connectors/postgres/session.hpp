#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog.hpp"
#include "connection.hpp"
#include "position.hpp"

namespace weir::postgres {

/// What one statement after another sees of the database.
enum class View : std::uint8_t {
    one,   ///< all the same
    later  ///< each what was committed before it: a COPY can come behind a fence
};

/// What was found at the begin of a read-only transaction, before anything is read in it.
struct Snapshot {
    Table table;
    Origin origin;
    std::int64_t server_us = 0;  ///< the server's clock at its begin
    std::optional<std::int64_t> toast_bytes;  ///< of values that lie outside of rows; if known
    std::string xmin;            ///< no transaction below it was open
    std::string transaction;     ///< the virtual one of the read; empty: not told
    std::string exported;        ///< what others get the same snapshot by; empty: not asked for
};

/// Which snapshot a read of View::one takes. A value.
struct Sharing {
    bool exports = false;  ///< its own, which others may take too as long as the transaction stands
    std::string taken = {};  ///< that of another; empty: its own
    /// The lock is waited for no longer: whoever stands before it may wait for that other, or for
    /// one that was opened beside it, and the server sees no circle. 0: as long as it takes.
    int lock_ms = 0;
};

/// Begins the transaction of one read on `connection` and describes the table that `stream` names,
/// in its snapshot and under a lock that keeps the table as it is. Throws sorted errors: no such
/// stream, no privilege, row security.
///
/// `known` is what discover() told of the relation, and saves a round trip while it holds.
///
/// A snapshot that is taken from another is older than the lock. E_IO `source.snapshot_lost`: that
/// other is gone, or had better go, since somebody who waits for it holds up this read;
/// `postgres.rewritten`: the table was replaced since.
///
/// Settings are local to the transaction, so that a pooler may lend the session to others after it.
Snapshot begin_read(Connection& connection, std::string_view stream, View view,
                    std::optional<Preview> const& known, Sharing const& sharing,
                    Wait const& wait);

/// Begins another transaction of View::later for the read that `before` began, which was committed
/// since; answers the virtual one. Throws E_IO `source.fields_changed` when the table is not as
/// it was.
std::string begin_again(Connection& connection, Snapshot const& before, Wait const& wait);

/// Makes the operators of these columns' types known, where the search path does not.
void widen_search_path(Connection& connection, std::vector<SourceField const*> const& fields,
                       Wait const& wait);

}  // namespace weir::postgres
