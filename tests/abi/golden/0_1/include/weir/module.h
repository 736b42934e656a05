// What a library says of itself, and the life of an instance.
//
// A plugin is one .so that exports one symbol, weir_module_entry. It answers static tables; nothing
// registers itself and nothing runs at load. Life: weir_module_entry -> create -> work -> destroy.
#pragma once

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { WEIR_ROLE_SOURCE = 1, WEIR_ROLE_SINK = 2, WEIR_ROLE_SERVICE = 8 };

// One thing that can be configured: a connector, or the service of a plugin. Static.
typedef struct weir_component {
    uint32_t struct_size, flags;
    uint32_t roles, reserved;
    const char *id;             // "postgres"
    const char *title;          // "PostgreSQL"
    const char *config_schema;  // JSON Schema, the profile of sdk/README.md
    // {"schemes":["postgres","postgresql"]}: with one of these a URL is configuration enough, and
    // the host passes {"url":...}. "placement":"child": always in a process of its own.
    const char *meta_json;
    // Makes an instance of a configuration that the host has validated, defaults filled in. No I/O,
    // no threads. `host` stays valid until destroy() returns. [lane]
    weir_status (*create)(const weir_host *host, const char *config_json, weir_instance **out,
                          weir_error *);
    void (*destroy)(weir_instance *);      // after every reader and writer is closed. [lane]
    const void *(*iface)(const char *id);  // the static table of "weir.source/1", or null. [scan]
} weir_component;

typedef struct weir_module {
    uint32_t struct_size, flags;
    uint32_t abi_major, abi_minor;  // WEIR_ABI_* where it was built
    const char *id;                 // reverse domain, unique among the loaded: "dev.weir.postgres"
    const char *version;
    uint32_t component_count, reserved;
    const weir_component *const *components;
} weir_module;

// The only exported symbol. Pure: it may be called twice, or in a scanner and never again. Null
// refuses the host. [scan]
WEIR_EXPORT const weir_module *weir_module_entry(uint32_t host_major, uint32_t host_minor);

// "weir.lifecycle/1", for every role; every member may be null.
typedef struct weir_lifecycle {
    uint32_t struct_size, flags;
    // What this configuration is and can do, without I/O to the other system. [lane]
    //   {"identity":"postgres://db.example:5432/shop",  the system meant, however it was spelled;
    //                                                   no secret, no relative path. Asked for
    //                                                   again after discover(), which may have
    //                                                   learned more
    //    "formerly":["postgres://127.0.0.1:5432/shop"], what earlier versions called it:
    //                                                   positions stored under these names still
    //                                                   hold
    //    "lanes":16,              readers and writers of this instance that may be open and at
    //                             work at once; absent: 1. Calls on the instance itself still come
    //                             one at a time
    //    "snapshots":true,        sources: weir_read's "snapshot" is kept
    //    "parts":true,            sources: weir_read's "cut", "above" and "upto" are kept
    //    "cursor":"atomic",       sinks: rows and cursor commit together
    //    "folds_case":true,       sinks: target names that differ in ASCII case only are one
    //    "writers":1}             sinks: transactions come one at a time; the host queues them
    weir_status (*describe)(weir_instance *, const weir_out *json, weir_error *);
    // Unblocks the call that runs on the instance itself; repeated until it returns. [any]
    void (*interrupt)(weir_instance *);
} weir_lifecycle;

#ifdef __cplusplus
}
#endif
