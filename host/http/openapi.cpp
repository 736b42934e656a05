#include "host/http/openapi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "host/http/problem.hpp"

namespace weir::host::http {

namespace {

using Json = nlohmann::json;

constexpr char problem_ref[] = "#/components/responses/Problem";

/// "{name*}" stands for several segments, which OpenAPI cannot say: "{name}" there.
std::string path_in_openapi(std::string path) {
    std::erase(path, '*');
    return path;
}

std::vector<std::string> names_in_path(std::string const& path) {
    std::vector<std::string> names;
    for (std::size_t at = path.find('{'); at != path.npos; at = path.find('{', at + 1))
        names.push_back(path.substr(at + 1, path.find('}', at) - at - 1));
    return names;
}

/// "replication_get_job"; of a route without an id "get_runs_id".
std::string operation_id(Route const& route) {
    std::string const owner = route.owner.substr(route.owner.rfind('.') + 1);
    std::string id = route.id.empty() ? route.method + path_in_openapi(route.path)
                                      : fmt::format("{}_{}", owner, route.id);
    std::string out;
    for (char const c : id) {
        bool const is_word = std::isalnum(static_cast<unsigned char>(c)) != 0;
        if (is_word)
            out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        else if (!out.empty() && out.back() != '_')
            out += '_';
    }
    while (out.ends_with('_')) out.pop_back();
    return out;
}

Json parameters_of(Route const& route) {
    Json out = Json::array();
    for (std::string const& name : names_in_path(path_in_openapi(route.path)))
        out.push_back({{"name", name},
                       {"in", "path"},
                       {"required", true},
                       {"schema", {{"type", "string"}}}});
    if (route.query.is_object()) {
        Json const required = route.query.value("required", Json::array());
        Json const properties = route.query.value("properties", Json::object());
        for (auto const& [name, schema] : properties.items()) {
            Json parameter{{"name", name}, {"in", "query"}, {"schema", schema}};
            parameter["required"] =
                std::find(required.begin(), required.end(), Json(name)) != required.end();
            if (schema.contains("description")) parameter["description"] = schema["description"];
            out.push_back(std::move(parameter));
        }
    }
    bool const starts_a_run = std::ranges::find(route.answers, 202u) != route.answers.end();
    if (route.waits && starts_a_run)
        out.push_back({{"name", "Prefer"},
                       {"in", "header"},
                       {"description", "wait=N: answers when the run has ended, after N s at most"},
                       {"schema", {{"type", "string"}}}});
    return out;
}

Json responses_of(Route const& route) {
    Json out = Json::object();
    for (unsigned const status : route.answers) {
        Json answer{{"description", std::string{title_of(status)}}};
        if (status != 204)
            answer["content"][route.media]["schema"] =
                route.response.is_null() ? Json::object() : route.response;
        out[std::to_string(status)] = std::move(answer);
    }
    auto const refuses = [&](char const* status) { out[status] = {{"$ref", problem_ref}}; };
    if (route.scope != Scope::none) refuses("401"), refuses("403");
    if (!names_in_path(route.path).empty()) refuses("404");
    bool const has_body = !route.request.is_null() || !route.document.is_null();
    if (has_body) refuses("400"), refuses("413"), refuses("415");
    if (has_body || route.query.is_object()) refuses("422");
    refuses("default");
    return out;
}

Json operation(Route const& route) {
    Json out{{"operationId", operation_id(route)},
             {"summary", route.summary},
             {"tags", Json::array({route.owner})},
             {"x-scope", name_of(route.scope)},
             {"responses", responses_of(route)}};
    if (Json parameters = parameters_of(route); !parameters.empty())
        out["parameters"] = std::move(parameters);
    if (route.scope == Scope::none) out["security"] = Json::array();
    Json const& body = route.document.is_null() ? route.request : route.document;
    if (!body.is_null()) {
        out["requestBody"]["required"] = body.contains("required") || body.contains("anyOf");
        for (std::string const& type : route.bodies)
            out["requestBody"]["content"][type]["schema"] = body;
    }
    return out;
}

Json components() {
    static Json const parts = Json::parse(R"({
      "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
      "responses": {"Problem": {"description": "What is wrong, and what to do",
        "content": {"application/problem+json": {
          "schema": {"$ref": "#/components/schemas/Problem"}}}}},
      "schemas": {
        "Problem": {"type": "object", "required": ["type", "title", "status", "code"],
          "properties": {
            "type": {"type": "string", "examples": ["urn:weir:problem:run.not_found"]},
            "title": {"type": "string"}, "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string", "description": "GET /errors/{code} explains it"},
            "pointer": {"type": "string", "description": "JSON Pointer to the wrong field"},
            "suggestion": {"type": "string"}, "request_id": {"type": "string"},
            "retry_after_ms": {"type": "integer"},
            "blocked_by": {"type": "array", "description": "What stands in the way",
              "items": {"type": "object", "required": ["kind", "id"], "properties": {
                "kind": {"type": "string"}, "id": {"type": "string"}}}},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Finding"}}}},
        "Finding": {"type": "object", "required": ["pointer", "code"],
          "properties": {"pointer": {"type": "string"}, "code": {"type": "string"},
            "detail": {"type": "string"}, "suggestion": {"type": "string"}}}}})");
    return parts;
}

}  // namespace

nlohmann::json openapi(std::vector<std::shared_ptr<Route const>> const& routes,
                       std::string const& version) {
    Json paths = Json::object();
    for (auto const& route : routes) {
        std::string method = route->method;
        std::transform(method.begin(), method.end(), method.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        paths[path_in_openapi(route->path)][method] = operation(*route);
    }
    return {{"openapi", "3.1.0"},
            {"info",
             {{"title", "Weir"},
              {"version", version},
              {"summary", "Moves records from systems that have them to systems that need them"}}},
            {"security", Json::array({Json{{"token", Json::array()}}})},
            {"paths", std::move(paths)},
            {"components", components()}};
}

}  // namespace weir::host::http
