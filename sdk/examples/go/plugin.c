/* The tables of the plugin, static as the host wants them, and memory that the host may free
   without a step into Go. */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"

void explain(weir_error *error, const char *code, const char *where, const char *message) {
    if (!WEIR_FITS(error, weir_error, message)) return;
    snprintf(error->code, sizeof error->code, "%s", code);
    snprintf(error->where, sizeof error->where, "%s", where);
    snprintf(error->message, sizeof error->message, "%s", message);
}

/* ---- what crosses ---- */

struct schema_block {
    char **names;
    struct ArrowSchema **pointers;
    struct ArrowSchema children[];
};
static void release_field(struct ArrowSchema *field) { field->release = NULL; }
static void release_schema(struct ArrowSchema *schema) {
    struct schema_block *block = schema->private_data;
    for (int64_t i = 0; i < schema->n_children; ++i) free(block->names[i]);
    free(block->names);
    free(block->pointers);
    free(block);
    schema->release = NULL;
}

int make_schema(int count, char **names, const int *is_number, struct ArrowSchema *out) {
    size_t const many = (size_t)count;
    struct schema_block *block = calloc(1, sizeof *block + many * sizeof *block->children);
    struct ArrowSchema **pointers = calloc(many + 1, sizeof *pointers);
    if (!block || !pointers) return free(block), free(pointers), 0;
    block->names = names;
    block->pointers = pointers;
    for (int i = 0; i < count; ++i) {
        pointers[i] = &block->children[i];
        block->children[i] = (struct ArrowSchema){
            .format = is_number[i] ? "l" : "u", .name = names[i], .release = release_field};
    }
    *out = (struct ArrowSchema){.format = "+s",
                                .name = "",
                                .n_children = count,
                                .children = pointers,
                                .release = release_schema,
                                .private_data = block};
    return 1;
}

struct array_column {
    struct ArrowArray array;
    const void *buffers[3];
};
struct array_block {
    const void *none[1];
    struct ArrowArray **pointers;
    struct array_column columns[];
};
static void release_column(struct ArrowArray *column) { column->release = NULL; }
static void release_rows(struct ArrowArray *array) {
    struct array_block *block = array->private_data;
    for (int64_t i = 0; i < array->n_children; ++i) {
        free((void *)block->columns[i].buffers[1]);
        free((void *)block->columns[i].buffers[2]);
    }
    free(block->pointers);
    free(block);
    array->release = NULL;
}

int make_rows(int64_t rows, int count, const struct column *columns, struct ArrowArray *out) {
    size_t const many = (size_t)count;
    struct array_block *block = calloc(1, sizeof *block + many * sizeof *block->columns);
    struct ArrowArray **pointers = calloc(many + 1, sizeof *pointers);
    if (!block || !pointers) return free(block), free(pointers), 0;
    block->pointers = pointers;
    for (int i = 0; i < count; ++i) {
        struct array_column *column = &block->columns[i];
        pointers[i] = &column->array;
        column->buffers[1] = columns[i].values;
        column->buffers[2] = columns[i].text;
        column->array = (struct ArrowArray){.length = rows,
                                            .n_buffers = columns[i].text ? 3 : 2,
                                            .buffers = column->buffers,
                                            .release = release_column};
    }
    *out = (struct ArrowArray){.length = rows,
                               .n_buffers = 1,
                               .n_children = count,
                               .buffers = block->none,
                               .children = pointers,
                               .release = release_rows,
                               .private_data = block};
    return 1;
}

/* ---- the calls of the host; what Go exports knows no const ---- */

static weir_status create(const weir_host *host, const char *config, weir_instance **out,
                          weir_error *error) {
    (void)host;
    return goCreate((char *)config, out, error);
}
static void destroy(weir_instance *instance) { goForget((uintptr_t)instance); }
static weir_status describe(weir_instance *instance, const weir_out *json, weir_error *error) {
    return goDescribe((uintptr_t)instance, (weir_out *)json, error);
}
static weir_status discover(weir_instance *instance, const weir_call *call, const char *pattern,
                            const weir_catalog *catalog, weir_error *error) {
    (void)call;
    return goDiscover((uintptr_t)instance, (char *)pattern, (weir_catalog *)catalog, error);
}
static weir_status open_reader(weir_instance *instance, const weir_call *call,
                               const weir_read *read, weir_reader **out, weir_error *error) {
    (void)call;
    return goOpen((uintptr_t)instance, (weir_read *)read, out, error);
}
static weir_status schema(weir_reader *reader, struct ArrowSchema *out, weir_error *error) {
    return goSchema((uintptr_t)reader, out, error);
}
static weir_status next(weir_reader *reader, const weir_call *call, weir_batch *out,
                        weir_error *error) {
    return goNext((uintptr_t)reader, (weir_call *)call, out, error);
}
static void close_reader(weir_reader *reader) { goForget((uintptr_t)reader); }

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
    .id = "csv",
    .title = "CSV file",
    .config_schema = "{\"type\":\"object\",\"required\":[\"url\"],\"properties\":{\"url\":{"
                     "\"type\":\"string\",\"title\":\"URL\",\"description\":\"A file whose first "
                     "line names the fields: csv:PATH\",\"x-url-file\":true}},"
                     "\"additionalProperties\":false}",
    .meta_json = "{\"schemes\":[\"csv\"]}",
    .create = create,
    .destroy = destroy,
    .iface = iface};
static const weir_component *const components[] = {&component};
static const weir_module module = {.struct_size = sizeof module,
                                   .abi_major = WEIR_ABI_MAJOR,
                                   .abi_minor = WEIR_ABI_MINOR,
                                   .id = "com.example.csv",
                                   .version = "1.0.0",
                                   .component_count = 1,
                                   .components = components};

const weir_module *weir_module_entry(uint32_t major, uint32_t minor) {
    return major == WEIR_ABI_MAJOR && minor == WEIR_ABI_MINOR ? &module : NULL;
}
