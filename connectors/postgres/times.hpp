#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Dates and times as PostgreSQL prints them under DateStyle ISO and TimeZone UTC.
//
//   date      := year "-" mm "-" dd [" BC"] | "infinity" | "-infinity"      year := 4 digits or
//   more time      := hh ":" mm ":" ss ["." 1 to 6 digits]                       up to 24:00:00
//   timestamp := date part " " time ["+00"] [" BC"] | "infinity" | "-infinity"
namespace weir::postgres {

/// Days since 1970-01-01; nothing for what is no date.
std::optional<std::int32_t> days_of(std::string_view text);

/// Microseconds since midnight.
std::optional<std::int64_t> time_of_day(std::string_view text);

/// Microseconds since 1970-01-01 00:00; nothing for infinities, and beyond what 64 bits hold.
std::optional<std::int64_t> microseconds_of(std::string_view text);

/// The Contract's form of a timestamp as printed: "YYYY-MM-DDTHH:MM:SS.ffffff", "Z" behind it with
/// `zone`, six digits always, " BC" kept. What is not finite, as printed. Appends to `out`.
void append_timestamp(std::string& out, std::string_view text, bool zone);

/// "HH:MM:SS.ffffff". Appends to `out`.
void append_time(std::string& out, std::string_view text);

/// The other way: as PostgreSQL prints `days` since 1970-01-01, and `us` since the day `base`,
/// which is counted from there. With `zone`, "+00" follows. Appends to `out`.
void print_date(std::string& out, std::int64_t days);
void print_timestamp(std::string& out, std::int64_t us, std::int64_t base, bool zone);

}  // namespace weir::postgres
