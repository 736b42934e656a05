#include <fmt/format.h>

#include "host/core/text.hpp"
#include "host/serve/access_routes.hpp"
#include "host/serve/host_route.hpp"
#include "host/serve/page.hpp"
#include "weir/cpp/calendar.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;

Json time_or_null(std::int64_t unix_us) { return unix_us == 0 ? Json() : Json(rfc3339(unix_us)); }

Json token_json(TokenRow const& row) {
    return {{"id", row.id},
            {"name", row.name},
            {"scope", row.scope},
            {"jobs", row.jobs.empty() ? Json() : Json(row.jobs)},
            {"created_at", rfc3339(row.created_us)},
            {"created_by", row.created_by},
            {"expires_at", time_or_null(row.expires_us)},
            {"last_used_at", time_or_null(row.used_us)}};
}

Json const& token_schema() {
    static Json const schema = Json::parse(R"({"type":"object","required":["scope"],
        "additionalProperties":false,"properties":{
          "name":{"type":"string","maxLength":200},
          "scope":{"type":"string","enum":["ingest","read","run","write","admin"]},
          "jobs":{"type":"string","maxLength":64,"examples":["users_*"]},
          "ttl_seconds":{"type":"integer","minimum":1,"maximum":315360000}}})");
    return schema;
}

/// What is asked for, once it makes sense.
std::optional<TokenBook::Wish> wish_of(Json const& body, std::vector<Finding>& findings) {
    TokenBook::Wish wish;
    wish.name = body.value("name", "");
    wish.scope = http::scope_named(body.value("scope", "read")).value_or(http::Scope::read);
    wish.jobs = body.value("jobs", "");
    wish.ttl_s = body.value("ttl_seconds", std::int64_t{0});
    if (!wish.jobs.empty() && !http::is_job_filter(wish.jobs))
        findings.push_back({"/jobs", "token.jobs",
                            fmt::format("\"{}\" is no filter of jobs: it is the id of one, or its "
                                        "beginning and *",
                                        wish.jobs),
                            "users_*"});
    // Who may load code and make tokens is not held by a list of jobs.
    if (!wish.jobs.empty() && wish.scope == http::Scope::admin)
        findings.push_back(
            {"/jobs", "token.jobs", "a token of scope admin cannot be limited to jobs", "write"});
    if (!findings.empty()) return std::nullopt;
    return wish;
}

Response create_token(TokenBook& tokens, Request const& request) {
    std::vector<Finding> findings;
    auto const wish = wish_of(request.json, findings);
    if (!wish) return refused(findings);
    if (request.is_dry_run)
        return http::json_response(201, {{"name", wish->name},
                                         {"scope", http::name_of(wish->scope)},
                                         {"jobs", wish->jobs.empty() ? Json() : Json(wish->jobs)}});
    Result<TokenBook::Made> const made = tokens.add(*wish, request.who);
    if (!made) return http::problem(made.error());
    Json body = token_json(made->row);
    body["token"] = made->token;
    Response response = http::json_response(201, body);
    response.headers.emplace_back("location", "/tokens/" + made->row.id);
    return response;
}

Response list_tokens(TokenBook& tokens, Request const& request) {
    std::vector<Finding> findings;
    auto const page = Page::of(request, {}, findings, Page::Form::ulid);
    if (!page) return refused(findings);
    std::vector<TokenRow> rows = tokens.list(page->cursor, page->limit + 1);
    Json body{{"items", Json::array()}, {"next", nullptr}};
    bool const has_more = rows.size() > page->limit;
    if (has_more) rows.pop_back();
    for (TokenRow const& row : rows) body["items"].push_back(token_json(row));
    if (has_more) body["next"] = rows.back().id;
    return http::json_response(200, body);
}

Response no_token(std::string const& id) {
    return http::problem(
        Error{WEIR_E_NOT_FOUND, "token.not_found", fmt::format("there is no token {}", id)}
            .suggest("GET /tokens"));
}

Response get_token(TokenBook& tokens, Request const& request) {
    auto const row = tokens.row(request.params.at("id"));
    if (!row) return no_token(request.params.at("id"));
    Response response = http::json_response(200, token_json(*row));
    // Nothing of a token changes but when it was used.
    response.headers.emplace_back("etag", fmt::format("\"{}\"", row->id));
    return response;
}

Response revoke_token(Access& access, Request const& request) {
    std::string const& id = request.params.at("id");
    if (!access.tokens().row(id)) return no_token(id);
    Result<void> removed = request.is_dry_run ? Result<void>{} : access.revoke(id);
    if (!removed) return http::problem(removed.error());
    return Response{204, {}, {}, ""};
}

}  // namespace

std::vector<http::Route> token_routes(Access& access) {
    using http::Scope;
    TokenBook& tokens = access.tokens();
    std::vector<http::Route> routes{
        host_route("GET", "/tokens", Scope::admin, "Tokens, without what they are made of",
                   [&tokens](Request const& in) { return list_tokens(tokens, in); }),
        host_route(
            "POST", "/tokens", Scope::admin, "Makes a token, which is shown once",
            [&tokens](Request const& in) { return create_token(tokens, in); }, token_schema()),
        host_route("GET", "/tokens/{id}", Scope::admin, "One token",
                   [&tokens](Request const& in) { return get_token(tokens, in); }),
        host_route("DELETE", "/tokens/{id}", Scope::admin, "Revokes a token, at once",
                   [&access](Request const& in) { return revoke_token(access, in); })};
    for (http::Route& route : routes) route.has_dry_run = route.method != "GET";
    routes[1].shows_secret = true;
    return routes;
}

}  // namespace weir::host
