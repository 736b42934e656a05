#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "plugins/cron/explain.hpp"

namespace weir::cron {

inline Millis at(std::string const& text) { return read_time(text).value(); }

/// The next `count` times of `schedule` as text, without the milliseconds.
inline std::vector<std::string> next_times(Json const& schedule, std::string const& zone,
                                           std::string const& from, int count,
                                           Gap gap = Gap::run_after) {
    Schedule const parsed = Schedule::of(schedule);
    Zone const named = Zone::named(zone);
    std::vector<std::string> out;
    std::optional<Millis> time = at(from);
    while (count-- > 0 && (time = parsed.next(*time, named, gap)))
        out.push_back(print_time(*time).substr(0, 19) + "Z");
    return out;
}

using Times = std::vector<std::string>;

}  // namespace weir::cron
