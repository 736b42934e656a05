// Reads a text file as a stream of lines, from the C headers alone.
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <weir/source.h>

#include "config_schema.h"

enum { FIELD_AT, FIELD_TEXT, FIELDS };
static const char *const names[FIELDS] = {"at", "text"};
static const char *const formats[FIELDS] = {"l", "u"};

typedef struct instance {
    char path[4096];
} instance;

typedef struct reader {
    FILE *file;
    int fields[FIELDS], field_count;
    uint32_t rows_max;
    uint64_t bytes_max;
    int64_t left, at;
    int leaves_cursor;
    char cursor[40], *line;
    size_t line_size;
} reader;

/* ---- errors: one sentence, a stable code, the field it is about ---- */

static weir_status fail(weir_error *error, weir_status why, const char *code, const char *where,
                        const char *sentence, ...) {
    if (!WEIR_FITS(error, weir_error, message)) return why;
    snprintf(error->code, sizeof error->code, "%s", code);
    snprintf(error->where, sizeof error->where, "%s", where);
    va_list values;
    va_start(values, sentence);
    vsnprintf(error->message, sizeof error->message, sentence, values);
    va_end(values);
    return why;
}

/* ---- JSON as the host writes it: checked, without space ---- */

static const char *past_value(const char *at) {
    for (int depth = 0; *at; ++at) {
        if (*at == '"')
            for (++at; *at && *at != '"'; ++at) at += *at == '\\' && at[1];
        else if (*at == '{' || *at == '[')
            ++depth;
        else if (*at == '}' || *at == ']')
            --depth;
        if (!*at || depth < 0) return at;
        if (depth == 0 && (at[1] == ',' || at[1] == '}' || at[1] == ']')) return at + 1;
    }
    return at;
}

/* The value of a member, or null. */
static const char *member(const char *json, const char *name) {
    size_t const size = strlen(name);
    for (const char *at = json; *at == '{' || *at == ',';) {
        const char *key = at + 1, *colon = strchr(key, ':');
        if (*key != '"' || !colon) return NULL;
        if (strncmp(key + 1, name, size) == 0 && key[size + 1] == '"') return colon + 1;
        at = past_value(colon + 1);
    }
    return NULL;
}

/* Copies a string and answers what comes after it; null: it is none, or too long. */
static const char *read_text(const char *at, char *into, size_t size) {
    if (!at || *at != '"') return NULL;
    for (++at; *at && *at != '"' && size > 1; --size) {
        if (*at == '\\' && *++at != '"' && *at != '\\' && *at != '/') return NULL;
        *into++ = *at++;
    }
    *into = '\0';
    return *at == '"' ? at + 1 : NULL;
}

/* ---- one batch: columns in buffers of their own, freed by release ---- */

typedef struct batch {
    struct ArrowArray children[FIELDS], *pointers[FIELDS];
    const void *buffers[1], *at_buffers[2], *text_buffers[3];
    int64_t rows, *at;
    int32_t *ends;
    char *text;
    size_t rows_room, text_room;
} batch;

static int make_room(batch *b, size_t text_size) {
    if ((size_t)b->rows + 1 > b->rows_room) {
        size_t const room = b->rows_room ? b->rows_room * 2 : 64;
        int64_t *at = realloc(b->at, room * sizeof *at);
        if (at) b->at = at;
        int32_t *ends = realloc(b->ends, (room + 1) * sizeof *ends);
        if (ends) b->ends = ends;
        if (!at || !ends) return 0;
        b->ends[0] = 0;
        b->rows_room = room;
    }
    size_t const wanted = (size_t)b->ends[b->rows] + text_size + 1;
    if (wanted <= b->text_room) return 1;
    char *text = wanted > INT32_MAX ? NULL : realloc(b->text, wanted * 2);
    if (!text) return 0;
    b->text = text;
    b->text_room = wanted * 2;
    return 1;
}

static void free_batch(batch *b) {
    free(b->at);
    free(b->ends);
    free(b->text);
    free(b);
}
static void release_child(struct ArrowArray *array) { array->release = NULL; }
static void release_batch(struct ArrowArray *array) {
    for (int64_t i = 0; i < array->n_children; ++i)
        if (array->children[i]->release) array->children[i]->release(array->children[i]);
    free_batch(array->private_data);
    array->release = NULL;
}

