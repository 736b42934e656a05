#include "host/http/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>

#include "host/core/text.hpp"
#include "host/http/json_body.hpp"
#include "host/http/percent.hpp"
#include "host/http/problem.hpp"

namespace weir::host::http {

namespace {

constexpr std::array scope_names{"none", "read", "run", "write", "admin"};

char const* name_of(Scope scope) { return scope_names[static_cast<std::size_t>(scope)]; }

bool equals_folded(std::string_view left, std::string_view right) {
    auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), same);
}

Response with_allow(Response answer, std::string const& allow) {
    answer.headers.emplace_back("Allow", allow);
    return answer;
}

/// A field that could end another one, or say something about the framing, is never sent.
bool may_send(std::string_view name, std::string_view value) {
    constexpr std::array ours{"connection", "content-length", "content-type",
                              "date",       "x-request-id",   "transfer-encoding",
                              "keep-alive", "trailer",        "upgrade"};
    auto is_control = [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    };
    auto is_name = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || c == '_';
    };
    return !name.empty() && std::all_of(name.begin(), name.end(), is_name) &&
           std::none_of(value.begin(), value.end(), is_control) &&
           std::none_of(ours.begin(), ours.end(),
                        [&](char const* own) { return equals_folded(name, own); });
}

bool has_body(unsigned status) { return status != 204 && status != 304; }

std::string http_date(std::int64_t unix_us) {
    std::time_t const seconds = static_cast<std::time_t>(unix_us / 1'000'000);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                       days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                       months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                       parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

Exchange::Exchange(Head head, Server::Ports const& ports) : head_{std::move(head)}, ports_{ports} {
    for (auto const& [name, value] : head_.fields)
        if (equals_folded(name, "x-request-id") && is_request_id(value))
            request_.request_id = value;
    if (request_.request_id.empty()) request_.request_id = make_ulid(ports_.clock.unix_us());
}

std::string Exchange::metric_method() const { return route_ ? head_.method : std::string{}; }

/// A refusal that leaves the connection usable, unless a body is still to come.
Refusal Exchange::refused(Response answer) const { return {std::move(answer), framing_.has_body}; }

std::optional<Refusal> Exchange::refuse() {
    auto framing = check_head(head_, ports_.limits);
    if (!framing) return framing.error();
    framing_ = *std::move(framing);
    if (framing_.path == "*") {
        Response answer{204};
        return refused(with_allow(answer, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    }
    if (auto refusal = find_route()) return refusal;
    if (framing_.content_length > body_bytes_max())
        return Refusal{
            problem(413, "request.too_large", "",
                    fmt::format("the body may have at most {} bytes here", body_bytes_max())),
            true};
    return std::nullopt;
}

std::optional<Refusal> Exchange::find_route() {
    std::optional<std::string> path = decode_path(framing_.path);
    if (!path)
        return refused(problem(400, "request.malformed", "",
                               "the path holds what does not decode, or . or .. as a segment"));
    request_.path = *std::move(path);
    match_ = ports_.router.find(head_.method, framing_.path);
    if (auto refusal = authorise()) return refusal;
    if (head_.method == "OPTIONS" && !match_.allow.empty())
        return refused(with_allow(Response{204}, match_.allow));
    if (match_.route) {
        route_ = match_.route;
        return std::nullopt;
    }
    if (!match_.allow.empty())
        return refused(
            with_allow(problem(405, "request.method", "",
                               fmt::format("{} does not take {}", request_.path, head_.method)),
                       match_.allow));
    return refused(
        problem(404, "request.not_found", "", fmt::format("there is no {}", request_.path)));
}

std::optional<Refusal> Exchange::authorise() {
    std::optional<Authenticator::Principal> principal;
    if (framing_.bearer) principal = ports_.authenticator.find(*framing_.bearer);
    Scope const needed = match_.route     ? match_.route->scope
                         : match_.is_open ? Scope::none
                                          : Scope::read;
    Authenticator::Principal const who = principal.value_or(Authenticator::Principal{});
    request_.principal = nlohmann::json{{"id", who.id}, {"scope", name_of(who.scope)}}.dump();
    if (needed == Scope::none) return std::nullopt;
    if (!principal)
        return refused(problem(401, "request.unauthorized", "",
                               "a valid token is needed: Authorization: Bearer TOKEN"));
    if (who.scope >= needed) return std::nullopt;
    return refused(problem(403, "request.forbidden", "",
                           fmt::format("this needs a token of scope {}", name_of(needed))));
}

Response Exchange::handle(std::string body) {
    std::string why;
    try {
        return run(std::move(body));
    } catch (std::exception const& error) {
        why = error.what();
    } catch (...) {
        why = "an exception of unknown type";
    }
    if (ports_.log)
        ports_.log(fmt::format("request {}: {} {} threw: {}", request_.request_id, head_.method,
                               route_->path, plain_text(why)));
    return problem(500, "host.bug", "", "");
}

Response Exchange::run(std::string body) {
    request_.method = is_head() ? "GET" : head_.method;
    request_.query = framing_.query;
    request_.params = std::move(match_.params);
    request_.headers = handler_fields(head_);
    request_.body = std::move(body);
    if (auto const refused = read_body(*route_, request_)) return *refused;
    return route_->handler(request_);
}

std::string mend(Response& answer) {
    std::string why;
    std::erase_if(answer.headers, [&](auto const& field) {
        bool const is_type = equals_folded(field.first, "content-type");
        if (is_type) answer.content_type = field.second;
        return is_type;
    });
    if (answer.status < 200 || answer.status > 599)
        why = fmt::format("status {} is none of an answer", answer.status);
    for (auto const& [name, value] : answer.headers)
        if (!may_send(name, value))
            why = fmt::format("the field \"{}\" may not be sent", plain_text(name));
    if (!may_send("x", answer.content_type)) why = "the content type may not be sent";
    if (!why.empty()) {
        if (answer.stream) answer.stream->detach();
        answer = problem(500, "host.bug", "", "");
    }
    if (!has_body(answer.status)) answer.body.clear();
    return why;
}

std::string render_head(Response const& answer, Ending const& ending) {
    std::string out =
        fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nX-Request-Id: {}\r\n", answer.status,
                    title_of(answer.status), http_date(ending.now_unix_us), ending.request_id);
    bool is_cached = false;
    for (auto const& [name, value] : answer.headers) {
        out += fmt::format("{}: {}\r\n", name, value);
        is_cached = is_cached || equals_folded(name, "cache-control");
    }
    if (!is_cached) out += "Cache-Control: no-store\r\n";
    out += "X-Content-Type-Options: nosniff\r\n";
    if (has_body(answer.status)) {
        if (!answer.content_type.empty())
            out += fmt::format("Content-Type: {}\r\n", answer.content_type);
        if (!answer.stream)
            out += fmt::format("Content-Length: {}\r\n", answer.body.size());
        else if (ending.is_1_1)
            out += "Transfer-Encoding: chunked\r\n";
    }
    if (!ending.keeps_open)
        out += "Connection: close\r\n";
    else if (!ending.is_1_1)
        out += "Connection: keep-alive\r\n";
    return out + "\r\n";
}

}  // namespace weir::host::http
