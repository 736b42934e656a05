#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "host/cli/options.hpp"

namespace weir::host {

/// A flag that takes no value: `--dry-run=later` must not run.
void add_switch(CLI::App& app, char const* names, bool& value, char const* help);
/// --json, --quiet, --verbose.
void add_voice(CLI::App& app, Voice& voice);
/// --connector-dir, --in-process, --call-ms and --plugin-memory-mb.
void add_plugins(CLI::App& app, PluginOptions& plugins);
/// --plugins-lock.
void add_lock(CLI::App& app, std::string& file);

/// E_UNSUPPORTED `copy.unsupported` for the option `what`.
Error not_here(std::string const& what);

}  // namespace weir::host
