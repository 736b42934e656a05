#include "host/serve/plugin_admin_routes.hpp"

#include <functional>

#include "host/serve/host_route.hpp"
#include "host/serve/page.hpp"
#include "host/serve/plugin_json.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;
using http::Scope;

struct Ports {
    Registry& registry;
    PluginLife& plugins;
    PluginAdmin& admin;
};

Response shown(Ports const& ports, std::string const& id, unsigned status = 200) {
    if (auto const library = ports.registry.find(id))
        return http::json_response(status, plugin_json(*library, ports.plugins));
    for (Refusal const& refusal : ports.registry.refusals())
        if (refusal.path.stem() == std::filesystem::path{id})
            return http::json_response(status, plugin_json(refusal));
    return http::problem(ports.registry.not_found(id));
}

Response refused_by(PluginAdmin::Refused const& refused) {
    return http::problem(refused.error, refused.findings, refused.blocked_by);
}

Response load(Ports const& ports, Request const& request) {
    PluginAdmin::Outcome const done = ports.admin.load(request.json.at("file"));
    if (done.refused) return refused_by(*done.refused);
    return shown(ports, done.id, done.has_changed ? 201 : 200);
}

using Change = PluginAdmin::Outcome (PluginAdmin::*)(std::string const&);

std::function<Response(Request const&)> changed_by(Ports const& ports, Change change) {
    return [ports, change](Request const& request) {
        PluginAdmin::Outcome const done = (ports.admin.*change)(request.params.at("id"));
        return done.refused ? refused_by(*done.refused) : shown(ports, done.id);
    };
}

Response unload(Ports const& ports, Request const& request) {
    PluginAdmin::Outcome const done = ports.admin.unload(request.params.at("id"));
    if (done.refused) return refused_by(*done.refused);
    Response response;
    response.status = 204;
    response.content_type.clear();
    return response;
}

Response look_around(Ports const& ports) {
    Json items = Json::array();
    for (Registry::Seen const& seen : ports.registry.look_around()) {
        Json item{{"file", seen.path.filename().string()}, {"state", seen.state}};
        if (!seen.id.empty()) item["id"] = seen.id;
        if (seen.error)
            item["error"] = {{"code", seen.error->code}, {"message", seen.error->message}};
        items.push_back(std::move(item));
    }
    return http::json_response(200, {{"items", std::move(items)}, {"next", nullptr}});
}

Response routes_of_plugin(Ports const& ports, Request const& request) {
    auto const library = ports.registry.find(request.params.at("id"));
    if (!library) return http::problem(ports.registry.not_found(request.params.at("id")));
    Json items = Json::array();
    for (ComponentInfo const& component : library->manifest.components)
        for (DeclaredRoute const& each : component.declared.routes)
            items.push_back({{"method", each.method},
                             {"path", each.path},
                             {"scope", each.scope},
                             {"summary", each.summary}});
    return http::json_response(200, {{"items", std::move(items)}, {"next", nullptr}});
}

}  // namespace

std::vector<http::Route> plugin_admin_routes(Registry& registry, PluginLife& plugins,
                                             PluginAdmin& admin) {
    Ports const ports{registry, plugins, admin};
    std::vector<http::Route> routes{
        host_route("GET", "/plugins", Scope::read, "Libraries: what they are and how they do",
              [ports](Request const& request) {
                  std::vector<Finding> findings;
                  if (!Page::of(request, {}, findings)) return refused(findings);
                  return http::json_response(
                      200, {{"items", plugins_json(ports.registry, ports.plugins)},
                            {"next", nullptr}});
              }),
        host_route("GET", "/plugins/{id}", Scope::read, "One library",
              [ports](Request const& request) { return shown(ports, request.params.at("id")); }),
        host_route("GET", "/plugins/{id}/routes", Scope::read, "The routes of one library",
              [ports](Request const& request) { return routes_of_plugin(ports, request); }),
        host_route("POST", "/plugins", Scope::admin, "Loads a library of a configured directory",
              [ports](Request const& request) { return load(ports, request); }),
        host_route("POST", "/plugins/scan", Scope::admin,
              "What lies in the directories: new, changed, bad",
              [ports](Request const&) { return look_around(ports); }),
        host_route("DELETE", "/plugins/{id}", Scope::admin, "Unloads a library that nothing needs",
              [ports](Request const& request) { return unload(ports, request); }),
        host_route("POST", "/plugins/{id}/reload", Scope::admin,
              "Lets the library as its file is now take over",
              changed_by(ports, &PluginAdmin::reload)),
        host_route("POST", "/plugins/{id}/disable", Scope::admin,
              "Switches off a library that nothing needs",
              changed_by(ports, &PluginAdmin::disable)),
        host_route("POST", "/plugins/{id}/enable", Scope::admin, "Switches a library on again",
              changed_by(ports, &PluginAdmin::enable))};
    for (http::Route& each : routes) each.waits = each.method != "GET";
    for (http::Route& each : routes)
        if (each.method == "POST" && each.path == "/plugins")
            each.request = {{"type", "object"},
                            {"properties",
                             {{"file", {{"type", "string"}, {"title", "File name"},
                                        {"examples", Json::array({"acme.so"})}}}}},
                            {"required", Json::array({"file"})},
                            {"additionalProperties", false}};
    return routes;
}

}  // namespace weir::host
