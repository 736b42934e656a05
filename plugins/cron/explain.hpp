#pragma once

#include <string>

#include "schedule.hpp"

namespace weir::cron {

/// What a schedule means, for people: "at 09:00, Monday to Friday".
std::string describe(Schedule const& schedule);

/// {"text","next":[…],"interval_s"?}: the first `count` times later than `from_ms`, by the code
/// that fires. Empty when there is none.
Json explain(Schedule const& schedule, Zone const& zone, Gap gap, Millis from_ms,
             std::size_t count);

/// The error of a schedule that has no time after `from_ms`.
Error never_due(Json const& schedule, Millis from_ms);

}  // namespace weir::cron
