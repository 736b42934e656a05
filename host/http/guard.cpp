#include "host/http/guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace weir::host::http {

namespace {

constexpr std::array known_methods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
/// Some proxies and servers read "_" in a name as "-".
constexpr std::array no_twins{"content-length", "transfer-encoding", "proxy-authorization",
                              "proxy-connection", "keep-alive"};

Refusal malformed(std::string const& sentence) {
    return {problem(400, "request.malformed", "", sentence), true};
}

bool is_token_char(char c) {
    bool const is_alnum =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_alnum || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

// authority := host (":" port)?    host := name | "[" IPv6 "]"
bool is_authority(std::string_view text) {
    std::string_view port;
    std::string_view host = text;
    auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.starts_with('[')) {
        std::size_t const end = text.find(']');
        if (end == text.npos) return false;
        host = text.substr(1, end - 1);
        port = text.substr(end + 1);
        auto is_address = [&](char c) {
            return is_digit(c) || c == ':' || c == '.' ||
                   (lower({&c, 1})[0] >= 'a' && lower({&c, 1})[0] <= 'f');
        };
        if (!std::all_of(host.begin(), host.end(), is_address)) return false;
    } else {
        std::size_t const colon = std::min(text.find(':'), text.size());
        host = text.substr(0, colon);
        port = text.substr(colon);
        auto is_name = [](char c) {
            return is_token_char(c) || std::string_view{"();="}.find(c) != std::string_view::npos;
        };
        if (!std::all_of(host.begin(), host.end(), is_name)) return false;
    }
    if (host.empty() || host.size() > 255) return false;
    if (port.empty()) return true;
    return port[0] == ':' && port.size() <= 6 &&
           std::all_of(port.begin() + 1, port.end(), is_digit);
}

using Checked = std::optional<Refusal>;

Checked check_twins(Head const& head) {
    for (auto const& [name, value] : head.fields) {
        if (name.find('_') == name.npos) continue;
        std::string twin = lower(name);
        std::replace(twin.begin(), twin.end(), '_', '-');
        if (std::find(no_twins.begin(), no_twins.end(), twin) != no_twins.end())
            return malformed(fmt::format("the field {} is spelled with an underscore", name));
    }
    return std::nullopt;
}

Checked check_length(Head const& head, Framing& out) {
    auto const lengths = values_of(head, "content-length");
    auto const codings = values_of(head, "transfer-encoding");
    if (lengths.size() > 1 || codings.size() > 1 || lengths.size() + codings.size() > 1)
        return malformed("the length of the body is given more than once");
    if (!codings.empty()) {
        if (!head.is_1_1 || lower(codings[0]) != "chunked")
            return malformed("Transfer-Encoding may only be \"chunked\", and only in HTTP/1.1");
        out.has_body = out.is_chunked = true;
    }
    if (lengths.empty()) return std::nullopt;
    std::string_view const length = lengths[0];
    auto const [end, wrong] =
        std::from_chars(length.data(), length.data() + length.size(), out.content_length);
    if (length.empty() || wrong != std::errc{} || end != length.data() + length.size())
        return malformed("Content-Length is no number of bytes");
    out.has_body = out.content_length > 0;
    return std::nullopt;
}

Checked check_host(Head const& head, Framing& out, bool is_absolute) {
    auto const hosts = values_of(head, "host");
    if (hosts.empty() && !head.is_1_1) return std::nullopt;
    if (hosts.size() != 1) return malformed("an HTTP/1.1 request has exactly one Host field");
    if (!is_absolute && !is_authority(hosts[0])) return malformed("Host names no host");
    if (!is_absolute) out.host = hosts[0];
    return std::nullopt;
}

/// Takes scheme and authority off an absolute target.
Checked check_target(Head const& head, Framing& out, bool& is_absolute) {
    std::string_view target = head.target;
    auto is_plain = [](char c) { return c > 0x20 && c < 0x7F && c != '#'; };
    if (target.empty() || !std::all_of(target.begin(), target.end(), is_plain))
        return malformed("the target holds a character that has to be percent-encoded");
    if (target == "*" && head.method == "OPTIONS") {
        out.path = "*";
        return std::nullopt;
    }
    std::string const start = lower(target.substr(0, 8));
    std::size_t const scheme = start == "https://" ? 8 : start.starts_with("http://") ? 7 : 0;
    if (scheme > 0) {
        is_absolute = true;
        target.remove_prefix(scheme);
        std::size_t const end = std::min(target.find_first_of("/?"), target.size());
        if (!is_authority(target.substr(0, end))) return malformed("the target names no host");
        out.host = target.substr(0, end);
        target.remove_prefix(end);
    }
    std::size_t const question = std::min(target.find('?'), target.size());
    out.path = target.substr(0, question);
    out.query = target.substr(std::min(question + 1, target.size()));
    if (out.path.empty() && is_absolute) out.path = "/";
    if (!out.path.starts_with('/')) return malformed("the target does not begin with /");
    return std::nullopt;
}

Checked check_method(Head const& head) {
    if (std::find(known_methods.begin(), known_methods.end(), head.method) != known_methods.end())
        return std::nullopt;
    Refusal out{problem(405, "request.method", "", "the method is not known here"), true};
    out.answer.headers.emplace_back("Allow", fmt::format("{}", fmt::join(known_methods, ", ")));
    return out;
}

Checked check_expectation(Head const& head, Framing& out) {
    auto const expected = values_of(head, "expect");
    if (expected.empty() || !head.is_1_1) return std::nullopt;
    if (expected.size() > 1 || lower(expected[0]) != "100-continue")
        return Refusal{problem(417, "request.expectation", "",
                               "the only expectation that can be met is 100-continue"),
                       true};
    out.expects_100 = out.has_body;
    return std::nullopt;
}

void find_bearer(Head const& head, Framing& out) {
    auto const given = values_of(head, "authorization");
    out.has_authorization = !given.empty();
    constexpr std::size_t scheme = 7;
    if (given.size() != 1 || lower(given[0].substr(0, scheme)) != "bearer ") return;
    out.bearer = std::string{given[0].substr(scheme)};
}

}  // namespace

