#include "host/serve/plugin_json.hpp"

#include <fmt/format.h>

#include "host/abi/misdeeds.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

Json last_error(Error const& error) { return {{"code", error.code}, {"message", error.message}}; }

void add_component(Json& json, ComponentInfo const& component, PluginLife const& plugins) {
    json["components"].push_back(component.id);
    for (DeclaredRoute const& route : component.declared.routes)
        json["routes"].push_back(route.method + " " + route.path);
    for (std::string const& service : component.declared.provides)
        json["provides"].push_back(service);
    for (std::string const& service : component.declared.needs) json["requires"].push_back(service);
    if (!component.is_service()) return;
    for (PluginLife::Status const& status : plugins.list()) {
        if (status.info->id != component.id) continue;
        json["state"] = status.state;
        if (status.error) json["last_error"] = last_error(*status.error);
    }
}

}  // namespace

Json plugin_json(Registry::Library const& library, PluginLife const& plugins) {
    Manifest const& manifest = library.manifest;
    Json json{{"id", manifest.id},
              {"version", manifest.version},
              {"abi", fmt::format("{}.{}", manifest.abi_major, manifest.abi_minor)},
              {"file", library.path.filename().string()},
              {"sha256", manifest.sha256},
              {"state", "active"},
              {"enabled", library.is_enabled},
              {"generation", library.generation},
              {"parked", library.parked},
              {"routes", Json::array()},
              {"provides", Json::array()},
              {"requires", Json::array()},
              {"components", Json::array()},
              {"last_error", nullptr}};
    json["placement"] = library.is_contained ? "child" : "host";
    if (library.is_contained) json["pid"] = library.pid == 0 ? Json() : Json(library.pid);
    if (std::optional<Error> const misdeed = Misdeeds::here().last(manifest.id))
        json["last_error"] = last_error(*misdeed);
    if (library.failed) json["last_error"] = last_error(*library.failed);
    if (library.given_up) json["last_error"] = last_error(*library.given_up);
    for (ComponentInfo const& component : manifest.components)
        add_component(json, component, plugins);
    if (library.given_up) json["state"] = "quarantined";
    if (!library.is_enabled) json["state"] = "disabled";
    return json;
}

Json plugin_json(Refusal const& refusal) {
    return {{"id", refusal.path.stem().string()},
            {"file", refusal.path.filename().string()},
            {"state", refusal.error.code == "plugin.quarantined" ? "quarantined" : "failed"},
            {"last_error", last_error(refusal.error)}};
}

Json plugins_json(Registry& registry, PluginLife const& plugins) {
    Json items = Json::array();
    for (Registry::Library const& library : registry.libraries())
        items.push_back(plugin_json(library, plugins));
    for (Refusal const& refusal : registry.refusals()) items.push_back(plugin_json(refusal));
    return items;
}

}  // namespace weir::host
