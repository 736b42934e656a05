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
class PluginLife {
public:
    explicit PluginLife(PluginPorts ports);
    ~PluginLife();  ///< as stop()

    /// Makes, starts and mounts every service that the registry knows.
    void start();
    /// Unmounts, ends deliveries, stops and destroys, in reverse.
    void stop();
    /// Something was published. Any thread, quick.
    void wake();
    /// The aim of the timer was reached: its holder's on_timer().
    void fire(std::int64_t due_ms, std::int64_t now_ms);

    struct Status {
        std::shared_ptr<ComponentInfo const> info;
        std::string state;  ///< active, waiting (for a service), failed
        std::optional<Error> error;
    };
    std::vector<Status> list() const;

private:
    struct Plugin;
    bool start_ready();
    Result<void> start_one(Plugin& plugin);
    Result<void> begin(Plugin& plugin);
    Result<void> mount(Plugin& plugin);
    std::string lacking(Plugin const& plugin) const;
    void end(Plugin& plugin);

    PluginPorts ports_;
    mutable std::mutex mutex_;  // guards the states, not the calls
    std::vector<std::shared_ptr<Plugin>> plugins_;
    std::shared_ptr<Plugin> holder_;  // of the timer
};

}  // namespace weir::host
