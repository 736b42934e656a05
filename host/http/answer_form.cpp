#include "host/http/answer_form.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/http/gzip.hpp"

namespace weir::host::http {

namespace {

using Json = nlohmann::json;

constexpr std::size_t plain_bytes_max = 1024;

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (char const c : text) {
        bool const is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') ||
                              std::string_view{"-._~"}.find(c) != std::string_view::npos;
        out += is_plain ? std::string{c} : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

/// The target of the next page: the same query, with another cursor.
std::string next_target(Request const& request, std::string const& cursor) {
    std::string target;
    for (char const c : request.path)
        target += c == '/' ? std::string{c} : percent_encoded({&c, 1});
    char mark = '?';
    std::string_view left = request.query;
    while (!left.empty()) {
        std::string_view const pair = left.substr(0, left.find('&'));
        left.remove_prefix(std::min(pair.size() + 1, left.size()));
        if (pair.empty() || pair.starts_with("cursor=")) continue;
        target += fmt::format("{}{}", mark, pair);
        mark = '&';
    }
    return fmt::format("{}{}cursor={}", target, mark, percent_encoded(cursor));
}

void link_next(Request const& request, Response& answer) {
    bool const may_go_on = request.method == "GET" && answer.status == 200 &&
                           answer.body.find("\"next\":\"") != std::string::npos;
    if (!may_go_on) return;
    Json const body = Json::parse(answer.body, nullptr, false);
    if (!body.is_object() || !body.contains("items") || !body["next"].is_string()) return;
    answer.headers.emplace_back(
        "Link", fmt::format("<{}>; rel=\"next\"", next_target(request, body["next"])));
}

// field := coding (";" "q=" number)? ("," …)*
bool takes_gzip(std::string_view field) {
    while (!field.empty()) {
        std::string_view one = field.substr(0, field.find(','));
        field.remove_prefix(std::min(one.size() + 1, field.size()));
        std::string plain;
        for (char const c : one)
            if (c != ' ' && c != '\t') plain += c;
        std::string_view const coding = std::string_view{plain}.substr(0, plain.find(';'));
        std::size_t const quality = plain.find(";q=");
        bool const is_refused = quality != plain.npos &&
                                plain.find_first_not_of("0.", quality + 3) == plain.npos;
        if (coding == "gzip") return !is_refused;
    }
    return false;
}

bool is_text(std::string_view type) {
    return type.starts_with("text/") || type.find("json") != type.npos ||
           type.find("javascript") != type.npos || type.find("xml") != type.npos;
}

void compress(Request const& request, Response& answer) {
    bool const may_be = !answer.stream && answer.body.size() > plain_bytes_max &&
                        is_text(answer.content_type) &&
                        !answer.content_type.starts_with("text/event-stream");
    if (!may_be) return;
    for (auto const& [name, value] : answer.headers)
        if (name == "content-encoding" || name == "Content-Encoding") return;
    answer.headers.emplace_back("Vary", "Accept-Encoding");
    auto const accepted = request.headers.find("accept-encoding");
    if (accepted == request.headers.end() || !takes_gzip(accepted->second)) return;
    answer.body = gzipped(answer.body);
    answer.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace

void finish_answer(Request const& request, Response& answer) {
    link_next(request, answer);
    compress(request, answer);
}

}  // namespace weir::host::http
