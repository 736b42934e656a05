#include "host/cli/api_client.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <optional>

#include "host/http/client.hpp"

namespace weir::host {

namespace {

constexpr char default_server[] = "http://127.0.0.1:7070";
/// Three heartbeats.
constexpr std::int64_t silence_ms_max = 45'000;
constexpr char default_token_file[] = "weir-data/admin-token";

std::string from_environment(char const* name) {
    char const* const value = std::getenv(name);
    return value ? value : "";
}

std::optional<std::string> first_line(std::string const& file) {
    std::ifstream in{file};
    std::string line;
    if (!in || !std::getline(in, line)) return std::nullopt;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    return line;
}

Result<std::string> token_of(ClientOptions const& options) {
    if (!options.token_file.empty()) {
        if (auto token = first_line(options.token_file)) return *token;
        return Error{WEIR_E_CONFIG, "client.no_token",
                     fmt::format("the token file {} cannot be read", options.token_file),
                     "--token-file"};
    }
    if (std::string token = from_environment("WEIR_TOKEN"); !token.empty()) return token;
    if (std::string token = from_environment("WEIR_ADMIN_TOKEN"); !token.empty()) return token;
    if (auto token = first_line(default_token_file)) return *token;
    return Error{WEIR_E_CONFIG, "client.no_token",
                 "this command signs in at a host, and no token was found: neither WEIR_TOKEN nor "
                 "weir-data/admin-token here"}
        .suggest("--token-file DIR/admin-token, where DIR is the host's data directory");
}

weir_status status_of(unsigned http) {
    switch (http) {
        case 401:
        case 403: return WEIR_E_AUTH;
        case 409: return WEIR_E_CONFLICT;
        case 502: return WEIR_E_IO;
        case 503:
        case 429: return WEIR_E_BUSY;
        case 504: return WEIR_E_TIMEOUT;
        default: return http >= 500 ? WEIR_E_INTERNAL : WEIR_E_CONFIG;
    }
}

/// "job a, run b": what stands in the way; empty: nothing is named.
std::string blockers(nlohmann::json const& problem) {
    constexpr std::size_t shown_max = 20;
    std::string all;
    std::size_t shown = 0;
    for (nlohmann::json const& each : problem.value("blocked_by", nlohmann::json::array())) {
        if (++shown > shown_max) return all + ", …";
        all += fmt::format("{}{} {}", all.empty() ? "" : ", ", each.value("kind", ""),
                           each.value("id", ""));
    }
    return all;
}

/// The first finding says more than "the body is wrong".
Error refused(ApiClient::Answer const& answer) {
    nlohmann::json const& problem = answer.body;
    if (!problem.is_object())
        return Error{status_of(answer.status), "server.refused",
                     fmt::format("the host answered {}", answer.status)};
    auto text = [](nlohmann::json const& from, char const* name) {
        return from.contains(name) && from[name].is_string() ? from[name].get<std::string>()
                                                             : std::string{};
    };
    Error error{status_of(answer.status), text(problem, "code"), text(problem, "detail"),
                text(problem, "pointer")};
    error.suggestion = text(problem, "suggestion");
    if (answer.status == 401)
        error.suggestion = "WEIR_TOKEN, or --token-file DIR/admin-token of the host's data";
    if (error.message.empty()) error.message = text(problem, "title");
    std::string const in_the_way = blockers(problem);
    if (!in_the_way.empty()) error.message += "\n    in the way: " + in_the_way;
    if (!problem.contains("errors") || !problem["errors"].is_array()) return error;
    std::string all = in_the_way.empty() ? "" : error.message;
    for (nlohmann::json const& each : problem["errors"]) {
        std::string const line =
            each.contains("line") ? fmt::format("line {}, ", each["line"].dump()) : "";
        all += fmt::format("{}{}{}: {}", all.empty() ? "" : "\n    ", line,
                           text(each, "pointer"), text(each, "detail"));
        if (error.suggestion.empty()) error.suggestion = text(each, "suggestion");
    }
    if (!all.empty()) error.message = all;
    return error;
}

ApiClient::Answer read(http::ClientResponse got) {
    ApiClient::Answer answer{got.status, nullptr, std::move(got.body)};
    if (answer.text.empty()) return answer;
    answer.body = nlohmann::json::parse(answer.text, nullptr, false);
    if (answer.body.is_discarded()) answer.body = nullptr;
    return answer;
}

}  // namespace

std::string segment(std::string const& text) {
    std::string out;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        bool const is_plain = std::isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~';
        out += is_plain ? std::string{c} : fmt::format("%{:02X}", byte);
    }
    return out;
}

Result<ApiClient> ApiClient::open(ClientOptions const& options) {
    Result<std::string> token = token_of(options);
    if (!token) return token.error();
    std::string server = options.server;
    if (server.empty()) server = from_environment("WEIR_SERVER");
    if (server.empty()) server = default_server;
    return ApiClient{server, *token, static_cast<std::int64_t>(options.timeout_s * 1000)};
}

Result<ApiClient::Answer> ApiClient::send(std::string const& method, std::string const& target,
                                          nlohmann::json const& body, int wait_s) {
    http::ClientRequest request{method, target, {}, {}};
    request.headers["Accept"] = "application/json";
    if (!body.is_null()) {
        request.headers["Content-Type"] = "application/json";
        request.body = body.dump();
    }
    return exchange(std::move(request), wait_s);
}

Result<ApiClient::Answer> ApiClient::send_text(std::string const& method,
                                               std::string const& target, std::string const& text,
                                               std::string const& type) {
    return exchange({method, target, {{"Content-Type", type}}, text}, 0);
}

Result<ApiClient::Answer> ApiClient::exchange(http::ClientRequest request, int wait_s) {
    request.headers["Authorization"] = "Bearer " + token_;
    request.timeout_ms = timeout_ms_ + wait_s * 1'000;
    if (wait_s > 0) request.headers["Prefer"] = fmt::format("wait={}", wait_s);
    Result<http::ClientResponse> got = http::send(server_, request);
    if (!got) return got.error();
    Answer answer = read(std::move(*got));
    if (answer.status >= 400) return refused(answer);
    return answer;
}

Result<void> ApiClient::follow(std::string const& target,
                               std::function<bool(std::string const&)> const& take) {
    http::ClientRequest const request{
        "GET",
        target,
        {{"Authorization", "Bearer " + token_}, {"Accept", "application/x-ndjson"}},
        {},
        silence_ms_max};
    std::string rest;
    auto const lines = [&](std::string_view piece) {
        rest += piece;
        std::size_t at = 0;
        for (std::size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n', at)) {
            if (!take(rest.substr(at, end - at))) return false;
            at = end + 1;
        }
        rest.erase(0, at);
        return true;
    };
    Result<http::ClientResponse> got = http::follow(server_, request, lines);
    if (!got) return got.error();
    if (got->status >= 400) return refused(read(std::move(*got)));
    return {};
}

}  // namespace weir::host
