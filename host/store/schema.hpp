#pragma once

#include "host/core/error.hpp"
#include "host/store/session.hpp"

namespace weir::host {

/// The version of the tables below, kept in `PRAGMA user_version`. A change of the tables is a new
/// step at the end of the list in schema.cpp; a step that was released is never edited.
int schema_version();

/// Brings the tables up to date, all steps in one transaction. E_CONFIG "store.newer";
/// "store.foreign" when the file is a database of somebody else.
Result<void> migrate(Session& session);

/// Whether the file is a state of Weir that this version knows: the same errors, and no change.
Result<void> check_ours(Session& session);

}  // namespace weir::host
