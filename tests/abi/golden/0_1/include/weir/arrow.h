// Batches of records: the Arrow C Data Interface, and the visitor for refused rows.
//
// ArrowSchema and ArrowArray are exactly those of the Apache Arrow specification
// (https://arrow.apache.org/docs/format/CDataInterface.html), under its own guard, so that this
// header may stand beside Arrow's.
//
// A batch is a struct array ("+s"), no nulls at the top, offset 0 there; children may have offsets.
// Buffers are immutable and 8-byte aligned; a validity buffer may be absent when null_count is 0.
// Formats that every sink takes: b c C s S i I l L f g u U z Z w:N d:p,s tdD tdm tts ttm ttu ttn
// tss tsm tsu tsn (with a zone name: an instant; without: local time). Extension types, named by
// the field metadata "ARROW:extension:name":
//   arrow.json   (utf8)  JSON text as the source prints it
//   arrow.uuid   (w:16)
//   arrow.opaque (utf8)  a type only the source knows, as the source prints it
//   weir.numeric (utf8)  exact decimal digits, NaN and infinities included
// The field metadata "weir.type" says the source's own type, with modifiers: "numeric(10,2)".
// "weir.vendor" says whose word that is, where another system may know it: "postgres".
// A value its column cannot hold is handed as text or refused, never clamped, never null.
#pragma once

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif  // ARROW_C_DATA_INTERFACE

// Takes refused rows, which the host keeps as dead letters. `row` counts from 0 in the batch of
// this call, each row at most once; `why` and `reason` as a failing call would give them. A
// negative answer is to be returned at once.
typedef struct weir_rejects {
    uint32_t struct_size, flags;
    void *ctx;
    weir_status (*add)(void *ctx, int64_t row, weir_status why, const weir_error *reason);
} weir_rejects;

#ifdef __cplusplus
}
#endif
