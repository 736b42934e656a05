// The words every other Weir header uses: status, error, output, one call.
//
// Rules of growth, kept from the first day:
//   - every struct opens with `struct_size` and `flags`; the side that owns the memory writes the
//     size; the other side writes a member only if WEIR_FITS, and uses one only if WEIR_HAS;
//   - a struct grows at its end only, is never put in an array, never embedded by value
//     (Arrow structs are frozen by their specification and exempt);
//   - no enum types, bool, long, bit-fields, varargs, structs by value, or C++ types; LP64.
//
// Ownership: inputs are borrowed during the call unless a comment says longer. Memory is freed by
// the side that made it. Text is UTF-8; ids, names and JSON are NUL-terminated.
//
// Lanes: a comment ends with who may call when. [lane]: one such call per object at a time, on any
// thread, may block. [any]: any thread, concurrently, must not block. [scan]: no side effects.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_ABI_MAJOR 0u  // 0 until frozen; until then the minors must be equal too
#define WEIR_ABI_MINOR 1u
#define WEIR_EXPORT __attribute__((visibility("default")))

// The struct at `p`, made by the other side, is long enough for member `m`: ask before writing it.
#define WEIR_FITS(p, T, m) ((p) && (p)->struct_size >= offsetof(T, m) + sizeof((p)->m))
// ... and the member is not zero: ask before using it.
#define WEIR_HAS(p, T, m) (WEIR_FITS(p, T, m) && (p)->m)

// >= 0 outcome, < 0 error. A number never gets a new meaning; an unknown one counts as E_INTERNAL.
typedef int32_t weir_status;
enum {
    WEIR_OK = 0,
    WEIR_END = 1,             // nothing more will come
    WEIR_E_INTERNAL = -1,     // a bug in the plugin
    WEIR_E_UNSUPPORTED = -2,  // a person must ask for something else
    WEIR_E_CONFIG = -3,       // a person must change the configuration
    WEIR_E_AUTH = -4,         // the other system refused the credentials, or the privilege
    WEIR_E_NOT_FOUND = -5,    // database, stream or field does not exist
    WEIR_E_CONFLICT = -6,     // what was expected does not hold (any more)
    WEIR_E_DATA = -7,         // a record cannot be taken
    WEIR_E_IO = -8,           // the other system or the disk failed; time may cure it
    WEIR_E_TIMEOUT = -9,
    WEIR_E_CANCELLED = -10,  // the host asked to stop
    WEIR_E_BUSY = -11,       // somebody else holds it now
    WEIR_E_NOMEM = -12,
    WEIR_E_STATE = -13,   // called when it may not be
    WEIR_E_FENCED = -14,  // another, newer owner is at work
    WEIR_E_SCHEMA = -15   // source and target do not fit
};

// Flags of weir_error: they overrule what the status alone would say.
enum { WEIR_ERR_RETRYABLE = 1, WEIR_ERR_FINAL = 2 };

// Where a failing call explains itself. The caller owns it and sets struct_size; nothing to free.
typedef struct weir_error {
    uint32_t struct_size, flags;
    int32_t native_code;  // the driver's own
    int32_t reserved;
    int64_t retry_after_ms;  // asked for by the other system; 0: not said
    char sqlstate[8];
    char code[48];       // stable, dotted: "postgres.column_missing"
    char where[120];     // JSON Pointer into the configuration, or a field name
    char message[1024];  // one sentence: what, where, what to do; never a secret
    char suggestion[256];  // what to type or do instead; may be empty
} weir_error;

// A place to append bytes to. The caller owns it; used during the call only.
typedef struct weir_out {
    uint32_t struct_size, flags;
    void *ctx;
    weir_status (*write)(void *ctx, const void *data, size_t size);
} weir_out;

// One blocking call: is it still wanted, how long may it take. Valid until the call returns.
typedef struct weir_call weir_call;
struct weir_call {
    uint32_t struct_size, flags;
    void *ctx;
    // Nonzero: return WEIR_E_CANCELLED soon. [any]
    int32_t (*cancelled)(const weir_call *);
    // <= 0: late; INT64_MAX: no deadline. Monotonic clock. [any]
    int64_t (*remaining_ms)(const weir_call *);
};

typedef struct weir_host weir_host;
// The plugin's own; the host never looks inside.
typedef struct weir_instance weir_instance;

#ifdef __cplusplus
}
#endif
