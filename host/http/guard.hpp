#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/http/router.hpp"
#include "host/http/server.hpp"

namespace weir::host::http {

/// The head of a request as the parser understood it, copied before any byte of the body is read:
/// what trailers add later is never looked at.
struct Head {
    std::string method, target;
    bool is_1_1 = true;
    std::vector<std::pair<std::string, std::string>> fields;  ///< names as they came
};

/// Why a request is not served. Framing: nothing behind it may be parsed.
struct Refusal {
    Response answer;
    bool closes = true;
};

/// Looks at the raw bytes of a head as far as they are there: what cannot become a request is
/// refused at once, and not after its timeout. `head` ends behind CRLFCRLF, or is incomplete.
std::optional<Refusal> check_raw(std::string_view head, bool is_complete,
                                 ServerLimits const& limits);

/// What the fields of a request say, once they are known to be clear.
struct Framing {
    std::string path, query;  ///< still percent-encoded
    bool has_body = false, expects_100 = false, is_chunked = false;
    std::uint64_t content_length = 0;
    std::optional<std::string> bearer;  ///< of exactly one Authorization field
    bool has_authorization = false;     ///< there was one, well-formed or not
    std::string host;                   ///< as the target or Host names it
};

/// The rows of the guard's table that a parser lets through (design: host/http/README.md).
boost::system::result<Framing, Refusal> check_head(Head const& head, ServerLimits const& limits);

/// The values of the fields of one name, given in lower case.
std::vector<std::string_view> values_of(Head const& head, std::string_view name);

/// The value of a cookie; nothing when there is none of that name, or several.
std::optional<std::string> cookie_of(Head const& head, std::string_view name);

/// Whether a browser says that its own page of this server sent the request: `Origin` names `host`,
/// or, without one, `Sec-Fetch-Site` is same-origin.
bool is_same_origin(Head const& head, std::string_view host);

/// The fields for a handler: lower-case names, several of one name joined, neither Authorization
/// nor cookies.
std::map<std::string, std::string> handler_fields(Head const& head);

/// `given` when it may serve as the id of a request.
bool is_request_id(std::string_view given);

}  // namespace weir::host::http
