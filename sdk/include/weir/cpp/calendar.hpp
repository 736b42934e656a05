#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

/// A day of the proleptic Gregorian calendar. Year 0 is 1 BC.
struct Civil {
    std::int64_t year;
    unsigned month, day;
};

/// Days since 1970-01-01 to a date and back, for every year that an int32 of days or an int64 of
/// microseconds can hold; std::chrono's own year ends at 32767.
constexpr Civil civil_of(std::int64_t days) {
    // Eras of 400 years have 146097 days; inside one, chrono's calendar is exact.
    std::int64_t const era = (days >= 0 ? days : days - 146'096) / 146'097;
    std::chrono::year_month_day const date{
        std::chrono::sys_days{std::chrono::days{days - era * 146'097}}};
    return {static_cast<int>(date.year()) + era * 400, static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day())};
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

}  // namespace weir
