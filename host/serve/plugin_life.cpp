#include "host/serve/plugin_life.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/core/caught.hpp"
#include "host/core/log_level.hpp"
#include "host/serve/plugin_record.hpp"
#include "host/serve/plugin_routes.hpp"

namespace weir::host {

namespace {

constexpr std::int64_t event_ms_max = 60'000, timer_ms_max = 60'000;

bool is_table_of_host(std::string const& service) { return service.starts_with("weir."); }

}  // namespace

PluginLife::PluginLife(PluginPorts ports) : ports_{std::move(ports)} {}

PluginLife::~PluginLife() { stop(); }

void PluginLife::start() {
    for (auto const& info : ports_.registry.services()) {
        auto plugin = std::make_shared<Plugin>();
        plugin->info = info;
        if (auto const library = ports_.registry.find(info->id)) plugin->id = library->manifest.id;
        std::lock_guard const lock{mutex_};
        plugins_.push_back(std::move(plugin));
    }
    // All before the first starts: what it publishes then is for those too that start after it.
    for (auto const& plugin : all())
        if (!plugin->id.empty()) subscribe(*plugin);
    start_waiting();
}

std::vector<std::shared_ptr<PluginLife::Plugin>> PluginLife::all() const {
    std::lock_guard const lock{mutex_};
    return plugins_;
}

std::shared_ptr<PluginLife::Plugin> PluginLife::find(std::string const& service) const {
    for (auto const& plugin : all())
        if (plugin->info->id == service) return plugin;
    return nullptr;
}

void PluginLife::set_state(Plugin& plugin, std::string state, std::optional<Error> error) {
    std::lock_guard const lock{mutex_};
    plugin.state = std::move(state);
    plugin.error = std::move(error);
}

void PluginLife::start_waiting() {
    while (start_ready()) {
    }
    for (auto const& plugin : all())
        if (std::string const what = lacking(*plugin); plugin->state == "waiting" && !what.empty())
            set_state(*plugin, "waiting",
                      Error{WEIR_E_NOT_FOUND, "plugin.waiting",
                            fmt::format("the plugin {} waits for {}, which no plugin offers",
                                        plugin->info->id, what)});
}

/// Starts what waits for nothing (any more); whether there was one.
bool PluginLife::start_ready() {
    bool any = false;
    for (auto const& plugin : all()) {
        if (plugin->state != "waiting" || !lacking(*plugin).empty()) continue;
        any = true;
        Result<void> const started = caught([&] { return start_one(*plugin); });
        if (!started) end(*plugin);
        set_state(*plugin, started ? "active" : "failed",
                  started ? std::nullopt : std::optional{started.error()});
    }
    return any;
}

std::string PluginLife::lacking(Plugin const& plugin) const {
    for (std::string const& service : plugin.info->declared.needs)
        if (!is_table_of_host(service) && !ports_.bus.has(service)) return service;
    return {};
}

Result<void> PluginLife::start_one(Plugin& plugin) {
    Result<Component> component = ports_.registry.load_service(plugin.info->id);
    if (!component) return component.error();
    plugin.info = component->info;
    Result<Instance> instance = Instance::create(*component, ports_.config(plugin.info->id),
                                                 ports_.services, plugin.info->id);
    if (!instance) return instance.error();
    plugin.instance.emplace(std::move(*instance));
    Result<ServiceProxy> service = plugin.instance->service();
    if (!service) return service.error();
    plugin.service = std::make_shared<ServiceProxy>(std::move(*service));
    plugin.slot = std::make_shared<ServiceSlot>(plugin.info->id);
    plugin.id = plugin.service->plugin();
    return begin(plugin);
}

// Subscribed before it starts, so that no event is missed; mounted and offered only after, so that
// nothing comes too early.
Result<void> PluginLife::begin(Plugin& plugin) {
    subscribe(plugin);
    {
        Clock const& clock = ports_.services.clock;
        CallContext const call{clock, nullptr, within(clock, start_ms_max)};
        if (Result<void> started = plugin.service->start(call); !started) return started;
        plugin.is_started = true;
    }
    plugin.slot->put(plugin.service);
    if (Result<void> offered = offer(plugin); !offered) return offered;
    if (Result<void> added = ports_.router.add(routes(plugin)); !added) return added;
    deliver(plugin);
    return {};
}

void PluginLife::subscribe(Plugin const& plugin) {
    std::vector<std::string> topics{fmt::format("cron/1:{}/*", plugin.id)};
    for (DeclaredTopic const& topic : plugin.info->declared.topics) topics.push_back(topic.topic);
    ports_.events.subscribe(plugin.id, topics);
    if (!plugin.info->declared.timer) return;
    for (auto const& each : all())
        if (each.get() == &plugin) {
            std::lock_guard const lock{mutex_};
            holder_ = each;
        }
}

Result<void> PluginLife::offer(Plugin& plugin) {
    for (std::string const& service : plugin.info->declared.provides) {
        Result<void> offered = ports_.bus.offer(
            service, plugin.id,
            [slot = plugin.slot](CallContext const& call, Bus::Request const& in) -> MethodAnswer {
                Result<ServiceSlot::Use> const serving = slot->enter();
                if (!serving) return serving.error();
                return (*serving)->on_invoke(in.caller, in.service, in.method, in.in, call);
            });
        if (!offered) return offered;
    }
    return {};
}

std::vector<http::Route> PluginLife::routes(Plugin const& plugin) const {
    return routes_of(plugin.id, plugin.info->declared,
                     {plugin.slot, ports_.services.clock, ports_.services.log, ports_.await_run});
}

void PluginLife::deliver(Plugin& plugin) {
    auto deliveries = std::make_unique<Deliveries>(
        ports_.events, ports_.services.clock, plugin.id,
        [slot = plugin.slot, &clock = ports_.services.clock](Event const& event) -> Result<void> {
            Result<ServiceSlot::Use> const service = slot->enter();
            if (!service) return service.error();
            CallContext const call{clock, nullptr, within(clock, event_ms_max)};
            return (*service)->on_event(event.topic, std::to_string(event.seq), event.data, call);
        },
        Deliveries::Limits{});
    deliveries->start();
    std::lock_guard const lock{mutex_};
    plugin.deliveries = std::move(deliveries);
}

void PluginLife::wake(std::set<std::string> const& plugins) {
    std::lock_guard const lock{mutex_};
    for (auto const& plugin : plugins_)
        if (plugin->deliveries && plugins.contains(plugin->id)) plugin->deliveries->wake();
}

void PluginLife::drop(std::string const& topic) {
    std::lock_guard const lock{mutex_};
    for (auto const& plugin : plugins_)
        if (plugin->deliveries) plugin->deliveries->drop(topic);
}

// An aim that is reached while another generation takes over waits for it, however long that is:
// nobody aims again for it.
void PluginLife::fire(std::int64_t due_ms, std::int64_t now_ms) {
    std::shared_ptr<ServiceSlot> slot;
    {
        std::lock_guard const lock{mutex_};
        if (holder_) slot = holder_->slot;
    }
    if (!slot) return;
    Result<ServiceSlot::Use> const service = slot->enter(2 * (hold_ms_max + start_ms_max));
    if (!service) return;  // stopped, or failed
    Clock const& clock = ports_.services.clock;
    CallContext const call{clock, nullptr, within(clock, timer_ms_max)};
    if (Result<void> const fired = (*service)->on_timer(due_ms, now_ms, call); !fired)
        ports_.services.log.log(level_error, (*service)->info().id,
                                "the timer failed: " + fired.error().message);
}

void PluginLife::end(Plugin& plugin) {
    ports_.router.remove(plugin.id);
    ports_.bus.withdraw(plugin.id);
    std::unique_ptr<Deliveries> deliveries;
    {
        std::lock_guard const lock{mutex_};
        deliveries = std::move(plugin.deliveries);
        if (holder_.get() == &plugin) holder_.reset();
    }
    if (deliveries) deliveries->stop();
    if (!plugin.service) return;
    plugin.slot->put(nullptr);
    if (plugin.is_started) {
        Clock const& clock = ports_.services.clock;
        CallContext const call{clock, nullptr, within(clock, start_ms_max)};
        (void)plugin.service->stop(call);  // nobody is left to be told
        plugin.is_started = false;
    }
    plugin.service.reset();
    plugin.instance.reset();
}

Result<void> PluginLife::add(std::shared_ptr<ComponentInfo const> const& info) {
    auto plugin = std::make_shared<Plugin>();
    plugin->info = info;
    {
        std::lock_guard const lock{mutex_};
        plugins_.push_back(plugin);
    }
    start_waiting();
    if (plugin->state == "failed") return *plugin->error;
    return {};
}

void PluginLife::remove(std::string const& service) {
    std::shared_ptr<Plugin> const plugin = find(service);
    if (!plugin) return;
    set_state(*plugin, "draining");
    end(*plugin);
    ports_.events.unsubscribe(plugin->id);
    std::lock_guard const lock{mutex_};
    std::erase(plugins_, plugin);
}

std::vector<std::string> PluginLife::dependents(std::string const& service) const {
    std::vector<std::string> found;
    std::shared_ptr<Plugin> const plugin = find(service);
    if (!plugin) return found;
    std::vector<std::string> const& offered = plugin->info->declared.provides;
    for (auto const& other : all())
        for (std::string const& need : other->info->declared.needs)
            if (other != plugin && other->is_started &&
                std::find(offered.begin(), offered.end(), need) != offered.end()) {
                found.push_back(other->info->id);
                break;
            }
    return found;
}

void PluginLife::stop() {
    std::vector<std::shared_ptr<Plugin>> const plugins = all();
    for (auto at = plugins.rbegin(); at != plugins.rend(); ++at)
        if ((*at)->state == "active") {
            end(**at);
            set_state(**at, "stopped");
        }
}

std::vector<PluginLife::Status> PluginLife::list() const {
    std::lock_guard const lock{mutex_};
    std::vector<Status> all;
    for (auto const& plugin : plugins_) all.push_back({plugin->info, plugin->state, plugin->error});
    return all;
}

}  // namespace weir::host
