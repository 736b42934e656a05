#include "json_numbers.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

namespace weir::mysql {
namespace {

constexpr std::size_t digits_max = 17;  // tell any two doubles apart

/// digits · 10^power without zeros at either end; 0 has no digits.
struct Decimal {
    std::string digits;
    std::int64_t power = 0;
    bool operator==(Decimal const&) const = default;
};

Decimal decimal_of(std::string_view number) {
    Decimal out;
    std::size_t const e = number.find_first_of("eE");
    std::string_view const mantissa = number.substr(0, e);
    if (e != number.npos) {
        std::string_view exponent = number.substr(e + 1);
        if (exponent.starts_with('+')) exponent.remove_prefix(1);
        std::from_chars(exponent.data(), exponent.data() + exponent.size(), out.power);
    }
    bool is_behind_point = false;
    for (char const c : mantissa) {
        if (c == '.') is_behind_point = true;
        if (c < '0' || c > '9') continue;
        out.power -= is_behind_point;
        if (c != '0' || !out.digits.empty()) out.digits += c;
    }
    for (; out.digits.ends_with('0'); out.digits.pop_back()) ++out.power;
    if (out.digits.empty()) out.power = 0;
    return out;
}

template <class Integer>
bool fits(std::string_view number) {
    Integer value = 0;
    auto const [end, failed] = std::from_chars(number.data(), number.data() + number.size(), value);
    return failed == std::errc{} && end == number.data() + number.size();
}

bool is_kept(std::string_view number) {
    if (fits<std::int64_t>(number) || fits<std::uint64_t>(number)) return true;
    double value = 0;
    auto const [end, failed] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (failed != std::errc{} || end != number.data() + number.size()) return false;
    // Whoever printed a double did so with up to 17 digits, not always the fewest.
    Decimal const asked = decimal_of(number);
    if (asked.digits.size() > digits_max) return false;
    char text[32];
    int const behind_point = std::max(static_cast<int>(asked.digits.size()) - 1, 0);
    char* const last = std::to_chars(text, text + sizeof text, value,
                                     std::chars_format::scientific, behind_point).ptr;
    return decimal_of({text, last}) == asked;
}

}  // namespace

bool keeps_numbers(std::string_view json) {
    constexpr std::string_view in_number = "+-.0123456789eE";
    bool is_quoted = false;
    for (std::size_t at = 0; at < json.size(); ++at) {
        char const c = json[at];
        if (c == '\\') ++at;  // only in texts
        if (c == '"') is_quoted = !is_quoted;
        if (is_quoted || (c != '-' && (c < '0' || c > '9'))) continue;
        std::size_t const end = std::min(json.find_first_not_of(in_number, at), json.size());
        if (!is_kept(json.substr(at, end - at))) return false;
        at = end - 1;
    }
    return true;
}

}  // namespace weir::mysql
