#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/abi/host_services.hpp"
#include "host/abi/registry.hpp"
#include "host/abi/watchdog.hpp"
#include "host/cli/options.hpp"
#include "host/cli/progress_line.hpp"
#include "host/cli/signals.hpp"
#include "host/core/limits.hpp"

namespace weir::host {

/// `more`, and what lies beside this program: build tree, /usr and /opt look alike from there,
/// ../lib/weir/KIND. `kind`: "connectors", "plugins".
std::vector<std::filesystem::path> library_directories(char const* kind,
                                                       std::vector<std::string> const& more);

/// weir-runner, which lies beside this program.
std::filesystem::path runner_path();

/// What lies beside this program, and what `plugins` says, runs in this process; all else in
/// weir-runner.
Placement placement_here(PluginOptions const& plugins = {});

/// What a command that works without a server needs, built in order and torn down in reverse: the
/// stop, its signals, progress, and the libraries of `kind` that lie beside this program or where
/// `plugins` says, if `plugins_lock` names them (empty: all).
class Environment {
public:
    Environment(Clock const& clock, Limits const& limits, Voice const& voice,
                PluginOptions const& plugins, std::string const& plugins_lock,
                char const* kind = "connectors");

    /// Tells of every library that was refused so far, with the check that failed.
    void tell_refusals();

    Clock const& clock;
    Limits const& limits;
    Stop stop;
    ProgressLine progress;
    Metrics metrics;
    Watchdog watchdog;
    Signals signals;
    HostServices services;
    Registry registry;
};

}  // namespace weir::host
