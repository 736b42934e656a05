#include "posix_rule.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace weir::cron {

using namespace std::chrono;

/// Takes a rule apart from left to right; each function answers whether its part was there.
class PosixRule::Reader {
public:
    explicit Reader(std::string_view text) : rest_{text} {}

    bool at_end() const { return rest_.empty(); }
    bool at_comma() const { return rest_.starts_with(','); }
    bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool name() {
        std::size_t end = 0;
        if (rest_.starts_with('<')) {
            end = rest_.find('>');
            if (end == rest_.npos) return false;
            ++end;
        } else {
            while (end < rest_.size() && ((rest_[end] | 0x20) >= 'a' && (rest_[end] | 0x20) <= 'z'))
                ++end;
        }
        rest_.remove_prefix(end);
        return end >= 3;
    }
    bool number(int& out) {
        std::size_t end = 0;
        for (out = 0; end < rest_.size() && end < 4 && rest_[end] >= '0' && rest_[end] <= '9';
             ++end)
            out = out * 10 + (rest_[end] - '0');
        rest_.remove_prefix(end);
        return end > 0;
    }
    bool time(Seconds& out) {
        bool const is_negative = take('-');
        if (!is_negative) take('+');
        int hour = 0, minute = 0, second = 0;
        if (!number(hour) || hour > 167) return false;
        if (take(':') && !number(minute)) return false;
        if (take(':') && !number(second)) return false;
        out = (hour * 3600 + minute * 60 + second) * (is_negative ? -1 : 1);
        return true;
    }
    bool date(Date& out) {
        if (take('M')) {
            if (!number(out.month) || !take('.') || !number(out.week) || !take('.') ||
                !number(out.day))
                return false;
            if (out.month < 1 || out.month > 12 || out.week < 1 || out.week > 5 || out.day > 6)
                return false;
        } else {
            out.form = take('J') ? 'J' : 'n';
            if (!number(out.day) || out.day > 365) return false;
        }
        return !take('/') || time(out.time);
    }

private:
    std::string_view rest_;
};

Seconds PosixRule::Date::in(int year) const {
    sys_days day_of;
    if (form == 'M') {
        weekday const wanted{static_cast<unsigned>(day)};
        auto const in_month = std::chrono::year{year} / static_cast<int>(month);
        day_of = week == 5 ? sys_days{in_month / wanted[last]}
                           : sys_days{in_month / wanted[static_cast<unsigned>(week)]};
    } else {
        day_of = sys_days{std::chrono::year{year} / January / 1} + days{day};
        bool const is_past_february = std::chrono::year{year}.is_leap() && day >= 60;
        if (form == 'J') day_of -= days{is_past_february ? 0 : 1};
    }
    return day_of.time_since_epoch().count() * day_seconds + time;
}

std::optional<PosixRule> PosixRule::parse(std::string_view text) {
    PosixRule out;
    Reader reader{text};
    // POSIX counts what is to be added to the wall clock.
    if (!reader.name() || !reader.time(out.offset_)) return std::nullopt;
    out.offset_ = -out.offset_;
    if (reader.at_end()) return out;
    out.has_summer_ = true;
    out.summer_offset_ = out.offset_ + 3600;
    if (!reader.name()) return std::nullopt;
    if (!reader.at_comma()) {
        if (!reader.time(out.summer_offset_)) return std::nullopt;
        out.summer_offset_ = -out.summer_offset_;
    }
    bool const has_dates = reader.take(',') && reader.date(out.summer_begins_) &&
                           reader.take(',') && reader.date(out.summer_ends_) && reader.at_end();
    return has_dates ? std::optional{out} : std::nullopt;
}

PosixRule::Stretch PosixRule::at(Seconds utc) const {
    constexpr Seconds far = Seconds{1} << 39;
    if (!has_summer_) return {-far, far, offset_};
    struct Change {
        Seconds at, offset;
        bool is_summer;
    };
    std::array<Change, 6> changes;
    std::size_t count = 0;
    int const this_year = static_cast<int>(
        year_month_day{floor<days>(sys_seconds{std::chrono::seconds{utc}})}.year());
    for (int year = this_year - 1; year <= this_year + 1; ++year) {
        changes[count++] = {summer_begins_.in(year)-offset_, summer_offset_, true};
        changes[count++] = {summer_ends_.in(year)-summer_offset_, offset_, false};
    }
    // A zone that is always on summer time ends it in the instant in which it begins again.
    std::sort(changes.begin(), changes.end(), [](Change const& a, Change const& b) {
        return a.at != b.at ? a.at < b.at : a.is_summer < b.is_summer;
    });
    auto const next = std::upper_bound(changes.begin(), changes.end(), utc,
                                       [](Seconds time, Change const& c) { return time < c.at; });
    auto const now = next - 1;
    return {now->at, next == changes.end() ? far : next->at, now->offset};
}

}  // namespace weir::cron
