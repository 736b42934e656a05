#pragma once

#include <string>
#include <string_view>

#include "../host.h"
#include "call.hpp"

namespace weir {

/// "weir.secrets/1": values that only the host reads, encrypted at rest, the plugin's own. A
/// configuration names one as "${secret:NAME}". Blocking; thread-safe; failures throw Error.
class Secrets {
public:
    Secrets(weir_host const* host, weir_secrets const* table) : host_{host}, table_{table} {}

    void put(Call const& call, std::string const& name, std::string_view value) const {
        detail::asked([&](weir_error* error) {
            return table_->put(host_, call.abi(), name.c_str(), value.data(), value.size(), error);
        });
    }
    /// False: there was none.
    bool del(Call const& call, std::string const& name) const {
        try {
            detail::asked([&](weir_error* error) {
                return table_->del(host_, call.abi(), name.c_str(), error);
            });
            return true;
        } catch (Error const& error) {
            if (error.status == WEIR_E_NOT_FOUND) return false;
            throw;
        }
    }

private:
    weir_host const* host_;
    weir_secrets const* table_;
};

}  // namespace weir
