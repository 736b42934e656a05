#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/registry.hpp"
#include "host/core/finding.hpp"
#include "host/run/engine.hpp"
#include "host/serve/plugin_life.hpp"
#include "host/store/documents.hpp"

namespace weir::host {

/// Libraries come, go, are replaced and switched off while the server works, one change at a time.
/// What was unloaded or switched off stays so over restarts. Each change is published:
/// plugin.loaded, plugin.unloaded, plugin.reloaded, plugin.failed. Thread-safe.
class PluginAdmin {
public:
    struct Ports {
        Registry& registry;
        PluginLife& plugins;
        Engine& engine;
        Bus& bus;
        Documents& documents;
        Events& events;
        HostServices const& services;
    };
    explicit PluginAdmin(Ports const& ports) : ports_{ports} {}

    /// What the registry is to leave alone at its scan.
    static Result<Registry::Leave> remembered(Documents& documents);

    struct Refused {
        Error error;
        std::vector<Blocker> blocked_by{};
        std::vector<Finding> findings{};
    };
    /// The plugin's id, or why not.
    struct Outcome {
        std::string id;
        bool has_changed = false;
        std::optional<Refused> refused{};
    };

    /// Takes the library `file` of a configured directory into use. Already in use: nothing
    /// changes; in another build: E_CONFLICT "plugin.loaded".
    Outcome load(std::string const& file);
    /// Lets the library as its file is now take over; of a library that was refused, the same as
    /// load(). Whatever fails leaves the present one serving, and so do E_CONFLICT
    /// "plugin.config_refused", stored connections that only the present one takes, and
    /// "plugin.in_use", a component that it no longer has and somebody needs.
    Outcome reload(std::string const& id);
    /// E_CONFLICT "plugin.in_use" naming jobs, runs and plugins that need it.
    Outcome unload(std::string const& id);
    Outcome disable(std::string const& id);
    Outcome enable(std::string const& id);

private:
    Outcome take(FreshLibrary fresh);
    Outcome replace(Registry::Library const& old, FreshLibrary fresh);
    Outcome withdraw(std::string const& id, bool for_good);
    Result<void> start_services(std::vector<Component> const& components);
    Result<void> remember(std::string const& key, bool is_set);
    void publish(char const* topic, std::string const& id, std::optional<Error> const& error = {});
    Outcome failed(std::string const& id, Error error);
    void forget_events(Manifest const& manifest);
    void warn_of_many(std::string const& id);

    // plugin_needs.cpp
    CallContext asking() const;
    std::vector<Blocker> needed_by(Manifest const& manifest);
    void need_of_jobs(Manifest const& manifest, std::vector<Blocker>& found);
    static Refused in_use(std::string const& id, std::vector<Blocker> blockers);
    std::optional<Refused> misfit(Manifest const& before, Manifest const& next);
    std::optional<Refused> refused_configs(Manifest const& before, Manifest const& next,
                                           nlohmann::json const& connectors);

    static constexpr char owner[] = "host";

    Ports ports_;
    std::mutex mutex_;  // one change at a time
};

}  // namespace weir::host
