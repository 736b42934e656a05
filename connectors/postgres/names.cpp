#include "names.hpp"

namespace weir::postgres {
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
    for (char c : part)
        if (c == '.' || c == '"' || c == '*' || c == '?' || static_cast<unsigned char>(c) <= ' ')
            plain = false;
    return plain ? std::string{part} : identifier(part);
}

}  // namespace

std::optional<NamePattern> parse_name(std::string_view text, std::string_view schema) {
    if (text.find('\0') != text.npos) return std::nullopt;
    std::vector<NamePart> parts;
    for (std::size_t at = 0; at <= text.size(); ++at) {
        if (!read_part(text, at, parts.emplace_back())) return std::nullopt;
        if (parts.back().text.empty() || parts.size() > 2) return std::nullopt;
    }
    if (parts.size() == 2) return NamePattern{parts[0], parts[1]};
    NamePart part;
    for (char const c : schema) add_literal(part, c);
    return NamePattern{std::move(part), parts[0]};
}

std::string stream_name(std::string_view schema, std::string_view table) {
    return written(schema) + "." + written(table);
}

std::string identifier(std::string_view name) {
    std::string out = "\"";
    for (char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out += '"';
}

std::string short_identifier(std::string_view name) {
    // Of the reserved words those that people name things by.
    for (std::string_view word : {"user", "order", "group", "table", "column", "end", "limit",
                                  "check", "default", "references", "all", "select", "from"})
        if (name == word) return identifier(name);
    bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9');
    for (char c : name)
        plain = plain && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
    return plain ? std::string{name} : identifier(name);
}

std::string literal(std::string_view value) {
    bool const escaped = value.find('\\') != value.npos;
    std::string out = escaped ? "E'" : "'";
    for (char c : value) {
        if (c == '\'' || c == '\\') out += c;
        out += c;
    }
    return out += '\'';
}

std::string qualified(std::string_view schema, std::string_view table) {
    return identifier(schema) + "." + identifier(table);
}

}  // namespace weir::postgres
