/* A source in C11 from the headers alone: numbers and their squares, as many as are asked for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/source.h>

enum { FIELD_N, FIELD_SQUARE, FIELDS };
static const char *const names[FIELDS] = {"n", "square"};

struct squares {
    int64_t rows;
};
struct reader {
    int fields[FIELDS], field_count;
    int64_t at, end, batch_rows;
    int leaves_cursor;
    char cursor[40];
};

static weir_status fail(weir_error *error, weir_status why, const char *code, const char *where,
                        const char *message) {
    if (!WEIR_FITS(error, weir_error, message)) return why;
    snprintf(error->code, sizeof error->code, "%s", code);
    snprintf(error->where, sizeof error->where, "%s", where);
    snprintf(error->message, sizeof error->message, "%s", message);
    return why;
}

/* The value of a member of JSON as the host writes it: without space. Null: there is none. */
static const char *member(const char *json, const char *name) {
    char key[40];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *found = strstr(json, key);
    return found ? found + strlen(key) : NULL;
}

/* Copies the name at `*at`, which is in quotes, and moves behind it. 0: there is none. */
static int read_name(const char **at, char *into, size_t size) {
    if (!*at || **at != '"') return 0;
    const char *end = strchr(*at + 1, '"');
    if (!end) return 0;
    snprintf(into, size, "%.*s", (int)(end - *at - 1), *at + 1);
    *at = end + 1;
    return 1;
}

static int field_named(const char *name) {
    for (int i = 0; i < FIELDS; ++i)
        if (strcmp(name, names[i]) == 0) return i;
    return -1;
}

/* ---- what a batch is made of: one block of memory each for schema and rows ---- */

struct schema_block {
    struct ArrowSchema children[FIELDS], *pointers[FIELDS];
};
static void release_field(struct ArrowSchema *field) { field->release = NULL; }
static void release_schema(struct ArrowSchema *schema) {
    free(schema->private_data);
    schema->release = NULL;
}
static weir_status make_schema(const int *fields, int count, struct ArrowSchema *out) {
    struct schema_block *block = calloc(1, sizeof *block);
    if (!block) return WEIR_E_NOMEM;
    for (int i = 0; i < count; ++i) {
        block->pointers[i] = &block->children[i];
        block->children[i] = (struct ArrowSchema){
            .format = "l", .name = names[fields[i]], .release = release_field};
    }
    *out = (struct ArrowSchema){.format = "+s",
                                .name = "",
                                .n_children = count,
                                .children = block->pointers,
                                .release = release_schema,
                                .private_data = block};
    return WEIR_OK;
}

struct array_block {
    struct ArrowArray children[FIELDS], *pointers[FIELDS];
    const void *none[1], *buffers[FIELDS][2];
    int64_t values[];
};
static void release_column(struct ArrowArray *column) { column->release = NULL; }
static void release_rows(struct ArrowArray *array) {
    free(array->private_data);
    array->release = NULL;
}
static weir_status make_rows(const struct reader *r, int64_t rows, struct ArrowArray *out) {
    size_t const width = (size_t)rows * sizeof(int64_t);
    struct array_block *block = calloc(1, sizeof *block + width * (size_t)r->field_count);
    if (!block) return WEIR_E_NOMEM;
    for (int i = 0; i < r->field_count; ++i) {
        int64_t *values = block->values + i * rows;
        for (int64_t row = 0; row < rows; ++row) {
            int64_t const n = r->at + row + 1;
            values[row] = r->fields[i] == FIELD_N ? n : n * n;
        }
        block->buffers[i][1] = values;
        block->pointers[i] = &block->children[i];
        block->children[i] = (struct ArrowArray){
            .length = rows,
            .n_buffers = 2,
            .buffers = block->buffers[i],
            .release = release_column};
    }
    *out = (struct ArrowArray){.length = rows,
                               .n_buffers = 1,
                               .n_children = r->field_count,
                               .buffers = block->none,
                               .children = block->pointers,
                               .release = release_rows,
                               .private_data = block};
    return WEIR_OK;
}

/* ---- a read ---- */

