#pragma once

#include "host/core/caught.hpp"
#include "host/core/error.hpp"

namespace weir::host {

/// Writes `error` where a plugin asked to be told why, cut at whole code points; answers its
/// status, which is below zero in any case.
weir_status tell(weir_error* into, Error const& error) noexcept;

/// The barrier of every call from a plugin into the host: runs `work`, which returns a
/// Result<void>; what it throws becomes an Error too.
template <class Work>
weir_status told(weir_error* into, Work&& work) noexcept {
    try {
        Result<void> const done = caught(std::forward<Work>(work));
        return done ? weir_status{WEIR_OK} : tell(into, done.error());
    } catch (...) {  // the sentence about what was thrown did not fit into memory
        return WEIR_E_NOMEM;
    }
}

}  // namespace weir::host
