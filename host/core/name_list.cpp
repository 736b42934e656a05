#include "host/core/name_list.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace weir::host {

namespace {

Error wrong(std::string_view text, char const* what) {
    return Error{WEIR_E_CONFIG, "usage", fmt::format("{} {}", text, what)};
}

/// The name in quotes that begins at `at`, which then stands behind its closing quote.
Result<std::string> quoted(std::string_view text, std::size_t& at) {
    std::string name;
    for (++at; at < text.size(); ++at) {
        if (text[at] == '"') {
            if (at + 1 == text.size() || text[at + 1] != '"') break;
            ++at;
        }
        name += text[at];
    }
    if (at >= text.size()) return wrong(text, "has a double quote that is not closed");
    ++at;
    if (at < text.size() && text[at] != ',')
        return wrong(text, "goes on behind a closing double quote without a comma");
    return name;
}

}  // namespace

Result<std::vector<std::string>> split_names(std::string_view text) {
    std::vector<std::string> names;
    for (std::size_t at = 0;; ++at) {
        if (at < text.size() && text[at] == '"') {
            Result<std::string> name = quoted(text, at);
            if (!name) return name.error();
            names.push_back(std::move(*name));
        } else {
            std::size_t const end = std::min(text.find(',', at), text.size());
            names.emplace_back(text.substr(at, end - at));
            at = end;
        }
        if (names.back().empty())
            return text.empty() ? Error{WEIR_E_CONFIG, "usage", "it is empty"}
                                : wrong(text, "has an empty name in it");
        if (at == text.size()) return names;
    }
}

std::string join_names(std::vector<std::string> const& names) {
    std::string text;
    for (std::string const& name : names) {
        if (!text.empty()) text += ',';
        if (name.find(',') == std::string::npos && !name.starts_with('"')) {
            text += name;
            continue;
        }
        text += '"';
        for (char const c : name) text += c == '"' ? "\"\"" : std::string{c};
        text += '"';
    }
    return text;
}

}  // namespace weir::host
