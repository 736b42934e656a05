#include "names.hpp"

#include <algorithm>
#include <vector>

namespace weir::mysql {
namespace {

void add_literal(NamePart& part, char c) {
    part.text += c;
    if (c == '%' || c == '_' || c == '\\') part.like += '\\';
    part.like += c;
}

void add_wild(NamePart& part, char c) {
    part.text += c;
    part.like += c == '*' ? '%' : '_';
    part.wild = true;
}

/// Reads one part at `at` and moves behind it; false when a quote stays open.
bool read_part(std::string_view text, std::size_t& at, NamePart& part) {
    bool quoted = false;
    for (; at < text.size(); ++at) {
        char const c = text[at];
        if (c == '"') {
            if (quoted && at + 1 < text.size() && text[at + 1] == '"')
                add_literal(part, text[++at]);
            else
                quoted = !quoted;
        } else if (c == '.' && !quoted) {
            break;
        } else if ((c == '*' || c == '?') && !quoted) {
            add_wild(part, c);
        } else {
            add_literal(part, c);
        }
    }
    return !quoted;
}

std::string written(std::string_view part) {
    bool plain = !part.empty();
    for (char const c : part)
        if (c == '.' || c == '"' || c == '*' || c == '?' || static_cast<unsigned char>(c) <= ' ')
            plain = false;
    if (plain) return std::string{part};
    std::string out = "\"";
    for (char const c : part) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

}  // namespace

bool can_be_name(std::string_view text) {
    // What begins a character of four bytes.
    return std::ranges::all_of(text, [](char c) {
        auto const byte = static_cast<unsigned char>(c);
        return byte != 0 && byte < 0xF0;
    });
}

std::optional<NamePattern> parse_name(std::string_view text, std::string_view database) {
    if (!can_be_name(text)) return std::nullopt;
    std::vector<NamePart> parts;
    for (std::size_t at = 0; at <= text.size(); ++at) {
        if (!read_part(text, at, parts.emplace_back())) return std::nullopt;
        if (parts.back().text.empty() || parts.size() > 2) return std::nullopt;
    }
    if (parts.size() == 2) return NamePattern{parts[0], parts[1]};
    if (database.empty()) return std::nullopt;
    NamePart part;
    for (char const c : database) add_literal(part, c);
    return NamePattern{std::move(part), parts[0]};
}

std::string stream_name(std::string_view database, std::string_view table) {
    return written(database) + "." + written(table);
}

std::string identifier(std::string_view name) {
    std::string out = "`";
    for (char const c : name) {
        if (c == '`') out += '`';
        out += c;
    }
    return out += '`';
}

std::string identifiers(std::vector<std::string> const& names) {
    std::string out;
    for (std::string const& name : names) out += (out.empty() ? "" : ", ") + identifier(name);
    return out;
}

std::string qualified(std::string_view database, std::string_view table) {
    return identifier(database) + "." + identifier(table);
}

std::string literal(std::string_view value) {
    std::string out = "'";
    for (char const c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out += '\'';
}

std::string hex_of(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(2 * bytes.size());
    for (unsigned char const c : bytes) {
        out += digits[c >> 4];
        out += digits[c & 15];
    }
    return out;
}

std::string text_literal(std::string_view value) { return "_utf8mb4 x'" + hex_of(value) + "'"; }

}  // namespace weir::mysql
