#include "host/run/record_text.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "weir/cpp/calendar.hpp"

namespace weir::host {

namespace {

__extension__ using Wide = __int128;

constexpr Wide second_us = 1'000'000, day_us = 86'400 * second_us;

/// Takes a text apart from its front; once something was not there, ok() stays false.
class Scan {
public:
    explicit Scan(std::string_view text) : rest_{text} {}

    bool ok() const { return ok_; }
    bool is_whole() const { return ok_ && rest_.empty(); }
    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    void need(std::string_view word) { ok_ = take(word) && ok_; }
    /// A number of at least `least` digits.
    std::int64_t number(std::size_t least) {
        constexpr std::size_t digits_max = 12;
        std::size_t count = 0;
        while (count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9') ++count;
        std::int64_t value = 0;
        if (count < least || count > digits_max) {
            ok_ = false;
        } else {
            std::from_chars(rest_.data(), rest_.data() + count, value);
            rest_.remove_prefix(count);
        }
        return value;
    }
    /// Digits behind a point as microseconds; digits beyond the sixth must be 0.
    std::int64_t fraction_us() {
        std::int64_t us = 0, unit = 100'000;
        std::size_t count = 0;
        for (; count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count) {
            std::int64_t const digit = rest_[count] - '0';
            if (unit == 0 && digit != 0) ok_ = false;
            us += digit * unit;
            unit /= 10;
        }
        ok_ = ok_ && count > 0;
        rest_.remove_prefix(count);
        return us;
    }

private:
    std::string_view rest_;
    bool ok_ = true;
};

/// "2024-02-29"; the era stands at the very end and is taken there.
Civil day_in(Scan& scan) {
    Civil day{};
    day.year = scan.number(4);
    scan.need("-");
    day.month = static_cast<unsigned>(scan.number(2));
    scan.need("-");
    day.day = static_cast<unsigned>(scan.number(2));
    return day;
}

Wide clock_in(Scan& scan) {
    Wide const hours = scan.number(2);
    scan.need(":");
    Wide const minutes = scan.number(2);
    scan.need(":");
    Wide const seconds = scan.number(2);
    scan.need(".");
    Wide const fraction = scan.fraction_us();
    return ((hours * 60 + minutes) * 60 + seconds) * second_us + fraction;
}

std::optional<std::int64_t> days_from(Civil day, bool is_bc) {
    constexpr std::int64_t year_max = 10'000'000;
    if (day.year > year_max || day.month < 1 || day.month > 12 || day.day < 1 || day.day > 31)
        return std::nullopt;
    if (is_bc) day.year = 1 - day.year;
    std::int64_t const days = days_of(day);
    Civil const again = civil_of(days);
    if (again.month != day.month || again.day != day.day) return std::nullopt;
    return days;
}

std::optional<std::int64_t> narrow(Wide value) {
    using Limits = std::numeric_limits<std::int64_t>;
    if (value < Limits::min() || value > Limits::max()) return std::nullopt;
    return static_cast<std::int64_t>(value);
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> bytes_of(std::string_view digits) {
    if (digits.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        int const high = digit_of(digits[i]), low = digit_of(digits[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

}  // namespace

std::optional<std::int64_t> parse_date(std::string_view text) {
    Scan scan{text};
    Civil const day = day_in(scan);
    bool const is_bc = scan.take(" BC");
    return scan.is_whole() ? days_from(day, is_bc) : std::nullopt;
}

std::optional<std::int64_t> parse_time(std::string_view text) {
    Scan scan{text};
    bool const is_negative = scan.take("-");
    Wide const us = clock_in(scan);
    return scan.is_whole() ? narrow(is_negative ? -us : us) : std::nullopt;
}

std::optional<std::int64_t> parse_timestamp(std::string_view text, bool is_instant) {
    Scan scan{text};
    Civil const day = day_in(scan);
    scan.need("T");
    Wide const us = clock_in(scan);
    if (is_instant) scan.need("Z");
    bool const is_bc = scan.take(" BC");
    if (!scan.is_whole()) return std::nullopt;
    std::optional<std::int64_t> const days = days_from(day, is_bc);
    return days ? narrow(*days * day_us + us) : std::nullopt;
}

std::optional<std::string> parse_decimal(std::string_view text, int scale) {
    constexpr int digits_max = 38;
    bool const is_negative = text.starts_with('-');
    if (is_negative) text.remove_prefix(1);
    Wide value = 0;
    int digits = 0, behind = -1;  // digits behind the point; -1: it has not come
    for (char const c : text) {
        if (c == '.' && behind < 0) {
            behind = 0;
            continue;
        }
        if (c < '0' || c > '9' || (value != 0 && ++digits > digits_max)) return std::nullopt;
        value = value * 10 + (c - '0');
        if (behind >= 0) ++behind;
    }
    if (text.empty() || (scale > 0 ? behind : 0) != std::max(scale, 0)) return std::nullopt;
    if (is_negative) value = -value;
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

std::optional<std::string> parse_hex(std::string_view text) {
    if (!text.starts_with("\\x")) return std::nullopt;
    return bytes_of(text.substr(2));
}

std::optional<std::string> parse_uuid(std::string_view text) {
    constexpr std::size_t text_bytes = 36;
    if (text.size() != text_bytes) return std::nullopt;
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool const is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash != (text[i] == '-')) return std::nullopt;
        if (!is_dash) digits += text[i];
    }
    return bytes_of(digits);
}

}  // namespace weir::host