static void finish(const reader *r, batch *b, struct ArrowArray *out) {
    b->at_buffers[1] = b->at;
    b->text_buffers[1] = b->ends;
    b->text_buffers[2] = b->text;
    for (int i = 0; i < r->field_count; ++i) {
        int const is_text = r->fields[i] == FIELD_TEXT;
        b->pointers[i] = &b->children[i];
        b->children[i] = (struct ArrowArray){
            .length = b->rows,
            .n_buffers = is_text ? 3 : 2,
            .buffers = is_text ? b->text_buffers : b->at_buffers,
            .release = release_child};
    }
    *out = (struct ArrowArray){.length = b->rows,
                               .n_buffers = 1,
                               .buffers = b->buffers,
                               .n_children = r->field_count,
                               .children = b->pointers,
                               .release = release_batch,
                               .private_data = b};
}

/* ---- the schema of some of the fields ---- */

typedef struct schema_memory {
    struct ArrowSchema children[FIELDS], *pointers[FIELDS];
} schema_memory;

static void release_field(struct ArrowSchema *schema) { schema->release = NULL; }
static void release_schema(struct ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children; ++i)
        if (schema->children[i]->release) schema->children[i]->release(schema->children[i]);
    free(schema->private_data);
    schema->release = NULL;
}

static weir_status write_schema(const int *fields, int count, struct ArrowSchema *out) {
    schema_memory *memory = calloc(1, sizeof *memory);
    if (!memory) return WEIR_E_NOMEM;
    for (int i = 0; i < count; ++i) {
        memory->pointers[i] = &memory->children[i];
        memory->children[i] = (struct ArrowSchema){.format = formats[fields[i]],
                                                   .name = names[fields[i]],
                                                   .release = release_field};
    }
    *out = (struct ArrowSchema){.format = "+s",
                                .name = "",
                                .n_children = count,
                                .children = memory->pointers,
                                .release = release_schema,
                                .private_data = memory};
    return WEIR_OK;
}

/* ---- a read ---- */

static int field_named(const char *name) {
    for (int i = 0; i < FIELDS; ++i)
        if (strcmp(name, names[i]) == 0) return i;
    return -1;
}

static weir_status choose(reader *r, const weir_read *read, weir_error *error) {
    char name[128] = "";
    const char *at = member(read->select_json, "fields");
    for (int i = 0; !at && i < FIELDS; ++i) r->fields[r->field_count++] = i;
    while (at && (*at == '[' || *at == ',') && at[1] == '"') {
        at = read_text(at + 1, name, sizeof name);
        int const field = at ? field_named(name) : -1;
        if (field < 0 || r->field_count == FIELDS)
            return fail(error, WEIR_E_NOT_FOUND, "source.field_not_found", name,
                        "acme: there is no field \"%s\", or it is asked for twice", name);
        r->fields[r->field_count++] = field;
    }
    if (read_text(member(read->select_json, "tracking"), name, sizeof name)) {
        if (field_named(name) < 0)
            return fail(error, WEIR_E_NOT_FOUND, "source.field_not_found", name,
                        "acme: there is no field \"%s\"", name);
        if (field_named(name) != FIELD_AT)
            return fail(error, WEIR_E_CONFIG, "source.cursor_unsuitable", name,
                        "acme: \"%s\" cannot be the cursor; use at", name);
        r->leaves_cursor = 1;
    }
    const char *limit = member(read->select_json, "limit");
    r->left = limit && *limit != 'n' ? strtoll(limit, NULL, 10) : INT64_MAX;
    return WEIR_OK;
}

// cursor := {"at":n}: the bytes up to the end of the last line.
static weir_status find_place(reader *r, const weir_read *read, weir_error *error) {
    char text[40] = "";
    if (read->cursor_size == 0) return WEIR_OK;
    if (read->cursor_size < sizeof text) memcpy(text, read->cursor, read->cursor_size);
    int end = 0;
    if (sscanf(text, "{\"at\":%" SCNd64 "}%n", &r->at, &end) != 1 || end == 0 || text[end] ||
        r->at < 0)
        return fail(error, WEIR_E_CONFLICT, "source.cursor_mismatch", "",
                    "acme: the stored position is of something else");
    return WEIR_OK;
}

