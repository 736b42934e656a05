#include "pattern.hpp"

#include <bit>
#include <chrono>

namespace weir::cron {

namespace {

using namespace std::chrono;

/// The lowest bit of `mask` at or above `from`; -1: none.
template <class Mask>
int first_bit(Mask mask, int from) {
    if (from >= static_cast<int>(sizeof(Mask) * 8)) return -1;
    Mask const rest = mask & static_cast<Mask>(~Mask{0} << from);
    return rest ? std::countr_zero(rest) : -1;
}

/// The first matching time of day at or after `second_of_day`; -1: none on this day.
std::int64_t first_time(Pattern const& pattern, std::int64_t second_of_day) {
    int const hour = static_cast<int>(second_of_day / 3600);
    int const minute = static_cast<int>(second_of_day / 60 % 60);
    int const second = static_cast<int>(second_of_day % 60);
    int const first_second = std::countr_zero(pattern.seconds);
    int const first_minute = std::countr_zero(pattern.minutes);
    if ((pattern.hours >> hour) & 1u) {
        if ((pattern.minutes >> minute) & 1u)
            if (int const found = first_bit(pattern.seconds, second); found >= 0)
                return hour * 3600 + minute * 60 + found;
        if (int const found = first_bit(pattern.minutes, minute + 1); found >= 0)
            return hour * 3600 + found * 60 + first_second;
    }
    int const found = first_bit(pattern.hours, hour + 1);
    return found < 0 ? -1 : found * 3600 + first_minute * 60 + first_second;
}

unsigned last_day_of(int year, unsigned month) {
    return static_cast<unsigned>((std::chrono::year{year} / static_cast<int>(month) / last).day());
}

unsigned weekday_of(int year, unsigned month, unsigned day) {
    return weekday{
        sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)}}
        .c_encoding();
}

/// The weekday nearest to `day` inside the month; 0: the month has no such day.
unsigned nearest_to(int year, unsigned month, unsigned day, unsigned last_day) {
    if (day > last_day) return 0;
    unsigned const weekday = weekday_of(year, month, day);
    if (weekday == 6) return day == 1 ? 3 : day - 1;
    if (weekday == 0) return day == last_day ? day - 2 : day + 1;
    return day;
}

}  // namespace

std::uint32_t Pattern::days_of_month(int year, unsigned month) const {
    unsigned const last_day = last_day_of(year, month);
    std::uint32_t const all = ((1u << last_day) - 1) << 1;
    std::uint32_t by_day = days & all;
    if (has_last_day) by_day |= 1u << last_day;
    if (nearest_weekday)
        if (unsigned const day =
                nearest_to(year, month, static_cast<unsigned>(nearest_weekday), last_day))
            by_day |= 1u << day;

    std::uint32_t by_weekday = 0;
    unsigned weekday = weekday_of(year, month, 1);
    for (unsigned day = 1; day <= last_day; ++day, weekday = (weekday + 1) % 7) {
        unsigned const nths = nth[weekday];
        bool const matches = ((weekdays >> weekday) & 1u) || ((nths >> ((day + 6) / 7)) & 1u) ||
                             ((nths & 1u) && day + 7 > last_day);
        if (matches) by_weekday |= 1u << day;
    }
    // A field of exactly "*" matches every day, so AND leaves the other one to decide.
    bool const is_or = !needs_both && !has_any_day && !has_any_weekday;
    return is_or ? by_day | by_weekday : by_day & by_weekday;
}

std::optional<Seconds> Pattern::next(Seconds after_local) const {
    Seconds const from = std::max<Seconds>(after_local + 1, 0);
    sys_days const from_day{std::chrono::days{from / day_seconds}};
    year_month_day const date{from_day};
    if (static_cast<int>(date.year()) > year_max) return std::nullopt;

    int const from_year = static_cast<int>(date.year());
    unsigned const from_month = static_cast<unsigned>(date.month());
    for (int year = from_year; year <= year_max; ++year) {
        if (!years[static_cast<std::size_t>(year - year_min)]) continue;
        for (unsigned month = year == from_year ? from_month : 1; month <= 12; ++month) {
            if (!((months >> month) & 1u)) continue;
            bool const is_first = year == from_year && month == from_month;
            std::uint32_t const matching = days_of_month(year, month);
            int day = is_first ? static_cast<int>(static_cast<unsigned>(date.day())) : 1;
            while ((day = first_bit(matching, day)) >= 0) {
                sys_days const found{std::chrono::year{year} / static_cast<int>(month) / day};
                std::int64_t const time =
                    first_time(*this, found == from_day ? from % day_seconds : 0);
                if (time >= 0) return found.time_since_epoch().count() * day_seconds + time;
                ++day;
            }
        }
    }
    return std::nullopt;
}

char const* weekday_name(int weekday) {
    static constexpr char const* names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                            "Thursday", "Friday", "Saturday"};
    return names[weekday % 7];
}

char const* month_name(int month) {
    static constexpr char const* names[] = {"January",   "February", "March",    "April",
                                            "May",       "June",     "July",     "August",
                                            "September", "October",  "November", "December"};
    return names[(month - 1) % 12];
}

}  // namespace weir::cron
