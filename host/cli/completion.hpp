#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace weir::host {

/// What a shell has to read so that Tab works: a stub that asks `weir __complete -- WORDS`.
/// `shell`: bash, zsh or fish; empty for any other.
std::string completion_stub(std::string const& shell);

/// What may stand in the place of the last of `words` (those behind "weir"): commands, options, and
/// the names of jobs, connections, plugins, runs and letters, from a host that answers within
/// 200 ms. Sorted.
std::vector<std::string> completions(CLI::App const& app, std::vector<std::string> const& words);

}  // namespace weir::host
