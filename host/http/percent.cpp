#include "host/http/percent.hpp"

#include <algorithm>

#include "host/abi/utf8.hpp"

namespace weir::host::http {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (text.size() - i < 3) return std::nullopt;
            int const high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out += c;
    }
    if (std::any_of(out.begin(), out.end(), is_control) || !is_utf8(out)) return std::nullopt;
    return out;
}

std::vector<std::string_view> path_segments(std::string_view path) {
    std::vector<std::string_view> out;
    if (path.starts_with('/')) path.remove_prefix(1);
    while (true) {
        std::size_t const slash = path.find('/');
        out.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return out;
        path.remove_prefix(slash + 1);
    }
}

std::optional<std::string> decode_path(std::string_view path) {
    std::string out;
    for (std::string_view const segment : path_segments(path)) {
        std::optional<std::string> const decoded = percent_decode(segment);
        if (!decoded || *decoded == "." || *decoded == "..") return std::nullopt;
        out += '/';
        out += *decoded;
    }
    return out;
}

}  // namespace weir::host::http
