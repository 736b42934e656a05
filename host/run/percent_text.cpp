#include "host/run/percent_text.hpp"

#include <charconv>

namespace weir::host {

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned char byte = 0;
        char const* const from = text.data() + i + 1;
        bool const is_escape = text[i] == '%' && i + 2 < text.size() &&
                               std::from_chars(from, from + 2, byte, 16).ptr == from + 2;
        out += is_escape ? static_cast<char>(byte) : text[i];
        if (is_escape) i += 2;
    }
    return out;
}

}  // namespace weir::host
