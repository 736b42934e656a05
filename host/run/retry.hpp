#pragma once

#include <cstdint>
#include <optional>

#include "host/core/error.hpp"

namespace weir::host {

enum class Backoff { fixed, linear, exponential };

/// How often a task is tried again, and after how long.
struct RetryPolicy {
    static constexpr int retries_max = 100;
    static constexpr std::int64_t delay_ms_max = 86'400'000;

    int retries = 3;  ///< tries after the first that may pass without any progress
    std::int64_t delay_ms = 5'000, cap_ms = 300'000;
    Backoff backoff = Backoff::exponential;
};

/// Whether the same may work later without anybody's doing: lost connections, locks, time-outs,
/// full memory.
bool time_may_cure(Error const& error);

/// How long to wait after the `tries`th failure without progress; nothing: try no more. `random`
/// from [0, 1) spreads the delays over the upper half, so that what failed together does not come
/// back together. What the other side asked for is waited at least. A connector's own fault is
/// tried once more.
std::optional<std::int64_t> retry_delay_ms(RetryPolicy const& policy, Error const& error, int tries,
                                           double random);

}  // namespace weir::host
