// "weir.source/1" reads streams in an order that can be resumed.
#pragma once

#include "arrow.h"
#include "module.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    WEIR_READ_FULL = 1,  // all records, from the beginning or after a cursor of the same read
    WEIR_READ_DELTA = 2  // what came after the cursor; without one, all
};

typedef struct weir_stream {
    uint32_t struct_size, flags;  // the WEIR_READ_* it can do
    const char *name;             // as it is given back in weir_read: "public.users", quoted parts
                                  // as the user would write them: public."odd.name"
    // {"target":"users",                       bare last part, the default name in a sink
    //  "keys":[["id"]],                        unique, never null; the primary key first
    //  "rows":n,                               estimate, absent when not known
    //  "fields":[{"name","type","nullable"}],  in the source's own words
    //  "tracking":[{"field","type","notes":[]}],  cursor candidates, best first, with reasons
    //  "cursors":{FIELD: null | {"kind":"timestamp|id|text",  null: it cannot be one
    //      "updates","indexed","nulls": whether updates, an index, rows without a value are seen,
    //      "method","guarantee":"settled|lookback 10m|unproven","caveat",  how no row is lost
    //      "unsafe":"why it is refused","lookback_helps",
    //      "append":{"method","guarantee"...}}},  where it differs for what is appended
    //  "references":[{"fields":["user_id"],"stream":"public.users","nullable":false}],
    //                                          its foreign keys; itself it need not name
    //  "caveats":["..."]}                      what a read of it cannot see
    const char *meta_json;
} weir_stream;

// Takes what discover() finds; `schema` stays the caller's.
typedef struct weir_catalog {
    uint32_t struct_size, flags;
    void *ctx;
    weir_status (*add)(void *ctx, const weir_stream *, const struct ArrowSchema *schema);
} weir_catalog;

typedef struct weir_read {
    uint32_t struct_size, flags;
    uint32_t mode;       // one WEIR_READ_*
    uint32_t rows_max;   // a batch ends at the first limit
    uint64_t bytes_max;  // one record may exceed it, alone in its batch
    const char *stream;
    // {"fields":["id","name"],   in this order; absent: all
    //  "key":["id"],             unique, never null; absent or []: one pass, not resumable
    //  "tracking":"updated_at",  a delta goes by it. With FULL: leave a delta's cursor behind
    //  "append":true,            a record that comes twice stands twice in the sink: a delta hands
    //                            out each version once, and what it cannot pass yet waits
    //  "lookback_ms":n,          the user's word: what is older than that has all appeared
    //  "snapshot":"name",        where describe() says "snapshots": all reads that this instance
    //                            opens by one name, while the first of them is open and was not
    //                            asked for a batch, see the same state of all streams. That one
    //                            may be left unread. E_IO "source.snapshot_lost": it is gone
    //  "keys":[["1","a"]],       where describe() says "lookup": these records alone, by the values
    //                            of "key" in its order, each as a text: digits, "true", a uuid,
    //                            "2024-02-29T12:00:00.000000Z", bytes as "\\x00ff". One that is
    //                            not there is left out
    //  "cut":n,                  where describe() says "parts": no records, but the places between
    //                            n parts of about one size, at most n-1 of them in their order: a
    //                            record of texts for each, a field for each of "key", as "above"
    //                            takes them. None where parts would gain nothing. With DELTA the
    //                            end of them brings the cursor that a whole first read would
    //                            leave, of all that reads opened behind it see; none: no parts
    //  "above":["1","a"], "upto":["9","z"],   with FULL, where describe() says "parts": records
    //                            behind the one place and not behind the other; either may be
    //                            missing. They mean the same at another time and in another process
    //  "limit":n, "row_bytes_max":n}  so many records; larger ones refused: sdk/README.md
    const char *select_json;
    const char *cursor;  // go on after this, as a batch brought it; empty: from the beginning
    size_t cursor_size;
} weir_read;

enum {
    WEIR_BATCH_CURSOR = 1,  // `cursor` is set
    WEIR_BATCH_SCHEMA = 2   // schema() answers differently from this batch on
};

typedef struct weir_batch {
    uint32_t struct_size, flags;
    // With WEIR_BATCH_CURSOR: go on after this batch. JSON, at most 1 MiB, borrowed until the next
    // call on the reader.
    const char *cursor;
    size_t cursor_size;
    struct ArrowArray array;  // the caller's to release
} weir_batch;

typedef struct weir_reader weir_reader;

typedef struct weir_source {
    uint32_t struct_size, flags;
    // Names every stream that matches `pattern` (null: all; otherwise a name as the user wrote it,
    // `*` and `?` wild outside double quotes) with its fields and keys. Nothing matches: WEIR_OK
    // and no call of add. [lane]
    weir_status (*discover)(weir_instance *, const weir_call *, const char *pattern,
                            const weir_catalog *, weir_error *);
    weir_status (*open)(weir_instance *, const weir_call *, const weir_read *, weir_reader **out,
                        weir_error *);  // [lane]
    // The schema of the batches to come. [lane]
    weir_status (*schema)(weir_reader *, struct ArrowSchema *out, weir_error *);
    // Blocks until there is a batch, the end, or cancellation. WEIR_END has no array, yet may carry
    // a last cursor; without one the position is cleared: the next run begins at the beginning.
    // After an error only close() may follow. [lane]
    weir_status (*next)(weir_reader *, const weir_call *, weir_batch *out, weir_error *);
    // Unblocks next(); repeated until it returns. May be null. [any]
    void (*interrupt)(weir_reader *);
    void (*close)(weir_reader *);  // always, once. [lane]
} weir_source;

#ifdef __cplusplus
}
#endif
