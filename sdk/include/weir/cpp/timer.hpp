#pragma once

#include <cstdint>

#include "../host.h"
#include "error.hpp"

namespace weir {

/// "weir.timer/1": the host's one timer, for the one component that declares "timer":true.
/// Thread-safe; failures throw Error.
class Timer {
public:
    Timer(weir_host const* host, weir_timer const* table) : host_{host}, table_{table} {}

    /// Replaces the aim: Service::on_timer comes once, at or after it by the wall clock, or as soon
    /// as that clock was set back by a second or more.
    void arm(std::int64_t at_unix_ms) const {
        detail::asked([&](weir_error* error) { return table_->arm(host_, at_unix_ms, error); });
    }
    void disarm() const {
        detail::asked([&](weir_error* error) { return table_->disarm(host_, error); });
    }

private:
    weir_host const* host_;
    weir_timer const* table_;
};

}  // namespace weir
