#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>

#include "host/cli/environment.hpp"
#include "host/cli/verbs.hpp"

namespace weir::host {

/// `weir connector`, for authors: needs no host.
void add_connector_verbs(CLI::App& app, Verb& chosen);
void add_connector_test(CLI::App& connector, Verb& chosen);

/// Where this program's bin, lib and share are, in the build tree as in an installation.
inline std::filesystem::path prefix_here() {
    return runner_path().parent_path().parent_path().parent_path();
}

}  // namespace weir::host
