#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/instance.hpp"
#include "host/abi/registry.hpp"
#include "host/http/router.hpp"
#include "host/serve/bus.hpp"
#include "host/serve/deliveries.hpp"
#include "host/serve/service_slot.hpp"

namespace weir::host {

/// What the plugins of a server live in; borrowed.
struct PluginPorts {
    Registry& registry;
    HostServices const& services;
    Bus& bus;
    Events& events;
    http::Router& router;
    /// The configuration of a service by its id.
    std::function<nlohmann::json(std::string const& id)> config;
    /// Waits for the end of a run, `wait_s` at most: the finished run, or nothing.
    std::function<std::optional<nlohmann::json>(std::string const& run_id, int wait_s)> await_run;
};

/// The services that plugins bring: made, offered on the bus, subscribed, started and mounted;
/// those that others require first. One that fails stands in list() with its error, and leaves the
/// others working.
///
/// list(), fire() and wake() may be called by any thread; what changes services, by one at a time.
class PluginLife {
public:
    /// How long calls that are inside may take to come out when another generation takes over.
    static constexpr std::int64_t hold_ms_max = 10'000;

    explicit PluginLife(PluginPorts ports);
    ~PluginLife();  ///< as stop()

    /// Makes, starts and mounts every service that the registry knows.
    void start();
    /// Unmounts, ends deliveries, stops and destroys, in reverse.
    void stop();
    /// Something was published. Any thread, quick.
    void wake(std::set<std::string> const& plugins);
    /// What was queued on `topic` was dropped. Any thread, quick.
    void drop(std::string const& topic);
    /// The aim of the timer was reached: its holder's on_timer().
    void fire(std::int64_t due_ms, std::int64_t now_ms);

    /// Makes, starts and mounts a service that the registry has come to know, and then those that
    /// waited for it. Its error: it stands in the list as failed.
    Result<void> add(std::shared_ptr<ComponentInfo const> const& info);
    /// Unmounts, stops and destroys; who needs what it offered waits.
    void remove(std::string const& service);
    /// Lets `next` take over from the same services' present generations: made beside them, started
    /// once nobody is inside, mounted in one go; `use` is asked when all of that has worked, and
    /// may still refuse. Any failure leaves the present ones serving as if nothing had happened.
    /// E_BUSY "plugin.busy": calls inside did not end within hold_ms_max.
    Result<void> swap(std::vector<Component> const& next,
                      std::function<Result<void>()> const& use);

    struct Status {
        std::shared_ptr<ComponentInfo const> info;
        std::string state;  ///< active, draining, waiting (for a service), failed
        std::optional<Error> error;
    };
    std::vector<Status> list() const;
    /// Services, by id, that run and require something that `service` alone provides.
    std::vector<std::string> dependents(std::string const& service) const;

private:
    struct Plugin;
    class Swap;
    void start_waiting();
    bool start_ready();
    Result<void> start_one(Plugin& plugin);
    Result<void> begin(Plugin& plugin);
    void subscribe(Plugin const& plugin);
    Result<void> offer(Plugin& plugin);
    void deliver(Plugin& plugin);
    std::vector<http::Route> routes(Plugin const& plugin) const;
    std::string lacking(Plugin const& plugin) const;
    Result<void> remount(Plugin& plugin, ComponentInfo const& before);
    void end(Plugin& plugin);
    std::shared_ptr<Plugin> find(std::string const& service) const;
    std::vector<std::shared_ptr<Plugin>> all() const;
    void set_state(Plugin& plugin, std::string state, std::optional<Error> error = {});

    PluginPorts ports_;
    mutable std::mutex mutex_;  // guards the list and the states, not the calls
    std::vector<std::shared_ptr<Plugin>> plugins_;
    std::shared_ptr<Plugin> holder_;  // of the timer
};

}  // namespace weir::host
