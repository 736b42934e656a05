#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "host/store/store.hpp"

namespace weir::host {

/// What grew when, for charts: sums in points of three widths. Only what is not 0 is stored.
/// Thread-safe.
class Series {
public:
    struct Resolution {
        char const* name;
        std::int64_t step_s, kept_s;
    };
    /// Finest first.
    static constexpr std::array<Resolution, 3> resolutions{{{"10s", 10, 3'600},
                                                            {"1m", 60, 2 * 86'400},
                                                            {"1h", 3'600, 400 * 86'400}}};

    explicit Series(Store& store) : store_{store} {}

    struct Growth {
        std::string name, job;
        double value = 0;
    };
    /// Adds each to the points of every resolution that `at_us` falls into: all or none.
    Result<void> add(std::vector<Growth> const& growths, std::int64_t at_us);

    struct Wanted {
        std::string name;
        std::string job = {};   ///< empty: the sum of all
        std::string jobs = {};  ///< "users_*": of those jobs alone; empty: of any
        std::int64_t step_s = 10, from_s = 0, to_s = 0;  ///< points that begin in [from, to)
    };
    struct Point {
        std::int64_t at_s = 0;  ///< when it begins
        double value = 0;
    };
    /// Oldest first.
    Result<std::vector<Point>> points(Wanted const& wanted);
    /// Drops what is older than its resolution is kept; to be called now and then.
    Result<void> retain();

private:
    Store& store_;
};

}  // namespace weir::host
