// "weir.service/1": a plugin that answers what its component declares in meta_json: routes, topics,
// methods, the timer. Nothing is registered at run time; see sdk/README.md for the keys.
#pragma once

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

// One HTTP exchange; valid during on_http(). Text lives as long as the exchange.
typedef struct weir_http weir_http;
struct weir_http {
    uint32_t struct_size, flags;
    void *ctx;
    const char *method;          // "POST"
    const char *path;            // decoded, without query
    const char *query;           // as it came, without '?'; may be empty
    const char *principal_json;  // {"id","scope"}
    const char *request_id;
    const char *body;  // checked against the declared schema; UTF-8 JSON, or as it came
    size_t body_size;
    const char *(*header)(const weir_http *, const char *name);  // lower-case name; null: absent
    const char *(*param)(const weir_http *, const char *name);   // {name} of the path, decoded
    // Status and headers before the first write; status once.
    weir_status (*status)(const weir_http *, uint32_t code);
    weir_status (*set_header)(const weir_http *, const char *name, const char *value);
    weir_status (*write)(const weir_http *, const void *data, size_t size);
};

// Every member may be null. Unlike other objects an instance with this table is entered by several
// threads at once, and a call may block as long as its weir_call lasts; what it shares it guards.
typedef struct weir_service {
    uint32_t struct_size, flags;
    // `route`: the id declared for it. An error becomes its problem+json answer, unless status()
    // was called; several at once: write {"errors":[{pointer,code,detail,suggestion}]} before
    // returning the first, and with it {"blocked_by":[{kind,id}]}: what is in the way.
    weir_status (*on_http)(weir_instance *, const weir_call *, const char *route, const weir_http *,
                           weir_error *);
    // At least once, in order per topic, one at a time per topic. WEIR_OK: done. An error: again
    // later, with the same `event_id`, a number that grows; a killed host repeats the last ones.
    weir_status (*on_event)(weir_instance *, const weir_call *, const char *topic,
                            const char *event_id, const void *data, size_t size, weir_error *);
    // A method that the component declares; JSON in and out. `caller`: plugin id, or "host".
    weir_status (*on_invoke)(weir_instance *, const weir_call *, const char *caller,
                             const char *service, const char *method, const void *in, size_t size,
                             const weir_out *, weir_error *);
    // The aim of weir_timer was reached, or the clock was set back (now < due); one at a time.
    weir_status (*on_timer)(weir_instance *, const weir_call *, int64_t due_unix_ms,
                            int64_t now_unix_ms, weir_error *);
    // Between create() and the first of the calls above, when all services that the component
    // requires can be reached; and before the last of them has returned for good.
    weir_status (*start)(weir_instance *, const weir_call *, weir_error *);
    weir_status (*stop)(weir_instance *, const weir_call *, weir_error *);
} weir_service;

#ifdef __cplusplus
}
#endif
