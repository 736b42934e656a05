#pragma once

#include <exception>

#include "host/core/error.hpp"
#include "host/store/session.hpp"

namespace weir::host {

/// What `thrown`, just caught from a statement of `session`, means to the caller: E_IO
/// "store.disk_full", "store.io" or "store.damaged", E_BUSY "store.busy", E_INTERNAL "store.bug".
/// To be asked before the next statement, which would forget the reason.
Error store_failure(std::exception const& thrown, Session const& session);

/// The same when there is no session, because it could not be made.
Error open_failure(std::exception const& thrown, std::filesystem::path const& file);

}  // namespace weir::host
