#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::cron {

/// Seconds since 1970-01-01T00:00:00, of UTC or of a wall clock; the name of the variable says
/// which.
using Seconds = std::int64_t;

constexpr std::int64_t day_seconds = 86'400;
constexpr std::size_t schedule_chars_max = 512;

/// A cron expression, OCPS 1.4. A value; thread-safe; knows no zone and reads no clock.
///
/// pattern = macro | [second] minute hour dom month dow | second minute hour dom month dow year
/// field   = item {"," item}    item = "*" ["/" step] | value ["-" value ["/" step]]
/// dom     also "L" · nW, alone in its field · "?"
/// dow     also d#1…d#5 · d#L · dL · "?" · "+" as first character: dom AND dow
/// macro   = @yearly @annually @monthly @weekly @daily @midnight @hourly
struct Pattern {
    static constexpr int year_min = 1970, year_max = 2199;

    /// Throws E_CONFIG "cron.bad_pattern" at /schedule, which shows the character, counted from 1,
    /// and suggests what was probably meant.
    static Pattern parse(std::string_view text);

    /// The first matching wall-clock time later than `after_local`; nothing before the end of
    /// `year_max`. Jumps by field.
    std::optional<Seconds> next(Seconds after_local) const;

    /// Whether the hour field matches all 24 hours: such a pattern follows elapsed time when the
    /// clocks change.
    bool has_every_hour() const { return hours == (1u << 24) - 1; }

    // Bit n: value n matches.
    std::uint64_t seconds = 1, minutes = 0;
    std::uint32_t hours = 0, days = 0, months = 0, weekdays = 0;
    std::bitset<year_max - year_min + 1> years;
    std::array<std::uint8_t, 7> nth{};  ///< per weekday: bit n: the n-th of the month; bit 0: last
    int nearest_weekday = 0;            ///< the 15 of 15W
    bool has_last_day = false;
    bool has_any_day = false, has_any_weekday = false;  ///< exactly "*" or "?"
    bool needs_both = false;                            ///< "+"

private:
    /// Bit n: day n of this month matches.
    std::uint32_t days_of_month(int year, unsigned month) const;
};

/// As people write them. Weekdays count from 0, Sunday, months from 1.
char const* weekday_name(int weekday);
char const* month_name(int month);

}  // namespace weir::cron
