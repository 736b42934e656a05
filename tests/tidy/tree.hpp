#pragma once

#include <string>
#include <vector>

namespace weir::tidy {

/// One file of the project, path relative to its top.
struct File {
    std::string path;
    std::vector<std::string> lines;

    bool is_code() const;  ///< C, C++, CMake, shell
    bool in(std::string const& folder) const { return path.starts_with(folder + "/"); }
    std::string folder() const;
};

/// Every file under sdk, host, connectors, plugins and tests, and those at the top.
std::vector<File> project();

/// A file that a test makes up.
File made_up(std::string path, std::string const& content);

}  // namespace weir::tidy
