#include "support/small_disk.hpp"

#include <sys/mount.h>

namespace weir::test {
namespace {

bool mount(std::string const& path, std::uint64_t bytes, unsigned long flags) {
    std::string const size = "size=" + std::to_string(bytes);
    return ::mount("tmpfs", path.c_str(), "tmpfs", flags, size.c_str()) == 0;
}

}  // namespace

SmallDisk::SmallDisk(std::uint64_t bytes)
    : bytes_{bytes}, mounted_{mount(directory_.path().string(), bytes, 0)} {}

SmallDisk::~SmallDisk() {
    if (mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
}

void SmallDisk::grow(std::uint64_t bytes) {
    bytes_ = bytes;
    if (mounted_) mount(directory_.path().string(), bytes, MS_REMOUNT);
}

}  // namespace weir::test
