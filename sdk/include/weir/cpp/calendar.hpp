#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

namespace weir {

/// A day of the proleptic Gregorian calendar. Year 0 is 1 BC.
struct Civil {
    std::int64_t year;
    unsigned month, day;
};

/// Days since 1970-01-01 to a date and back, for every year that an int32 of days or an int64 of
/// microseconds can hold; std::chrono's own year ends at 32767.
constexpr Civil civil_of(std::int64_t days) {
    // Years are counted from March in eras of 400 years, so that the leap day ends a year and every
    // era has 146,097 days.
    std::int64_t const shifted = days + 719'468;
    std::int64_t const era = shifted / 146'097 - (shifted % 146'097 < 0);
    auto const day_of_era = static_cast<std::uint64_t>(shifted - era * 146'097);
    std::uint64_t const year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    std::uint64_t const day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    std::uint64_t const march_month = (5 * day_of_year + 2) / 153;
    std::uint64_t const month = march_month < 10 ? march_month + 3 : march_month - 9;
    return {static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0),
            static_cast<unsigned>(month),
            static_cast<unsigned>(day_of_year - (153 * march_month + 2) / 5 + 1)};
}

constexpr std::int64_t days_of(Civil const& date) {
    std::int64_t const era = (date.year >= 0 ? date.year : date.year - 399) / 400;
    std::chrono::year_month_day const inside{
        std::chrono::year{static_cast<int>(date.year - era * 400)}, std::chrono::month{date.month},
        std::chrono::day{date.day}};
    return std::chrono::sys_days{inside}.time_since_epoch().count() + era * 146'097;
}

static_assert(days_of({1970, 1, 1}) == 0 && days_of({2000, 2, 29}) == 11'016);
static_assert(civil_of(-719'529).year == -1 && civil_of(-719'528).year == 0);
static_assert(civil_of(11'016).month == 2 && civil_of(11'016).day == 29);

/// Enough for every date and time that is printed here.
inline constexpr std::size_t calendar_text_max = 64;

namespace detail {

inline constexpr char digit_pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445"
    "46474849505152535455565758596061626364656667686970717273747576777879808182838485868788899091"
    "9293949596979899";

inline char* print_two(char* out, std::uint64_t value) {
    std::memcpy(out, digit_pairs + 2 * value, 2);
    return out + 2;
}

inline char* print_six(char* out, std::uint64_t value) {
    out = print_two(out, value / 10'000);
    out = print_two(out, value / 100 % 100);
    return print_two(out, value % 100);
}

inline char* print_digits(char* out, std::uint64_t value) {
    char reversed[20];
    int size = 0;
    for (; value; value /= 10) reversed[size++] = static_cast<char>('0' + value % 10);
    while (size) *out++ = reversed[--size];
    return out;
}

inline char* print_year(char* out, std::uint64_t year) {
    if (year >= 10'000) return print_digits(out, year);
    out = print_two(out, year / 100);
    return print_two(out, year % 100);
}

inline std::int64_t floor_of(std::int64_t value, std::int64_t by) {
    return value / by - (value % by < 0);
}

/// Answers whether the day lies before the year 1.
inline bool print_day(char*& out, std::int64_t days) {
    Civil const date = civil_of(days);
    bool const is_bc = date.year <= 0;
    out = print_year(out, static_cast<std::uint64_t>(is_bc ? 1 - date.year : date.year));
    *out++ = '-';
    out = print_two(out, date.month);
    *out++ = '-';
    out = print_two(out, date.day);
    return is_bc;
}

inline char* print_era(char* out, bool is_bc) {
    if (is_bc) {
        std::memcpy(out, " BC", 3);
        out += 3;
    }
    return out;
}

/// `per_second` is a number, or, where it is known when compiling, a type: then nothing is divided.
template <class Units>
char* print_clock(char* out, std::int64_t value, Units per_second) {
    auto const seconds = static_cast<std::uint64_t>(value / per_second);
    auto const fraction = static_cast<std::uint64_t>(value % per_second);
    auto const units = static_cast<std::uint64_t>(std::int64_t{per_second});
    std::uint64_t const hours = seconds / 3600;
    out = hours < 100 ? print_two(out, hours) : print_digits(out, hours);
    *out++ = ':';
    out = print_two(out, seconds / 60 % 60);
    *out++ = ':';
    out = print_two(out, seconds % 60);
    *out++ = '.';
    if (units <= 1'000'000) return print_six(out, fraction * (1'000'000 / units));
    out = print_six(out, fraction / 1'000);
    *out++ = static_cast<char>('0' + fraction / 100 % 10);
    return print_two(out, fraction % 100);
}

template <class Units>
char* print_moment(char* out, std::int64_t value, Units per_second, bool is_instant) {
    std::int64_t const per_day = 86'400 * per_second;
    bool const is_bc = print_day(out, floor_of(value, per_day));
    *out++ = 'T';
    // Not `value - day * per_day`: at the far end the product does not fit.
    std::int64_t const rest = value % per_day;
    out = print_clock(out, rest < 0 ? rest + per_day : rest, per_second);
    if (is_instant) *out++ = 'Z';
    return print_era(out, is_bc);
}

}  // namespace detail

/// Each writes the Contract's text to `out`, which has room for `calendar_text_max`, and answers
/// the end of it. `per_second` and `per_day` are the units of `value`. Seconds carry six digits;
/// nine where `per_second` is finer than microseconds. The year 0 is 1 BC and prints as
/// `0001-… BC`; years beyond 9999 print longer.

/// `2024-02-29`
inline char* print_date(char* out, std::int64_t value, std::int64_t per_day) {
    bool const is_bc = detail::print_day(out, detail::floor_of(value, per_day));
    return detail::print_era(out, is_bc);
}

/// `24:00:00.000000` for the whole day; longer and negative spans print as they are
inline char* print_time(char* out, std::int64_t value, std::int64_t per_second) {
    if (value < 0) {
        *out++ = '-';
        // The smallest number has no positive twin; one unit less is as far from any time of day.
        value = value == INT64_MIN ? INT64_MAX : -value;
    }
    return detail::print_clock(out, value, per_second);
}

/// `2024-02-29T12:00:00.000000`, with `Z` for an instant
inline char* print_timestamp(char* out, std::int64_t value, std::int64_t per_second,
                             bool is_instant) {
    using Microseconds = std::integral_constant<std::int64_t, 1'000'000>;
    if (per_second == Microseconds::value)
        return detail::print_moment(out, value, Microseconds{}, is_instant);
    return detail::print_moment(out, value, per_second, is_instant);
}

/// Microseconds since 1970-01-01 as `2024-02-29T12:00:00.000000Z`
inline std::string rfc3339(std::int64_t unix_us) {
    char text[calendar_text_max];
    return {text, print_timestamp(text, unix_us, 1'000'000, true)};
}

}  // namespace weir
