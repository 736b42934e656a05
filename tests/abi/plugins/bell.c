/* A service in C11, from the headers alone: one route, one method, and nothing else. */
#include <stdlib.h>
#include <string.h>
#include <weir/host.h>
#include <weir/module.h>
#include <weir/service.h>

#ifndef BELL_ID
#define BELL_ID "dev.weir.test.bell"
#endif
#ifndef BELL_COMPONENT
#define BELL_COMPONENT "bell"
#endif
#ifndef BELL_META
#define BELL_META                                                                                 \
    "{\"mounts\":[\"/bell\"],\"routes\":[{\"id\":\"ring\",\"method\":\"POST\",\"path\":\"/bell/" \
    "{tone}\",\"scope\":\"run\"}],\"provides\":[\"bell/1\"],\"methods\":[{\"service\":\"bell/1\"," \
    "\"method\":\"rings\"}],\"requires\":[\"weir.store/1\"]}"
#endif

struct bell {
    const weir_host* host;
    const weir_store* store;
};

static weir_status fail(weir_error* error, weir_status status, const char* code,
                        const char* message) {
    if (WEIR_FITS(error, weir_error, message)) {
        strncpy(error->code, code, sizeof error->code - 1);
        strncpy(error->message, message, sizeof error->message - 1);
    }
    return status;
}

static weir_status create(const weir_host* host, const char* config, weir_instance** out,
                          weir_error* error) {
    (void)config;
    struct bell* made = malloc(sizeof *made);
    if (!made) return WEIR_E_NOMEM;
    made->host = host;
    made->store = host->service(host, "weir.store/1");
    if (!WEIR_HAS(made->store, weir_store, put)) {
        free(made);
        return fail(error, WEIR_E_UNSUPPORTED, "bell.no_store", "the host offers no weir.store/1");
    }
    *out = (weir_instance*)made;
    return WEIR_OK;
}
static void destroy(weir_instance* instance) { free(instance); }

static weir_status on_http(weir_instance* instance, const weir_call* call, const char* route,
                           const weir_http* http, weir_error* error) {
    struct bell* bell = (struct bell*)instance;
    (void)route;
    const char* tone = http->param(http, "tone");
    if (strcmp(tone, "crack") == 0)
        return fail(error, WEIR_E_CONFLICT, "bell.cracked", "the bell is cracked");
    uint64_t revision = 0;
    weir_status status = bell->store->put(bell->host, call, "rings", tone, "{\"rung\":true}",
                                          WEIR_REVISION_ANY, &revision, error);
    if (status < 0) return status;
    http->status(http, 200);
    http->write(http, "{\"tone\":\"", 9);
    http->write(http, tone, strlen(tone));
    http->write(http, "\"}", 2);
    return WEIR_OK;
}

static weir_status on_invoke(weir_instance* instance, const weir_call* call, const char* caller,
                             const char* service, const char* method, const void* in, size_t size,
                             const weir_out* out, weir_error* error) {
    (void)caller, (void)service, (void)in, (void)size;
    struct bell* bell = (struct bell*)instance;
    uint64_t revision = 0;
    if (strcmp(method, "rings") != 0) {
        weir_status status = bell->store->put(bell->host, call, "rings", method, "{}",
                                              WEIR_REVISION_ANY, &revision, error);
        if (status < 0) return status;
    }
    return out->write(out->ctx, "{\"rings\":1}", 11);
}

static const weir_service service = {
    sizeof(weir_service), 0, on_http, NULL, on_invoke, NULL, NULL, NULL};

static const void* iface(const char* id) {
    return strcmp(id, "weir.service/1") == 0 ? &service : NULL;
}

static const weir_component component = {sizeof(weir_component),
                                         0,
                                         WEIR_ROLE_SERVICE,
                                         0,
                                         BELL_COMPONENT,
                                         "Bell",
                                         "{\"type\":\"object\"}",
                                         BELL_META,
                                         create,
                                         destroy,
                                         iface};
static const weir_component* const components[] = {&component};
static const weir_module module = {
    sizeof(weir_module), 0, WEIR_ABI_MAJOR, WEIR_ABI_MINOR, BELL_ID, "1.0.0", 1, 0, components};

const weir_module* weir_module_entry(uint32_t host_major, uint32_t host_minor) {
    (void)host_major, (void)host_minor;
    return &module;
}
