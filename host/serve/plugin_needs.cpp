// What would miss a library that goes, and what would not work with another build of it.
#include <fmt/format.h>

#include <algorithm>

#include "host/abi/config_schema.hpp"
#include "host/core/finding.hpp"
#include "host/serve/plugin_admin.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

ComponentInfo const* connector_of(Manifest const& manifest, std::string const& id) {
    for (ComponentInfo const& component : manifest.components)
        if (component.is_connector() && component.id == id) return &component;
    return nullptr;
}

/// What stands there is put in later, so nobody can say yet whether it fits.
bool is_reference(Json const& config, std::string const& pointer) {
    Json::json_pointer const at{pointer};
    if (!config.contains(at) || !config[at].is_string()) return false;
    return config[at].get_ref<std::string const&>().find("${") != std::string::npos;
}

std::vector<Error> faults_of(ComponentInfo const& connector, Json const& config) {
    Json filled = config;
    std::vector<Error> faults = config_faults(connector.config_schema, filled, findings_max);
    std::erase_if(faults, [&](Error const& each) { return is_reference(config, each.where); });
    return faults;
}

}  // namespace

CallContext PluginAdmin::asking() const {
    constexpr std::int64_t ask_ns_max = 10'000'000'000;
    Clock const& clock = ports_.services.clock;
    return CallContext{clock, nullptr, clock.monotonic_ns() + ask_ns_max};
}

std::vector<Blocker> PluginAdmin::needed_by(Manifest const& manifest) {
    std::vector<Blocker> found;
    need_of_jobs(manifest, found);
    for (ComponentInfo const& component : manifest.components) {
        if (component.is_connector())
            for (std::string const& run : ports_.engine.runs_with(component.id))
                found.push_back({"run", run});
        if (component.is_service())
            for (std::string const& other : ports_.plugins.dependents(component.id))
                found.push_back({"plugin", other});
    }
    return found;
}

/// Whoever keeps jobs says which of them need it: those over a connector, or all, when it is the
/// keeper itself that is to go.
void PluginAdmin::need_of_jobs(Manifest const& manifest, std::vector<Blocker>& found) {
    if (!ports_.bus.has("jobs/1")) return;
    Json connectors = Json::array();
    bool is_keeper = false;
    for (ComponentInfo const& component : manifest.components) {
        if (component.is_connector()) connectors.push_back(component.id);
        auto const& offered = component.declared.provides;
        is_keeper = is_keeper || std::count(offered.begin(), offered.end(), "jobs/1") > 0;
    }
    if (connectors.empty() && !is_keeper) return;
    Json in = Json::object();
    if (!is_keeper) in["connectors"] = std::move(connectors);
    MethodAnswer const answer = ports_.bus.invoke(owner, "jobs/1", "using", in, asking());
    if (answer.error) {
        found.push_back({"plugin", answer.error->message});
        return;
    }
    for (Json const& job : answer.json.value("jobs", Json::array()))
        if (job.is_string()) found.push_back({"job", job.get<std::string>()});
}

PluginAdmin::Refused PluginAdmin::in_use(std::string const& id, std::vector<Blocker> blockers) {
    Blocker const first = blockers.front();
    return {Error{WEIR_E_CONFLICT, "plugin.in_use",
                  fmt::format("{} is needed by {} {}{}; pause, cancel or remove what needs it", id,
                              first.kind, first.id, blockers.size() > 1 ? " and others" : "")},
            std::move(blockers)};
}

std::optional<PluginAdmin::Refused> PluginAdmin::misfit(Manifest const& before,
                                                        Manifest const& next) {
    Manifest gone = before;
    std::erase_if(gone.components, [&](ComponentInfo const& each) {
        return std::any_of(next.components.begin(), next.components.end(),
                           [&](ComponentInfo const& other) { return other.id == each.id; });
    });
    if (std::vector<Blocker> blockers = needed_by(gone); !blockers.empty())
        return in_use(before.id, std::move(blockers));
    Json connectors = Json::array();
    for (ComponentInfo const& component : next.components)
        if (ComponentInfo const* const old = connector_of(before, component.id);
            old && component.is_connector() && old->config_schema != component.config_schema)
            connectors.push_back(component.id);
    if (connectors.empty() || !ports_.bus.has("jobs/1")) return std::nullopt;
    return refused_configs(before, next, connectors);
}

std::optional<PluginAdmin::Refused> PluginAdmin::refused_configs(Manifest const& before,
                                                                 Manifest const& next,
                                                                 Json const& connectors) {
    Refused refused;
    auto const look_at = [&](Json const& item) {
        std::string const id = item.at("connection"), type = item.at("connector");
        Json const& config = item.at("config");
        // What is wrong already is no reason to keep the old build.
        if (!faults_of(*connector_of(before, type), config).empty()) return;
        std::vector<Error> const faults = faults_of(*connector_of(next, type), config);
        if (faults.empty()) return;
        for (Error const& each : faults)
            refused.findings.push_back(
                {fmt::format("/connections/{}/config{}", id, each.where), each.code, each.message,
                 each.suggestion});
        refused.blocked_by.push_back({"connection", id});
        for (Json const& job : item.value("jobs", Json::array()))
            refused.blocked_by.push_back({"job", job.get<std::string>()});
    };
    for (Json after = ""; after.is_string();) {
        MethodAnswer const page =
            ports_.bus.invoke(owner, "jobs/1", "configs",
                              {{"connectors", connectors}, {"after", after}}, asking());
        if (page.error) return Refused{*page.error};
        for (Json const& item : page.json.value("items", Json::array())) look_at(item);
        after = page.json.value("next", Json());
    }
    if (refused.blocked_by.empty()) return std::nullopt;
    Finding const& first = refused.findings.front();
    refused.error = Error{WEIR_E_CONFLICT, "plugin.config_refused",
                          fmt::format("{} {} does not take the configuration of the connection {}"
                                      "{}: {}; change it first, {} goes on serving",
                                      next.id, next.version, refused.blocked_by.front().id,
                                      refused.findings.size() > 1 ? " and more" : "", first.detail,
                                      before.version)};
    return refused;
}

}  // namespace weir::host
