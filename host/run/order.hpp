#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/run/plan.hpp"

namespace weir::host {

/// In which order tasks begin, by the foreign keys that the source tells. Tasks are named by their
/// places in the plan. A value.
struct Order {
    std::vector<std::size_t> places;              ///< each after those that it references
    std::vector<std::vector<std::size_t>> after;  ///< by place: the ones it references
    std::vector<std::string> notes;               ///< one for each circle, which was cut somewhere
    struct Cut {
        std::size_t from, to;
    };
    std::vector<Cut> cuts;  ///< where: `from` begins before `to`, although it references it
};

/// Keeps the order of the plan where nothing references anything. References to what is not copied
/// and to itself do not count. Pure.
Order order_of(std::vector<Task> const& tasks);

/// The places of those that reference others, each before the ones it references; at most `most`.
std::vector<std::size_t> those_that_reference(Order const& order, std::size_t most);

}  // namespace weir::host