static weir_status choose(struct reader *r, const char *select, weir_error *error) {
    char name[128] = "";
    const char *at = member(select, "fields");
    for (int i = 0; !at && i < FIELDS; ++i) r->fields[r->field_count++] = i;
    while (at && (*at == '[' || *at == ',')) {
        ++at;
        if (!read_name(&at, name, sizeof name)) break;
        if (field_named(name) < 0 || r->field_count == FIELDS)
            goto no_field;
        r->fields[r->field_count++] = field_named(name);
    }
    at = member(select, "tracking");
    if (!read_name(&at, name, sizeof name)) return WEIR_OK;
    if (field_named(name) < 0) goto no_field;
    r->leaves_cursor = 1;
    if (field_named(name) == FIELD_N) return WEIR_OK;
    return fail(error, WEIR_E_CONFIG, "source.cursor_unsuitable", name,
                "squares: only n can be the cursor");
no_field:;
    char message[200];
    snprintf(message, sizeof message, "squares: there is no field \"%s\"; it has n and square",
             name);
    return fail(error, WEIR_E_NOT_FOUND, "source.field_not_found", name, message);
}

/* cursor := {"at":n}: the last number that was handed out. */
static weir_status find_place(struct reader *r, const weir_read *read, weir_error *error) {
    char text[40] = "";
    int end = 0;
    if (read->cursor_size == 0) return WEIR_OK;
    if (read->cursor_size < sizeof text) memcpy(text, read->cursor, read->cursor_size);
    if (sscanf(text, "{\"at\":%" SCNd64 "}%n", &r->at, &end) == 1 && end && !text[end] &&
        r->at >= 0)
        return WEIR_OK;
    return fail(error, WEIR_E_CONFLICT, "source.cursor_mismatch", "",
                "squares: the stored position is of something else");
}

static weir_status open_reader(weir_instance *instance, const weir_call *call,
                               const weir_read *read, weir_reader **out, weir_error *error) {
    const struct squares *self = (const struct squares *)instance;
    (void)call;
    if (read->stream && *read->stream && strcmp(read->stream, "squares") != 0) {
        char message[200];
        snprintf(message, sizeof message, "squares: there is no stream \"%.100s\"", read->stream);
        return fail(error, WEIR_E_NOT_FOUND, "source.stream_not_found", "", message);
    }
    struct reader *r = calloc(1, sizeof *r);
    if (!r) return WEIR_E_NOMEM;
    r->leaves_cursor = read->mode == WEIR_READ_DELTA;
    weir_status status = choose(r, read->select_json, error);
    if (status == WEIR_OK) status = find_place(r, read, error);
    if (status != WEIR_OK) return free(r), status;
    const char *limit = member(read->select_json, "limit");
    int64_t const most = limit ? strtoll(limit, NULL, 10) : INT64_MAX;
    int64_t const left = self->rows > r->at ? self->rows - r->at : 0;
    r->end = r->at + (most < left ? most : left);
    int64_t const in_bytes = (int64_t)(read->bytes_max / (sizeof(int64_t) * FIELDS));
    r->batch_rows = read->rows_max < in_bytes ? read->rows_max : in_bytes;
    if (r->batch_rows < 1) r->batch_rows = 1; /* one record may exceed the limit */
    *out = (weir_reader *)r;
    return WEIR_OK;
}

static weir_status schema(weir_reader *reader, struct ArrowSchema *out, weir_error *error) {
    const struct reader *r = (const struct reader *)reader;
    (void)error;
    return make_schema(r->fields, r->field_count, out);
}

static weir_status next(weir_reader *reader, const weir_call *call, weir_batch *out,
                        weir_error *error) {
    struct reader *r = (struct reader *)reader;
    if (call->cancelled(call))
        return fail(error, WEIR_E_CANCELLED, "call.cancelled", "", "cancelled");
    if (call->remaining_ms(call) <= 0)
        return fail(error, WEIR_E_TIMEOUT, "call.timeout", "", "the deadline has passed");
    int64_t const left = r->end - r->at;
    int64_t const rows = left < r->batch_rows ? left : r->batch_rows;
    if (rows > 0) {
        weir_status const status = make_rows(r, rows, &out->array);
        if (status != WEIR_OK) return status;
        r->at += rows;
    }
    if (rows > 0 || r->leaves_cursor) {
        snprintf(r->cursor, sizeof r->cursor, "{\"at\":%" PRId64 "}", r->at);
        out->flags = WEIR_BATCH_CURSOR;
        out->cursor = r->cursor;
        out->cursor_size = strlen(r->cursor);
    }
    return rows > 0 ? WEIR_OK : WEIR_END;
}
static void close_reader(weir_reader *reader) { free(reader); }

