// A connector whose tables are written by hand and do what the configuration's "do" says, most of
// it wrong. Without "do" it keeps every rule: two batches of three rows, then the end.
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <weir/host.h>
#include <weir/sink.h>
#include <weir/source.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include <weir/cpp/batch.hpp>

namespace {

struct Odd {
    weir_host const* host;
    std::string deed;
    int wake = ::eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC);
};

struct Reader {
    Odd* odd;
    int batches = 0;
    std::string cursor;
};

bool does(Odd const* odd, char const* deed) { return odd->deed == deed; }
Odd* odd_of(weir_instance* instance) { return reinterpret_cast<Odd*>(instance); }
Reader* reader_of(weir_reader* reader) { return reinterpret_cast<Reader*>(reader); }
Odd* writer_of(weir_writer* writer) { return reinterpret_cast<Odd*>(writer); }

void log(Odd const* odd, char const* text) {
    auto const* table = static_cast<weir_log const*>(odd->host->service(odd->host, "weir.log/1"));
    if (table) table->log(odd->host, 2, text);
}

/// Blocks until interrupted `times` times.
void block(Odd const* odd, int times) {
    log(odd, "inside");
    std::uint64_t value = 0;
    for (int i = 0; i < times; ++i)
        while (::read(odd->wake, &value, sizeof value) < 0) {
        }
}

void unblock(Odd const* odd) {
    std::uint64_t const one = 1;
    while (::write(odd->wake, &one, sizeof one) < 0) {
    }
}

weir::Schema schema_of(Reader const* reader) {
    weir::Schema schema{{"id", weir::Type::int64, false}, {"name", weir::Type::utf8, true}};
    if (does(reader->odd, "schema_twins") || does(reader->odd, "discover_twins"))
        schema[1].name = "id";
    if (does(reader->odd, "new_schema") && reader->batches > 1)
        schema.push_back({"more", weir::Type::boolean, true});
    return schema;
}

[[noreturn]] void throw_out() { throw std::runtime_error{"out of the plugin"}; }

// ---- module ----

weir_status create(weir_host const* host, char const* config, weir_instance** out,
                   weir_error* error) {
    auto* odd = new Odd{host, {}};
    constexpr std::string_view key = "\"do\":\"";
    std::string_view const text{config};
    if (std::size_t const at = text.find(key); at != std::string_view::npos) {
        std::string_view const rest = text.substr(at + key.size());
        odd->deed = rest.substr(0, rest.find('"'));
    }
    if (does(odd, "create_fails") || does(odd, "create_nothing")) {
        bool const fails = does(odd, "create_fails");
        ::close(odd->wake);
        delete odd;
        if (fails) std::strcpy(error->message, "odd: the moon is wrong");
        return fails ? WEIR_E_CONFIG : WEIR_OK;
    }
    if (does(odd, "keeps_thread")) std::thread{[] { ::pause(); }}.detach();
    *out = reinterpret_cast<weir_instance*>(odd);
    return WEIR_OK;
}

void destroy(weir_instance* instance) {
    Odd* odd = odd_of(instance);
    bool const throws = does(odd, "destroy_throws");
    log(odd, "destroyed");
    ::close(odd->wake);
    delete odd;
    if (throws) throw_out();
}

weir_status describe(weir_instance* instance, weir_out const* out, weir_error*) {
    Odd* odd = odd_of(instance);
    if (does(odd, "describe_throws")) throw_out();
    if (does(odd, "describe_list")) return out->write(out->ctx, "[]", 2);
    if (does(odd, "describe_big")) {
        std::string const piece(1 << 20, 'x');
        for (int i = 0; i < 17; ++i) out->write(out->ctx, piece.data(), piece.size());
        return WEIR_OK;
    }
    std::string const answer = does(odd, "describe_nobody") ? R"({"cursor":"atomic"})"
                               : does(odd, "describe_apart") ? R"({"identity":"odd:"})"
                                   : R"({"identity":"odd:","cursor":"atomic"})";
    return out->write(out->ctx, answer.data(), answer.size());
}

