#include "host/serve/plugin_admin.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/core/log_level.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr char const *owner = "host", *collection = "plugins";
constexpr std::string_view disabled = "disabled/", unloaded = "unloaded/";
constexpr std::int64_t ask_ms_max = 10'000;

bool is_active(PluginLife const& plugins, std::string const& service) {
    for (PluginLife::Status const& status : plugins.list())
        if (status.info->id == service) return status.state == "active";
    return false;
}

bool has_component(Manifest const& manifest, std::string const& id) {
    return std::any_of(manifest.components.begin(), manifest.components.end(),
                       [&](ComponentInfo const& info) { return info.id == id; });
}

}  // namespace

Result<Registry::Leave> PluginAdmin::remembered(Documents& documents) {
    Registry::Leave leave;
    Result<std::vector<Document>> const found =
        documents.list(owner, collection, "", "", Documents::list_max);
    if (!found) return found.error();
    for (Document const& document : *found) {
        if (document.key.starts_with(disabled))
            leave.disabled_ids.push_back(document.key.substr(disabled.size()));
        if (document.key.starts_with(unloaded))
            leave.unloaded_files.push_back(document.key.substr(unloaded.size()));
    }
    return leave;
}

Result<void> PluginAdmin::remember(std::string const& key, bool is_set) {
    if (is_set) {
        auto const put =
            ports_.documents.put(owner, collection, key, "{}", Documents::any_revision);
        return put ? Result<void>{} : put.error();
    }
    Result<void> removed = ports_.documents.remove(owner, collection, key, Documents::any_revision);
    if (!removed && removed.error().status == WEIR_E_NOT_FOUND) return {};
    return removed;
}

void PluginAdmin::publish(char const* topic, std::string const& id,
                          std::optional<Error> const& error) {
    Json data{{"plugin", id}};
    if (auto const library = ports_.registry.find(id)) {
        data["plugin"] = library->manifest.id;
        data["version"] = library->manifest.version;
        data["sha256"] = library->manifest.sha256;
        data["generation"] = library->generation;
    }
    if (error) data["error"] = {{"code", error->code}, {"message", error->message}};
    std::int32_t const level = error ? level_error : level_info;
    ports_.services.log.log(level, data.at("plugin").get<std::string>(),
                            error ? fmt::format("{}: {}", topic, error->message) : topic);
    Result<std::optional<std::int64_t>> const stored =
        ports_.events.publish(topic, "", data.dump(-1, ' ', false, Json::error_handler_t::replace));
    if (!stored) ports_.services.log.log(level_warning, "plugins", stored.error().message);
}

PluginAdmin::Outcome PluginAdmin::failed(std::string const& id, Error error) {
    publish("plugin.failed", id, error);
    return {id, false, Refused{std::move(error)}};
}

PluginAdmin::Outcome PluginAdmin::load(std::string const& file) {
    std::lock_guard const lock{mutex_};
    for (Registry::Seen const& seen : ports_.registry.look_around()) {
        if (seen.path.filename() != file) continue;
        if (seen.state == "same") return {seen.id};
        if (seen.state != "changed") break;
        return {seen.id, false,
                Refused{Error{WEIR_E_CONFLICT, "plugin.loaded",
                              fmt::format("{} serves already, in another build", seen.id), "/file"}
                            .suggest(fmt::format("POST /plugins/{}/reload", seen.id))}};
    }
    Result<FreshLibrary> fresh = ports_.registry.load_fresh(file);
    if (fresh) return take(std::move(*fresh));
    if (fresh.error().status == WEIR_E_NOT_FOUND || fresh.error().code == "plugin.file_name")
        return {file, false, Refused{fresh.error()}};
    return failed(file, fresh.error());
}

/// A library that nobody knows yet.
PluginAdmin::Outcome PluginAdmin::take(FreshLibrary fresh) {
    std::string const id = fresh.manifest().id, file = fresh.path().filename().string();
    std::vector<Component> const components = fresh.components();
    if (Result<void> used = ports_.registry.use(std::move(fresh)); !used)
        return failed(id, used.error());
    if (Result<void> started = start_services(components); !started) {
        for (Component const& component : components)
            if (component.info->is_service()) ports_.plugins.remove(component.info->id);
        (void)ports_.registry.remove(id);  // it was there a moment ago
        return failed(id, started.error());
    }
    for (std::string const& key :
         {std::string{disabled} + id, std::string{unloaded} + file})
        if (Result<void> kept = remember(key, false); !kept) return failed(id, kept.error());
    publish("plugin.loaded", id);
    return {id, true};
}

Result<void> PluginAdmin::start_services(std::vector<Component> const& components) {
    for (Component const& component : components)
        if (component.info->is_service())
            if (Result<void> added = ports_.plugins.add(component.info); !added) return added;
    return {};
}

PluginAdmin::Outcome PluginAdmin::reload(std::string const& id) {
    std::lock_guard const lock{mutex_};
    std::optional<Registry::Library> const old = ports_.registry.find(id);
    std::string file = old ? old->path.filename().string() : "";
    for (Refusal const& refusal : ports_.registry.refusals())
        if (!old && refusal.path.stem() == std::filesystem::path{id})
            file = refusal.path.filename().string();
    if (file.empty()) return {id, false, Refused{ports_.registry.not_found(id)}};
    Result<FreshLibrary> fresh = ports_.registry.load_fresh(file);
    if (!fresh) return failed(id, fresh.error());
    return old ? replace(*old, std::move(*fresh)) : take(std::move(*fresh));
}

