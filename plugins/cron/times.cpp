#include "times.hpp"

#include <chrono>
#include <cstdio>

namespace weir::cron {

namespace {

using namespace std::chrono;

/// `count` digits at `at`; -1: something else stands there.
int digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return -1;
    int number = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

/// The offset that `text`, all of it, stands for.
std::optional<Millis> read_offset(std::string_view text) {
    if (text == "Z" || text == "z") return 0;
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return std::nullopt;
    int const hour = digits(text, 1, 2), minute = digits(text, 4, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
    return (text[0] == '-' ? -1 : 1) * (hour * hour_ms + minute * minute_ms);
}

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
    int const y = digits(text, 0, 4), m = digits(text, 5, 2), d = digits(text, 8, 2);
    int const hour = digits(text, 11, 2), minute = digits(text, 14, 2);
    int const second = digits(text, 17, 2);
    bool const has_marks = text.size() >= 20 && text[4] == '-' && text[7] == '-' &&
                           (text[10] == 'T' || text[10] == 't' || text[10] == ' ') &&
                           text[13] == ':' && text[16] == ':';
    if (!has_marks || y < 1970 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59)
        return std::nullopt;
    year_month_day const date{year{y}, month{static_cast<unsigned>(m)},
                              day{static_cast<unsigned>(d)}};
    if (m < 1 || d < 1 || !date.ok()) return std::nullopt;

    Millis fraction_ms = 0;
    std::size_t at = 19;
    if (text[at] == '.') {
        Millis weight = 100;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, weight /= 10)
            fraction_ms += (text[at] - '0') * weight;
        if (at == 20) return std::nullopt;
    }
    std::optional<Millis> const offset_ms = read_offset(text.substr(at));
    if (!offset_ms) return std::nullopt;
    Millis const day_start = sys_days{date}.time_since_epoch().count() * day_ms;
    return day_start + hour * hour_ms + minute * minute_ms + second * second_ms + fraction_ms -
           *offset_ms;
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
