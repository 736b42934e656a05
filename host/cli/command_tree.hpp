#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace weir::host {

/// "weir job run", or with '-' between the words.
std::string words_of(CLI::App const& command, char between = ' ');
/// The commands right below, by name.
std::vector<CLI::App const*> verbs_of(CLI::App const& command);

}  // namespace weir::host