static void close_reader(weir_reader *handle) {
    reader *r = (reader *)handle;
    if (r->file) fclose(r->file);
    free(r->line);
    free(r);
}

static weir_status open_reader(weir_instance *handle, const weir_call *call,
                               const weir_read *read, weir_reader **out, weir_error *error) {
    const instance *self = (const instance *)handle;
    (void)call;
    if (read->stream && *read->stream && strcmp(read->stream, "lines") != 0)
        return fail(error, WEIR_E_NOT_FOUND, "source.stream_not_found", "",
                    "acme: there is no stream \"%s\"; it has lines", read->stream);
    reader *r = calloc(1, sizeof *r);
    if (!r) return WEIR_E_NOMEM;
    r->rows_max = read->rows_max;
    r->bytes_max = read->bytes_max;
    r->leaves_cursor = read->mode == WEIR_READ_DELTA;
    weir_status status = choose(r, read, error);
    if (status == WEIR_OK) status = find_place(r, read, error);
    if (status == WEIR_OK && !(r->file = fopen(self->path, "rb")))
        status = fail(error, WEIR_E_NOT_FOUND, "acme.no_file", "/url", "acme: cannot open %s",
                      self->path);
    if (status == WEIR_OK && fseeko(r->file, (off_t)r->at, SEEK_SET) != 0)
        status = fail(error, WEIR_E_IO, "acme.seek", "", "acme: cannot go on in %s", self->path);
    if (status == WEIR_OK)
        *out = (weir_reader *)r;
    else
        close_reader((weir_reader *)r);
    return status;
}

static weir_status schema(weir_reader *handle, struct ArrowSchema *out, weir_error *error) {
    const reader *r = (const reader *)handle;
    (void)error;
    return write_schema(r->fields, r->field_count, out);
}

static int is_full(const reader *r, const batch *b) {
    return b->rows > 0 && (b->rows >= r->rows_max || (uint64_t)b->ends[b->rows] >= r->bytes_max ||
                           (uint64_t)b->rows * 8 >= r->bytes_max);
}

static weir_status next(weir_reader *handle, const weir_call *call, weir_batch *out,
                        weir_error *error) {
    reader *r = (reader *)handle;
    if (call->cancelled(call))
        return fail(error, WEIR_E_CANCELLED, "call.cancelled", "", "cancelled");
    if (call->remaining_ms(call) <= 0)
        return fail(error, WEIR_E_TIMEOUT, "call.timeout", "", "the deadline has passed");
    batch *b = calloc(1, sizeof *b);
    if (!b) return WEIR_E_NOMEM;
    while (r->left > 0 && !is_full(r, b)) {
        ssize_t const size = getline(&r->line, &r->line_size, r->file);
        if (size <= 0 || r->line[size - 1] != '\n') break;  // half a line waits for the next run
        if (!make_room(b, (size_t)size)) return free_batch(b), WEIR_E_NOMEM;
        r->at += size;
        b->at[b->rows] = r->at;
        memcpy(b->text + b->ends[b->rows], r->line, (size_t)size - 1);
        b->ends[b->rows + 1] = b->ends[b->rows] + (int32_t)size - 1;
        ++b->rows;
        --r->left;
    }
    if (b->rows > 0 || r->leaves_cursor) {
        snprintf(r->cursor, sizeof r->cursor, "{\"at\":%" PRId64 "}", r->at);
        out->flags = WEIR_BATCH_CURSOR;
        out->cursor = r->cursor;
        out->cursor_size = strlen(r->cursor);
    }
    if (b->rows == 0) return free_batch(b), WEIR_END;
    finish(r, b, &out->array);
    return WEIR_OK;
}

/* ---- an instance ---- */

