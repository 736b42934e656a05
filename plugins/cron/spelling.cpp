#include "spelling.hpp"

#include <algorithm>
#include <cctype>

namespace weir::cron {

std::string in_quotes(std::string_view text) {
    constexpr std::size_t shown_bytes_max = 80;
    std::size_t size = std::min(text.size(), shown_bytes_max);
    if (size < text.size())
        while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    std::string out = "\"";
    for (char const c : text.substr(0, size))
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    return out + (size < text.size() ? "…\"" : "\"");
}

void check_members(Json const& body, std::vector<std::string> const& known, Problems& problems) {
    if (!body.is_object()) {
        problems.add({"", "cron.bad_request", "the body is no object"});
        return;
    }
    for (auto const& [name, value] : body.items())
        if (std::find(known.begin(), known.end(), name) == known.end())
            problems.add({"/" + name, "cron.unknown_member",
                          "there is no member " + in_quotes(name), nearest(name, known)});
}

}  // namespace weir::cron
