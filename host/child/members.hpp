#pragma once

#include <cstdint>

#include "weir/service.h"
#include "weir/sink.h"
#include "weir/source.h"

namespace weir::host {

/// Which tables a component has, and which members that may be null are there.
enum Member : std::uint32_t {
    has_source = 1u << 0,
    has_source_interrupt = 1u << 1,
    has_sink = 1u << 2,
    has_sink_interrupt = 1u << 3,
    has_describe = 1u << 4,
    has_interrupt = 1u << 5,
    has_service = 1u << 6,
    has_on_http = 1u << 7,
    has_on_event = 1u << 8,
    has_on_invoke = 1u << 9,
    has_on_timer = 1u << 10,
    has_start = 1u << 11,
    has_stop = 1u << 12,
    has_sweep = 1u << 13,
};

// A member that is appended needs its call here.
static_assert(sizeof(weir_source) == 8 + 6 * 8);
static_assert(sizeof(weir_sink) == 8 + 8 * 8);
static_assert(sizeof(weir_lifecycle) == 8 + 2 * 8);
static_assert(sizeof(weir_service) == 8 + 6 * 8);

}  // namespace weir::host