// ---- source ----

weir_status discover(weir_instance* instance, weir_call const*, char const* pattern,
                     weir_catalog const* catalog, weir_error*) {
    Odd* odd = odd_of(instance);
    if (does(odd, "discover_blocks")) {
        block(odd, 1);
        return WEIR_E_IO;
    }
    ArrowSchema schema;
    Reader reader{odd, 0, {}};
    weir::export_schema(schema_of(&reader), &schema);
    weir_stream stream{sizeof stream, WEIR_READ_FULL, "things", R"({"target":"things"})"};
    if (pattern) stream.name = pattern;
    if (does(odd, "discover_nameless")) stream.name = nullptr;
    if (does(odd, "discover_meta")) stream.meta_json = "{";
    if (does(odd, "discover_cursors")) stream.meta_json = R"({"target":"things","cursors":["id"]})";
    if (does(odd, "discover_rule")) stream.meta_json = R"({"cursors":{"id":{"updates":"yes"}}})";
    if (does(odd, "discover_keys")) stream.meta_json = R"({"keys":"id"})";
    if (does(odd, "discover_notes")) stream.meta_json = R"({"tracking":[{"notes":[5]}]})";
    // An older plugin, whose struct ends before meta_json.
    if (does(odd, "discover_short")) stream.struct_size = offsetof(weir_stream, meta_json);
    weir_status status = WEIR_OK;
    int const times = does(odd, "discover_many") ? 100'001 : 1;
    for (int i = 0; i < times && status == WEIR_OK; ++i)
        status = catalog->add(catalog->ctx, &stream, &schema);
    schema.release(&schema);
    return status;
}

weir_status open(weir_instance* instance, weir_call const*, weir_read const* read,
                 weir_reader** out, weir_error*) {
    if (does(odd_of(instance), "open_nothing")) return WEIR_OK;
    if (does(odd_of(instance), "open_thread")) std::thread{[] { ::pause(); }}.detach();
    auto* const reader = new Reader{odd_of(instance), 0, {}};
    // What is read again after a failure goes on from the cursor.
    std::string_view const cursor{read->cursor ? read->cursor : "", read->cursor_size};
    if (reader->odd->deed.starts_with("release_") && cursor.starts_with("{\"n\":"))
        reader->batches = cursor[5] - '0';
    *out = reinterpret_cast<weir_reader*>(reader);
    return WEIR_OK;
}

weir_status schema(weir_reader* handle, ArrowSchema* out, weir_error*) {
    Reader* reader = reader_of(handle);
    if (does(reader->odd, "schema_nothing")) return WEIR_OK;
    weir::export_schema(schema_of(reader), out);
    if (does(reader->odd, "schema_format")) out->children[1]->format = "+l";
    if (does(reader->odd, "schema_null_field")) out->children[1] = nullptr;
    if (does(reader->odd, "schema_nameless")) out->children[0]->name = nullptr;
    if (does(reader->odd, "schema_list")) out->format = "+l";
    return WEIR_OK;
}

void (*release_right)(ArrowArray*);

/// As a release must not be, the first time.
void release_throws(ArrowArray* array) {
    release_right(array);
    static bool has_thrown = false;
    if (!std::exchange(has_thrown, true)) throw_out();
}
void release_aborts(ArrowArray*) { std::abort(); }
std::string release_gate;
void release_hangs(ArrowArray* array) {
    release_right(array);
    while (::access(release_gate.c_str(), F_OK) != 0) ::poll(nullptr, 0, 1);
}

