#include "host/serve/self_routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>

#include "host/core/error_codes.hpp"
#include "host/core/text.hpp"
#include "host/http/openapi.hpp"
#include "host/serve/host_route.hpp"
#include "host/serve/page.hpp"
#include "weir/cpp/nearest.hpp"

#ifndef WEIR_VERSION
#define WEIR_VERSION "0"
#endif

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;

/// The document of the live routes, as text.
class ApiDocument {
public:
    explicit ApiDocument(http::Router const& router) : router_{router} {}

    std::shared_ptr<std::string const> text() {
        std::lock_guard const lock{mutex_};
        std::uint64_t const now = router_.generation();
        if (!text_ || now != generation_) {
            text_ = std::make_shared<std::string const>(
                http::openapi(router_.routes(), WEIR_VERSION).dump());
            generation_ = now;
        }
        return text_;
    }

private:
    http::Router const& router_;
    std::mutex mutex_;
    std::uint64_t generation_ = 0;
    std::shared_ptr<std::string const> text_;
};

Json endpoints(http::Router const& router) {
    std::map<std::pair<std::string, std::string>, Json> sorted;
    for (auto const& route : router.routes())
        sorted[{route->path, route->method}] = {{"method", route->method},
                                                {"path", route->path},
                                                {"owner", route->owner},
                                                {"scope", http::name_of(route->scope)},
                                                {"summary", route->summary}};
    Json items = Json::array();
    for (auto& [where, item] : sorted) items.push_back(std::move(item));
    return items;
}

/// A list that is whole on its one page; its parameters are looked at all the same.
Response whole_list(Request const& request, std::function<Json()> const& items) {
    std::vector<Finding> findings;
    if (!Page::of(request, {}, findings)) return refused(findings);
    return http::json_response(200, {{"items", items()}, {"next", nullptr}});
}

http::Route get(char const* id, char const* path, char const* summary,
                std::function<Response(Request const&)> handler) {
    http::Route out = host_route("GET", path, http::Scope::read, summary, std::move(handler));
    out.id = id;
    return out;
}

}  // namespace

std::vector<nlohmann::json> error_catalogue(Registry& registry) {
    std::map<std::string, Json> all;
    auto const add = [&](std::string const& owner, auto const& row) {
        std::string const code{row.code};
        all.try_emplace(code, Json{{"code", code},
                                   {"title", std::string{row.title}},
                                   {"cause", std::string{row.cause}},
                                   {"remedy", std::string{row.remedy}},
                                   {"type", "urn:weir:problem:" + code},
                                   {"owner", owner}});
    };
    for (ErrorCode const& row : host_error_codes()) add("host", row);
    for (Registry::Library const& library : registry.libraries())
        for (ComponentInfo const& component : library.manifest.components)
            for (DeclaredError const& row : component.errors) add(library.manifest.id, row);
    std::vector<Json> rows;
    for (auto& [code, row] : all) rows.push_back(std::move(row));
    return rows;
}

Result<nlohmann::json> explain_code(Registry& registry, std::string const& code) {
    constexpr std::string_view prefix = "urn:weir:problem:";
    std::string const wanted = code.starts_with(prefix) ? code.substr(prefix.size()) : code;
    std::vector<std::string> codes;
    for (Json& row : error_catalogue(registry)) {
        if (row["code"] == wanted) return std::move(row);
        codes.push_back(row["code"]);
    }
    return Error{WEIR_E_NOT_FOUND, "errors.not_found",
                 fmt::format("no error has the code \"{}\"", wanted), wanted}
        .suggest(did_you_mean(nearest(wanted, codes), "GET /errors and weir explain list all"));
}

std::vector<http::Route> self_routes(http::Router& router, Registry& registry) {
    auto const document = std::make_shared<ApiDocument>(router);
    return {get("openapi", "/openapi.json", "This API as an OpenAPI document, from its live routes",
                [document](Request const&) {
                    Response response;
                    response.body = *document->text();
                    return response;
                }),
            get("list_endpoints", "/endpoints", "Every live route",
                [&router](Request const& request) {
                    return whole_list(request, [&router] { return endpoints(router); });
                }),
            get("list_errors", "/errors", "Every code of an error, and what it means",
                [&registry](Request const& request) {
                    return whole_list(request,
                                      [&registry] { return Json(error_catalogue(registry)); });
                }),
            get("get_error", "/errors/{code}", "What a code means, and what to do",
                [&registry](Request const& request) {
                    Result<Json> const row = explain_code(registry, request.params.at("code"));
                    return row ? http::json_response(200, *row) : http::problem(row.error());
                })};
}

}  // namespace weir::host
