#include "host/core/harmless.hpp"

#include <fmt/format.h>

namespace weir::host {

std::string harmless(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const byte = static_cast<unsigned char>(text[i]);
        bool const is_pair = byte == 0xC2 && i + 1 < text.size();
        auto const next = is_pair ? static_cast<unsigned char>(text[i + 1]) : byte;
        if (is_pair && next >= 0x80 && next < 0xA0)  // U+0080 to U+009F
            out += fmt::format("\\x{:02x}", next), ++i;
        else if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F)
            out += fmt::format("\\x{:02x}", byte);
        else
            out += text[i];
    }
    return out;
}

}  // namespace weir::host