/// Breaks one promise of an otherwise right batch.
void spoil(Reader* reader, ArrowArray& array) {
    Odd const* odd = reader->odd;
    ArrowArray& id = *array.children[0];
    ArrowArray& name = *array.children[1];
    auto* offsets = static_cast<std::int32_t*>(const_cast<void*>(name.buffers[1]));
    if (does(odd, "negative_length")) array.length = -1;
    if (does(odd, "top_offset")) array.offset = 1;
    if (does(odd, "top_nulls")) array.null_count = 1;
    if (does(odd, "fewer_columns")) array.n_children = 1;
    if (does(odd, "null_column")) array.children[1] = nullptr;
    if (does(odd, "negative_offset")) id.offset = -1;
    if (does(odd, "short_column")) name.length = 1;
    if (does(odd, "buffers")) id.n_buffers = 3;
    if (does(odd, "too_many_nulls")) id.null_count = 4;
    if (does(odd, "nulls_without_bits")) id.null_count = 1;
    if (does(odd, "no_values")) id.buffers[1] = nullptr;
    if (does(odd, "misaligned")) id.buffers[1] = static_cast<char const*>(id.buffers[1]) + 1;
    if (odd->deed.starts_with("release_")) release_right = array.release;
    if (does(odd, "release_throws")) array.release = release_throws;
    if (does(odd, "release_aborts")) array.release = release_aborts;
    constexpr std::string_view hangs = "release_hangs:";  // until that file is there
    if (odd->deed.starts_with(hangs)) {
        release_gate = odd->deed.substr(hangs.size());
        array.release = release_hangs;
    }
    if (does(odd, "no_buffers")) id.buffers = nullptr;
    if (does(odd, "null_offsets")) name.buffers[1] = nullptr;
    if (does(odd, "far_offset")) name.offset = std::int64_t{1} << 40;
    if (does(odd, "endless_offset")) name.offset = INT64_MAX;
    if (does(odd, "beyond_offset")) id.offset = std::int64_t{1} << 34;
    if (does(odd, "far_text")) offsets[3] = INT32_MAX;
    if (does(odd, "no_text")) name.buffers[2] = nullptr;
    if (does(odd, "falling_text")) offsets[1] = 100;
    if (does(odd, "negative_text")) offsets[0] = -4;
}

weir_status fail_oddly(Odd const* odd, weir_error* error) {
    if (does(odd, "unknown_status")) {
        std::strcpy(error->message, "odd: hm");
        return -99;
    }
    if (does(odd, "positive_status")) return 7;
    if (does(odd, "silent_failure")) return WEIR_E_IO;
    if (does(odd, "bad_text")) {
        std::strcpy(error->message, "odd: \xff\xfe");
        return WEIR_E_DATA;
    }
    if (does(odd, "endless_text")) {
        std::memset(error->message, 'm', sizeof error->message);
        std::memset(error->code, 'c', sizeof error->code);
        return WEIR_E_DATA;
    }
    if (does(odd, "full_failure")) {
        std::strcpy(error->message, "odd: try later");
        std::strcpy(error->code, "odd.later");
        std::strcpy(error->where, "/url");
        std::strcpy(error->suggestion, "wait");
        std::strcpy(error->sqlstate, "57P03");
        error->flags = WEIR_ERR_RETRYABLE | 0x80;
        error->retry_after_ms = 1500;
        return WEIR_E_BUSY;
    }
    if (does(odd, "throws")) throw std::runtime_error{"out of the plugin"};
    if (does(odd, "exits")) std::exit(0);
    if (does(odd, "aborts")) std::abort();
    if (does(odd, "never_returns")) ::pause();
    if (does(odd, "leaks")) {
        void* volatile lost = std::malloc(1000);
        lost = nullptr;
        (void)lost;
    }
    if (does(odd, "forgets")) {
        static std::vector<std::unique_ptr<std::string>> forgotten;
        forgotten.push_back(std::make_unique<std::string>(1000, 'f'));
    }
    return WEIR_OK;
}

void set_cursor(Reader* reader, weir_batch* out) {
    reader->cursor = "{\"n\":" + std::to_string(reader->batches) + "}";
    if (does(reader->odd, "cursor_big")) reader->cursor.assign((1 << 20) + 1, '1');
    if (does(reader->odd, "cursor_bytes")) reader->cursor = "\"\xff\"";
    if (does(reader->odd, "cursor_text")) reader->cursor = "not json {";
    out->flags = WEIR_BATCH_CURSOR;
    out->cursor = does(reader->odd, "cursor_null") ? nullptr : reader->cursor.data();
    out->cursor_size = reader->cursor.size();
}

