// The ABI as revision 0.1 fixed it: every offset, size, type and constant, written by `keep`.
// What fails here would break plugins that are built already. A struct may have grown at its end.
#include <weir/abi.h>
#include <weir/arrow.h>
#include <weir/host.h>
#include <weir/module.h>
#include <weir/service.h>
#include <weir/sink.h>
#include <weir/source.h>

// clang-format off
#define SIZE_AT_LEAST(type, size) _Static_assert(sizeof(type) >= size, #type " has shrunk")
#define SIZE_EXACTLY(type, size) _Static_assert(sizeof(type) == size, #type " has another size")
#define MEMBER(type, member, offset, is)                                                    \
    _Static_assert(offsetof(type, member) == offset, #type "." #member " has moved");       \
    _Static_assert(_Generic(&((type *)0)->member, is: 1, default: 0),                       \
                   #type "." #member " has another type")
#define VALUE(name, value) _Static_assert(name == value, #name " has another value")

VALUE(WEIR_OK, 0);
VALUE(WEIR_END, 1);
VALUE(WEIR_E_INTERNAL, -1);
VALUE(WEIR_E_UNSUPPORTED, -2);
VALUE(WEIR_E_CONFIG, -3);
VALUE(WEIR_E_AUTH, -4);
VALUE(WEIR_E_NOT_FOUND, -5);
VALUE(WEIR_E_CONFLICT, -6);
VALUE(WEIR_E_DATA, -7);
VALUE(WEIR_E_IO, -8);
VALUE(WEIR_E_TIMEOUT, -9);
VALUE(WEIR_E_CANCELLED, -10);
VALUE(WEIR_E_BUSY, -11);
VALUE(WEIR_E_NOMEM, -12);
VALUE(WEIR_E_STATE, -13);
VALUE(WEIR_E_FENCED, -14);
VALUE(WEIR_E_SCHEMA, -15);
VALUE(WEIR_ERR_RETRYABLE, 1);
VALUE(WEIR_ERR_FINAL, 2);
VALUE(WEIR_METRIC_COUNTER, 1);
VALUE(WEIR_METRIC_GAUGE, 2);
VALUE(WEIR_ROLE_SOURCE, 1);
VALUE(WEIR_ROLE_SINK, 2);
VALUE(WEIR_ROLE_SERVICE, 8);
VALUE(WEIR_WRITE_APPEND, 1);
VALUE(WEIR_WRITE_UPSERT, 2);
VALUE(WEIR_WRITE_REPLACE, 3);
VALUE(WEIR_WRITE_KEYS, 4);
VALUE(WEIR_PREPARE_DRY_RUN, 1);
VALUE(WEIR_BEGIN_STAGED, 1);
VALUE(WEIR_BEGIN_RESET, 2);
VALUE(WEIR_BEGIN_LOOK, 4);
VALUE(WEIR_COMMIT_FINAL, 1);
VALUE(WEIR_COMMIT_KEEPS_CURSOR, 2);
VALUE(WEIR_SWEEP_DRY_RUN, 1);
VALUE(WEIR_SWEEP_SHARED, 2);
VALUE(WEIR_READ_FULL, 1);
VALUE(WEIR_READ_DELTA, 2);
VALUE(WEIR_BATCH_CURSOR, 1);
VALUE(WEIR_BATCH_SCHEMA, 2);
VALUE(ARROW_FLAG_DICTIONARY_ORDERED, 1);
VALUE(ARROW_FLAG_MAP_KEYS_SORTED, 4);
VALUE(ARROW_FLAG_NULLABLE, 2);
VALUE(WEIR_REVISION_ANY, UINT64_MAX);
_Static_assert(_Generic((weir_status)0, int32_t: 1, default: 0), "weir_status");

SIZE_AT_LEAST(struct weir_error, 1480);
MEMBER(struct weir_error, struct_size, 0, uint32_t *);
MEMBER(struct weir_error, flags, 4, uint32_t *);
MEMBER(struct weir_error, native_code, 8, int32_t *);
MEMBER(struct weir_error, reserved, 12, int32_t *);
MEMBER(struct weir_error, retry_after_ms, 16, int64_t *);
MEMBER(struct weir_error, sqlstate, 24, char (*)[8]);
MEMBER(struct weir_error, code, 32, char (*)[48]);
MEMBER(struct weir_error, where, 80, char (*)[120]);
MEMBER(struct weir_error, message, 200, char (*)[1024]);
MEMBER(struct weir_error, suggestion, 1224, char (*)[256]);

SIZE_AT_LEAST(struct weir_out, 24);
MEMBER(struct weir_out, struct_size, 0, uint32_t *);
MEMBER(struct weir_out, flags, 4, uint32_t *);
MEMBER(struct weir_out, ctx, 8, void **);
MEMBER(struct weir_out, write, 16, weir_status (**)(void *, const void *, size_t));

SIZE_AT_LEAST(struct weir_call, 32);
MEMBER(struct weir_call, struct_size, 0, uint32_t *);
MEMBER(struct weir_call, flags, 4, uint32_t *);
MEMBER(struct weir_call, ctx, 8, void **);
MEMBER(struct weir_call, cancelled, 16, int32_t (**)(const weir_call *));
MEMBER(struct weir_call, remaining_ms, 24, int64_t (**)(const weir_call *));

SIZE_EXACTLY(struct ArrowSchema, 72);
MEMBER(struct ArrowSchema, format, 0, const char **);
MEMBER(struct ArrowSchema, name, 8, const char **);
MEMBER(struct ArrowSchema, metadata, 16, const char **);
MEMBER(struct ArrowSchema, flags, 24, int64_t *);
MEMBER(struct ArrowSchema, n_children, 32, int64_t *);
MEMBER(struct ArrowSchema, children, 40, struct ArrowSchema ***);
MEMBER(struct ArrowSchema, dictionary, 48, struct ArrowSchema **);
MEMBER(struct ArrowSchema, release, 56, void (**)(struct ArrowSchema *));
MEMBER(struct ArrowSchema, private_data, 64, void **);

SIZE_EXACTLY(struct ArrowArray, 80);
MEMBER(struct ArrowArray, length, 0, int64_t *);
MEMBER(struct ArrowArray, null_count, 8, int64_t *);
MEMBER(struct ArrowArray, offset, 16, int64_t *);
MEMBER(struct ArrowArray, n_buffers, 24, int64_t *);
MEMBER(struct ArrowArray, n_children, 32, int64_t *);
MEMBER(struct ArrowArray, buffers, 40, const void ***);
MEMBER(struct ArrowArray, children, 48, struct ArrowArray ***);
MEMBER(struct ArrowArray, dictionary, 56, struct ArrowArray **);
MEMBER(struct ArrowArray, release, 64, void (**)(struct ArrowArray *));
MEMBER(struct ArrowArray, private_data, 72, void **);

SIZE_AT_LEAST(struct weir_rejects, 24);
MEMBER(struct weir_rejects, struct_size, 0, uint32_t *);
MEMBER(struct weir_rejects, flags, 4, uint32_t *);
MEMBER(struct weir_rejects, ctx, 8, void **);
MEMBER(struct weir_rejects, add, 16, weir_status (**)(void *, int64_t, weir_status, const weir_error
       *));

SIZE_AT_LEAST(struct weir_host, 48);
MEMBER(struct weir_host, struct_size, 0, uint32_t *);
MEMBER(struct weir_host, flags, 4, uint32_t *);
MEMBER(struct weir_host, abi_major, 8, uint32_t *);
MEMBER(struct weir_host, abi_minor, 12, uint32_t *);
MEMBER(struct weir_host, version, 16, const char **);
MEMBER(struct weir_host, instance, 24, const char **);
MEMBER(struct weir_host, ctx, 32, void **);
MEMBER(struct weir_host, service, 40, const void *(**)(const weir_host *, const char *));

SIZE_AT_LEAST(struct weir_log, 24);
MEMBER(struct weir_log, struct_size, 0, uint32_t *);
MEMBER(struct weir_log, flags, 4, uint32_t *);
MEMBER(struct weir_log, log, 8, void (**)(const weir_host *, int32_t, const char *));
MEMBER(struct weir_log, enabled, 16, int32_t (**)(const weir_host *, int32_t));

SIZE_AT_LEAST(struct weir_clock, 32);
MEMBER(struct weir_clock, struct_size, 0, uint32_t *);
MEMBER(struct weir_clock, flags, 4, uint32_t *);
MEMBER(struct weir_clock, unix_us, 8, int64_t (**)(const weir_host *));
MEMBER(struct weir_clock, monotonic_ns, 16, int64_t (**)(const weir_host *));
MEMBER(struct weir_clock, started_us, 24, int64_t (**)(const weir_host *));

SIZE_AT_LEAST(struct weir_metrics, 24);
MEMBER(struct weir_metrics, struct_size, 0, uint32_t *);
MEMBER(struct weir_metrics, flags, 4, uint32_t *);
MEMBER(struct weir_metrics, define, 8, weir_status (**)(const weir_host *, uint32_t, const char *,
       const char *, uint64_t *));
MEMBER(struct weir_metrics, record, 16, void (**)(const weir_host *, uint64_t, double));

SIZE_AT_LEAST(struct weir_docs, 24);
MEMBER(struct weir_docs, struct_size, 0, uint32_t *);
MEMBER(struct weir_docs, flags, 4, uint32_t *);
MEMBER(struct weir_docs, ctx, 8, void **);
MEMBER(struct weir_docs, add, 16, weir_status (**)(void *, const char *, uint64_t, const char *));

SIZE_AT_LEAST(struct weir_store, 48);
MEMBER(struct weir_store, struct_size, 0, uint32_t *);
MEMBER(struct weir_store, flags, 4, uint32_t *);
MEMBER(struct weir_store, get, 8, weir_status (**)(const weir_host *, const weir_call *, const char
       *, const char *, const weir_out *, uint64_t *, weir_error *));
MEMBER(struct weir_store, put, 16, weir_status (**)(const weir_host *, const weir_call *, const char
       *, const char *, const char *, uint64_t, uint64_t *, weir_error *));
MEMBER(struct weir_store, del, 24, weir_status (**)(const weir_host *, const weir_call *, const char
       *, const char *, uint64_t, weir_error *));
MEMBER(struct weir_store, list, 32, weir_status (**)(const weir_host *, const weir_call *, const
       char *, const char *, const char *, uint32_t, const weir_docs *, weir_error *));
MEMBER(struct weir_store, apply, 40, weir_status (**)(const weir_host *, const weir_call *, const
       char *, weir_error *));

SIZE_AT_LEAST(struct weir_secrets, 24);
MEMBER(struct weir_secrets, struct_size, 0, uint32_t *);
MEMBER(struct weir_secrets, flags, 4, uint32_t *);
MEMBER(struct weir_secrets, put, 8, weir_status (**)(const weir_host *, const weir_call *, const
       char *, const void *, size_t, weir_error *));
MEMBER(struct weir_secrets, del, 16, weir_status (**)(const weir_host *, const weir_call *, const
       char *, weir_error *));

SIZE_AT_LEAST(struct weir_timer, 24);
MEMBER(struct weir_timer, struct_size, 0, uint32_t *);
MEMBER(struct weir_timer, flags, 4, uint32_t *);
MEMBER(struct weir_timer, arm, 8, weir_status (**)(const weir_host *, int64_t, weir_error *));
MEMBER(struct weir_timer, disarm, 16, weir_status (**)(const weir_host *, weir_error *));

SIZE_AT_LEAST(struct weir_bus, 24);
MEMBER(struct weir_bus, struct_size, 0, uint32_t *);
MEMBER(struct weir_bus, flags, 4, uint32_t *);
MEMBER(struct weir_bus, publish, 8, weir_status (**)(const weir_host *, const weir_call *, const
       char *, const char *, const void *, size_t, weir_error *));
MEMBER(struct weir_bus, invoke, 16, weir_status (**)(const weir_host *, const weir_call *, const
       char *, const char *, const void *, size_t, const weir_out *, weir_error *));

SIZE_AT_LEAST(struct weir_component, 72);
MEMBER(struct weir_component, struct_size, 0, uint32_t *);
MEMBER(struct weir_component, flags, 4, uint32_t *);
MEMBER(struct weir_component, roles, 8, uint32_t *);
MEMBER(struct weir_component, reserved, 12, uint32_t *);
MEMBER(struct weir_component, id, 16, const char **);
MEMBER(struct weir_component, title, 24, const char **);
MEMBER(struct weir_component, config_schema, 32, const char **);
MEMBER(struct weir_component, meta_json, 40, const char **);
MEMBER(struct weir_component, create, 48, weir_status (**)(const weir_host *, const char *,
       weir_instance **, weir_error *));
MEMBER(struct weir_component, destroy, 56, void (**)(weir_instance *));
MEMBER(struct weir_component, iface, 64, const void *(**)(const char *));

SIZE_AT_LEAST(struct weir_module, 48);
MEMBER(struct weir_module, struct_size, 0, uint32_t *);
MEMBER(struct weir_module, flags, 4, uint32_t *);
MEMBER(struct weir_module, abi_major, 8, uint32_t *);
MEMBER(struct weir_module, abi_minor, 12, uint32_t *);
MEMBER(struct weir_module, id, 16, const char **);
MEMBER(struct weir_module, version, 24, const char **);
MEMBER(struct weir_module, component_count, 32, uint32_t *);
MEMBER(struct weir_module, reserved, 36, uint32_t *);
MEMBER(struct weir_module, components, 40, const weir_component *const **);

SIZE_AT_LEAST(struct weir_lifecycle, 24);
MEMBER(struct weir_lifecycle, struct_size, 0, uint32_t *);
MEMBER(struct weir_lifecycle, flags, 4, uint32_t *);
MEMBER(struct weir_lifecycle, describe, 8, weir_status (**)(weir_instance *, const weir_out *,
       weir_error *));
MEMBER(struct weir_lifecycle, interrupt, 16, void (**)(weir_instance *));

SIZE_AT_LEAST(struct weir_http, 112);
MEMBER(struct weir_http, struct_size, 0, uint32_t *);
MEMBER(struct weir_http, flags, 4, uint32_t *);
MEMBER(struct weir_http, ctx, 8, void **);
MEMBER(struct weir_http, method, 16, const char **);
MEMBER(struct weir_http, path, 24, const char **);
MEMBER(struct weir_http, query, 32, const char **);
MEMBER(struct weir_http, principal_json, 40, const char **);
MEMBER(struct weir_http, request_id, 48, const char **);
MEMBER(struct weir_http, body, 56, const char **);
MEMBER(struct weir_http, body_size, 64, size_t *);
MEMBER(struct weir_http, header, 72, const char *(**)(const weir_http *, const char *));
MEMBER(struct weir_http, param, 80, const char *(**)(const weir_http *, const char *));
MEMBER(struct weir_http, status, 88, weir_status (**)(const weir_http *, uint32_t));
MEMBER(struct weir_http, set_header, 96, weir_status (**)(const weir_http *, const char *, const
       char *));
MEMBER(struct weir_http, write, 104, weir_status (**)(const weir_http *, const void *, size_t));

SIZE_AT_LEAST(struct weir_service, 56);
MEMBER(struct weir_service, struct_size, 0, uint32_t *);
MEMBER(struct weir_service, flags, 4, uint32_t *);
MEMBER(struct weir_service, on_http, 8, weir_status (**)(weir_instance *, const weir_call *, const
       char *, const weir_http *, weir_error *));
MEMBER(struct weir_service, on_event, 16, weir_status (**)(weir_instance *, const weir_call *, const
       char *, const char *, const void *, size_t, weir_error *));
MEMBER(struct weir_service, on_invoke, 24, weir_status (**)(weir_instance *, const weir_call *,
       const char *, const char *, const char *, const void *, size_t, const weir_out *, weir_error
       *));
MEMBER(struct weir_service, on_timer, 32, weir_status (**)(weir_instance *, const weir_call *,
       int64_t, int64_t, weir_error *));
MEMBER(struct weir_service, start, 40, weir_status (**)(weir_instance *, const weir_call *,
       weir_error *));
MEMBER(struct weir_service, stop, 48, weir_status (**)(weir_instance *, const weir_call *,
       weir_error *));

SIZE_AT_LEAST(struct weir_target, 32);
MEMBER(struct weir_target, struct_size, 0, uint32_t *);
MEMBER(struct weir_target, flags, 4, uint32_t *);
MEMBER(struct weir_target, write_mode, 8, uint32_t *);
MEMBER(struct weir_target, reserved, 12, uint32_t *);
MEMBER(struct weir_target, name, 16, const char **);
MEMBER(struct weir_target, spec_json, 24, const char **);

SIZE_AT_LEAST(struct weir_begin, 48);
MEMBER(struct weir_begin, struct_size, 0, uint32_t *);
MEMBER(struct weir_begin, flags, 4, uint32_t *);
MEMBER(struct weir_begin, target, 8, const weir_target **);
MEMBER(struct weir_begin, job, 16, const char **);
MEMBER(struct weir_begin, stream, 24, const char **);
MEMBER(struct weir_begin, run_id, 32, const char **);
MEMBER(struct weir_begin, spec_json, 40, const char **);

SIZE_AT_LEAST(struct weir_refusals, 32);
MEMBER(struct weir_refusals, struct_size, 0, uint32_t *);
MEMBER(struct weir_refusals, flags, 4, uint32_t *);
MEMBER(struct weir_refusals, ctx, 8, void **);
MEMBER(struct weir_refusals, add, 16, weir_status (**)(void *, const struct ArrowSchema *, const
       struct ArrowArray *, weir_status, const weir_error *));
MEMBER(struct weir_refusals, keep, 24, weir_status (**)(void *));

SIZE_AT_LEAST(struct weir_commit, 56);
MEMBER(struct weir_commit, struct_size, 0, uint32_t *);
MEMBER(struct weir_commit, flags, 4, uint32_t *);
MEMBER(struct weir_commit, cursor, 8, const char **);
MEMBER(struct weir_commit, cursor_size, 16, size_t *);
MEMBER(struct weir_commit, rows, 24, uint64_t *);
MEMBER(struct weir_commit, deleted, 32, uint64_t *);
MEMBER(struct weir_commit, spec_json, 40, const char **);
MEMBER(struct weir_commit, refusals, 48, const weir_refusals **);

SIZE_AT_LEAST(struct weir_keys, 32);
MEMBER(struct weir_keys, struct_size, 0, uint32_t *);
MEMBER(struct weir_keys, flags, 4, uint32_t *);
MEMBER(struct weir_keys, ctx, 8, void **);
MEMBER(struct weir_keys, rows_max, 16, uint64_t *);
MEMBER(struct weir_keys, add, 24, weir_status (**)(void *, const struct ArrowSchema *, const struct
       ArrowArray *));

SIZE_AT_LEAST(struct weir_sweep, 72);
MEMBER(struct weir_sweep, struct_size, 0, uint32_t *);
MEMBER(struct weir_sweep, flags, 4, uint32_t *);
MEMBER(struct weir_sweep, deletes_max, 8, uint64_t *);
MEMBER(struct weir_sweep, is_soft, 16, uint32_t *);
MEMBER(struct weir_sweep, reserved, 20, uint32_t *);
MEMBER(struct weir_sweep, target_rows, 24, uint64_t *);
MEMBER(struct weir_sweep, extra_rows, 32, uint64_t *);
MEMBER(struct weir_sweep, missing_rows, 40, uint64_t *);
MEMBER(struct weir_sweep, drifted_rows, 48, uint64_t *);
MEMBER(struct weir_sweep, deleted_rows, 56, uint64_t *);
MEMBER(struct weir_sweep, missing, 64, const weir_keys **);

SIZE_AT_LEAST(struct weir_sink, 72);
MEMBER(struct weir_sink, struct_size, 0, uint32_t *);
MEMBER(struct weir_sink, flags, 4, uint32_t *);
MEMBER(struct weir_sink, prepare, 8, weir_status (**)(weir_instance *, const weir_call *, const
       weir_target *, const struct ArrowSchema *, uint32_t, const weir_out *, weir_error *));
MEMBER(struct weir_sink, begin, 16, weir_status (**)(weir_instance *, const weir_call *, const
       weir_begin *, uint64_t *, const weir_out *, weir_writer **, weir_error *));
MEMBER(struct weir_sink, write, 24, weir_status (**)(weir_writer *, const weir_call *, const struct
       ArrowSchema *, const struct ArrowArray *, const weir_rejects *, weir_error *));
MEMBER(struct weir_sink, commit, 32, weir_status (**)(weir_writer *, const weir_call *, weir_commit
       *, weir_error *));
MEMBER(struct weir_sink, peek, 40, weir_status (**)(weir_instance *, const weir_call *, const
       weir_begin *, const weir_out *, weir_error *));
MEMBER(struct weir_sink, interrupt, 48, void (**)(weir_writer *));
MEMBER(struct weir_sink, close, 56, void (**)(weir_writer *));
MEMBER(struct weir_sink, sweep, 64, weir_status (**)(weir_writer *, const weir_call *, weir_sweep *,
       weir_error *));

SIZE_AT_LEAST(struct weir_stream, 24);
MEMBER(struct weir_stream, struct_size, 0, uint32_t *);
MEMBER(struct weir_stream, flags, 4, uint32_t *);
MEMBER(struct weir_stream, name, 8, const char **);
MEMBER(struct weir_stream, meta_json, 16, const char **);

SIZE_AT_LEAST(struct weir_catalog, 24);
MEMBER(struct weir_catalog, struct_size, 0, uint32_t *);
MEMBER(struct weir_catalog, flags, 4, uint32_t *);
MEMBER(struct weir_catalog, ctx, 8, void **);
MEMBER(struct weir_catalog, add, 16, weir_status (**)(void *, const weir_stream *, const struct
       ArrowSchema *));

SIZE_AT_LEAST(struct weir_read, 56);
MEMBER(struct weir_read, struct_size, 0, uint32_t *);
MEMBER(struct weir_read, flags, 4, uint32_t *);
MEMBER(struct weir_read, mode, 8, uint32_t *);
MEMBER(struct weir_read, rows_max, 12, uint32_t *);
MEMBER(struct weir_read, bytes_max, 16, uint64_t *);
MEMBER(struct weir_read, stream, 24, const char **);
MEMBER(struct weir_read, select_json, 32, const char **);
MEMBER(struct weir_read, cursor, 40, const char **);
MEMBER(struct weir_read, cursor_size, 48, size_t *);

SIZE_AT_LEAST(struct weir_batch, 104);
MEMBER(struct weir_batch, struct_size, 0, uint32_t *);
MEMBER(struct weir_batch, flags, 4, uint32_t *);
MEMBER(struct weir_batch, cursor, 8, const char **);
MEMBER(struct weir_batch, cursor_size, 16, size_t *);
MEMBER(struct weir_batch, array, 24, struct ArrowArray *);

SIZE_AT_LEAST(struct weir_source, 56);
MEMBER(struct weir_source, struct_size, 0, uint32_t *);
MEMBER(struct weir_source, flags, 4, uint32_t *);
MEMBER(struct weir_source, discover, 8, weir_status (**)(weir_instance *, const weir_call *, const
       char *, const weir_catalog *, weir_error *));
MEMBER(struct weir_source, open, 16, weir_status (**)(weir_instance *, const weir_call *, const
       weir_read *, weir_reader **, weir_error *));
MEMBER(struct weir_source, schema, 24, weir_status (**)(weir_reader *, struct ArrowSchema *,
       weir_error *));
MEMBER(struct weir_source, next, 32, weir_status (**)(weir_reader *, const weir_call *, weir_batch
       *, weir_error *));
MEMBER(struct weir_source, interrupt, 40, void (**)(weir_reader *));
MEMBER(struct weir_source, close, 48, void (**)(weir_reader *));

_Static_assert(_Generic(&weir_module_entry, const weir_module *(*)(uint32_t, uint32_t): 1, default:
       0), "weir_module_entry");
