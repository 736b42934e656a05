#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "../service.h"
#include "json.hpp"
#include "problems.hpp"

namespace weir {

namespace detail {

/// "a%20b+c" as "a b c"; what is no escape stays as it is.
inline std::string decode_query(std::string_view text) {
    auto const digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool const is_escape = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
                               digit(text[i + 2]) >= 0;
        if (is_escape) {
            out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

}  // namespace detail

/// Who asks.
struct Principal {
    std::string id, scope;  ///< scope: read, run, write, admin
};

/// One request and its answer; valid during on_http(), for one thread. Answer once, by reply();
/// or throw: an Error becomes problem+json, Problems one with all findings.
class Http {
public:
    explicit Http(weir_http const* http) : http_{http} {}
    Http(Http const&) = delete;
    Http& operator=(Http const&) = delete;

    std::string_view method() const { return view(http_->method); }
    std::string_view path() const { return view(http_->path); }    ///< decoded
    std::string_view query() const { return view(http_->query); }  ///< as it came, without '?'
    std::string_view request_id() const { return view(http_->request_id); }
    std::string_view body() const { return {http_->body ? http_->body : "", http_->body_size}; }
    /// The body, which the host has checked against the route's schema; null when none came.
    Json json() const {
        if (body().empty()) return nullptr;
        Json json = Json::parse(body(), nullptr, false);
        if (json.is_discarded())
            throw Error{WEIR_E_CONFIG, "the body is no JSON"}.coded("http.body_not_json");
        return json;
    }
    Principal principal() const {
        Json const json = Json::parse(view(http_->principal_json), nullptr, false);
        if (!json.is_object()) return {};
        return {json.value("id", std::string{}), json.value("scope", std::string{})};
    }
    /// `name` in lower case.
    std::optional<std::string> header(char const* name) const {
        if (!WEIR_HAS(http_, weir_http, header)) return std::nullopt;
        char const* value = http_->header(http_, name);
        return value ? std::optional<std::string>{value} : std::nullopt;
    }
    /// {name} of the declared path, decoded.
    std::string param(char const* name) const {
        char const* value = WEIR_HAS(http_, weir_http, param) ? http_->param(http_, name) : nullptr;
        if (!value)
            throw Error{WEIR_E_INTERNAL, "the declared path has no {" + std::string{name} + "}"};
        return value;
    }
    /// The first parameter of the query with this name, decoded; "" for one without value.
    std::optional<std::string> query_param(std::string_view name) const {
        std::string_view rest = query();
        while (!rest.empty()) {
            std::string_view const pair = rest.substr(0, rest.find('&'));
            rest.remove_prefix(pair.size() < rest.size() ? pair.size() + 1 : rest.size());
            std::size_t const equals = pair.find('=');
            if (detail::decode_query(pair.substr(0, equals)) != name) continue;
            return equals == pair.npos ? "" : detail::decode_query(pair.substr(equals + 1));
        }
        return std::nullopt;
    }

    /// Before reply().
    void header(std::string const& name, std::string const& value) {
        check(http_->set_header(http_, name.c_str(), value.c_str()), "set_header");
    }
    void reply(std::uint32_t status, Json const& body) {
        reply_text(status, detail::dump_json(body), "application/json");
    }
    /// Without a body: 204, 304.
    void reply(std::uint32_t status) {
        check(http_->status(http_, status), "status");
        has_replied_ = true;
    }
    void reply_text(std::uint32_t status, std::string_view body, std::string const& type) {
        reply(status);
        header("content-type", type);
        check(http_->write(http_, body.data(), body.size()), "write");
    }

    /// ?dry_run=true, which reaches a route that declares "dry_run": the same checks and answer,
    /// and nothing changed.
    bool is_dry_run() const { return query_param("dry_run").value_or("") == "true"; }
    /// Names the state of what is answered, so that the host can tell one who changes it that
    /// somebody else did: `state` is whatever changes exactly when the document does.
    void tag(Json const& state) {
        std::uint64_t hash = 0xCBF29CE484222325;
        for (char const c : detail::dump_json(state))
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
        char text[24];
        std::snprintf(text, sizeof text, "\"%016llx\"", static_cast<unsigned long long>(hash));
        header("etag", text);
    }

    bool has_replied() const { return has_replied_; }

private:
    static std::string_view view(char const* text) { return text ? text : ""; }
    static void check(weir_status status, char const* what) {
        if (status < 0)
            throw Error{status, std::string{"the host refused "} + what + "() of the answer"};
    }

    weir_http const* http_;
    bool has_replied_ = false;
};

}  // namespace weir
