#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "../host.h"
#include "error.hpp"

namespace weir {

/// One blocking call: is it still wanted. Valid until the call returns.
class Call {
public:
    explicit Call(weir_call const* call) : call_{call} {}

    bool cancelled() const {
        return WEIR_HAS(call_, weir_call, cancelled) && call_->cancelled(call_) != 0;
    }
    /// <= 0: late; INT64_MAX: no deadline.
    std::int64_t remaining_ms() const {
        if (!WEIR_HAS(call_, weir_call, remaining_ms))
            return std::numeric_limits<std::int64_t>::max();
        return call_->remaining_ms(call_);
    }
    /// Throws when the host asked to stop, or the deadline has passed.
    void check() const {
        if (cancelled()) throw Error{WEIR_E_CANCELLED, "cancelled"}.coded("call.cancelled");
        if (remaining_ms() <= 0)
            throw Error{WEIR_E_TIMEOUT, "the deadline of the call has passed"}.coded(
                "call.timeout");
    }

private:
    weir_call const* call_;
};

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

private:
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
