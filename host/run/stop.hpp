#pragma once

#include <atomic>

namespace weir::host {

/// How a person stops a copy. Set by the signal thread, read by everybody.
struct Stop {
    std::atomic<bool> reading{false};  ///< read nothing more; commit the batch in hand
    std::atomic<bool> writing{false};  ///< too late for that: give up the batch in hand as well
};

}  // namespace weir::host
