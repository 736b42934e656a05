#include "host/serve/host_routes.hpp"

#include <fmt/format.h>

#include "host/core/text.hpp"
#include "host/serve/page.hpp"
#include "weir/abi.h"

#ifndef WEIR_VERSION
#define WEIR_VERSION "0"
#endif

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;

Json check(std::string const& name, bool ok, std::string const& detail) {
    Json json{{"name", name}, {"ok", ok}};
    if (!detail.empty()) json["detail"] = detail;
    return json;
}

Json checks_of(HostRoutePorts const& ports) {
    Json checks = Json::array();
    Result<void> const written = ports.store.write([](Session&) { return Result<void>{}; });
    checks.push_back(check("store", written.has_value(), written ? "" : written.error().message));
    for (PluginLife::Status const& plugin : ports.plugins.list())
        checks.push_back(check("plugin " + plugin.info->id, plugin.state == "active",
                               plugin.error ? plugin.error->message : ""));
    for (Refusal const& refusal : ports.registry.refusals())
        checks.push_back(
            check("library " + refusal.path.filename().string(), false, refusal.error.message));
    return checks;
}

// Who asks without a token learns what is wrong, not why: sentences may name files and systems.
Response ready(HostRoutePorts const& ports, Request const& request) {
    Json checks = checks_of(ports);
    // A refused library or a failed plugin leaves the host and the others working.
    bool const is_ready = checks.front().at("ok");
    bool is_well = true;
    for (Json const& each : checks) is_well = is_well && each.at("ok").get<bool>();
    if (request.who.id.empty())
        for (Json& each : checks) each.erase("detail");
    Json body{{"status", !is_ready ? "unavailable" : is_well ? "ready" : "degraded"}};
    if (request.query_param("verbose")) body["checks"] = checks;
    return http::json_response(is_ready ? 200 : 503, body);
}

std::string state_of(PluginLife& plugins, std::string const& service) {
    for (PluginLife::Status const& status : plugins.list())
        if (status.info->id == service) return status.state;
    return "active";
}

Json library_json(HostRoutePorts const& ports, Registry::Library const& library) {
    Json json{{"id", library.manifest.id},
              {"version", library.manifest.version},
              {"abi", fmt::format("{}.{}", library.manifest.abi_major, library.manifest.abi_minor)},
              {"file", library.path.filename().string()},
              {"sha256", library.manifest.sha256},
              {"state", library.is_loaded ? "active" : "available"},
              {"generation", library.is_loaded ? 1 : 0},
              {"routes", Json::array()},
              {"provides", Json::array()},
              {"requires", Json::array()},
              {"components", Json::array()},
              {"last_error", nullptr}};
    for (ComponentInfo const& component : library.manifest.components) {
        json["components"].push_back(component.id);
        for (DeclaredRoute const& route : component.declared.routes)
            json["routes"].push_back(route.method + " " + route.path);
        for (std::string const& service : component.declared.provides)
            json["provides"].push_back(service);
        for (std::string const& service : component.declared.needs)
            json["requires"].push_back(service);
        if (!component.is_service()) continue;
        json["state"] = state_of(ports.plugins, component.id);
        for (PluginLife::Status const& status : ports.plugins.list())
            if (status.info->id == component.id && status.error)
                json["last_error"] = {{"code", status.error->code},
                                      {"message", status.error->message}};
    }
    return json;
}

Json plugins_json(HostRoutePorts const& ports) {
    Json items = Json::array();
    for (Registry::Library const& library : ports.registry.libraries())
        items.push_back(library_json(ports, library));
    for (Refusal const& refusal : ports.registry.refusals())
        items.push_back(
            {{"id", refusal.path.stem().string()},
             {"file", refusal.path.filename().string()},
             {"state", "failed"},
             {"last_error", {{"code", refusal.error.code}, {"message", refusal.error.message}}}});
    return items;
}

Response plugin(HostRoutePorts const& ports, std::string const& id) {
    std::vector<std::string> ids;
    for (Json const& each : plugins_json(ports)) {
        if (each.at("id") == id) return http::json_response(200, each);
        ids.push_back(each.at("id"));
    }
    std::string const near = nearest(id, ids);
    return http::problem(
        Error{WEIR_E_NOT_FOUND, "plugin.not_found", fmt::format("there is no plugin \"{}\"", id)}
            .suggest(near.empty() ? "GET /plugins" : "did you mean " + near + "?"));
}

std::string metrics_text(HostRoutePorts const& ports) {
    std::string text = fmt::format(
        "# HELP weir_build_info The version that runs.\n# TYPE weir_build_info gauge\n"
        "weir_build_info{{version=\"{}\",abi=\"{}.{}\"}} 1\n",
        WEIR_VERSION, WEIR_ABI_MAJOR, WEIR_ABI_MINOR);
    text += fmt::format(
        "# HELP process_start_time_seconds When the host started.\n"
        "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {:.3f}\n",
        static_cast<double>(ports.started_us) / 1e6);
    text += "# HELP weir_plugins Services of plugins by state.\n# TYPE weir_plugins gauge\n";
    std::map<std::string, int> states{{"active", 0}, {"failed", 0}, {"waiting", 0}};
    for (PluginLife::Status const& status : ports.plugins.list()) ++states[status.state];
    for (auto const& [state, count] : states)
        text += fmt::format("weir_plugins{{state=\"{}\"}} {}\n", state, count);
    for (Metrics::Value const& value : ports.metrics.snapshot())
        text += fmt::format("# HELP {} {}\n# TYPE {} {}\n{} {}\n", value.name, value.help,
                            value.name, value.kind == WEIR_METRIC_GAUGE ? "gauge" : "counter",
                            value.name, value.value);
    return text + (ports.more_metrics ? ports.more_metrics() : "");
}

http::Route route(char const* path, http::Scope scope, char const* summary,
                  std::function<Response(Request const&)> handler) {
    http::Route out;
    out.method = "GET";
    out.path = path;
    out.scope = scope;
    out.owner = "host";
    out.summary = summary;
    out.handler = std::move(handler);
    return out;
}

}  // namespace

std::vector<http::Route> host_routes(HostRoutePorts const& ports) {
    using http::Scope;
    return {route("/livez", Scope::none, "The process runs",
                  [](Request const&) {
                      return http::json_response(200, {{"status", "live"}});
                  }),
            route("/readyz", Scope::none, "The host can work; ?verbose says what is wrong",
                  [ports](Request const& request) { return ready(ports, request); }),
            route("/metrics", Scope::none, "Figures as Prometheus text",
                  [ports](Request const&) {
                      Response response;
                      response.content_type = "text/plain; version=0.0.4; charset=utf-8";
                      response.body = metrics_text(ports);
                      return response;
                  }),
            route("/version", Scope::read, "Versions of Weir and its ABI",
                  [](Request const&) {
                      return http::json_response(
                          200, {{"version", WEIR_VERSION},
                                {"abi", fmt::format("{}.{}", WEIR_ABI_MAJOR, WEIR_ABI_MINOR)}});
                  }),
            route("/plugins", Scope::read, "Libraries: what they are and how they do",
                  [ports](Request const& request) {
                      std::vector<Finding> findings;
                      if (!Page::of(request, {}, findings)) return refused(findings);
                      return http::json_response(
                          200, {{"items", plugins_json(ports)}, {"next", nullptr}});
                  }),
            route("/plugins/{id}", Scope::read, "One library", [ports](Request const& request) {
                return plugin(ports, request.params.at("id"));
            })};
}

}  // namespace weir::host
