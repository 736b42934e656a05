#pragma once

#include <filesystem>

#include "host/core/error.hpp"

namespace weir::host {

/// The directory of a host's state, held by one process at a time.
class DataDirectory {
public:
    /// Makes `path` (0700) when it is missing, and takes its lock. E_IO: it cannot be made or
    /// written; "serve.data_dir_held" names the process that has it. Both end `weir serve` with 3.
    static Result<DataDirectory> hold(std::filesystem::path const& path);

    DataDirectory(DataDirectory&& other) noexcept;
    DataDirectory& operator=(DataDirectory&&) = delete;
    ~DataDirectory();

    std::filesystem::path const& path() const { return path_; }

private:
    DataDirectory(std::filesystem::path path, int lock) : path_{std::move(path)}, lock_{lock} {}

    std::filesystem::path path_;
    int lock_;
};

}  // namespace weir::host
