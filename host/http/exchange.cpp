#include "host/http/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>

#include "host/core/text.hpp"
#include "host/http/answer_form.hpp"
#include "host/http/handling.hpp"
#include "host/http/percent.hpp"
#include "host/http/problem.hpp"

namespace weir::host::http {

namespace {

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

/// Who asks, as proxies that are trusted told each other: the last address in X-Forwarded-For that
/// is none of theirs. What stands before it may be made up.
std::string asked_from(Head const& head, std::string const& peer,
                       std::vector<std::string> const& proxies) {
    if (!is_trusted(proxies, peer)) return peer;
    std::string list;
    for (auto const& [name, value] : head.fields)
        if (equals_folded(name, "x-forwarded-for")) list += "," + value;
    std::string from = peer;
    while (!list.empty()) {
        std::size_t const comma = list.rfind(',');
        std::string said = list.substr(comma + 1);
        list.erase(comma);
        said.erase(0, said.find_first_not_of(' '));
        said.erase(said.find_last_not_of(' ') + 1);
        bool const is_address =
            !said.empty() && said.size() <= 45 &&
            said.find_first_not_of("0123456789abcdefABCDEF.:") == said.npos;
        if (!is_address) break;
        from = said;
        if (!is_trusted(proxies, from)) break;
    }
    return from;
}

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

bool is_trusted(std::vector<std::string> const& proxies, std::string const& address) {
    std::string const name = address.empty() ? "unix" : address;
    return std::find(proxies.begin(), proxies.end(), name) != proxies.end();
}

Exchange::Exchange(Head head, Peer const& peer, Shared const& shared)
    : head_{std::move(head)}, peer_{peer}, shared_{shared}, ports_{shared.ports} {
    for (auto const& [name, value] : head_.fields)
        if (equals_folded(name, "x-request-id") && is_request_id(value))
            request_.request_id = value;
    if (request_.request_id.empty()) request_.request_id = make_ulid(ports_.clock.unix_us());
    request_.address = asked_from(head_, peer_.address, ports_.trusted_proxies);
    request_.is_secure = peer_.is_secure;
}

std::string Exchange::metric_method() const { return route_ ? head_.method : std::string{}; }

/// A refusal that leaves the connection usable, unless a body is still to come.
Refusal Exchange::refused(Response answer) const { return {std::move(answer), framing_.has_body}; }

std::optional<Refusal> Exchange::refuse() {
    auto framing = check_head(head_, ports_.limits);
    if (!framing) return framing.error();
    framing_ = *std::move(framing);
    bool const is_served = ports_.hosts.empty() || std::find(ports_.hosts.begin(),
                                                             ports_.hosts.end(),
                                                             framing_.host) != ports_.hosts.end();
    if (!is_served)
        return refused(problem(421, "request.other_host", "",
                               "this host does not answer by the name in Host"));
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

/// Who asks; a token that is none is the same 401 whatever is wrong with it.
std::optional<Refusal> Exchange::identify() {
    std::optional<Principal> found;
    if (framing_.bearer) {
        found = ports_.authenticator.find(*framing_.bearer);
    } else if (!framing_.has_authorization) {
        std::string const name = fmt::format("weir_{}", peer_.local_port);
        auto const cookie = cookie_of(head_, name);
        if (cookie) found = ports_.authenticator.find_session(*cookie);
    }
    if (found) request_.who = *std::move(found);
    if (!framing_.bearer || !request_.who.id.empty()) return std::nullopt;
    // A right token is never held back by another's failures, who may share the address.
    ports_.authenticator.refused(request_.address);
    std::int64_t const wait = shared_.admission.take_wrong(request_.address);
    if (wait == 0) return std::nullopt;
    Error too_many{WEIR_E_BUSY, "request.too_many", "too many wrong tokens came from this address"};
    too_many.retry_after_ms = wait;
    return refused(problem(too_many));
}

std::optional<Refusal> Exchange::authorise() {
    if (auto refusal = identify()) return refusal;
    Scope const needed = match_.route     ? match_.route->scope
                         : match_.is_open ? Scope::none
                                          : Scope::read;
    if (needed == Scope::none) return std::nullopt;
    if (request_.who.id.empty())
        return refused(problem(401, "request.unauthorized", "",
                               "a valid token is needed: Authorization: Bearer TOKEN"));
    if (!allows(request_.who.scope, needed))
        return refused(problem(403, "request.forbidden", "",
                               fmt::format("this needs a token of scope {}", name_of(needed))));
    return admit();
}

/// How often, and for a browser: from which page.
std::optional<Refusal> Exchange::admit() {
    bool const is_safe =
        head_.method == "GET" || head_.method == "HEAD" || head_.method == "OPTIONS";
    if (!request_.who.session.empty() && !is_safe) {
        auto const types = values_of(head_, "content-type");
        bool const is_json = types.size() == 1 && types[0].starts_with("application/json");
        if (!is_same_origin(head_, framing_.host) || (framing_.has_body && !is_json))
            return refused(problem(403, "request.cross_site", "",
                                   "signed in by a cookie, a change has to come from a page of "
                                   "this host, as application/json"));
    }
    bool const is_costly = match_.route && match_.route->is_costly;
    std::int64_t const wait = shared_.admission.take(request_.who, is_costly);
    if (wait == 0) return std::nullopt;
    Error too_many{WEIR_E_BUSY, "request.too_many", "this token asks too often"};
    too_many.retry_after_ms = wait;
    return refused(problem(too_many));
}

Response Exchange::handle(std::string body) {
    std::string why;
    try {
        Response answer = run(std::move(body));
        finish_answer(request_, answer);
        return answer;
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
    Handling handling{*route_, request_, {framing_.path, match_.allow}, ports_, shared_.locks};
    return handling.run();
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