/* The system that is meant is known by it, so it does not depend on where the host stands. */
static int absolute(const char *path, char *into, size_t size) {
    size_t at = 0;
    if (*path == '\0') return 0;
    if (*path != '/') {
        if (!getcwd(into, size)) return 0;
        at = strlen(into);
        if (at + 1 < size) into[at++] = '/';
    }
    if (at + strlen(path) >= size) return 0;
    strcpy(into + at, path);
    return 1;
}

static weir_status create(const weir_host *host, const char *config, weir_instance **out,
                          weir_error *error) {
    (void)host;
    instance *self = calloc(1, sizeof *self);
    if (!self) return WEIR_E_NOMEM;
    char url[sizeof self->path] = "";  // "acme:lines.txt"
    const char *path = read_text(member(config, "url"), url, sizeof url) ? strchr(url, ':') : NULL;
    if (!path || !absolute(path + 1, self->path, sizeof self->path)) {
        free(self);
        return fail(error, WEIR_E_CONFIG, "acme.no_path", "/url", "acme: the URL names no file");
    }
    *out = (weir_instance *)self;
    return WEIR_OK;
}
static void destroy(weir_instance *handle) { free(handle); }

static weir_status describe(weir_instance *handle, const weir_out *out, weir_error *error) {
    char text[8300] = "{\"identity\":\"acme:";
    size_t size = strlen(text);
    (void)error;
    for (const char *at = ((const instance *)handle)->path; *at; ++at) {
        if (*at == '"' || *at == '\\') text[size++] = '\\';
        text[size++] = *at;
    }
    memcpy(text + size, "\"}", 2);
    return out->write(out->ctx, text, size + 2);
}

static int matches(const char *pattern, const char *text) {
    if (*pattern == '*')
        return matches(pattern + 1, text) || (*text && matches(pattern, text + 1));
    if (*pattern == '\0' || *text == '\0') return *pattern == *text;
    return (*pattern == '?' || *pattern == *text) && matches(pattern + 1, text + 1);
}

static weir_status discover(weir_instance *handle, const weir_call *call, const char *pattern,
                            const weir_catalog *catalog, weir_error *error) {
    static const int all[FIELDS] = {FIELD_AT, FIELD_TEXT};
    static const weir_stream stream = {
        sizeof stream, WEIR_READ_FULL | WEIR_READ_DELTA, "lines",
        "{\"target\":\"lines\",\"keys\":[[\"at\"]],"
        "\"fields\":[{\"name\":\"at\",\"type\":\"integer\",\"nullable\":false},"
        "{\"name\":\"text\",\"type\":\"text\",\"nullable\":false}],"
        "\"tracking\":[{\"field\":\"at\",\"type\":\"integer\",\"notes\":[\"only grows\"]}],"
        "\"cursors\":{\"at\":{\"kind\":\"id\",\"updates\":false,\"indexed\":true}},"
        "\"caveats\":[]}"};
    const instance *self = (const instance *)handle;
    (void)call;
    FILE *file = fopen(self->path, "rb");  // says what is wrong before anybody reads
    if (!file)
        return fail(error, WEIR_E_NOT_FOUND, "acme.no_file", "/url", "acme: cannot open %s",
                    self->path);
    fclose(file);
    if (pattern && (strlen(pattern) > 64 || !matches(pattern, "lines"))) return WEIR_OK;
    struct ArrowSchema fields;
    weir_status status = write_schema(all, FIELDS, &fields);
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

static const weir_component component = {.struct_size = sizeof component,
                                         .roles = WEIR_ROLE_SOURCE,
                                         .id = "acme",
                                         .title = "Lines of a text file",
                                         .config_schema = config_schema,
                                         .meta_json = "{\"schemes\":[\"acme\"]}",
                                         .create = create,
                                         .destroy = destroy,
                                         .iface = iface};
static const weir_component *const components[] = {&component};
static const weir_module module = {.struct_size = sizeof module,
                                   .abi_major = WEIR_ABI_MAJOR,
                                   .abi_minor = WEIR_ABI_MINOR,
                                   .id = "com.example.acme",
                                   .version = "0.1.0",
                                   .component_count = 1,
                                   .components = components};

const weir_module *weir_module_entry(uint32_t major, uint32_t minor) {
    return major == WEIR_ABI_MAJOR && minor == WEIR_ABI_MINOR ? &module : NULL;
}
