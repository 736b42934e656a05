#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/core/error.hpp"

namespace weir::host {

// A seal lies behind the image of a library, where the dynamic loader does not look:
//
//   SHA-256 of all bytes before it (32 bytes) · "weir-seal/1\n" (12 bytes)
//
// It tells a library that was cut, or of which a bit fell over, from the one that was built, before
// anything of it runs; it is no signature. A library without one is looked at all the same:
// stripping takes the seal away.

/// The bytes that seal `image`.
std::vector<std::byte> seal_of(std::span<std::byte const> image);

/// E_CONFIG "plugin.damaged": there is a seal, and it is of other bytes. Pure.
std::optional<Error> check_seal(std::span<std::byte const> file);

/// Seals a file in place, once. E_IO "plugin.unwritable".
std::optional<Error> seal_file(std::string const& path);

}  // namespace weir::host
