#pragma once

#include "host/core/error.hpp"

namespace weir::host {

/// Which end of a copy an error comes from: bits of Error::flags that never leave host/run.
enum Side : std::uint32_t { at_source = 1u << 30, at_sink = 1u << 31 };

/// `error`, marked.
inline Error on(Side side, Error error) {
    error.flags |= side;
    return error;
}

}  // namespace weir::host
