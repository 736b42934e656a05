#include "numeric.hpp"

#include <algorithm>

namespace weir::postgres {
namespace {

enum Sign : std::uint16_t {
    positive = 0,
    negative = 0x4000,
    not_a_number = 0xC000,
    infinite = 0xD000,
    minus_infinite = 0xF000
};

constexpr std::size_t head_size = 8;
constexpr std::size_t digits_max = 131'072, scale_max = 16'383;  // of the server

bool put_special(Outgoing& out, Sign sign) {
    char* at = out.room(4 + head_size);
    at = put_number(at, std::uint32_t{head_size});
    at = put_number(at, std::uint16_t{0});
    at = put_number(at, std::uint16_t{0});
    at = put_number(at, std::uint16_t{sign});
    at = put_number(at, std::uint16_t{0});
    out.end(at);
    return true;
}

bool has_digits_only(std::string_view text) {
    unsigned bad = 0;
    for (char const c : text) bad |= static_cast<unsigned>(static_cast<unsigned char>(c - '0') > 9);
    return bad == 0;
}

std::uint16_t group_of(std::string_view digits) {
    unsigned value = 0;
    for (char const c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
    return static_cast<std::uint16_t>(value);
}

}  // namespace

bool put_numeric(Outgoing& out, std::string_view text) {
    if (text == "NaN") return put_special(out, not_a_number);
    if (text == "Infinity") return put_special(out, infinite);
    if (text == "-Infinity") return put_special(out, minus_infinite);
    Sign sign = positive;
    if (text.starts_with('-')) sign = negative;
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    std::size_t const point = std::min(text.find('.'), text.size());
    std::string_view whole = text.substr(0, point);
    std::string_view const fraction = text.substr(std::min(point + 1, text.size()));
    if (whole.empty() && fraction.empty()) return false;
    if (!has_digits_only(whole) || !has_digits_only(fraction)) return false;
    whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
    if (whole.size() > digits_max || fraction.size() > scale_max) return false;

    std::size_t const whole_groups = (whole.size() + 3) / 4;
    std::size_t const groups = whole_groups + (fraction.size() + 3) / 4;
    char* const start = out.room(4 + head_size + groups * 2);
    char* at = start + 4 + head_size;
    auto weight = static_cast<std::int64_t>(whole_groups) - 1;
    bool is_leading = true;
    auto put_group = [&](std::uint16_t group) {
        if (is_leading && group == 0) {
            --weight;
            return;
        }
        is_leading = false;
        at = put_number(at, group);
    };
    std::size_t const first = whole.size() % 4;
    if (first) put_group(group_of(whole.substr(0, first)));
    for (std::size_t i = first; i < whole.size(); i += 4) put_group(group_of(whole.substr(i, 4)));
    for (std::size_t i = 0; i < fraction.size(); i += 4) {
        std::string_view const digits = fraction.substr(i, 4);
        unsigned group = group_of(digits);
        for (std::size_t missing = digits.size(); missing < 4; ++missing) group *= 10;
        put_group(static_cast<std::uint16_t>(group));
    }
    // Zeros at the end are told by the scale alone.
    char* const from = start + 4 + head_size;
    while (at > from && at[-1] == 0 && at[-2] == 0) at -= 2;
    auto const count = static_cast<std::uint16_t>((at - from) / 2);
    if (count == 0) weight = 0, sign = positive;
    char* head = put_number(start, static_cast<std::uint32_t>(at - start - 4));
    head = put_number(head, count);
    head = put_number(head, static_cast<std::uint16_t>(static_cast<std::int16_t>(weight)));
    head = put_number(head, std::uint16_t{sign});
    put_number(head, static_cast<std::uint16_t>(fraction.size()));
    out.end(at);
    return true;
}

}  // namespace weir::postgres
