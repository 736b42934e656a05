#pragma once

#include <cstdint>
#include <optional>

namespace weir::host {

/// How much plugins may take; what nobody says is the default.
struct PluginLimits {
    static constexpr std::int64_t call_ms_default = 3'600'000;  ///< an hour
    static constexpr std::int64_t memory_mb_default = 4'096;
    static constexpr std::int64_t most = std::int64_t{1} << 40;  ///< that can be said

    /// How long one call may go on: in a process of its own it is ended then, unless the library
    /// asked its host something meanwhile; in the host's process it is told of.
    std::optional<std::int64_t> call_ms;
    /// How many MiB a process of its own may hold, what it shares with the host left out; beyond
    /// them it is ended.
    std::optional<std::int64_t> memory_mb;

    std::int64_t call_ms_max() const { return call_ms.value_or(call_ms_default); }
    std::int64_t memory_mb_max() const { return memory_mb.value_or(memory_mb_default); }
    /// What this leaves open is as `other` says.
    void fill(PluginLimits const& other) {
        if (!call_ms) call_ms = other.call_ms;
        if (!memory_mb) memory_mb = other.memory_mb;
    }
};

}  // namespace weir::host
