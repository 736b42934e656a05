#include "host/core/secret.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace weir::host {

namespace {

constexpr std::size_t reference_bytes_max = 64 * 1024;

Result<std::string> value_of(std::string_view reference) {
    auto const colon = reference.find(':');
    std::string const kind{reference.substr(0, colon)};
    std::string const name{colon == std::string_view::npos ? "" : reference.substr(colon + 1)};
    std::string const shown = "${" + std::string{reference} + "}";
    if (kind == "env") {
        if (char const* value = std::getenv(name.c_str())) return std::string{value};
        return Error{WEIR_E_CONFIG, "config.reference", shown + " is not set", shown};
    }
    if (kind == "file") {
        std::ifstream file{name, std::ios::binary};
        std::string text{std::istreambuf_iterator<char>{file}, {}};
        if (!file.is_open() || file.bad())
            return Error{WEIR_E_CONFIG, "config.reference", shown + " cannot be read", shown};
        if (text.size() > reference_bytes_max)
            return Error{WEIR_E_CONFIG, "config.reference", shown + " is larger than 64 KiB",
                         shown};
        if (text.ends_with('\n')) text.pop_back();
        return text;
    }
    return Error{WEIR_E_CONFIG, "config.reference",
                 shown + " is not a reference: use ${env:NAME} or ${file:PATH}", shown};
}

/// Replaces [from, to) of `text` by three stars and answers the place behind them.
std::size_t star(std::string& text, std::size_t from, std::size_t to) {
    text.replace(from, to - from, "***");
    return from + 3;
}

}  // namespace

Result<std::string> resolve_references(std::string_view text) {
    std::string out;
    for (std::size_t at = 0;;) {
        auto const open = text.find("${", at);
        out += text.substr(at, open - at);
        if (open == std::string_view::npos) return out;
        auto const close = text.find('}', open);
        if (close == std::string_view::npos)
            return Error{WEIR_E_CONFIG, "config.reference", "\"${\" has no closing \"}\""};
        Result<std::string> value = value_of(text.substr(open + 2, close - open - 2));
        if (!value) return value.error();
        out += *value;
        at = close + 1;
    }
}

std::string mask_url(std::string_view url) {
    std::string out{url};
    if (auto const scheme = out.find("://"); scheme != std::string::npos) {
        // A password may hold an unescaped "/" or "@" by mistake: the last "@" before the query
        // ends the credentials, so that a broken URL shows less rather than more.
        auto const begin = scheme + 3;
        auto const query = out.find('?', begin);
        auto const at = out.rfind('@', query == std::string::npos ? query : query - 1);
        auto const colon = out.find(':', begin);
        if (at != std::string::npos && at >= begin && colon < at &&
            out.find("${") == std::string::npos)
            star(out, colon + 1, at);
    }
    for (std::string_view name : {"password=", "sslpassword=", "token=", "secret="})
        for (auto at = out.find(name); at != std::string::npos; at = out.find(name, at))
            at = star(out, at + name.size(), std::min(out.find('&', at), out.size()));
    return out;
}

}  // namespace weir::host
