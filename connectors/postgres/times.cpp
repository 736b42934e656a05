#include "times.hpp"

#include <charconv>
#include <weir/cpp/calendar.hpp>

namespace weir::postgres {
namespace {

constexpr std::int64_t day_us = 86'400'000'000;

inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

/// Two digits at `at`; what is none makes the number large.
inline unsigned two(char const* at) {
    unsigned const tens = static_cast<unsigned char>(at[0] - '0');
    unsigned const ones = static_cast<unsigned char>(at[1] - '0');
    return tens > 9 || ones > 9 ? 1000u : tens * 10 + ones;
}

/// Days since 1970-01-01 in the Gregorian calendar, year 0 being 1 BC.
inline std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    std::int64_t const era = (year >= 0 ? year : year - 399) / 400;
    auto const year_of_era = static_cast<unsigned>(year - era * 400);
    unsigned const day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned const day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + static_cast<std::int64_t>(day_of_era) - 719468;
}

bool take_era(std::string_view& text) {
    if (text.size() < 4 || text.back() != 'C' || !text.ends_with(" BC")) return false;
    text.remove_suffix(3);
    return true;
}

/// Reads "year-mm-dd" at the start of `text` and moves behind it.
bool take_date(std::string_view& text, bool bc, std::int64_t& days) {
    std::size_t dash = 4;
    std::int64_t year = 0;
    if (text.size() >= 10 && text[4] == '-') {
        unsigned const high = two(text.data()), low = two(text.data() + 2);
        if (high > 99 || low > 99) return false;
        year = high * 100 + low;
    } else {
        dash = text.find('-', 1);
        if (dash == text.npos || dash > 8 || text.size() < dash + 6) return false;
        auto const [end, failed] = std::from_chars(text.data(), text.data() + dash, year);
        if (failed != std::errc{} || end != text.data() + dash) return false;
    }
    char const* const at = text.data() + dash;
    unsigned const month = two(at + 1), day = two(at + 4);
    if (at[3] != '-' || month < 1 || month > 12 || day < 1 || day > 31) return false;
    days = days_from_civil(bc ? 1 - year : year, month, day);
    text.remove_prefix(dash + 6);
    return true;
}

/// Reads "hh:mm:ss[.ffffff]" at the start of `text` and moves behind it.
bool take_time(std::string_view& text, std::int64_t& us) {
    if (text.size() < 8 || text[2] != ':' || text[5] != ':') return false;
    unsigned const hour = two(text.data()), minute = two(text.data() + 3);
    unsigned const second = two(text.data() + 6);
    if (hour > 24 || minute > 59 || second > 60) return false;
    us = (std::int64_t{hour} * 3600 + minute * 60 + second) * 1'000'000;
    text.remove_prefix(8);
    if (text.empty() || text[0] != '.') return true;
    std::int64_t unit = 100'000;
    std::size_t used = 1;
    for (; used < text.size() && is_digit(text[used]); ++used, unit /= 10)
        us += (text[used] - '0') * unit;
    text.remove_prefix(used);
    return used > 1 && used <= 7;
}

}  // namespace

std::optional<std::int32_t> days_of(std::string_view text) {
    std::int64_t days = 0;
    bool const bc = take_era(text);
    if (!take_date(text, bc, days) || !text.empty()) return std::nullopt;
    return static_cast<std::int32_t>(days);
}

std::optional<std::int64_t> time_of_day(std::string_view text) {
    std::int64_t us = 0;
    if (!take_time(text, us) || !text.empty()) return std::nullopt;
    return us;
}

std::optional<std::int64_t> microseconds_of(std::string_view text) {
    std::int64_t days = 0, us = 0;
    bool const bc = take_era(text);
    if (!take_date(text, bc, days) || text.empty() || text[0] != ' ') return std::nullopt;
    text.remove_prefix(1);
    if (!take_time(text, us) || (!text.empty() && text != "+00")) return std::nullopt;
    std::int64_t out;
    if (__builtin_mul_overflow(days, day_us, &out) || __builtin_add_overflow(out, us, &out))
        return std::nullopt;
    return out;
}

void append_time(std::string& out, std::string_view text) {
    std::size_t const dot = text.find('.');
    out += text;
    if (dot == text.npos) out += '.';
    std::size_t const digits = dot == text.npos ? 0 : text.size() - dot - 1;
    out.append(digits < 6 ? 6 - digits : 0, '0');
}

void append_timestamp(std::string& out, std::string_view text, bool zone) {
    std::string_view const printed = text;
    bool const bc = take_era(text);
    if (text.ends_with("+00")) text.remove_suffix(3);
    std::size_t const blank = text.find(' ');
    if (blank == text.npos) {  // infinity, -infinity
        out += printed;
        return;
    }
    out += text.substr(0, blank);
    out += 'T';
    append_time(out, text.substr(blank + 1));
    if (zone) out += 'Z';
    if (bc) out += " BC";
}

namespace {

void print_number(std::string& out, std::int64_t number, std::size_t digits) {
    std::string const text = std::to_string(number);
    out.append(text.size() < digits ? digits - text.size() : 0, '0');
    out += text;
}

/// Answers whether the year is before Christ, which is said at the end.
bool print_civil(std::string& out, std::int64_t days) {
    Civil const date = civil_of(days);
    print_number(out, date.year > 0 ? date.year : 1 - date.year, 4);
    out += '-';
    print_number(out, date.month, 2);
    out += '-';
    print_number(out, date.day, 2);
    return date.year <= 0;
}

}  // namespace

void print_date(std::string& out, std::int64_t days) {
    if (print_civil(out, days)) out += " BC";
}

void print_timestamp(std::string& out, std::int64_t us, std::int64_t base, bool zone) {
    std::int64_t days = us / day_us, rest = us % day_us;
    if (rest < 0) {
        rest += day_us;
        --days;
    }
    bool const bc = print_civil(out, days + base);
    std::int64_t const seconds = rest / 1'000'000;
    for (auto const& [mark, number] :
         {std::pair{' ', seconds / 3600}, {':', seconds / 60 % 60}, {':', seconds % 60}}) {
        out += mark;
        print_number(out, number, 2);
    }
    if (std::int64_t const fraction = rest % 1'000'000) {
        out += '.';
        print_number(out, fraction, 6);
        while (out.back() == '0') out.pop_back();
    }
    if (zone) out += "+00";
    if (bc) out += " BC";
}

}  // namespace weir::postgres
