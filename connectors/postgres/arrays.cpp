#include "arrays.hpp"

#include <weir/cpp/error.hpp>

#include "times.hpp"

namespace weir::postgres {
namespace {

void append_json_text(std::string& out, std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    out += '"';
    for (char c : text) {
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\b': out += "\\b"; break;
            case '\f': out += "\\f"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += "\\u00";
                    out += digits[static_cast<unsigned char>(c) >> 4];
                    out += digits[c & 15];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

void append_item(std::string& out, std::string_view text, Element element) {
    switch (element) {
        case Element::number:
            // NaN and the infinities are no JSON numbers.
            if (text.find_first_of("Ny") != text.npos)
                append_json_text(out, text);
            else
                out += text;
            return;
        case Element::boolean: out += text == "t" ? "true" : "false"; return;
        case Element::json:
            if (text == "null") out += ' ';
            out += text;
            return;
        case Element::text: append_json_text(out, text); return;
        case Element::time:
            out += '"';
            append_time(out, text);
            out += '"';
            return;
        case Element::timestamp:
        case Element::instant:
            out += '"';
            append_timestamp(out, text, element == Element::instant);
            out += '"';
            return;
    }
}

[[noreturn]] void no_array() { throw Error{WEIR_E_DATA, "an array that cannot be read"}; }

/// Reads a quoted item behind its first quote; answers the index behind the last.
std::size_t read_quoted(std::string_view text, std::size_t at, std::string& item) {
    for (; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && ++at == text.size()) no_array();
        item += text[at];
    }
    if (at == text.size()) no_array();
    return at + 1;
}

}  // namespace

bool plain_documents(std::string_view text) {
    // A quote that no backslash stands before opens an element, or closes one.
    for (std::size_t at = 0; (at = text.find('"', at)) != text.npos; ++at) {
        std::string_view const next = text.substr(at + 1, 2);
        if (next.empty() || text[at - 1] == '\\') continue;
        bool const is_escape = next[0] == '\\' && next.find_first_of("tnr") == 1;
        if (is_escape || std::string_view{" \t\n\r"}.find(next[0]) != next.npos) return false;
    }
    return true;
}

void append_array(std::string& out, std::string_view text, Element element, char delimiter) {
    std::string item;
    std::size_t depth = 0;
    for (std::size_t at = 0; at < text.size();) {
        char const c = text[at];
        if (c == '{') {
            out += depth > 0 && element == Element::json ? " [" : "[";
            ++depth;
            ++at;
        } else if (c == '}') {
            if (depth-- == 0) no_array();
            out += ']';
            ++at;
        } else if (c == delimiter) {
            out += ',';
            ++at;
        } else if (c == '"') {
            item.clear();
            at = read_quoted(text, at + 1, item);
            append_item(out, item, element);
        } else {
            std::size_t end = at;
            while (end < text.size() && text[end] != delimiter && text[end] != '}') ++end;
            std::string_view const bare = text.substr(at, end - at);
            if (bare == "NULL")
                out += "null";
            else
                append_item(out, bare, element);
            at = end;
        }
    }
    if (depth != 0) no_array();
}

}  // namespace weir::postgres
