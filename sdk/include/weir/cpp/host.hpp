#pragma once

#include <cstdint>
#include <string>

#include "../host.h"
#include "bus.hpp"
#include "call.hpp"
#include "secrets.hpp"
#include "store.hpp"
#include "timer.hpp"

namespace weir {

/// What the host offers one instance; copyable, valid as long as the instance. Thread-safe.
class Host {
public:
    explicit Host(weir_host const* host) : host_{host} {
        log_ = service<weir_log>("weir.log/1");
        clock_ = service<weir_clock>("weir.clock/1");
        metrics_ = service<weir_metrics>("weir.metrics/1");
    }

    void debug(std::string const& message) const { log(1, message); }
    void info(std::string const& message) const { log(2, message); }
    void warn(std::string const& message) const { log(3, message); }

    /// Microseconds since the Unix epoch, by the host's clock.
    std::int64_t unix_us() const {
        return WEIR_HAS(clock_, weir_clock, unix_us) ? clock_->unix_us(host_) : 0;
    }
    std::int64_t monotonic_ns() const {
        return WEIR_HAS(clock_, weir_clock, monotonic_ns) ? clock_->monotonic_ns(host_) : 0;
    }
    /// When the host came up: tells its start from another generation of the plugin. 0: unknown.
    std::int64_t started_us() const {
        return WEIR_HAS(clock_, weir_clock, started_us) ? clock_->started_us(host_) : 0;
    }

    /// An id for `record`; 0 when the host keeps no metrics.
    std::uint64_t counter(char const* name, char const* help) const {
        std::uint64_t id = 0;
        if (WEIR_HAS(metrics_, weir_metrics, define))
            metrics_->define(host_, WEIR_METRIC_COUNTER, name, help, &id);
        return id;
    }
    void record(std::uint64_t id, double value) const {
        if (id && WEIR_HAS(metrics_, weir_metrics, record)) metrics_->record(host_, id, value);
    }

    /// Services of the server. Each throws E_UNSUPPORTED "host.service_missing" when the host does
    /// not offer it, or the component does not name it in `requires`.
    Store store() const { return Store{host_, &required<weir_store>("weir.store/1")}; }
    Secrets secrets() const { return Secrets{host_, &required<weir_secrets>("weir.secrets/1")}; }
    Timer timer() const { return Timer{host_, &required<weir_timer>("weir.timer/1")}; }
    Bus bus() const { return Bus{host_, &required<weir_bus>("weir.bus/1")}; }

private:
    template <class Table>
    Table const& required(char const* id) const {
        if (Table const* table = service<Table>(id)) return *table;
        std::string const name{id};
        throw Error{WEIR_E_UNSUPPORTED, "the host does not offer " + name +
                                            " here; add it to \"requires\" of the component"}
            .coded("host.service_missing");
    }
    template <class Table>
    Table const* service(char const* id) const {
        if (!WEIR_HAS(host_, weir_host, service)) return nullptr;
        return static_cast<Table const*>(host_->service(host_, id));
    }
    void log(int level, std::string const& message) const {
        if (!WEIR_HAS(log_, weir_log, log)) return;
        if (WEIR_HAS(log_, weir_log, enabled) && !log_->enabled(host_, level)) return;
        log_->log(host_, level, message.c_str());
    }

    weir_host const* host_;
    weir_log const* log_ = nullptr;
    weir_clock const* clock_ = nullptr;
    weir_metrics const* metrics_ = nullptr;
};

}  // namespace weir
