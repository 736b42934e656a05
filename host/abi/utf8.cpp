#include "host/abi/utf8.hpp"

#include <cstddef>

namespace weir::host {

namespace {

bool is_tail(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// How many bytes the code point at the front of `text` has; 0: it is none. Surrogates, overlong
/// forms and what is beyond U+10FFFF are none.
std::size_t code_point_size(std::string_view text) {
    auto const lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return 1;
    std::size_t const size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if (!is_tail(text[i])) return 0;
    auto const second = static_cast<unsigned char>(text[1]);
    bool const is_overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    bool const is_beyond = (lead == 0xED && second >= 0xA0) || (lead == 0xF4 && second >= 0x90);
    return is_overlong || is_beyond ? 0 : size;
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        std::size_t const size = code_point_size(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

std::string mend_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        std::size_t const size = code_point_size(text);
        if (size == 0)
            out += "\xEF\xBF\xBD";
        else
            out += text.substr(0, size);
        text.remove_prefix(size == 0 ? 1 : size);
    }
    return out;
}

}  // namespace weir::host
