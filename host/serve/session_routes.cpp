#include <fmt/format.h>

#include "host/serve/access_routes.hpp"
#include "host/serve/host_route.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;

Json const& sign_in_schema() {
    static Json const schema = Json::parse(R"({"type":"object","additionalProperties":false,
        "properties":{"code":{"type":"string","maxLength":100},
          "token":{"type":"string","maxLength":4096}}})");
    return schema;
}

std::string cookie(std::uint16_t port, std::string const& value, std::int64_t age_s,
                   bool is_secure) {
    return fmt::format("weir_{}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}{}", port, value,
                       age_s, is_secure ? "; Secure" : "");
}

/// Who signs in: by the code of the link, by a token in the body or in Authorization.
std::optional<http::Principal> who_signs_in(Access& access, Request const& request) {
    std::string const code = request.json.is_object() ? request.json.value("code", "") : "";
    std::string const token = request.json.is_object() ? request.json.value("token", "") : "";
    if (!token.empty()) return access.find(token);
    if (code.empty()) return request.who.id.empty() ? std::nullopt : std::optional{request.who};
    if (!access.sessions().burn(code)) return std::nullopt;
    return http::Principal{"admin", http::Scope::admin};
}

Response sign_in(Access& access, std::uint16_t port, Request const& request) {
    std::optional<http::Principal> who = who_signs_in(access, request);
    if (!who) {
        access.refused(request.address);
        return http::problem(401, "request.unauthorized", "",
                             "a login code that was not used before, or a valid token, is needed");
    }
    who->session.clear();
    std::string const value = access.sessions().open(*who);
    Json body{{"id", who->id}, {"scope", http::name_of(who->scope)}};
    if (who->is_limited()) body["jobs"] = who->jobs;
    Response response = http::json_response(201, body);
    response.headers.emplace_back(
        "Set-Cookie",
        cookie(port, value, BrowserSessions::session_s_max, request.is_secure));
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    return response;
}

/// Where the printed link leads. A code that was used before, or none, only says where to go.
Response welcome(Access& access, std::uint16_t port, Request const& request) {
    auto const code = request.query_param("login");
    bool const is_in = code && access.sessions().burn(*code);
    if (code && !is_in) access.refused(request.address);
    std::string const sentence =
        is_in  ? "You are signed in as admin, in this browser, until it is closed or 12 hours pass."
        : code ? "This link was used before, or is too old: weir serve prints another one."
               : "Sign in by the link that weir serve prints.";
    Response response;
    response.status = code && !is_in ? 401 : 200;
    response.content_type = "text/html; charset=utf-8";
    response.body = fmt::format(
        "<!doctype html><html lang=\"en\"><title>Weir</title><h1>Weir</h1><p>{}</p>"
        "<p><a href=\"/replication/jobs\">jobs</a> · <a href=\"/runs\">runs</a> · "
        "<a href=\"/endpoints\">everything there is</a></p></html>\n",
        sentence);
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    response.headers.emplace_back("Cache-Control", "no-store");
    if (is_in)
        response.headers.emplace_back(
            "Set-Cookie",
            cookie(port, access.sessions().open(http::Principal{"admin", http::Scope::admin}),
                   BrowserSessions::session_s_max, request.is_secure));
    return response;
}

Response show_session(Request const& request) {
    Json body{{"id", request.who.id}, {"scope", http::name_of(request.who.scope)}};
    if (request.who.is_limited()) body["jobs"] = request.who.jobs;
    return http::json_response(200, body);
}

Response sign_out(Access& access, std::uint16_t port, Request const& request) {
    access.sign_out(request.who.session);
    Response response{204, {}, {}, ""};
    response.headers.emplace_back("Set-Cookie", cookie(port, "", 0, request.is_secure));
    return response;
}

}  // namespace

std::vector<http::Route> session_routes(Access& access, std::uint16_t port) {
    using http::Scope;
    std::vector<http::Route> routes{
        host_route(
            "POST", "/session", Scope::none, "Signs a browser in, by a login code or a token",
            [&access, port](Request const& in) { return sign_in(access, port, in); },
            sign_in_schema()),
        host_route("GET", "/", Scope::none,
                   "Signs a browser in, by the link that weir serve prints",
                   [&access, port](Request const& in) { return welcome(access, port, in); }),
        host_route("GET", "/session", Scope::read, "Who is signed in", show_session),
        host_route("DELETE", "/session", Scope::read, "Signs a browser out",
                   [&access, port](Request const& in) { return sign_out(access, port, in); })};
    routes[0].is_audited = routes[1].is_audited = routes[3].is_audited = true;
    routes[0].shows_secret = true;
    return routes;
}

}  // namespace weir::host
