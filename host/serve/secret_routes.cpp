#include <fmt/format.h>

#include <algorithm>

#include "host/core/secret.hpp"
#include "host/serve/access_routes.hpp"
#include "host/serve/host_route.hpp"
#include "host/serve/page.hpp"
#include "weir/cpp/calendar.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;

bool is_secret_name(std::string_view name) {
    constexpr std::size_t characters_max = 63;
    auto const is_letter = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= characters_max &&
           std::all_of(name.begin(), name.end(), is_letter);
}

Json const& value_schema() {
    static Json const schema = Json::parse(R"({"type":"object","required":["value"],
        "additionalProperties":false,"properties":{
          "value":{"type":"string","minLength":1,"maxLength":65536,"writeOnly":true}}})");
    return schema;
}

Response list_secrets(Vault& vault, Request const& request) {
    std::vector<Finding> findings;
    auto const page = Page::of(request, {}, findings);
    if (!page) return refused(findings);
    auto const names = vault.list(own_secrets, page->cursor, page->limit + 1);
    if (!names) return http::problem(names.error());
    Json body{{"items", Json::array()}, {"next", nullptr}};
    for (Vault::Name const& name : *names) {
        if (body["items"].size() == page->limit) {
            body["next"] = body["items"].back()["name"];
            break;
        }
        body["items"].push_back({{"name", name.name}, {"set_at", rfc3339(name.set_us)}});
    }
    return http::json_response(200, body);
}

Response put_secret(Vault& vault, Request const& request) {
    std::string const& name = request.params.at("name");
    if (!is_secret_name(name))
        return refused({{"", "secret.name",
                         fmt::format("\"{}\" is no name of a secret: letters, digits, _ and -",
                                     name),
                         ""}});
    auto const before = vault.get(own_secrets, name);
    bool const is_new = before && !*before;
    std::string value = request.json.value("value", "");
    Result<void> done =
        request.is_dry_run ? Result<void>{} : vault.put(own_secrets, name, value);
    wipe(value);
    if (!done) return http::problem(done.error());
    return http::json_response(is_new ? 201 : 200, {{"name", name}});
}

Response delete_secret(Vault& vault, Request const& request) {
    std::string const& name = request.params.at("name");
    Result<void> done;
    auto const there = vault.get(own_secrets, name);
    if (request.is_dry_run && there && !*there)
        done = Error{WEIR_E_NOT_FOUND, "secret.not_found",
                     fmt::format("there is no secret {}", name)};
    else if (!request.is_dry_run)
        done = vault.remove(own_secrets, name);
    if (!done) return http::problem(done.error());
    return Response{204, {}, {}, ""};
}

Response rotate_key(Vault& vault, Request const& request) {
    if (request.is_dry_run) {
        Result<std::int64_t> const secrets = vault.count();
        if (!secrets) return http::problem(secrets.error());
        return http::json_response(200, {{"secrets", *secrets}});
    }
    Result<Vault::Turned> const turned = vault.rotate();
    if (!turned) return http::problem(turned.error());
    return http::json_response(200, {{"secrets", turned->secrets},
                                     {"damaged", turned->damaged},
                                     {"key_id", turned->to},
                                     {"previous_key_id", turned->from}});
}

}  // namespace

std::vector<http::Route> secret_routes(Vault& vault) {
    using http::Scope;
    std::vector<http::Route> routes{
        host_route("GET", "/secrets", Scope::admin, "Names of secrets; values only go in",
                   [&vault](Request const& in) { return list_secrets(vault, in); }),
        host_route(
            "PUT", "/secrets/{name}", Scope::admin, "Sets the value of ${secret:NAME}",
            [&vault](Request const& in) { return put_secret(vault, in); }, value_schema()),
        host_route("DELETE", "/secrets/{name}", Scope::admin, "Forgets a secret",
                   [&vault](Request const& in) { return delete_secret(vault, in); }),
        host_route("POST", "/secrets/rotate", Scope::admin,
                   "Makes a new master key and seals all secrets with it",
                   [&vault](Request const& in) { return rotate_key(vault, in); })};
    for (std::size_t const changing : {1, 2, 3}) routes[changing].has_dry_run = true;
    routes[1].shows_secret = true;
    return routes;
}

}  // namespace weir::host
