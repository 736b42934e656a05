/* A connector in C11, from the headers alone: a source of one stream without rows. */
#include <stdlib.h>
#include <string.h>
#include <weir/source.h>

#ifndef PLAIN_ID
#define PLAIN_ID "dev.weir.test.plain"
#endif
#ifndef PLAIN_COMPONENT
#define PLAIN_COMPONENT "plain"
#endif
#ifndef PLAIN_META
#define PLAIN_META "{\"schemes\":[\"" PLAIN_COMPONENT "\"]}"
#endif

static int anything;

static weir_status create(const weir_host* host, const char* config, weir_instance** out,
                          weir_error* error) {
    (void)host, (void)config, (void)error;
    *out = (weir_instance*)&anything;
    return WEIR_OK;
}
static void destroy(weir_instance* instance) { (void)instance; }

static weir_status discover(weir_instance* instance, const weir_call* call, const char* pattern,
                            const weir_catalog* catalog, weir_error* error) {
    (void)instance, (void)call, (void)pattern, (void)catalog, (void)error;
    return WEIR_OK;
}
static weir_status open_reader(weir_instance* instance, const weir_call* call,
                               const weir_read* read, weir_reader** out, weir_error* error) {
    (void)instance, (void)call, (void)read, (void)error;
    *out = (weir_reader*)&anything;
    return WEIR_OK;
}
static void release(struct ArrowSchema* schema) { schema->release = NULL; }
static weir_status schema(weir_reader* reader, struct ArrowSchema* out, weir_error* error) {
    (void)reader, (void)error;
    memset(out, 0, sizeof *out);
    out->format = "+s";
    out->name = "";
    out->release = release;
    return WEIR_OK;
}
static weir_status next(weir_reader* reader, const weir_call* call, weir_batch* out,
                        weir_error* error) {
    (void)reader, (void)call, (void)out, (void)error;
    return WEIR_END;
}
static void close_reader(weir_reader* reader) { (void)reader; }

static const weir_source source = {
    sizeof(weir_source), 0, discover, open_reader, schema, next, NULL, close_reader};

static const void* iface(const char* id) {
    return strcmp(id, "weir.source/1") == 0 ? &source : NULL;
}

static const weir_component component = {sizeof(weir_component),
                                         0,
                                         WEIR_ROLE_SOURCE,
                                         0,
                                         PLAIN_COMPONENT,
                                         "Plain",
                                         "{\"type\":\"object\",\"properties\":{\"url\":{\"type\":"
                                         "\"string\"}},\"additionalProperties\":false}",
                                         PLAIN_META,
                                         create,
                                         destroy,
                                         iface};
static const weir_component* const components[] = {&component};
static const weir_module module = {
    sizeof(weir_module), 0, WEIR_ABI_MAJOR, WEIR_ABI_MINOR, PLAIN_ID, "1.0.0", 1, 0, components};

const weir_module* weir_module_entry(uint32_t major, uint32_t minor) {
    (void)major, (void)minor;
    return &module;
}
