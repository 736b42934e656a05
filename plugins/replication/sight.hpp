#pragma once

#include "finding.hpp"

namespace weir::replication {

/// What a source said of the streams that a job reads.
struct Catalog {
    /// As discover tells each of them: {"stream","keys","fields","tracking","cursors","caveats"}.
    Json streams = Json::array();
    /// Those it does not have, and the nearest name: [{"stream","suggestion"}].
    Json missing = Json::array();
    Json error;  ///< {"code","message"}: why it could not be asked; null: it was
};

/// What a job sees of its source and what it does not:
///   {"asked":true, "sees":{"inserts","updates","deletes"},
///    "guarantee":"settled | lookback 10m | snapshot | unproven", "warnings":[{"code","detail",
///    "suggestion"?}]}
/// `asked`: all of its streams were looked at.
/// Fields that the catalog does not have, a cursor that cannot be one or is none of the type that
/// the job says, and a subset without the key are findings, at their places in the native document.
/// A stream that is not there is a warning: it may come before the job is due.
Json sight_of(Json const& job, Catalog const& catalog, Findings& findings);

}  // namespace weir::replication
