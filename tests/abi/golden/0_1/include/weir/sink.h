// "weir.sink/1" writes batches, and the cursor after them, in one transaction.
#pragma once

#include "arrow.h"
#include "module.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    WEIR_WRITE_APPEND = 1,
    WEIR_WRITE_UPSERT = 2,
    WEIR_WRITE_REPLACE = 3,  // after prepare() for an UPSERT its FINAL commit removes no row
    WEIR_WRITE_KEYS = 4  // nothing but keys, which sweep() compares; always staged
};

typedef struct weir_target {
    uint32_t struct_size, flags;
    uint32_t write_mode, reserved;  // one WEIR_WRITE_*
    const char *name;               // bare, unquoted: "orders"
    // {"key":["id"], "version"?:"updated_at", "deleted_at"?:"removed", "structure"?}. `deleted_at`:
    // the column that says when a row was deleted at the source, where it is not
    // "_weir_deleted_at"; whoever writes the row again makes it null.
    const char *spec_json;
} weir_target;

enum { WEIR_PREPARE_DRY_RUN = 1 };

enum {
    // Nothing shows in the target before the FINAL commit, which brings everything at once; what
    // an earlier attempt left unfinished is dropped. REPLACE always works so.
    WEIR_BEGIN_STAGED = 1,
    // Forget the stored position: read from the beginning.
    WEIR_BEGIN_RESET = 2,
    // Fences and stores nothing: for a STAGED writer of which no more is asked than to sweep() with
    // DRY_RUN. Only for sinks that have sweep().
    WEIR_BEGIN_LOOK = 4
};

typedef struct weir_begin {
    uint32_t struct_size, flags;  // WEIR_BEGIN_*
    const weir_target *target;
    const char *job, *stream;  // together the row of _weir_checkpoint
    const char *run_id;
    const char *spec_json;  // the host's own note, kept beside the cursor, given back by peek()
} weir_begin;

// Takes staged rows that only the FINAL commit finds refused. Their batches are gone by then, so
// each comes whole.
typedef struct weir_refusals {
    uint32_t struct_size, flags;
    void *ctx;
    // `record` is one row of `schema`, both borrowed: its types may differ from those of the batch
    // it came in, as long as its values print the same. `why` and `reason` as for weir_rejects. A
    // negative answer is to be returned at once.
    weir_status (*add)(void *ctx, const struct ArrowSchema *schema, const struct ArrowArray *record,
                       weir_status why, const weir_error *reason);
    // What was added is durable on return. Once after the last add(), before the rows show; a
    // negative answer is to be returned at once.
    weir_status (*keep)(void *ctx);
} weir_refusals;

enum {
    WEIR_COMMIT_FINAL = 1,  // the stream is complete; staged rows show now
    // The position stays the one that was stored when the writer began; `cursor` is not looked at.
    // Only for sinks that have sweep().
    WEIR_COMMIT_KEEPS_CURSOR = 2
};

typedef struct weir_commit {
    uint32_t struct_size, flags;
    const char *cursor;
    size_t cursor_size;     // 0: the position is cleared
    uint64_t rows;          // of this transaction; the checkpoint row adds them up
    uint64_t deleted;       // answered: rows of the target that a REPLACE removed
    const char *spec_json;  // the host's note from now on; null: as begin() gave it
    // FINAL: who takes the staged rows that the target refuses, while the others show; the
    // checkpoint does not count them. Null: the first one fails the commit, and nothing shows.
    const weir_refusals *refusals;
} weir_commit;

enum {
    WEIR_SWEEP_DRY_RUN = 1,  // counts, and deletes nothing
    WEIR_SWEEP_SHARED = 2    // also a target that another job writes to
};

// Takes the keys that a sweep found missing.
typedef struct weir_keys {
    uint32_t struct_size, flags;
    void *ctx;
    uint64_t rows_max;  // where more are missing, none of them is told
    // `keys`, borrowed, are rows of the fields of the target's key, any number at a time. Their
    // types may differ from those that were written, as long as the values print the same. A
    // negative answer is to be returned at once.
    weir_status (*add)(void *ctx, const struct ArrowSchema *schema, const struct ArrowArray *keys);
} weir_keys;

