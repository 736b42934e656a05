#pragma once

#include <string>

#include "../host.h"
#include "call.hpp"
#include "collected.hpp"
#include "problems.hpp"

namespace weir {

/// "weir.bus/1": how plugins meet. Blocking; thread-safe; failures throw Error.
class Bus {
public:
    Bus(weir_host const* host, weir_bus const* table) : host_{host}, table_{table} {}

    /// Stores an event for every plugin that declares the topic. False: one with this topic and
    /// key was published before, and this one is dropped; an empty key: never.
    bool publish(Call const& call, std::string const& topic, Json const& data,
                 std::string const& dedupe_key = {}) const {
        std::string const text = data.dump();
        try {
            detail::asked([&](weir_error* error) {
                return table_->publish(host_, call.abi(), topic.c_str(),
                                       dedupe_key.empty() ? nullptr : dedupe_key.c_str(),
                                       text.data(), text.size(), error);
            });
            return true;
        } catch (Error const& error) {
            if (error.status == WEIR_E_CONFLICT && !dedupe_key.empty()) return false;
            throw;
        }
    }
    /// Calls a method of whoever provides `service` now: invoke(call, "cron/1", "list", {...}).
    /// Several findings come as Problems. E_NOT_FOUND "bus.no_provider", retryable: nobody.
    Json invoke(Call const& call, std::string const& service, std::string const& method,
                Json const& in) const {
        std::string const text = in.dump();
        detail::Collected out;
        try {
            detail::asked([&](weir_error* error) {
                return table_->invoke(host_, call.abi(), service.c_str(), method.c_str(),
                                      text.data(), text.size(), out.abi(), error);
            });
        } catch (Error const& error) {
            Problems problems{error.status};
            for (Finding& finding : detail::findings_of(out.text()))
                problems.add(std::move(finding));
            problems.check();
            throw;
        }
        return detail::parse_json(out.text(), "the answer of a method");
    }

private:
    weir_host const* host_;
    weir_bus const* table_;
};

}  // namespace weir