weir_status next(weir_reader* handle, weir_call const* call, weir_batch* out, weir_error* error) {
    Reader* reader = reader_of(handle);
    if (weir_status const status = fail_oddly(reader->odd, error); status != WEIR_OK) return status;
    if (does(reader->odd, "blocks") || does(reader->odd, "blocks_thrice")) {
        block(reader->odd, does(reader->odd, "blocks") ? 1 : 3);
        return call->cancelled(call) ? WEIR_E_CANCELLED : WEIR_E_IO;
    }
    ++reader->batches;
    set_cursor(reader, out);
    if (reader->batches > 2) return WEIR_END;
    if (does(reader->odd, "no_batch")) return WEIR_OK;
    if (does(reader->odd, "new_schema") && reader->batches == 2) out->flags |= WEIR_BATCH_SCHEMA;
    weir::Batch batch{schema_of(reader)};
    std::int64_t const first = 3 * (reader->batches - 1);
    for (std::int64_t row = 0; row < 3; ++row) {
        batch.column(0).integer(first + row);
        batch.column(1).text(does(reader->odd, "bad_bytes") && row == 1 ? "n\xff" : "name");
        if (batch.schema().size() > 2) batch.column(2).boolean(true);
    }
    batch.finish(&out->array);
    spoil(reader, out->array);
    return WEIR_OK;
}

void interrupt_reader(weir_reader* reader) { unblock(reader_of(reader)->odd); }
void close_reader(weir_reader* reader) {
    Odd const* const odd = reader_of(reader)->odd;
    log(odd, "closed");
    delete reader_of(reader);
    if (does(odd, "close_throws")) throw_out();
}

// ---- sink ----

weir_status prepare(weir_instance* instance, weir_call const*, weir_target const* target,
                    ArrowSchema const*, std::uint32_t, weir_out const* out, weir_error*) {
    if (does(odd_of(instance), "prepare_text")) return out->write(out->ctx, "{}", 2);
    std::string const text =
        std::string{R"({"actions":[{"text":"create table )"} + target->name + "\"}]}";
    return out->write(out->ctx, text.data(), text.size());
}

weir_status begin(weir_instance* instance, weir_call const*, weir_begin const*,
                  std::uint64_t* epoch, weir_out const* cursor, weir_writer** out,
                  weir_error* error) {
    Odd* odd = odd_of(instance);
    if (does(odd, "fenced")) {
        *epoch = 9;
        std::strcpy(error->code, "sink.fenced");
        return WEIR_E_FENCED;
    }
    if (does(odd, "begin_nothing")) return WEIR_OK;
    if (does(odd, "begin_thread")) std::thread{[] { ::pause(); }}.detach();
    ++*epoch;
    std::string last = "{\"n\":1}";
    if (does(odd, "begins_anew") || does(odd, "refuses_more")) last.clear();
    if (does(odd, "begin_cursor_big")) last.assign((1 << 20) + 1, '1');
    if (does(odd, "begin_cursor_bytes")) last = "\xff";
    cursor->write(cursor->ctx, last.data(), last.size());
    *out = reinterpret_cast<weir_writer*>(odd);
    return WEIR_OK;
}

weir_status write(weir_writer* writer, weir_call const*, ArrowSchema const*,
                  ArrowArray const* batch, weir_rejects const* rejects, weir_error* error) {
    Odd* odd = writer_of(writer);
    if (weir_status const status = fail_oddly(odd, error); status != WEIR_OK) return status;
    if (does(odd, "write_thread")) std::thread{[] { ::pause(); }}.detach();
    if (does(odd, "write_blocks")) {
        block(odd, 1);
        return WEIR_E_IO;
    }
    if (does(odd, "write_releases")) {
        auto* mine = const_cast<ArrowArray*>(batch);
        mine->release(mine);
        return WEIR_OK;
    }
    if (!rejects || does(odd, "takes_all")) return WEIR_OK;
    weir_error why{};
    why.struct_size = sizeof why;
    std::strcpy(why.message, "odd: not this one");
    std::int64_t const row = does(odd, "rejects_beyond") ? batch->length : 1;
    if (weir_status const status = rejects->add(rejects->ctx, row, WEIR_E_DATA, &why); status < 0)
        return status;
    if (does(odd, "rejects_twice")) return rejects->add(rejects->ctx, row, WEIR_E_DATA, &why);
    return WEIR_OK;
}

