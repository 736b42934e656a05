#include "host/abi/http_exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <new>

#include "host/abi/utf8.hpp"

namespace weir::host {

namespace {

/// What the connection is about is the server's.
constexpr std::array reserved{
    "connection", "content-length",    "date",    "keep-alive",  "server", "te",
    "trailer",    "transfer-encoding", "upgrade", "x-request-id"};

HttpExchange& of(weir_http const* http) { return *static_cast<HttpExchange*>(http->ctx); }

bool is_token(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) ||
               (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c));
    });
}

bool is_value(std::string_view text) {
    return is_utf8(text) && std::all_of(text.begin(), text.end(), [](char c) {
               return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
           });
}

std::string lower(std::string_view name) {
    std::string out{name};
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

char const* find(std::map<std::string, std::string> const& values, char const* name) {
    if (!name) return nullptr;
    auto const found = values.find(name);
    return found == values.end() ? nullptr : found->second.c_str();
}

bool has_json_body(std::string_view type) {
    std::string_view const bare = type.substr(0, type.find(';'));
    return bare == "application/json" || bare.ends_with("+json");
}

bool may_have_body(unsigned status) { return status != 204 && status != 304; }

}  // namespace

HttpExchange::HttpExchange(HttpRequest const& request)
    : abi_{sizeof abi_,
           0,
           this,
           request.method.c_str(),
           request.path.c_str(),
           request.query.c_str(),
           request.principal_json.c_str(),
           request.request_id.c_str(),
           request.body.data(),
           request.body.size(),
           header,
           param,
           set_status,
           set_header,
           write},
      request_{request} {}

char const* HttpExchange::header(weir_http const* http, char const* name) {
    return find(of(http).request_.headers, name);
}

char const* HttpExchange::param(weir_http const* http, char const* name) {
    return find(of(http).request_.params, name);
}

weir_status HttpExchange::set_status(weir_http const* http, std::uint32_t code) {
    return of(http).take_status(code);
}

weir_status HttpExchange::set_header(weir_http const* http, char const* name, char const* value) {
    HttpExchange& exchange = of(http);
    if (!name || !value) return exchange.refuse(WEIR_E_CONFIG, "set a header that is null");
    try {
        return exchange.take_header(name, value);
    } catch (std::bad_alloc const&) {
        return WEIR_E_NOMEM;
    }
}

weir_status HttpExchange::write(weir_http const* http, void const* data, std::size_t size) {
    try {
        return of(http).take_body(data, size);
    } catch (std::bad_alloc const&) {
        return WEIR_E_NOMEM;
    }
}

weir_status HttpExchange::refuse(weir_status why, std::string sentence) {
    if (fault_.empty()) fault_ = std::move(sentence);
    return why;
}

weir_status HttpExchange::take_status(std::uint32_t code) {
    if (answer_.status != 0) return refuse(WEIR_E_STATE, "called status() twice");
    if (has_body_) return refuse(WEIR_E_STATE, "called status() after write()");
    if (code < 200 || code > 599)
        return refuse(WEIR_E_CONFIG,
                      fmt::format("called status() with {}, where 200 to 599 is possible", code));
    answer_.status = code;
    return WEIR_OK;
}

weir_status HttpExchange::take_header(std::string_view name, std::string_view value) {
    if (has_body_) return refuse(WEIR_E_STATE, "set a header after write()");
    if (!is_token(name) || !is_value(value) || name.size() + value.size() > header_bytes_max)
        return refuse(WEIR_E_CONFIG, "set a header that no HTTP message may have");
    std::string known = lower(name);
    if (std::find(reserved.begin(), reserved.end(), known) != reserved.end())
        return refuse(WEIR_E_CONFIG, fmt::format("set the header {}, which is the host's", known));
    if (known == "content-type") {
        answer_.content_type = value;
        return WEIR_OK;
    }
    if (answer_.headers.size() == headers_max)
        return refuse(WEIR_E_CONFIG, fmt::format("set more than {} headers", headers_max));
    answer_.headers.emplace_back(std::move(known), value);
    return WEIR_OK;
}

weir_status HttpExchange::take_body(void const* data, std::size_t size) {
    if (size > body_bytes_max - answer_.body.size())
        return refuse(WEIR_E_DATA, fmt::format("wrote more than {} bytes", body_bytes_max));
    if (size > 0) answer_.body.append(static_cast<char const*>(data), size);
    has_body_ = true;
    return WEIR_OK;
}

std::string HttpExchange::broken() const {
    if (!fault_.empty()) return fault_;
    if (answer_.status == 0) return "answered nothing: it never called status()";
    if (answer_.body.empty()) return {};
    if (!may_have_body(answer_.status))
        return fmt::format("answered {} with a body", answer_.status);
    std::string_view const type = answer_.content_type;
    if ((type.empty() || has_json_body(type)) && !nlohmann::json::accept(answer_.body))
        return "answered a body that is no JSON";
    if (type.starts_with("text/") && !is_utf8(answer_.body))
        return "answered text that is no UTF-8";
    return {};
}

HttpAnswer HttpExchange::take() {
    if (answer_.content_type.empty() && !answer_.body.empty())
        answer_.content_type = "application/json";
    return std::move(answer_);
}

}  // namespace weir::host
