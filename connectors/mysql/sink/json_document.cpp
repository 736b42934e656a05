#include "json_document.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

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

bool is_kept(std::string_view number) {
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

/// Stops where the document would be another one.
class Looking : public nlohmann::json_sax<nlohmann::json> {
public:
    char const* why = nullptr;

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(std::int64_t) override { return true; }
    bool number_unsigned(std::uint64_t) override { return true; }
    // Integers beyond 64 bits, too.
    bool number_float(double, std::string const& number) override {
        return is_kept(number) || stop("would round its numbers");
    }
    bool string(std::string&) override { return true; }
    bool binary(nlohmann::json::binary_t&) override { return true; }
    bool start_object(std::size_t) override {
        keys_.emplace_back();
        return true;
    }
    bool key(std::string& name) override {
        return keys_.back().insert(name).second || stop("would lose a key that comes twice");
    }
    bool end_object() override {
        keys_.pop_back();
        return true;
    }
    bool start_array(std::size_t) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t, std::string const&,
                     nlohmann::json::exception const&) override {
        return false;
    }

private:
    bool stop(char const* because) {
        why = because;
        return false;
    }

    std::vector<std::set<std::string>> keys_;  ///< of the objects that are open
};

}  // namespace

char const* json_change(std::string_view json) {
    Looking looking;
    nlohmann::json::sax_parse(json, &looking);
    return looking.why;
}

}  // namespace weir::mysql
