#include "times.hpp"

#include <chrono>
#include <cstdio>

#include "weir/cpp/rfc3339.hpp"

namespace weir::cron {

namespace {

using namespace std::chrono;

struct Unit {
    char letter;
    Millis size_ms;
};
constexpr Unit units[] = {
    {'w', 7 * day_ms}, {'d', day_ms}, {'h', hour_ms}, {'m', minute_ms}, {'s', second_ms}};

}  // namespace

std::string print_time(Millis unix_ms) {
    auto const whole = sys_time<milliseconds>{milliseconds{unix_ms}};
    auto const day = floor<days>(whole);
    year_month_day const date{day};
    hh_mm_ss<milliseconds> const time{whole - day};
    char text[64];
    std::snprintf(
        text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
        static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
    return text;
}

std::optional<Millis> read_time(std::string_view text) {
    std::optional<std::int64_t> const us = read_rfc3339(text);
    if (!us) return std::nullopt;
    return floor<milliseconds>(microseconds{*us}).count();
}

std::optional<Millis> read_interval(std::string_view text) {
    Millis sum = 0;
    unsigned seen = 0;
    while (!text.empty()) {
        Millis number = -1;
        std::size_t at = 0;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
            number = (number < 0 ? 0 : number) * 10 + (text[at] - '0');
            if (number > interval_ms_max) return std::nullopt;
        }
        if (number < 0 || at == text.size()) return std::nullopt;
        char const letter = static_cast<char>(text[at] | 0x20);
        Millis size_ms = 0;
        for (unsigned i = 0; i < std::size(units); ++i)
            if (units[i].letter == letter && !((seen >> i) & 1u)) {
                size_ms = units[i].size_ms;
                seen |= 1u << i;
            }
        if (size_ms == 0 || number > interval_ms_max / size_ms) return std::nullopt;
        sum += number * size_ms;
        text.remove_prefix(at + 1);
    }
    if (sum < second_ms || sum > interval_ms_max) return std::nullopt;
    return sum;
}

std::string print_interval(Millis interval_ms) {
    std::string out;
    for (Unit const& unit : units) {
        if (Millis const count = interval_ms / unit.size_ms; count > 0)
            out += std::to_string(count) + unit.letter;
        interval_ms %= unit.size_ms;
    }
    return out;
}

}  // namespace weir::cron
