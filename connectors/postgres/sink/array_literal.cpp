#include "array_literal.hpp"

#include <algorithm>
#include <cstdint>

namespace weir::postgres {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void append_utf8(std::string& out, std::uint32_t point) {
    auto const byte = [&out](std::uint32_t bits) { out += static_cast<char>(bits); };
    if (point < 0x80) {
        byte(point);
    } else if (point < 0x800) {
        byte(0xC0 | point >> 6), byte(0x80 | (point & 63));
    } else if (point < 0x10000) {
        byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63));
    } else {
        byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 63));
        byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63));
    }
}

/// "[0:1]=…": no JSON, which has no colon in an array.
bool has_bounds(std::string_view text) {
    std::size_t const at = text.find_first_not_of("0123456789-", 1);
    return at != text.npos && at > 1 && text[at] == ':';
}

class Rewriting {
public:
    Rewriting(std::string& out, std::string_view json, char delimiter, bool of_json)
        : out_{out}, json_{json}, delimiter_{delimiter}, of_json_{of_json} {}

    bool run() { return array() && (skip(), at_ == json_.size()); }

private:
    void skip() {
        while (at_ < json_.size() && is_blank(json_[at_])) ++at_;
    }
    bool is_blank_next() const { return at_ < json_.size() && is_blank(json_[at_]); }
    bool take(char c) {
        skip();
        if (at_ == json_.size() || json_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool array() {
        if (!take('[')) return false;
        out_ += '{';
        bool has_blank = is_blank_next();
        for (bool is_first = true; !take(']'); is_first = false) {
            if (!is_first && !take(',')) return false;
            if (!is_first) out_ += delimiter_, has_blank = is_blank_next();
            skip();
            // What a blank says of JSON values: see ../arrays.hpp.
            bool const is_dimension = has_blank && at_ < json_.size() && json_[at_] == '[';
            if (!(of_json_ && !is_dimension ? document(has_blank) : item())) return false;
        }
        out_ += '}';
        return true;
    }
    bool item() {
        if (at_ == json_.size()) return false;
        if (json_[at_] == '[') return array();
        if (json_[at_] == '"') return text();
        std::size_t const from = at_;
        at_ = std::min(json_.find_first_of(",] \t\r\n", at_), json_.size());
        return bare(json_.substr(from, at_ - from));
    }
    bool bare(std::string_view word) {
        if (word == "null")
            out_ += "NULL";
        else if (word.empty() || word.find_first_of("{}\"\\[:") != word.npos)
            return false;
        else
            out_ += word;
        return true;
    }
    void quote(char c) {
        if (c == '"' || c == '\\') out_ += '\\';
        out_ += c;
    }
    bool text() {
        out_ += '"';
        for (++at_; at_ < json_.size() && json_[at_] != '"';) {
            if (json_[at_] != '\\')
                quote(json_[at_++]);
            else if (!escape())
                return false;
        }
        out_ += '"';
        return at_++ < json_.size();
    }
    bool escape() {
        if (++at_ == json_.size()) return false;
        char const c = json_[at_++];
        switch (c) {
            case 'b': out_ += '\b'; return true;
            case 'f': out_ += '\f'; return true;
            case 'n': out_ += '\n'; return true;
            case 'r': out_ += '\r'; return true;
            case 't': out_ += '\t'; return true;
            case 'u': return escaped_point();
            case '"':
            case '\\':
            case '/': quote(c); return true;
            default: return false;
        }
    }
    bool hex4(std::uint32_t& value) {
        value = 0;
        for (int i = 0; i < 4; ++i, ++at_) {
            char const c = at_ < json_.size() ? json_[at_] : ' ';
            value <<= 4;
            if (c >= '0' && c <= '9')
                value |= static_cast<std::uint32_t>(c - '0');
            else if ((c | 32) >= 'a' && (c | 32) <= 'f')
                value |= static_cast<std::uint32_t>((c | 32) - 'a' + 10);
            else
                return false;
        }
        return true;
    }
    bool escaped_point() {
        std::uint32_t point, low;
        if (!hex4(point)) return false;
        if (point >= 0xD800 && point < 0xDC00) {
            if (json_.substr(at_, 2) != "\\u") return false;
            at_ += 2;
            if (!hex4(low) || low < 0xDC00 || low > 0xDFFF) return false;
            point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
        }
        if (point < 0x80)
            quote(static_cast<char>(point));
        else
            append_utf8(out_, point);
        return true;
    }
    /// One element that is JSON itself: as far as its brackets and strings go.
    bool document(bool is_value) {
        std::size_t const from = at_;
        std::size_t depth = 0;
        for (bool is_quoted = false; at_ < json_.size(); ++at_) {
            char const c = json_[at_];
            if (is_quoted) {
                if (c == '\\') ++at_;
                if (c == '"') is_quoted = false;
            } else if (c == '"') {
                is_quoted = true;
            } else if (c == '[' || c == '{') {
                ++depth;
            } else if (depth == 0 && (c == ',' || c == ']')) {
                break;
            } else if (c == ']' || c == '}') {
                --depth;
            }
        }
        if (at_ >= json_.size()) return false;
        std::string_view const element = json_.substr(from, at_ - from);
        if (element == "null" && !is_value) return bare(element);
        if (element.empty()) return false;
        out_ += '"';
        for (char const c : element) quote(c);
        out_ += '"';
        return true;
    }

    std::string& out_;
    std::string_view json_;
    std::size_t at_ = 0;
    char delimiter_;
    bool of_json_;
};

}  // namespace

bool append_array_literal(std::string& out, std::string_view json, char delimiter, bool of_json) {
    if (json.starts_with('{') || (json.starts_with('[') && has_bounds(json))) {
        out += json;
        return true;
    }
    return Rewriting{out, json, delimiter, of_json}.run();
}

}  // namespace weir::postgres
