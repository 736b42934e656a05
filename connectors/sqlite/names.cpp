#include "names.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>
#include <weir/cpp/error.hpp>

namespace weir::sqlite {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string enclosed(std::string_view text, char quote) {
    std::string out{quote};
    for (char const c : text) {
        if (c == quote) out += quote;
        out += c;
    }
    return out += quote;
}

bool starts_folded(std::string_view name, std::string_view prefix) {
    return name.size() >= prefix.size() && same_name(name.substr(0, prefix.size()), prefix);
}

/// One part between dots: where it ends, its text, and the pattern it makes.
struct Part {
    std::string text, glob;
    bool wild = false;
    std::size_t end = 0;
};

Part quoted_part(std::string_view text, std::size_t at) {
    Part part;
    for (++at; at < text.size(); ++at) {
        if (text[at] == '"') {
            if (at + 1 == text.size() || text[at + 1] != '"') break;
            ++at;
        }
        part.text += text[at];
        part.glob += {'\\', text[at]};
    }
    if (at >= text.size())
        throw Error{WEIR_E_CONFIG, "the stream name " + std::string{text} +
                                       " has an opening double quote without a closing one"}
            .coded("sqlite.stream_name");
    part.end = at + 1;
    return part;
}

Part plain_part(std::string_view text, std::size_t at) {
    Part part;
    for (; at < text.size() && text[at] != '.'; ++at) {
        bool const wild = text[at] == '*' || text[at] == '?';
        part.text += text[at];
        if (!wild) part.glob += '\\';
        part.glob += text[at];
        part.wild = part.wild || wild;
    }
    part.end = at;
    return part;
}

bool glob_matches(std::string_view glob, std::string_view text) {
    std::size_t g = 0, t = 0, star = std::string_view::npos, mark = 0;
    while (t < text.size()) {
        bool const literal_here = g < glob.size() && glob[g] == '\\';
        if (g < glob.size() && glob[g] == '*') {
            star = g++;
            mark = t;
        } else if (g < glob.size() && glob[g] == '?') {
            ++g;
            // One character, not one byte of it.
            for (++t; t < text.size() && (text[t] & '\xC0') == '\x80';) ++t;
        } else if (literal_here && lower(glob[g + 1]) == lower(text[t])) {
            g += 2;
            ++t;
        } else if (star != std::string_view::npos) {
            g = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (g < glob.size() && glob[g] == '*') ++g;
    return g == glob.size();
}

}  // namespace

std::string as_name(std::string_view name) { return enclosed(name, '"'); }
std::string as_text(std::string_view text) { return enclosed(text, '\''); }

std::string joined_by_or(std::span<std::string const> conditions) {
    if (conditions.size() == 1) return conditions[0];
    std::size_t const half = conditions.size() / 2;
    return "(" + joined_by_or(conditions.first(half)) + " OR " +
           joined_by_or(conditions.subspan(half)) + ")";
}

std::string folded(std::string_view name) {
    std::string out{name};
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

bool same_name(std::string_view one, std::string_view other) {
    return std::ranges::equal(one, other, {}, lower, lower);
}

bool is_weirs_own(std::string_view name) { return starts_folded(name, "_weir_"); }
bool is_sqlites_own(std::string_view name) { return starts_folded(name, "sqlite_"); }

std::string fingerprint(std::initializer_list<std::string_view> texts) {
    // FNV-1a; a byte that UTF-8 never has ends each text, so that "ab","c" is not "a","bc".
    std::uint64_t hash = 14695981039346656037u;
    auto take = [&hash](unsigned char byte) { hash = (hash ^ byte) * 1099511628211u; };
    for (std::string_view const text : texts) {
        for (char const c : text) take(static_cast<unsigned char>(c));
        take(0xFF);
    }
    std::string out(16, '0');
    for (std::size_t i = 16; i-- > 0; hash >>= 4) out[i] = "0123456789abcdef"[hash & 15];
    return out;
}

std::string hex(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (char const c : bytes) {
        auto const byte = static_cast<unsigned char>(c);
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
    return out;
}

bool unhex(std::string_view text, std::string& bytes) {
    auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        c = lower(c);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    if (text.size() % 2 != 0) return false;
    bytes.clear();
    for (std::size_t i = 0; i < text.size(); i += 2) {
        int const high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0) return false;
        bytes += static_cast<char>(high * 16 + low);
    }
    return true;
}

Pattern Pattern::parse(std::string_view text) {
    std::vector<Part> parts;
    for (std::size_t at = 0;;) {
        bool const is_quoted = at < text.size() && text[at] == '"';
        parts.push_back(is_quoted ? quoted_part(text, at) : plain_part(text, at));
        at = parts.back().end;
        if (at >= text.size()) break;
        if (text[at] != '.' || parts.size() == 2)
            throw Error{WEIR_E_CONFIG, "the stream name " + std::string{text} +
                                           " is not table or main.table; a name with dots or "
                                           "blanks in it stands in double quotes"}
                .coded("sqlite.stream_name");
        ++at;
    }
    Pattern pattern;
    if (parts.size() == 2)
        pattern.schema = glob_matches(parts[0].glob, "main") ? "main" : parts[0].text;
    Part& last = parts.back();
    pattern.name = std::move(last.text);
    pattern.exact = !last.wild;
    pattern.glob = std::move(last.glob);
    return pattern;
}

bool Pattern::matches(std::string_view table) const {
    return (schema.empty() || schema == "main") && glob_matches(glob, table);
}

std::string written(std::string_view table) {
    auto plain = [](char c) {
        return lower(c) != c || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
               static_cast<unsigned char>(c) >= 0x80;
    };
    bool const is_plain = !table.empty() && std::ranges::all_of(table, plain);
    return is_plain ? std::string{table} : as_name(table);
}

}  // namespace weir::sqlite