/* ---- an instance ---- */

static weir_status create(const weir_host *host, const char *config, weir_instance **out,
                          weir_error *error) {
    (void)host;
    char url[64] = "";
    const char *at = member(config, "url");
    char *end = url;
    if (read_name(&at, url, sizeof url) && strncmp(url, "squares:", 8) == 0) end = url + 8;
    int64_t const count = strtoll(end, &end, 10);
    if (end <= url + 8 || *end || count < 0 || count > INT32_MAX)
        return fail(error, WEIR_E_CONFIG, "squares.url", "/url",
                    "squares: the URL is squares:N, where N is from 0 to 2147483647");
    struct squares *self = malloc(sizeof *self);
    if (!self) return WEIR_E_NOMEM;
    self->rows = count;
    *out = (weir_instance *)self;
    return WEIR_OK;
}
static void destroy(weir_instance *instance) { free(instance); }

static weir_status describe(weir_instance *instance, const weir_out *out, weir_error *error) {
    static const char text[] = "{\"identity\":\"squares:\"}";
    (void)instance, (void)error;
    return out->write(out->ctx, text, sizeof text - 1);
}

static weir_status discover(weir_instance *instance, const weir_call *call, const char *pattern,
                            const weir_catalog *catalog, weir_error *error) {
    static const int all[FIELDS] = {FIELD_N, FIELD_SQUARE};
    static const weir_stream stream = {
        sizeof stream, WEIR_READ_FULL | WEIR_READ_DELTA, "squares",
        "{\"target\":\"squares\",\"keys\":[[\"n\"]],"
        "\"fields\":[{\"name\":\"n\",\"type\":\"integer\",\"nullable\":false},"
        "{\"name\":\"square\",\"type\":\"integer\",\"nullable\":false}],"
        "\"tracking\":[{\"field\":\"n\",\"type\":\"integer\",\"notes\":[\"only grows\"]}],"
        "\"cursors\":{\"n\":{\"kind\":\"id\",\"updates\":false,\"indexed\":true}},"
        "\"caveats\":[]}"};
    struct ArrowSchema fields;
    (void)instance, (void)call, (void)error;
    /* With one stream, "*" is all that a pattern can add. */
    if (pattern && strcmp(pattern, "squares") != 0 && strcmp(pattern, "*") != 0) return WEIR_OK;
    weir_status status = make_schema(all, FIELDS, &fields);
    if (status != WEIR_OK) return status;
    status = catalog->add(catalog->ctx, &stream, &fields);
    fields.release(&fields);
    return status;
}

/* ---- what the library says of itself ---- */

static const weir_source source = {.struct_size = sizeof source,
                                   .discover = discover,
                                   .open = open_reader,
                                   .schema = schema,
                                   .next = next,
                                   .close = close_reader};
static const weir_lifecycle lifecycle = {.struct_size = sizeof lifecycle, .describe = describe};

static const void *iface(const char *id) {
    if (strcmp(id, "weir.source/1") == 0) return &source;
    return strcmp(id, "weir.lifecycle/1") == 0 ? &lifecycle : NULL;
}

static const weir_component component = {
    .struct_size = sizeof component,
    .roles = WEIR_ROLE_SOURCE,
    .id = "squares",
    .title = "Squares",
    .config_schema = "{\"type\":\"object\",\"required\":[\"url\"],\"properties\":{\"url\":{"
                     "\"type\":\"string\",\"title\":\"URL\",\"description\":\"How many: "
                     "squares:1000\"}},\"additionalProperties\":false}",
    .meta_json = "{\"schemes\":[\"squares\"]}",
    .create = create,
    .destroy = destroy,
    .iface = iface};
static const weir_component *const components[] = {&component};
static const weir_module module = {.struct_size = sizeof module,
                                   .abi_major = WEIR_ABI_MAJOR,
                                   .abi_minor = WEIR_ABI_MINOR,
                                   .id = "com.example.squares",
                                   .version = "1.0.0",
                                   .component_count = 1,
                                   .components = components};

const weir_module *weir_module_entry(uint32_t major, uint32_t minor) {
    return major == WEIR_ABI_MAJOR && minor == WEIR_ABI_MINOR ? &module : NULL;
}
