#include "freshness.hpp"

#include <algorithm>
#include <optional>

namespace weir::sqlite {
namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t gap_us_min = 250'000;
constexpr std::int64_t gap_us_max = second;               // nobody waits longer for the clock
constexpr std::int64_t margin_us = 20'000;                // clocks of two processes on one machine
constexpr std::int64_t zone_us_max = 15 * 3600 * second;  // +14:00 is the farthest
constexpr std::int64_t zone_step_us = 900 * second;       // zones differ by quarters of an hour
constexpr std::int64_t ahead_us_max = 5 * second;

struct Moment {
    std::int64_t us = 0;
    std::int64_t step_us = second;
    bool has_zone = false;
};

// time := YYYY-MM-DD [ (" "|"T") HH:MM [ :SS [ .digits ] ] [ "Z" | (+|-)HH[:MM] ] ]
class TimeText {
public:
    explicit TimeText(std::string_view text) : text_{text} {}

    std::optional<Moment> read() {
        std::int64_t year, month, day;
        if (!number(4, year) || !take('-') || !number(2, month) || !take('-') || !number(2, day))
            return std::nullopt;
        moment_.us = days(year, month, day) * 86'400 * second;
        moment_.step_us = 86'400 * second;
        if (text_.empty()) return moment_;
        if (!take(' ') && !take('T')) return std::nullopt;
        if (!clock() || !zone() || !text_.empty()) return std::nullopt;
        return moment_;
    }

private:
    bool take(char wanted) {
        if (text_.empty() || text_.front() != wanted) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool number(std::size_t width, std::int64_t& value) {
        if (text_.size() < width) return false;
        value = 0;
        for (char const c : text_.substr(0, width)) {
            if (c < '0' || c > '9') return false;
            value = value * 10 + (c - '0');
        }
        text_.remove_prefix(width);
        return true;
    }
    bool clock() {
        std::int64_t hour, minute, seconds = 0;
        if (!number(2, hour) || !take(':') || !number(2, minute)) return false;
        moment_.step_us = 60 * second;
        if (take(':')) {
            if (!number(2, seconds)) return false;
            moment_.step_us = second;
        }
        moment_.us += (hour * 3600 + minute * 60 + seconds) * second;
        if (take('.'))
            for (std::int64_t digit; number(1, digit);) {
                moment_.step_us = std::max<std::int64_t>(1, moment_.step_us / 10);
                moment_.us += digit * moment_.step_us;
            }
        return true;
    }
    bool zone() {
        if (text_.empty()) return true;
        moment_.has_zone = true;
        if (take('Z')) return true;
        bool const is_east = text_.front() == '+';
        if (!take('+') && !take('-')) return false;
        std::int64_t hours, minutes = 0;
        if (!number(2, hours)) return false;
        take(':');
        if (!text_.empty() && !number(2, minutes)) return false;
        std::int64_t const offset = (hours * 3600 + minutes * 60) * second;
        moment_.us += is_east ? -offset : offset;
        return true;
    }
    static std::int64_t days(std::int64_t year, std::int64_t month, std::int64_t day) {
        year -= month <= 2;
        std::int64_t const era = year / 400, of_era = year - era * 400;
        std::int64_t const of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
    }

    std::string_view text_;
    Moment moment_;
};

Freshness judge(Moment const& moment, std::int64_t now_us) {
    std::int64_t const gap = std::max(gap_us_min, moment.step_us) + margin_us;
    std::int64_t passed = now_us - moment.us;
    if (!moment.has_zone) {
        if (passed < -zone_us_max) return {Age::future, 0};
        if (passed > zone_us_max + gap) return {};
        if (moment.step_us > gap_us_max) return {Age::coarse, 0};
        // The zone is not known, but whole quarters of an hour are all that it can be off by.
        passed = ((passed % zone_step_us) + zone_step_us) % zone_step_us;
    }
    if (passed < -ahead_us_max) return {Age::future, 0};
    if (passed >= gap) return {};
    if (moment.step_us > gap_us_max) return {Age::coarse, 0};
    return {Age::fresh, gap - passed};
}

/// A number is taken for a time when it is one of about now, in seconds or finer.
Freshness judge_number(double value, std::int64_t now_us) {
    for (std::int64_t const units : {std::int64_t{1}, std::int64_t{1'000}, second}) {
        double const us = value * static_cast<double>(second / units);
        double const off = us - static_cast<double>(now_us);
        if (off < -static_cast<double>(2 * second) || off > static_cast<double>(ahead_us_max))
            continue;
        return judge({static_cast<std::int64_t>(us), second / units, true}, now_us);
    }
    return {};
}

}  // namespace

Freshness freshness_of(Value const& tracking, std::int64_t now_us) {
    switch (tracking.type) {
        case SQLITE_INTEGER: return judge_number(static_cast<double>(tracking.integer), now_us);
        case SQLITE_FLOAT: return judge_number(tracking.real, now_us);
        case SQLITE_TEXT:
            if (std::optional<Moment> const moment = TimeText{tracking.bytes}.read())
                return judge(*moment, now_us);
            return {};
        default: return {};
    }
}

}  // namespace weir::sqlite
