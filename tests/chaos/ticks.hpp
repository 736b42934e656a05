#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::test {

/// What the state of a server that has stopped says of a job with an event each second. Looks at
/// the order of what is stored and at no clock.
struct Ticks {
    std::vector<std::string> fired;    ///< times, in the order in which they were published
    std::vector<std::string> doubled;  ///< fired again, or not later than the one before
    std::vector<std::string> reran;    ///< times that have more than one run
    std::vector<std::string> not_run;  ///< fired, delivered, and no run of it
    std::vector<std::string> unfired;  ///< run, and never fired
    std::int64_t lost = 0;             ///< seconds that neither fired nor were counted as missed

    bool all_once() const {
        return doubled.empty() && reran.empty() && not_run.empty() && unfired.empty() && lost == 0;
    }
};
std::ostream& operator<<(std::ostream& out, Ticks const& ticks);

Ticks ticks_of(std::string const& state_db, std::string const& job);

}  // namespace weir::test
