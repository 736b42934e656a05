// Another generation of services takes over while the server works.
#include <fmt/format.h>

#include "host/core/caught.hpp"
#include "host/serve/plugin_record.hpp"

namespace weir::host {

/// One take-over. What was begun and not finished is undone by the destructor.
class PluginLife::Swap {
public:
    Swap(PluginLife& life, std::vector<Component> const& next) : life_{life}, next_{next} {}
    Swap(Swap const&) = delete;
    Swap& operator=(Swap const&) = delete;

    ~Swap() {
        Clock const& clock = life_.ports_.services.clock;
        for (Change& change : changes_) {
            // Whichever lost: the new one before it served, or the old one behind it.
            std::shared_ptr<ServiceProxy>& loser = is_done_ ? change.old_service : change.service;
            if (change.is_held) change.plugin->slot->release();
            life_.set_state(*change.plugin, "active");
            if (!loser) continue;
            CallContext const call{clock, nullptr, within(clock, start_ms_max)};
            (void)loser->stop(call);
        }
        if (is_done_) return;
        // One that failed may have taken the aim of the timer with it.
        std::int64_t const now_ms = clock.unix_us() / 1000;
        life_.fire(now_ms, now_ms);
    }

    /// Makes the instances, beside those that serve.
    Result<void> make() {
        for (Component const& component : next_) {
            Change change;
            change.plugin = life_.find(component.info->id);
            Result<Instance> instance =
                Instance::create(component, life_.ports_.config(component.info->id),
                                 life_.ports_.services, component.info->id);
            if (!instance) return instance.error();
            change.info = component.info;
            change.instance.emplace(std::move(*instance));
            Result<ServiceProxy> service = change.instance->service();
            if (!service) return service.error();
            change.service = std::make_shared<ServiceProxy>(std::move(*service));
            changes_.push_back(std::move(change));
        }
        return {};
    }

    Result<void> hold() {
        for (Change& change : changes_) {
            life_.set_state(*change.plugin, "draining");
            change.is_held = change.plugin->slot->hold(hold_ms_max);
            if (!change.is_held)
                return Error{WEIR_E_BUSY, "plugin.busy",
                             fmt::format("calls inside {} did not end within {} s; nothing was "
                                         "changed, try again",
                                         change.info->id, hold_ms_max / 1000)};
        }
        return {};
    }

    Result<void> start() {
        Clock const& clock = life_.ports_.services.clock;
        for (Change& change : changes_) {
            CallContext const call{clock, nullptr, within(clock, start_ms_max)};
            if (Result<void> started = change.service->start(call); !started) return started;
        }
        return {};
    }

    /// From here on the new ones serve.
    Result<void> publish() {
        for (Change& change : changes_) {
            Plugin& plugin = *change.plugin;
            std::shared_ptr<ComponentInfo const> const before =
                std::exchange(plugin.info, change.info);
            if (Result<void> done = life_.remount(plugin, *before); !done) {
                std::shared_ptr<ComponentInfo const> const refused =
                    std::exchange(plugin.info, before);
                (void)life_.remount(plugin, *refused);  // fitted before
                return done;
            }
        }
        for (Change& change : changes_) {
            Plugin& plugin = *change.plugin;
            change.old_service = std::exchange(plugin.service, change.service);
            change.old_instance = std::exchange(plugin.instance, std::move(change.instance));
            plugin.slot->put(plugin.service);
        }
        is_done_ = true;
        return {};
    }

private:
    struct Change {
        std::shared_ptr<Plugin> plugin;
        std::shared_ptr<ComponentInfo const> info;
        std::optional<Instance> instance, old_instance;
        std::shared_ptr<ServiceProxy> service, old_service;
        bool is_held = false;
    };

    PluginLife& life_;
    std::vector<Component> const& next_;
    std::vector<Change> changes_;
    bool is_done_ = false;
};

Result<void> PluginLife::swap(std::vector<Component> const& next,
                              std::function<Result<void>()> const& use) {
    Swap swap{*this, next};
    if (Result<void> made = caught([&] { return swap.make(); }); !made) return made;
    if (Result<void> held = swap.hold(); !held) return held;
    if (Result<void> started = swap.start(); !started) return started;
    if (Result<void> used = use(); !used) return used;
    return swap.publish();
}

/// What its manifest declares now, in place of what it declared.
Result<void> PluginLife::remount(Plugin& plugin, ComponentInfo const& before) {
    if (Result<void> done = ports_.router.replace(plugin.id, routes(plugin)); !done) return done;
    subscribe(plugin);
    if (plugin.info->declared.provides == before.declared.provides) return {};
    ports_.bus.withdraw(plugin.id);
    return offer(plugin);
}

}  // namespace weir::host
