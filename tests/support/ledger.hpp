#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "support/pg.hpp"

namespace weir::test {

/// How a target differs from its source, by key; P0 of the chaos tests is that it does not.
struct Differences {
    std::vector<std::string> lost;     ///< in the source only
    std::vector<std::string> phantom;  ///< in the target only
    std::vector<std::string> stale;    ///< another value
    std::vector<std::string> doubled;  ///< more than once in the target

    bool none() const {
        return lost.empty() && phantom.empty() && stale.empty() && doubled.empty();
    }
};

std::ostream& operator<<(std::ostream& out, Differences const& differences);

/// Compares value by value. The first value of a record is its key; the source has each once.
Differences compare(std::vector<Record> const& source, std::vector<Record> const& target);

}  // namespace weir::test
