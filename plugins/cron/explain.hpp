#pragma once

#include <string>

#include "schedule.hpp"

namespace weir::cron {

/// What a schedule means, for people: "at 09:00, Monday to Friday".
std::string describe(Schedule const& schedule);

/// So many changes of clocks are noted.
constexpr std::size_t notes_max = 4;

/// {"text","next":[…],"interval_s"?,"notes"?:[…]}: the first `count` times after `from_ms`, by the
/// code that fires; empty when there is none. Notes say where the zone's clocks change on the way.
Json explain(Schedule const& schedule, Zone const& zone, Gap gap, Millis from_ms,
             std::size_t count);

/// The error of a schedule that has no time after `from_ms`.
Error never_due(Json const& schedule, Millis from_ms);

}  // namespace weir::cron
