#include "host/serve/plugin_admin.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/core/log_level.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr char collection[] = "plugins";
constexpr std::string_view disabled = "disabled/", unloaded = "unloaded/";

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
    if (std::optional<Refused> refused = misfit(old.manifest, now)) {
        ports_.registry.was_not_replaced(id, refused->error);
        publish("plugin.failed", id, refused->error);
        return {id, false, std::move(refused)};
    }
    std::vector<Component> swapped, added;
    for (Component& component : fresh.components())
        if (component.info->is_service() && old.is_enabled)
            (is_active(ports_.plugins, component.info->id) ? swapped : added)
                .push_back(std::move(component));
    Result<void> done = ports_.plugins.swap(
        swapped, [&] { return ports_.registry.use(std::move(fresh)); });
    if (!done) {
        ports_.registry.was_not_replaced(id, done.error());
        return failed(id, done.error());
    }
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
    warn_of_many(id);
    return {id, true};
}

/// No code is ever unmapped, so each of them costs its size until the host starts again; one in a
/// process of its own ends with that.
void PluginAdmin::warn_of_many(std::string const& id) {
    constexpr std::size_t told_each = 20;
    auto const library = ports_.registry.find(id);
    if (!library || library->is_contained || library->generation % told_each != 0) return;
    ports_.services.log.log(level_warning, id,
                            fmt::format("{} generations of it were loaded, and each stays in "
                                        "memory until the host starts again",
                                        library->generation));
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
        library->is_enabled && !blockers.empty())
        return {id, false, in_use(id, std::move(blockers))};
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

/// What it registered on the timer goes with it.
void PluginAdmin::forget_events(Manifest const& manifest) {
    if (!ports_.bus.has("cron/1")) return;
    MethodAnswer const gone =
        ports_.bus.invoke(owner, "cron/1", "forget", {{"owner", manifest.id}}, asking());
    if (gone.error) ports_.services.log.log(level_warning, manifest.id, gone.error->message);
}

}  // namespace weir::host
