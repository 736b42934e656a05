#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "host/core/error.hpp"

namespace weir::host {

// The state's file as a whole, whether a host works with it or not.

/// Copies the state as it is at this moment into `to`, which must not exist (0600, durable when
/// this returns). Writers go on meanwhile. Answers its bytes. E_CONFLICT "backup.exists"; E_IO.
Result<std::uint64_t> back_up(std::filesystem::path const& state, std::filesystem::path const& to);

/// What is wrong with the state's file: E_IO "store.damaged" with SQLite's first complaint;
/// E_CONFIG "store.foreign", "store.newer". Reads all of it.
Result<void> examine(std::filesystem::path const& state);

}  // namespace weir::host
