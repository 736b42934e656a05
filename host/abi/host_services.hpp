#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "host/abi/plugin_services.hpp"
#include "host/core/clock.hpp"
#include "weir/host.h"

namespace weir::host {

struct Declared;

/// Where the log lines of plugins go. Called on any thread, several at once.
class LogSink {
public:
    virtual ~LogSink() = default;
    /// Levels as in weir_log: 0 trace … 4 error.
    virtual bool is_enabled(std::int32_t level) const = 0;
    /// `message` is valid UTF-8 of at most log_bytes_max.
    virtual void log(std::int32_t level, std::string_view instance, std::string_view message) = 0;
};

/// Counters and gauges of every plugin, by name. Thread-safe; record() takes no lock.
class Metrics {
public:
    static constexpr std::size_t metrics_max = 1024;

    struct Value {
        std::string name, help;
        std::uint32_t kind = WEIR_METRIC_COUNTER;
        double value = 0;
    };

    Metrics();
    ~Metrics();

    /// See weir_metrics.define.
    weir_status define(std::uint32_t kind, char const* name, char const* help, std::uint64_t* id);
    /// An id that define() did not give, and anything but a finite number, is ignored.
    void record(std::uint64_t id, double value);
    /// Sorted by name.
    std::vector<Value> snapshot() const;

private:
    struct Slot;
    mutable std::mutex mutex_;
    std::map<std::string, std::uint64_t, std::less<>> ids_;
    std::unique_ptr<Slot[]> slots_;
};

/// What the composition root gives to every instance; all of it outlives the instances.
struct HostServices {
    Clock const& clock;
    LogSink& log;
    Metrics& metrics;
    class Watchdog& watchdog;
    PluginServices offered = {};  ///< to services that require them; nothing without a server
    std::int64_t started_us = 0;  ///< when the server came up; 0: there is none
};

/// Whom a weir_host stands for.
struct Identity {
    std::string instance;            ///< labels log lines and errors: "postgres"
    std::string plugin = {};         ///< the id of its plugin: whose documents and secrets
    Declared const* says = nullptr;  ///< what its component declares; null: nothing
};

/// The weir_host of one instance: who it is and the services. Neither copied nor moved, since the
/// plugin keeps the pointer until destroy() has returned.
class HostTable {
public:
    static constexpr std::size_t log_bytes_max = 64 * 1024;

    /// What `identity` points to outlives this.
    HostTable(HostServices const& services, Identity identity);
    HostTable(HostTable const&) = delete;
    HostTable& operator=(HostTable const&) = delete;

    weir_host const* abi() const { return &abi_; }
    std::string const& instance() const { return identity_.instance; }
    std::string const& plugin() const { return identity_.plugin; }
    bool needs(std::string_view service) const;
    bool provides(std::string_view service) const;
    HostServices const& services() const { return services_; }

private:
    weir_host abi_;
    HostServices services_;
    Identity identity_;
};

}  // namespace weir::host
