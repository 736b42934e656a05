#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

namespace detail {

/// `count` digits at `at`; -1: something else stands there.
inline int digits_at(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return -1;
    int number = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

/// The offset that `text`, all of it, stands for.
inline std::optional<std::int64_t> offset_minutes(std::string_view text) {
    if (text == "Z" || text == "z") return 0;
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return std::nullopt;
    int const hour = digits_at(text, 1, 2), minute = digits_at(text, 4, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
    return (text[0] == '-' ? -1 : 1) * (hour * 60 + minute);
}

}  // namespace detail

/// Microseconds since 1970-01-01 of an RFC 3339 time with "Z" or an offset; digits behind the
/// microsecond are dropped. Nothing when `text` is not such a time, or not of the years 1970 to
/// 9999.
inline std::optional<std::int64_t> read_rfc3339(std::string_view text) {
    using namespace std::chrono;
    auto const number = [&](std::size_t at, std::size_t count) {
        return detail::digits_at(text, at, count);
    };
    int const y = number(0, 4), m = number(5, 2), d = number(8, 2);
    int const hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
    bool const has_marks = text.size() >= 20 && text[4] == '-' && text[7] == '-' &&
                           (text[10] == 'T' || text[10] == 't' || text[10] == ' ') &&
                           text[13] == ':' && text[16] == ':';
    if (!has_marks || y < 1970 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59)
        return std::nullopt;
    year_month_day const date{year{y}, month{static_cast<unsigned>(m)},
                              day{static_cast<unsigned>(d)}};
    if (m < 1 || d < 1 || !date.ok()) return std::nullopt;

    std::int64_t fraction_us = 0;
    std::size_t at = 19;
    if (text[at] == '.') {
        std::int64_t weight = 100'000;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, weight /= 10)
            fraction_us += (text[at] - '0') * weight;
        if (at == 20) return std::nullopt;
    }
    std::optional<std::int64_t> const offset = detail::offset_minutes(text.substr(at));
    if (!offset) return std::nullopt;
    auto const time = sys_days{date} + hours{hour} + minutes{minute - *offset} + seconds{second};
    return microseconds{time.time_since_epoch()}.count() + fraction_us;
}

}  // namespace weir