typedef struct weir_sweep {
    uint32_t struct_size, flags;  // WEIR_SWEEP_*
    uint64_t deletes_max;         // more than these: WEIR_E_CONFLICT and nothing is deleted
    uint32_t is_soft, reserved;   // 1: rows are marked in the target's column `deleted_at`, and
                                  // stay; "_weir_deleted_at" is added to tables that Weir made
    // Answered. Rows that are marked as deleted are none of the target unless `is_soft` is 0.
    uint64_t target_rows;   // before
    uint64_t extra_rows;    // of them, those whose key was not written
    uint64_t missing_rows;  // keys written that no row has
    uint64_t drifted_rows;  // of a REPLACE: rows that are there and differ
    uint64_t deleted_rows;  // 0 in a dry run
    // Of a dry run of KEYS: who takes the missing ones, or null. A sink that tells them takes the
    // records too: behind the sweep that is none, prepare() for an UPSERT and write(), within the
    // transaction that the FINAL commit ends.
    const weir_keys *missing;
} weir_sweep;

typedef struct weir_writer weir_writer;

typedef struct weir_sink {
    uint32_t struct_size, flags;
    // Makes the target fit `schema`; with DRY_RUN changes nothing. Either way says what it does or
    // would do: {"actions":[{"text":"create table users"}],"holds_rows":false,"references":false}.
    // `holds_rows` is left out or true unless the target is known to be missing or empty now,
    // `references` unless it is known to have no foreign keys. [lane]
    weir_status (*prepare)(weir_instance *, const weir_call *, const weir_target *,
                           const struct ArrowSchema *, uint32_t flags, const weir_out *actions,
                           weir_error *);
    // Fences, then recovers. `*epoch` in: ours (0: take the next), out: the one in the sink. Stores
    // the epoch durably and writes the last committed cursor to `cursor`; WEIR_E_FENCED if a higher
    // one is stored. A checkpoint whose target is gone, or is not the one it was written for, is
    // ignored and the log says so. Holds no lock on return. [lane]
    weir_status (*begin)(weir_instance *, const weir_call *, const weir_begin *, uint64_t *epoch,
                         const weir_out *cursor, weir_writer **out, weir_error *);
    // Writes a borrowed batch. A row that it cannot take goes to `rejects`, the others are written.
    // With `rejects` null, or when it cannot name the row: WEIR_E_DATA and nothing of the batch is
    // written. Rows of one key: the last wins. The first write after a commit opens the
    // transaction. An UPSERT refuses a record whose row has a greater `version` there. [lane]
    weir_status (*write)(weir_writer *, const weir_call *, const struct ArrowSchema *,
                         const struct ArrowArray *batch, const weir_rejects *rejects, weir_error *);
    // Rows, cursor and counts become durable together or not at all; the epoch is checked in the
    // same transaction (WEIR_E_FENCED). After any other error the outcome is unknown: close(),
    // begin(), compare. [lane]
    weir_status (*commit)(weir_writer *, const weir_call *, weir_commit *, weir_error *);
    // {"epoch","cursor","spec","rows","run_id","updated_at","owned"} as it stands, or nothing when
    // there is no checkpoint that holds. `owned`: the target was made by this job. Changes and
    // fences nothing, makes no file. [lane]
    weir_status (*peek)(weir_instance *, const weir_call *, const weir_begin *,
                        const weir_out *checkpoint, weir_error *);
    // Unblocks the call at work; repeated until it returns. May be null. [any]
    void (*interrupt)(weir_writer *);
    void (*close)(weir_writer *);  // always, once; rolls back what is not committed. [lane]
    // Optional. Of a staged writer of KEYS, or of a REPLACE with a key, once all of the stream was
    // written: compares the target with that and deletes what is extra, within the transaction that
    // the FINAL commit ends. With DRY_RUN no lock is held on return. WEIR_E_CONFLICT also where
    // another job has a position for the same target. [lane]
    weir_status (*sweep)(weir_writer *, const weir_call *, weir_sweep *, weir_error *);
} weir_sink;

#ifdef __cplusplus
}
#endif
