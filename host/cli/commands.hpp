#pragma once

#include "host/abi/host_services.hpp"
#include "host/cli/exit_code.hpp"
#include "host/cli/options.hpp"
#include "host/core/clock.hpp"
#include "host/core/limits.hpp"

namespace weir::host {

/// `weir copy`: runs it, shows progress, prints the report.
Exit run(CopyCommand const& command, Clock const& clock, Limits const& limits);

/// `weir discover`: prints what a source has.
Exit run(DiscoverCommand const& command, Clock const& clock, Limits const& limits);

/// `weir serve`: runs the server until it is told to stop.
Exit run(ServeCommand const& command, Clock const& clock, Limits const& limits);

/// Tells an error that ended a command in the voice it was asked for, and answers its exit code.
Exit fail(Error const& error, Voice const& voice);

}  // namespace weir::host
