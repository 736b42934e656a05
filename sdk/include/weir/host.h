// What the host offers a plugin. All [any].
#pragma once

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

// One per instance: it carries identity and log labels.
struct weir_host {
    uint32_t struct_size, flags;
    uint32_t abi_major, abi_minor;
    const char *version;   // of Weir
    const char *instance;  // "postgres"
    void *ctx;
    const void *(*service)(const weir_host *, const char *id);  // null: not offered
};

// "weir.log/1". Level 0 trace, 1 debug, 2 info, 3 warning, 4 error: info and above reach a person,
// so say what somebody can act on; never a secret.
typedef struct weir_log {
    uint32_t struct_size, flags;
    void (*log)(const weir_host *, int32_t level, const char *message);
    int32_t (*enabled)(const weir_host *, int32_t level);
} weir_log;

// "weir.clock/1": plugins read no other clock, so that tests own time.
typedef struct weir_clock {
    uint32_t struct_size, flags;
    int64_t (*unix_us)(const weir_host *);
    int64_t (*monotonic_ns)(const weir_host *);
} weir_clock;

enum { WEIR_METRIC_COUNTER = 1, WEIR_METRIC_GAUGE = 2 };

// "weir.metrics/1". Names as Prometheus has them, base units: "weir_postgres_bytes_total". The same
// name and kind again answers the same id; another kind is WEIR_E_CONFLICT.
typedef struct weir_metrics {
    uint32_t struct_size, flags;
    weir_status (*define)(const weir_host *, uint32_t kind, const char *name, const char *help,
                          uint64_t *id);
    // Adds to a counter, sets a gauge.
    void (*record)(const weir_host *, uint64_t id, double value);
} weir_metrics;

#ifdef __cplusplus
}
#endif
