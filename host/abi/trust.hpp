#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "host/core/error.hpp"

namespace weir::host {

/// A library file that nobody but root and us can have written.
struct TrustedFile {
    std::filesystem::path path;
    std::vector<std::byte> bytes;
    std::string sha256;  ///< lower-case hex
};

/// The largest file that is read.
inline constexpr std::size_t library_bytes_max = 512u << 20;

/// Reads `path` once, whole, when it may be trusted: a regular file and no symbolic link, owned by
/// root or by us, writable by its owner alone (the owner's private group counts as the owner), in
/// a directory of which the same holds or that is sticky. Never blocks on what is no file.
/// Otherwise E_CONFIG: plugin.unreadable, plugin.not_regular, plugin.owner, plugin.writable,
/// plugin.too_large.
Result<TrustedFile> read_trusted(std::filesystem::path const& path);

/// SHA-256 in lower-case hex.
std::string sha256_of(std::vector<std::byte> const& bytes);

}  // namespace weir::host
