/* One module that breaks one rule, chosen by a macro when it is built. */
#include <string.h>
#include <weir/sink.h>
#include <weir/source.h>

#ifdef FAULT_EXTRA_EXPORT
WEIR_EXPORT int also_exported(void) { return 1; }
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
    (void)instance, (void)call, (void)read, (void)out, (void)error;
    return WEIR_E_UNSUPPORTED;
}
static weir_status schema(weir_reader* reader, struct ArrowSchema* out, weir_error* error) {
    (void)reader, (void)out, (void)error;
    return WEIR_E_UNSUPPORTED;
}
#ifndef FAULT_NULL_NEXT
static weir_status next(weir_reader* reader, const weir_call* call, weir_batch* out,
                        weir_error* error) {
    (void)reader, (void)call, (void)out, (void)error;
    return WEIR_END;
}
#endif
static void close_reader(weir_reader* reader) { (void)reader; }

/* What a later minor could look like: members that this host does not know. */
struct longer_source {
    weir_source known;
    void (*later)(void);
    uint64_t more[8];
};
static const struct longer_source source = {{
#if defined FAULT_LONG_STRUCTS
                                                sizeof(struct longer_source),
#elif defined FAULT_SHORT_SOURCE
                                                 offsetof(weir_source, interrupt),
#else
                                                 sizeof(weir_source),
#endif
                                                0, discover, open_reader, schema,
#ifdef FAULT_NULL_NEXT
                                                NULL,
#else
                                                 next,
#endif
                                                NULL, close_reader},
                                            NULL,
                                            {0}};

static const void* iface(const char* id) {
#ifdef FAULT_NO_TABLE
    (void)id, (void)source;
    return NULL;
#else
    return strcmp(id, "weir.source/1") == 0 ? &source : NULL;
#endif
}

#ifdef FAULT_BAD_SCHEMA
#define CONFIG_SCHEMA "{\"type\":\"object\",\"oneOf\":[]}"
#elif defined FAULT_NO_JSON
#define CONFIG_SCHEMA "{"
#else
#define CONFIG_SCHEMA "{\"type\":\"object\"}"
#endif

#ifdef FAULT_ODD_ID
#define COMPONENT_ID "A b/../"
#else
#define COMPONENT_ID "faulty"
#endif
#ifdef FAULT_ODD_TITLE
#define TITLE "Fau\xfflty"
#else
#define TITLE "Faulty"
#endif
#if defined FAULT_ODD_SCHEMES
#define META "{\"schemes\":5}"
#elif defined FAULT_ODD_PLACEMENT
#define META "{\"placement\":\"moon\"}"
#else
#define META NULL
#endif
#ifdef FAULT_ODD_MODULE_ID
#define MODULE_ID "dev.\x1b[31m"
#else
#define MODULE_ID "dev.weir.test.faulty"
#endif

static const weir_component component = {
#ifdef FAULT_SHORT_COMPONENT
    offsetof(weir_component, iface),
#else
    sizeof(weir_component),
#endif
    0,
#ifdef FAULT_NO_ROLE
    0,
#elif defined FAULT_SINK_WITHOUT_TABLE
    WEIR_ROLE_SOURCE | WEIR_ROLE_SINK,
#else
    WEIR_ROLE_SOURCE,
#endif
    0,
    COMPONENT_ID,
    TITLE,
    CONFIG_SCHEMA,
    META,
#ifdef FAULT_NULL_CREATE
    NULL,
#else
    create,
#endif
    destroy,
    iface};

#ifdef FAULT_NULL_CREATE
static void* const unused_create = (void*)create;
#endif

static const weir_component* const components[] = {&component, &component};
struct longer_module {
    weir_module known;
    uint64_t more[8];
};
static const struct longer_module module = {{
#if defined FAULT_LONG_STRUCTS
                                                sizeof(struct longer_module),
#elif defined FAULT_SHORT_MODULE
                                                 offsetof(weir_module, components),
#else
                                                 sizeof(weir_module),
#endif
                                                0,
#ifdef FAULT_MAJOR
                                                WEIR_ABI_MAJOR + 1,
#else
                                                 WEIR_ABI_MAJOR,
#endif
#ifdef FAULT_MINOR
                                                WEIR_ABI_MINOR + 1,
#else
                                                 WEIR_ABI_MINOR,
#endif
#ifdef FAULT_NO_ID
                                                NULL,
#else
                                                 MODULE_ID,
#endif
                                                "1.0.0",
#ifdef FAULT_TWICE
                                                2,
#else
                                                 1,
#endif
                                                0, components},
                                            {0}};

const weir_module* weir_module_entry(uint32_t major, uint32_t minor) {
    (void)major, (void)minor;
#ifdef FAULT_NULL_CREATE
    (void)unused_create;
#endif
#ifdef FAULT_NULL_MODULE
    return (void)module, NULL;
#else
    return &module.known;
#endif
}
