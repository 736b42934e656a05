// What the host offers a plugin. [any] where a comment says no more.
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
    // When this host came up, by unix_us(): the same for every instance that it makes, another
    // one after a restart. 0: it keeps no services.
    int64_t (*started_us)(const weir_host *);
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

// "weir.store/1": JSON documents with revisions, kept by the host; a namespace per plugin id. Each
// call is atomic, and durable on return. Blocking; any thread.
#define WEIR_REVISION_ANY UINT64_MAX
typedef struct weir_docs {  // takes what list() finds; a negative answer ends it
    uint32_t struct_size, flags;
    void *ctx;
    weir_status (*add)(void *ctx, const char *key, uint64_t revision, const char *json);
} weir_docs;
typedef struct weir_store {
    uint32_t struct_size, flags;
    // WEIR_E_NOT_FOUND: there is none.
    weir_status (*get)(const weir_host *, const weir_call *, const char *collection,
                       const char *key, const weir_out *json, uint64_t *revision, weir_error *);
    // `if_revision` 0: must not exist; WEIR_REVISION_ANY: whatever is there; else WEIR_E_CONFLICT
    // unless equal. `*revision` out: the new one.
    weir_status (*put)(const weir_host *, const weir_call *, const char *collection,
                       const char *key, const char *json, uint64_t if_revision, uint64_t *revision,
                       weir_error *);
    weir_status (*del)(const weir_host *, const weir_call *, const char *collection,
                       const char *key, uint64_t if_revision, weir_error *);
    // In byte order of the keys, those behind `after` (may be null) that begin with `prefix`.
    weir_status (*list)(const weir_host *, const weir_call *, const char *collection,
                        const char *prefix, const char *after, uint32_t limit, const weir_docs *,
                        weir_error *);
    // Several changes in one transaction, all or none:
    //   {"put":[{"collection","key","value":{...},"if_revision"?}],  as put(); without: any
    //    "del":[{"collection","key"}],
    //    "drop":[{"topic"}],                               what is queued on a topic of a service
    //                                                      that the plugin provides; none of it is
    //                                                      handed out any more on return
    //    "publish":[{"topic","dedupe_key","data":{...}}]}  as weir_bus.publish on a durable topic;
    //                                                      one published before is left out
    weir_status (*apply)(const weir_host *, const weir_call *, const char *changes_json,
                         weir_error *);
} weir_store;

// "weir.secrets/1": the plugin's own, encrypted at rest. A configuration names one as
// "${secret:NAME}"; the host puts it in when it makes an instance of that configuration. Blocking.
typedef struct weir_secrets {
    uint32_t struct_size, flags;
    weir_status (*put)(const weir_host *, const weir_call *, const char *name, const void *value,
                       size_t size, weir_error *);
    weir_status (*del)(const weir_host *, const weir_call *, const char *name, weir_error *);
} weir_secrets;

// "weir.timer/1": the host's one timer, granted to one plugin, which declares "timer":true.
typedef struct weir_timer {
    uint32_t struct_size, flags;
    // Replaces the aim; one on_timer() at or after it by the wall clock, or as soon as that clock
    // was set back by a second or more, since the aim may be another one now.
    weir_status (*arm)(const weir_host *, int64_t at_unix_ms, weir_error *);
    weir_status (*disarm)(const weir_host *, weir_error *);
} weir_timer;

// "weir.bus/1". Blocking; any thread.
typedef struct weir_bus {
    uint32_t struct_size, flags;
    // Stores an event for every plugin that declares the topic. A second event with the same topic
    // and `dedupe_key` (may be null) is dropped with WEIR_E_CONFLICT.
    weir_status (*publish)(const weir_host *, const weir_call *, const char *topic,
                           const char *dedupe_key, const void *data, size_t size, weir_error *);
    // Calls a method of whoever provides `service` now. WEIR_E_NOT_FOUND, retryable: nobody.
    weir_status (*invoke)(const weir_host *, const weir_call *, const char *service,
                          const char *method, const void *in, size_t size, const weir_out *,
                          weir_error *);
} weir_bus;

#ifdef __cplusplus
}
#endif
