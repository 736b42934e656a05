#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir {

namespace detail {

/// How many bytes the code point at the front of `text`, which is not empty, has; 0: it is none.
/// Surrogates, overlong forms and what is beyond U+10FFFF are none.
inline std::size_t code_point_size(std::string_view text) {
    auto const byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    unsigned char const lead = byte(0);
    if (lead < 0x80) return 1;
    std::size_t const size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((byte(i) & 0xC0) != 0x80) return 0;
    unsigned char const second = byte(1);
    bool const is_overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    bool const is_beyond = (lead == 0xED && second >= 0xA0) || (lead == 0xF4 && second >= 0x90);
    return is_overlong || is_beyond ? 0 : size;
}

}  // namespace detail

/// Whether all bytes are below 0x80: several bytes in a cycle.
inline bool is_ascii(std::string_view text) {
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    std::uint64_t seen = 0, eight = 0;
    char const* at = text.data();
    std::size_t left = text.size();
    // No early exit, so that the compiler makes vectors of it.
    for (; left >= sizeof eight; at += sizeof eight, left -= sizeof eight) {
        std::memcpy(&eight, at, sizeof eight);
        seen |= eight;
    }
    for (; left > 0; ++at, --left) seen |= static_cast<unsigned char>(*at);
    return (seen & high_bits) == 0;
}

/// Where the first byte lies that is no UTF-8; `text.size()`: it all is.
inline std::size_t utf8_size(std::string_view text) {
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    std::uint64_t eight = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        if (text.size() - at >= sizeof eight) {
            std::memcpy(&eight, text.data() + at, sizeof eight);
            std::uint64_t const high = eight & high_bits;
            if (high == 0) {
                at += sizeof eight;
                continue;
            }
            if constexpr (std::endian::native == std::endian::little)
                at += static_cast<std::size_t>(std::countr_zero(high)) / 8;
        }
        std::size_t const size = detail::code_point_size(text.substr(at));
        if (size == 0) break;
        at += size;
    }
    return at;
}

inline bool is_utf8(std::string_view text) { return utf8_size(text) == text.size(); }

}  // namespace weir
