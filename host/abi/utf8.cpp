#include "host/abi/utf8.hpp"

namespace weir::host {

std::string mend_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        std::size_t const good = utf8_size(text);
        out += text.substr(0, good);
        text.remove_prefix(good);
        if (text.empty()) break;
        out += "\xEF\xBF\xBD";
        text.remove_prefix(1);
    }
    return out;
}

}  // namespace weir::host