/// Refuses a staged row of one field, and says so in the wrong way when that is its deed.
weir_status refuse_one(Odd const* odd, weir_refusals const* refusals) {
    weir::Batch record{{{"id", weir::Type::int64}}};
    record.row(7);
    if (does(odd, "refuses_two")) record.row(8);
    ArrowSchema schema;
    ArrowArray array;
    weir::export_schema(record.schema(), &schema);
    record.finish(&array);
    if (does(odd, "refuses_oddly")) schema.children[0]->format = "?";
    weir_error why{};
    why.struct_size = sizeof why;
    std::strcpy(why.message, "odd: not this one");
    weir_status status = refusals->add(
        refusals->ctx, does(odd, "refuses_nothing") ? nullptr : &schema, &array, WEIR_E_DATA, &why);
    schema.release(&schema);
    array.release(&array);
    if (status >= 0 && !does(odd, "never_keeps")) status = refusals->keep(refusals->ctx);
    return status;
}

weir_status commit(weir_writer* writer, weir_call const*, weir_commit* commit, weir_error*) {
    commit->deleted = commit->rows;
    Odd const* odd = writer_of(writer);
    weir_status status = WEIR_OK;
    int const times = !commit->refusals ? 0 : does(odd, "refuses_more") ? 100 : 1;
    for (int i = 0; i < times && status >= 0; ++i) status = refuse_one(odd, commit->refusals);
    return status;
}

weir_status peek(weir_instance* instance, weir_call const*, weir_begin const*,
                 weir_out const* checkpoint, weir_error*) {
    if (does(odd_of(instance), "peek_text")) return checkpoint->write(checkpoint->ctx, "hm", 2);
    if (does(odd_of(instance), "peek_list")) return checkpoint->write(checkpoint->ctx, "[]", 2);
    return WEIR_OK;
}

void interrupt_writer(weir_writer* writer) { unblock(writer_of(writer)); }
void close_writer(weir_writer* writer) {
    log(writer_of(writer), "closed");
    if (does(writer_of(writer), "close_throws")) throw_out();
}

// ---- tables ----

constexpr weir_source source{sizeof source, 0,    discover,         open,
                             schema,        next, interrupt_reader, close_reader};
constexpr weir_sink sink{sizeof sink, 0,    prepare,          begin,       write,
                         commit,      peek, interrupt_writer, close_writer};
constexpr weir_lifecycle lifecycle{sizeof lifecycle, 0, describe,
                                   [](weir_instance* instance) { unblock(odd_of(instance)); }};

void const* iface(char const* id) {
    if (std::strcmp(id, "weir.source/1") == 0) return &source;
    if (std::strcmp(id, "weir.sink/1") == 0) return &sink;
    return std::strcmp(id, "weir.lifecycle/1") == 0 ? &lifecycle : nullptr;
}

constexpr char config_schema[] = R"({"type":"object","properties":{
    "do":{"type":"string"},"rows":{"type":"integer","default":3}},"additionalProperties":false})";

constexpr weir_component component{sizeof component,
                                   0,
                                   WEIR_ROLE_SOURCE | WEIR_ROLE_SINK,
                                   0,
                                   "odd",
                                   "Odd",
                                   config_schema,
                                   nullptr,
                                   create,
                                   destroy,
                                   iface};
constexpr weir_component const* components[] = {&component};
constexpr weir_module module{
    sizeof module, 0, WEIR_ABI_MAJOR, WEIR_ABI_MINOR, "dev.weir.test.odd", "1.0.0", 1, 0,
    components};

}  // namespace

extern "C" weir_module const* weir_module_entry(std::uint32_t, std::uint32_t) { return &module; }
