#include "host/serve/plugin_life.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "host/abi/service_proxy.hpp"
#include "host/core/caught.hpp"
#include "host/serve/plugin_routes.hpp"

namespace weir::host {

namespace {

constexpr std::int64_t event_ms_max = 60'000, start_ms_max = 30'000, timer_ms_max = 60'000;

std::int64_t within(Clock const& clock, std::int64_t ms) {
    return clock.monotonic_ns() + ms * 1'000'000;
}

bool is_table_of_host(std::string const& service) { return service.starts_with("weir."); }

}  // namespace

struct PluginLife::Plugin {
    std::shared_ptr<ComponentInfo const> info;
    std::string id;  ///< of the library: whose documents, events and secrets
    std::optional<Instance> instance;
    std::optional<ServiceProxy> service;
    std::unique_ptr<Deliveries> deliveries;
    std::string state = "waiting";
    std::optional<Error> error;
    bool is_started = false;
};

PluginLife::PluginLife(PluginPorts ports) : ports_{std::move(ports)} {}

PluginLife::~PluginLife() { stop(); }

void PluginLife::start() {
    for (auto const& info : ports_.registry.services()) {
        auto plugin = std::make_shared<Plugin>();
        plugin->info = info;
        std::lock_guard const lock{mutex_};
        plugins_.push_back(std::move(plugin));
    }
    while (start_ready()) {
    }
    for (auto const& plugin : plugins_)
        if (std::string const what = lacking(*plugin); plugin->state == "waiting" && !what.empty())
            plugin->error = Error{WEIR_E_NOT_FOUND, "plugin.waiting",
                                  fmt::format("the plugin {} waits for {}, which no plugin offers",
                                              plugin->info->id, what)};
}

/// Starts what waits for nothing (any more); whether there was one.
bool PluginLife::start_ready() {
    bool any = false;
    for (auto const& plugin : plugins_) {
        if (plugin->state != "waiting" || !lacking(*plugin).empty()) continue;
        any = true;
        Result<void> const started = caught([&] { return start_one(*plugin); });
        if (!started) end(*plugin);
        std::lock_guard const lock{mutex_};
        plugin->state = started ? "active" : "failed";
        if (!started) plugin->error = started.error();
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
    Result<Instance> instance = Instance::create(*component, ports_.config(plugin.info->id),
                                                 ports_.services, plugin.info->id);
    if (!instance) return instance.error();
    plugin.instance.emplace(std::move(*instance));
    Result<ServiceProxy> service = plugin.instance->service();
    if (!service) return service.error();
    plugin.service.emplace(std::move(*service));
    plugin.id = plugin.service->plugin();
    return begin(plugin);
}

// Subscribed before it starts, so that no event is missed; mounted and offered only after, so that
// nothing comes too early.
Result<void> PluginLife::begin(Plugin& plugin) {
    std::vector<std::string> topics{fmt::format("cron/1:{}/*", plugin.id)};
    for (DeclaredTopic const& topic : plugin.info->declared.topics) topics.push_back(topic.topic);
    ports_.events.subscribe(plugin.id, topics);
    if (plugin.info->declared.timer)
        for (auto const& each : plugins_)
            if (each.get() == &plugin) {
                std::lock_guard const lock{mutex_};
                holder_ = each;
            }
    {
        Clock const& clock = ports_.services.clock;
        CallContext const call{clock, nullptr, within(clock, start_ms_max)};
        if (Result<void> started = plugin.service->start(call); !started) return started;
        plugin.is_started = true;
    }
    for (std::string const& service : plugin.info->declared.provides) {
        Result<void> offered = ports_.bus.offer(
            service, plugin.id,
            [proxy = &*plugin.service](CallContext const& call, Bus::Request const& request) {
                return proxy->on_invoke(request.caller, request.service, request.method, request.in,
                                        call);
            });
        if (!offered) return offered;
    }
    return mount(plugin);
}

Result<void> PluginLife::mount(Plugin& plugin) {
    ServiceProxy& service = *plugin.service;
    RoutePorts const ports{service, ports_.services.clock, ports_.await_run};
    if (Result<void> added = ports_.router.add(routes_of(plugin.id, plugin.info->declared, ports));
        !added)
        return added;
    plugin.deliveries = std::make_unique<Deliveries>(
        ports_.events, ports_.services.clock, plugin.id,
        [&service, &clock = ports_.services.clock](Event const& event) {
            CallContext const call{clock, nullptr, within(clock, event_ms_max)};
            return service.on_event(event.topic, std::to_string(event.seq), event.data, call);
        },
        Deliveries::Limits{});
    plugin.deliveries->start();
    return {};
}

void PluginLife::wake() {
    std::lock_guard const lock{mutex_};
    for (auto const& plugin : plugins_)
        if (plugin->deliveries) plugin->deliveries->wake();
}

void PluginLife::fire(std::int64_t due_ms, std::int64_t now_ms) {
    std::shared_ptr<Plugin> holder;
    {
        std::lock_guard const lock{mutex_};
        holder = holder_;
    }
    if (!holder || !holder->is_started) return;
    Clock const& clock = ports_.services.clock;
    CallContext const call{clock, nullptr, within(clock, timer_ms_max)};
    Result<void> const fired = holder->service->on_timer(due_ms, now_ms, call);
    if (!fired)
        ports_.services.log.log(4, holder->info->id, "the timer failed: " + fired.error().message);
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
    if (plugin.is_started) {
        Clock const& clock = ports_.services.clock;
        CallContext const call{clock, nullptr, within(clock, start_ms_max)};
        (void)plugin.service->stop(call);  // nobody is left to be told
        plugin.is_started = false;
    }
}

void PluginLife::stop() {
    for (auto at = plugins_.rbegin(); at != plugins_.rend(); ++at)
        if ((*at)->state == "active") {
            end(**at);
            (*at)->state = "stopped";
        }
}

std::vector<PluginLife::Status> PluginLife::list() const {
    std::lock_guard const lock{mutex_};
    std::vector<Status> all;
    for (auto const& plugin : plugins_) all.push_back({plugin->info, plugin->state, plugin->error});
    return all;
}

}  // namespace weir::host