std::optional<Refusal> check_raw(std::string_view head, bool is_complete,
                                 ServerLimits const& limits) {
    if (!head.empty() && !is_token_char(head[0])) return malformed("this is no HTTP request");
    std::size_t const line = head.find("\r\n");
    if (line == head.npos && head.size() > limits.target_bytes_max + 64)
        return Refusal{problem(414, "request.target_too_long", "", "the target is too long")};
    if (!is_complete && head.size() > limits.head_bytes_max)
        return Refusal{problem(431, "request.head_too_large", "", "the head is too large")};
    for (std::size_t i = 0; i < head.size(); ++i) {
        bool const is_bare_lf = head[i] == '\n' && (i == 0 || head[i - 1] != '\r');
        bool const is_bare_cr = head[i] == '\r' && i + 1 < head.size() && head[i + 1] != '\n';
        if (is_bare_lf || is_bare_cr) return malformed("a line of the head does not end in CRLF");
    }
    if (line == head.npos) return std::nullopt;
    std::string_view const first = head.substr(0, line);
    if (!first.ends_with(" HTTP/1.1") && !first.ends_with(" HTTP/1.0"))
        return malformed("the first line names neither HTTP/1.1 nor HTTP/1.0");
    if (head.find("\r\n ") != head.npos || head.find("\r\n\t") != head.npos)
        return malformed("a field of the head is folded over several lines");
    return std::nullopt;
}

boost::system::result<Framing, Refusal> check_head(Head const& head, ServerLimits const& limits) {
    Framing out;
    bool is_absolute = false;
    if (head.fields.size() > limits.fields_max)
        return Refusal{problem(431, "request.too_many_fields", "", "the head has too many fields")};
    if (Checked refused = check_twins(head)) return *refused;
    if (Checked refused = check_length(head, out)) return *refused;
    if (head.target.size() > limits.target_bytes_max)
        return Refusal{problem(414, "request.target_too_long", "", "the target is too long")};
    if (Checked refused = check_method(head)) return *refused;
    if (Checked refused = check_target(head, out, is_absolute)) return *refused;
    if (Checked refused = check_host(head, out, is_absolute)) return *refused;
    if (Checked refused = check_expectation(head, out)) return *refused;
    find_bearer(head, out);
    return out;
}

std::vector<std::string_view> values_of(Head const& head, std::string_view name) {
    std::vector<std::string_view> out;
    for (auto const& [given, value] : head.fields)
        if (lower(given) == name) out.push_back(value);
    return out;
}

std::optional<std::string> cookie_of(Head const& head, std::string_view name) {
    std::optional<std::string> found;
    for (std::string_view left : values_of(head, "cookie"))
        while (!left.empty()) {
            std::size_t const end = std::min(left.find(';'), left.size());
            std::string_view pair = left.substr(0, end);
            left.remove_prefix(std::min(end + 1, left.size()));
            pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
            if (!pair.starts_with(name) || pair.substr(name.size(), 1) != "=") continue;
            // Another service of this host name may have set a second one: which is ours?
            if (found) return std::nullopt;
            found = std::string{pair.substr(name.size() + 1)};
        }
    return found;
}

bool is_same_origin(Head const& head, std::string_view host) {
    auto const origins = values_of(head, "origin");
    if (origins.empty()) {
        auto const sites = values_of(head, "sec-fetch-site");
        return sites.size() == 1 && sites[0] == "same-origin";
    }
    std::size_t const scheme = origins[0].find("://");
    return origins.size() == 1 && scheme != origins[0].npos && !host.empty() &&
           lower(origins[0].substr(scheme + 3)) == lower(host);
}

std::map<std::string, std::string> handler_fields(Head const& head) {
    std::map<std::string, std::string> out;
    for (auto const& [given, value] : head.fields) {
        std::string const name = lower(given);
        if (name == "authorization" || name == "proxy-authorization" || name == "cookie") continue;
        auto const [there, is_new] = out.emplace(name, value);
        if (!is_new) there->second += ", " + value;
    }
    return out;
}

bool is_request_id(std::string_view given) {
    auto fits = [](char c) {
        return (is_token_char(c) &&
                std::string_view{"!#$%&'*+^`|~"}.find(c) == std::string_view::npos);
    };
    return !given.empty() && given.size() <= 64 && std::all_of(given.begin(), given.end(), fits);
}

}  // namespace weir::host::http
