#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace weir::host {

/// A page of the manual: "weir-job-run.1", and its text in the macros of man(7).
struct ManPage {
    std::string file, text;
};

/// One page for the program and one for each command below it, out of what --help knows. `version`
/// stands in the footer; nothing in them changes by itself, so same program, same bytes.
std::vector<ManPage> man_pages(CLI::App const& app, std::string const& version);

}  // namespace weir::host
