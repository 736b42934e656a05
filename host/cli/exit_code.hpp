#pragma once

#include "host/core/error.hpp"

namespace weir::host {

/// The exit codes of every `weir` command.
enum class Exit : int {
    done = 0,
    failed = 1,       ///< the work failed
    usage = 2,        ///< wrong usage or configuration, a stream or field that does not exist
    environment = 3,  ///< unreachable, refused, no such database, no privilege, no space
    partial = 4,      ///< some records rejected or some streams failed
    interrupted = 130
};

/// Whose move an error is decides how the command ends.
Exit exit_of(Error const& error);

}  // namespace weir::host
