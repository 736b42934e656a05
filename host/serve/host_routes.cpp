#include "host/serve/host_routes.hpp"

#include <fmt/format.h>

#include "host/serve/host_route.hpp"
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
    Result<void> const written = ports.store.check();
    checks.push_back(check("store", written.has_value(), written ? "" : written.error().message));
    for (PluginLife::Status const& plugin : ports.plugins.list())
        checks.push_back(check("plugin " + plugin.info->id, plugin.state == "active",
                               plugin.error ? plugin.error->message : ""));
    for (Refusal const& refusal : ports.registry.refusals())
        checks.push_back(
            check("library " + refusal.path.filename().string(), false, refusal.error.message));
    if (std::string const wrong = ports.config_error(); !wrong.empty())
        checks.push_back(check("config", false, wrong));
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

}  // namespace

std::vector<http::Route> host_routes(HostRoutePorts const& ports) {
    using http::Scope;
    return {host_route("GET", "/livez", Scope::none, "The process runs",
                  [](Request const&) {
                      return http::json_response(200, {{"status", "live"}});
                  }),
            host_route("GET", "/readyz", Scope::none,
                       "The host can work; ?verbose says what is wrong",
                  [ports](Request const& request) { return ready(ports, request); }),
            host_route("GET", "/metrics", Scope::none, "Figures as Prometheus text",
                  [ports](Request const&) {
                      Response response;
                      response.content_type = "text/plain; version=0.0.4; charset=utf-8";
                      response.body = ports.metrics();
                      return response;
                  }),
            host_route("GET", "/version", Scope::read, "Versions of Weir and its ABI",
                  [](Request const&) {
                      return http::json_response(
                          200, {{"version", WEIR_VERSION},
                                {"abi", fmt::format("{}.{}", WEIR_ABI_MAJOR, WEIR_ABI_MINOR)}});
                  })};
}

}  // namespace weir::host
