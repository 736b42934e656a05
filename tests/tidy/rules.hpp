#pragma once

#include <string>
#include <vector>

#include "tidy/tree.hpp"

namespace weir::tidy {

/// What is wrong, each as `path:line: why`; empty when all is well.
using Findings = std::vector<std::string>;

/// A file includes its own folder and what stands below: the floors of host/README.md.
Findings floors(std::vector<File> const& files);
Findings c_headers_are_only_in_the_sdk(std::vector<File> const& files);
Findings at_most_100_columns(std::vector<File> const& files);
Findings at_most_450_lines(std::vector<File> const& files);
/// Each folder with code in it has a README.md.
Findings a_readme_per_folder(std::vector<File> const& files);
Findings only_the_command_line_prints(std::vector<File> const& files);
Findings tests_wait_for_events(std::vector<File> const& files);
Findings no_channels_on_the_data_path(std::vector<File> const& files);
Findings nothing_is_left_for_later(std::vector<File> const& files);
Findings test_names_are_claims(std::vector<File> const& files);
/// The table of hazards in tests/README.md names just the files with tests of each.
Findings hazards_have_tests(std::vector<File> const& files);

}  // namespace weir::tidy
