#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "connection.hpp"

// Dates and times of the binary protocol, integers in little endian.
//
//   date, datetime := "" | year:2 month:1 day:1 [hour:1 minute:1 second:1 [microsecond:4]]
//   time           := "" | negative:1 days:4 hour:1 minute:1 second:1 [microsecond:4]
//
// What is left out is zero. Months and days may be zero, days beyond the month.
namespace weir::mysql {

/// A date with a time of day, as it was sent. A value.
struct Moment {
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, microsecond = 0;
};

/// A length of time. A value.
struct Span {
    bool negative = false;
    std::uint64_t hours = 0;
    unsigned minute = 0, second = 0, microsecond = 0;
};

/// Throws E_INTERNAL for what is none.
Moment moment_of(RawValue const& value);
Span span_of(RawValue const& value);

/// Of microseconds since 1970-01-01.
Moment moment_of(std::int64_t us);

/// Days since 1970-01-01; nothing for a date that the calendar does not have.
std::optional<std::int64_t> days_of(Moment const& moment);
/// Microseconds since 1970-01-01.
std::optional<std::int64_t> microseconds_of(Moment const& moment);
/// Microseconds since midnight; nothing for what is no time of a day.
std::optional<std::int64_t> time_of_day(Span const& span);

/// "YYYY-MM-DD", appended to `out`.
void print_date(Moment const& moment, std::string& out);
/// The date, `between`, "HH:MM:SS.ffffff".
void print_datetime(Moment const& moment, char between, std::string& out);
/// "[-]HH:MM:SS.ffffff", hours as many digits as they need.
void print_span(Span const& span, std::string& out);

}  // namespace weir::mysql
