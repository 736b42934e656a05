#pragma once

#include <vector>

#include "schedule.hpp"

namespace weir::cron {

/// Times that passed.
struct Missed {
    std::vector<Millis> latest;  ///< the last ones, in order; never empty
    std::uint64_t count = 0;     ///< of all; from `counted_max` on: at least
};

/// The times from `first_ms`, which is one of them, to `now_ms`: the last `keep` exactly, all
/// counted up to `counted_max`. Its cost depends on these two, not on how long ago `first_ms` was.
Missed missed_times(Schedule const& schedule, Zone const& zone, Gap gap, Millis first_ms,
                    Millis now_ms, std::size_t keep, std::uint64_t counted_max);

}  // namespace weir::cron
