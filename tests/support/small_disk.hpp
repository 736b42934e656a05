#pragma once

#include <cstdint>
#include <string>

#include "support/temp_dir.hpp"

namespace weir::test {

/// A directory with little room: a tmpfs where mounting is allowed, else one where only processes
/// started with `file_size_max()` meet the limit.
class SmallDisk {
public:
    explicit SmallDisk(std::uint64_t bytes);
    SmallDisk(SmallDisk const&) = delete;
    SmallDisk& operator=(SmallDisk const&) = delete;
    ~SmallDisk();

    std::string operator/(std::string const& name) const { return directory_ / name; }
    bool is_mounted() const { return mounted_; }
    /// For ProcessOptions; 0: not needed.
    std::uint64_t file_size_max() const { return mounted_ ? 0 : bytes_; }
    /// Makes room.
    void grow(std::uint64_t bytes);

private:
    TempDir directory_;
    std::uint64_t bytes_;
    bool mounted_;
};

}  // namespace weir::test
