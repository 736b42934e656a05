/* What the two halves of the plugin share: plugin.c has the tables, csv.go the work. */
#pragma once
#include <stdint.h>
#include <weir/source.h>

/* A Go value by its handle, as the host keeps it. */
static inline weir_instance *instance_of(uintptr_t handle) { return (weir_instance *)handle; }
static inline weir_reader *reader_of(uintptr_t handle) { return (weir_reader *)handle; }

/* Go calls no function pointers. */
static inline int is_cancelled(const weir_call *call) { return call->cancelled(call) != 0; }
static inline int is_late(const weir_call *call) { return call->remaining_ms(call) <= 0; }
static inline weir_status write_out(const weir_out *out, const void *data, size_t size) {
    return out->write(out->ctx, data, size);
}
static inline weir_status add_stream(const weir_catalog *catalog, const char *name,
                                     const char *meta, struct ArrowSchema *fields) {
    const weir_stream stream = {sizeof stream, WEIR_READ_FULL | WEIR_READ_DELTA, name, meta};
    weir_status const status = catalog->add(catalog->ctx, &stream, fields);
    fields->release(fields);
    return status;
}

/* What a failing call says; the texts end in NUL and are cut where they are too long. */
void explain(weir_error *error, const char *code, const char *where, const char *message);

/* A schema of `count` fields; `names` are the new owner's to free, one by one and as a whole.
   Whose `is_number` is set are int64, the others utf8. 0: no memory. */
int make_schema(int count, char **names, const int *is_number, struct ArrowSchema *out);

/* Rows of `count` columns: `values` of a number, `values` (offsets) and `text` of a text. All of it
   is the array's to free. */
struct column {
    void *values, *text;
};
int make_rows(int64_t rows, int count, const struct column *columns, struct ArrowArray *out);
