#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::cron {

/// Milliseconds since 1970-01-01T00:00:00Z.
using Millis = std::int64_t;

constexpr Millis second_ms = 1'000, minute_ms = 60'000, hour_ms = 3'600'000, day_ms = 86'400'000;

/// "2026-01-01T00:00:00.000Z".
std::string print_time(Millis unix_ms);

/// RFC 3339 with "Z" or an offset; digits behind the millisecond are dropped. Nothing when `text`
/// is not such a time, or not of the years 1970 to 9999.
std::optional<Millis> read_time(std::string_view text);

// interval := (integer unit)+    unit := s | m | h | d | w, in any case, each at most once
/// Nothing when `text` is none of 1 s to 366 d.
std::optional<Millis> read_interval(std::string_view text);

/// "1h30m".
std::string print_interval(Millis interval_ms);

constexpr Millis interval_ms_max = 366 * day_ms;

}  // namespace weir::cron
