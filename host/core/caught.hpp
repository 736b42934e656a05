#pragma once

#include <exception>
#include <new>

#include "host/core/error.hpp"

namespace weir::host {

/// Runs `work`, which returns a Result, and turns what the host itself throws (out of memory most
/// likely) into an Error, so that it ends a stream like any failure: other threads wait for this
/// one, and a person waits for a report.
template <class Work>
auto caught(Work&& work) -> decltype(work()) {
    try {
        return work();
    } catch (std::bad_alloc const&) {
        return Error{WEIR_E_NOMEM, "host.memory", "out of memory"};
    } catch (std::exception const& error) {
        return Error{WEIR_E_INTERNAL, "host.internal", error.what()};
    }
}

}  // namespace weir::host
