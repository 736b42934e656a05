/* An ADBC driver of version 1.0 that opens anything and can do nothing: what a call is missing for,
   or fails for, is told by the option "fails". Offsets are those of the specification. */
#include <stdint.h>
#include <string.h>

enum { ok = 0, unknown = 1, not_implemented = 2 };
enum { version_1_0 = 1000000 };
enum { words_1_0 = 29, words_1_1 = 58 };

struct error {
    char *message;
    int32_t vendor_code;
    char sqlstate[5];
    void (*release)(struct error *);
};

static int is_lacking, is_failing;

static void let(struct error *error) { error->release = 0; }
static void say(struct error *error, const char *text) {
    error->message = (char *)text;
    error->release = let;
}
static uint8_t well(void *object, struct error *error) {
    (void)object;
    (void)error;
    return ok;
}
static uint8_t option(void *object, const char *name, const char *value, struct error *error) {
    (void)object;
    (void)error;
    if (strcmp(name, "fails") == 0) is_failing = value[0] == '1';
    if (strcmp(name, "lacks") == 0) is_lacking = value[0] == '1';
    return ok;
}
static uint8_t connect(void *connection, void *database, struct error *error) {
    (void)connection;
    (void)database;
    (void)error;
    return ok;
}
static uint8_t objects(void *connection, int depth, const char *a, const char *b, const char *c,
                       const char **d, const char *e, void *out, struct error *error) {
    (void)connection, (void)depth, (void)a, (void)b, (void)c, (void)d, (void)e, (void)out;
    if (is_lacking) return not_implemented;
    say(error, "the moon is wrong\nwith a second line");
    return unknown;
}

/* An entry point that takes no version. */
__attribute__((visibility("default"))) uint8_t refuses(int version, void *driver,
                                                       struct error *error) {
    (void)version, (void)driver, (void)error;
    return not_implemented;
}

__attribute__((visibility("default"))) uint8_t AdbcDriverInit(int version, void *driver,
                                                              struct error *error) {
    void **table = driver;
    if (version != version_1_0) {
        say(error, "only 1.0");
        /* A driver may have written before it said so. */
        table[words_1_1 - 1] = driver;
        return not_implemented;
    }
    table[3] = (void *)well;    /* DatabaseInit */
    table[4] = (void *)well;    /* DatabaseNew */
    table[5] = (void *)option;  /* DatabaseSetOption */
    table[6] = (void *)well;    /* DatabaseRelease */
    table[9] = (void *)objects; /* ConnectionGetObjects */
    table[12] = (void *)connect;
    table[13] = (void *)well; /* ConnectionNew */
    table[16] = (void *)well; /* ConnectionRelease */
    table[words_1_0] = driver; /* beyond what it may write: must not be called */
    return ok;
}
