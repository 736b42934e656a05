#pragma once

#include <filesystem>
#include <vector>

namespace weir::host {

/// The files of state and keys below the data directory, and those named elsewhere.
std::vector<std::filesystem::path> own_files(std::filesystem::path const& data_dir,
                                             std::filesystem::path const& token_file);

/// Whether `file` is one of them by whatever name: links count as what they lead to.
bool is_one_of(std::vector<std::filesystem::path> const& files, std::filesystem::path const& file);

}  // namespace weir::host