PluginAdmin::Outcome PluginAdmin::replace(Registry::Library const& old, FreshLibrary fresh) {
    Manifest const now = fresh.manifest();
    std::string const& id = old.manifest.id;
    if (now.id != id)
        return failed(id, Error{WEIR_E_CONFLICT, "plugin.other_id",
                                fmt::format("{} is now the plugin {}; unload {} and load it as "
                                            "another one",
                                            old.path.filename().string(), now.id, id)});
    std::vector<Component> swapped, added;
    for (Component& component : fresh.components())
        if (component.info->is_service() && old.is_enabled)
            (is_active(ports_.plugins, component.info->id) ? swapped : added)
                .push_back(std::move(component));
    Result<void> done = ports_.plugins.swap(
        swapped, [&] { return ports_.registry.use(std::move(fresh)); });
    if (!done) return failed(id, done.error());
    for (ComponentInfo const& before : old.manifest.components)
        if (before.is_service() && !has_component(now, before.id))
            ports_.plugins.remove(before.id);
    for (Component const& component : added) ports_.plugins.remove(component.info->id);
    if (Result<void> started = start_services(added); !started)
        return failed(id, started.error());
    for (Manifest const* manifest : {&old.manifest, &now})
        for (ComponentInfo const& component : manifest->components)
            if (component.is_connector()) ports_.engine.hand_over(component.id);
    publish("plugin.reloaded", id);
    return {id, true};
}

PluginAdmin::Outcome PluginAdmin::unload(std::string const& id) { return withdraw(id, true); }

PluginAdmin::Outcome PluginAdmin::disable(std::string const& id) { return withdraw(id, false); }

PluginAdmin::Outcome PluginAdmin::withdraw(std::string const& name, bool for_good) {
    std::lock_guard const lock{mutex_};
    std::optional<Registry::Library> const library = ports_.registry.find(name);
    if (!library) return {name, false, Refused{ports_.registry.not_found(name)}};
    Manifest const& manifest = library->manifest;
    std::string const& id = manifest.id;
    if (!for_good && !library->is_enabled) return {id};
    if (std::vector<Blocker> blockers = needed_by(manifest);
        library->is_enabled && !blockers.empty()) {
        Blocker const first = blockers.front();
        return {id, false,
                Refused{Error{WEIR_E_CONFLICT, "plugin.in_use",
                              fmt::format("{} is needed by {} {}{}; pause, cancel or remove what "
                                          "needs it",
                                          id, first.kind, first.id,
                                          blockers.size() > 1 ? " and others" : "")},
                        std::move(blockers)}};
    }
    std::string const key = for_good ? std::string{unloaded} + library->path.filename().string()
                                     : std::string{disabled} + id;
    if (Result<void> kept = remember(key, true); !kept) return failed(id, kept.error());
    for (ComponentInfo const& component : manifest.components)
        if (component.is_service()) ports_.plugins.remove(component.id);
    if (for_good) forget_events(manifest);
    Result<void> const done =
        for_good ? ports_.registry.remove(id) : ports_.registry.enable(id, false);
    if (!done) return failed(id, done.error());
    for (ComponentInfo const& component : manifest.components)
        if (component.is_connector()) ports_.engine.hand_over(component.id);
    publish("plugin.unloaded", id);
    return {id, true};
}

PluginAdmin::Outcome PluginAdmin::enable(std::string const& name) {
    std::lock_guard const lock{mutex_};
    std::optional<Registry::Library> const library = ports_.registry.find(name);
    if (!library) return {name, false, Refused{ports_.registry.not_found(name)}};
    std::string const& id = library->manifest.id;
    if (library->is_enabled) return {id};
    if (Result<void> done = ports_.registry.enable(id, true); !done)
        return failed(id, done.error());
    for (auto const& info : ports_.registry.services())
        if (has_component(library->manifest, info->id))
            if (Result<void> added = ports_.plugins.add(info); !added) {
                ports_.plugins.remove(info->id);
                (void)ports_.registry.enable(id, false);  // as it was
                return failed(id, added.error());
            }
    if (Result<void> kept = remember(std::string{disabled} + id, false); !kept)
        return failed(id, kept.error());
    publish("plugin.loaded", id);
    return {id, true};
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
    Clock const& clock = ports_.services.clock;
    CallContext const call{clock, nullptr, clock.monotonic_ns() + ask_ms_max * 1'000'000};
    Json in = Json::object();
    if (!is_keeper) in["connectors"] = std::move(connectors);
    MethodAnswer const answer = ports_.bus.invoke(owner, "jobs/1", "using", in, call);
    if (answer.error) {
        found.push_back({"plugin", answer.error->message});
        return;
    }
    for (Json const& job : answer.json.value("jobs", Json::array()))
        if (job.is_string()) found.push_back({"job", job.get<std::string>()});
}

/// What it registered on the timer goes with it.
void PluginAdmin::forget_events(Manifest const& manifest) {
    if (!ports_.bus.has("cron/1")) return;
    Clock const& clock = ports_.services.clock;
    CallContext const call{clock, nullptr, clock.monotonic_ns() + ask_ms_max * 1'000'000};
    MethodAnswer const gone =
        ports_.bus.invoke(owner, "cron/1", "forget", {{"owner", manifest.id}}, call);
    if (gone.error) ports_.services.log.log(level_warning, manifest.id, gone.error->message);
}

}  // namespace weir::host
