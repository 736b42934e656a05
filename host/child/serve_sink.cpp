#include "host/abi/arrow_check.hpp"
#include "host/child/serve_objects.hpp"

namespace weir::host {

namespace {

weir_target target_in(Unpacker& args) {
    weir_target target{};
    target.struct_size = sizeof target;
    target.flags = args.word();
    target.write_mode = args.word();
    target.name = args.text();
    target.spec_json = args.text();
    return target;
}

/// A weir_begin and the target that it points to.
struct BeginIn {
    weir_target target{};
    weir_begin begin{};

    explicit BeginIn(Unpacker& args) {
        begin.struct_size = sizeof begin;
        begin.flags = args.word();
        target = target_in(args);
        begin.target = &target;
        begin.job = args.text();
        begin.stream = args.text();
        begin.run_id = args.text();
        begin.spec_json = args.text();
    }
    BeginIn(BeginIn const&) = delete;
    BeginIn& operator=(BeginIn const&) = delete;
};

void prepare(Served& served) {
    auto& instance = *served.args.pointer<ServedInstance>();
    weir_target const target = target_in(served.args);
    OwnedSchema schema;
    unpack_schema(served.args, schema.fill());
    std::uint32_t const flags = served.args.word();
    OutToHost const actions{served.host};
    weir_error error = no_error();
    weir_status const status = instance.component.sink->prepare(
        instance.handle, served.call, &target, &*schema, flags, actions.abi(), &error);
    served.settle(status, error);
}

void begin(Served& served) {
    auto& instance = *served.args.pointer<ServedInstance>();
    BeginIn const what{served.args};
    std::uint64_t epoch = served.args.number();
    OutToHost const cursor{served.host};
    weir_error error = no_error();
    weir_writer* handle = nullptr;
    weir_sink const& table = *instance.component.sink;
    weir_status const status = table.begin(instance.handle, served.call, &what.begin, &epoch,
                                           cursor.abi(), &handle, &error);
    served.settle(status, error);
    bool const is_open = status == WEIR_OK && handle;
    if (is_open) served.threads.reader_began();
    served.out.number(epoch).pointer(is_open ? new ServedWriter{table, handle} : nullptr);
}

struct RejectsToHost {
    HostLine& host;
    static weir_status add(void* self, std::int64_t row, weir_status why,
                           weir_error const* reason) {
        Packer args;
        args.number(row).number(why).error(reason);
        return static_cast<RejectsToHost*>(self)->host.ask(Op::reject, args).status();
    }
};

void write(Served& served) {
    auto& writer = *served.args.pointer<ServedWriter>();
    bool const takes_rejects = served.args.number() != 0;
    OwnedSchema schema;
    unpack_schema(served.args, schema.fill());
    std::shared_ptr<Slab> const slab = writer.slabs.take(served.args, served.line);
    ArrowArray batch{};
    unpack_array(served.args, slab, &batch);
    RejectsToHost to{served.host};
    weir_rejects const rejects{sizeof rejects, 0, &to, RejectsToHost::add};
    weir_error error = no_error();
    weir_status status = writer.table.write(writer.handle, served.call, &*schema, &batch,
                                            takes_rejects ? &rejects : nullptr, &error);
    if (batch.release) {
        batch.release(&batch);
    } else if (status == WEIR_OK) {
        std::string_view const sentence = "write() released a batch that it had borrowed";
        error.message[sentence.copy(error.message, sizeof error.message - 1)] = '\0';
        status = WEIR_E_INTERNAL;
    }
    served.settle(status, error);
}

/// Rows for the host: how they lie, and the slab that holds them.
weir_status send_rows(Served& served, SlabRing& slabs, Op op, Packer& args,
                      ArrowSchema const* schema, ArrowArray const* rows) {
    bool const is_sound =
        schema && rows && schema->release && rows->release && check_schema(*schema).empty();
    args.number(std::uint32_t{is_sound});
    if (!is_sound) return served.host.ask(op, args).status();
    ArrayImage const image{*schema, *rows};
    SlabRing::Room const room = slabs.take(image.size());
    image.copy_to(room.slab->data());
    pack_schema(args, *schema);
    SlabView::write(args, room);
    image.pack(args);
    std::vector<int> fds;
    if (room.is_new) fds.push_back(room.slab->fd());
    return served.host.ask(op, args, fds).status();
}

struct RefusalsToHost {
    Served& served;
    SlabRing& slabs;

    static weir_status add(void* self, ArrowSchema const* schema, ArrowArray const* record,
                           weir_status why, weir_error const* reason) {
        auto& to = *static_cast<RefusalsToHost*>(self);
        Packer args;
        args.number(why).error(reason);
        return send_rows(to.served, to.slabs, Op::refuse, args, schema, record);
    }
    static weir_status keep(void* self) {
        auto& to = *static_cast<RefusalsToHost*>(self);
        return to.served.host.ask(Op::keep_refused, Packer{}).status();
    }
};

void commit(Served& served) {
    auto& writer = *served.args.pointer<ServedWriter>();
    weir_commit commit{};
    commit.struct_size = sizeof commit;
    commit.flags = served.args.word();
    std::string_view const cursor = served.args.bytes();
    commit.cursor = cursor.data();
    commit.cursor_size = cursor.size();
    commit.rows = served.args.number();
    commit.spec_json = served.args.text();
    // The host's view of these slabs is of this one commit.
    SlabRing slabs;
    RefusalsToHost to{served, slabs};
    weir_refusals const refusals{sizeof refusals, 0, &to, RefusalsToHost::add,
                                 RefusalsToHost::keep};
    if (served.args.number() != 0) commit.refusals = &refusals;
    weir_error error = no_error();
    weir_status const status = writer.table.commit(writer.handle, served.call, &commit, &error);
    served.settle(status, error);
    served.out.number(commit.deleted);
}

struct KeysToHost {
    Served& served;
    SlabRing& slabs;

    static weir_status add(void* self, ArrowSchema const* schema, ArrowArray const* keys) {
        auto& to = *static_cast<KeysToHost*>(self);
        Packer args;
        return send_rows(to.served, to.slabs, Op::missing_keys, args, schema, keys);
    }
};

void sweep(Served& served) {
    auto& writer = *served.args.pointer<ServedWriter>();
    weir_sweep sweep{};
    sweep.struct_size = sizeof sweep;
    sweep.flags = served.args.word();
    sweep.deletes_max = served.args.number();
    sweep.is_soft = served.args.word();
    // The host's view of these slabs is of this one sweep.
    SlabRing slabs;
    KeysToHost to{served, slabs};
    weir_keys keys{sizeof keys, 0, &to, 0, KeysToHost::add};
    if (served.args.number() != 0) {
        keys.rows_max = served.args.number();
        sweep.missing = &keys;
    }
    weir_error error = no_error();
    weir_status const status = writer.table.sweep(writer.handle, served.call, &sweep, &error);
    served.settle(status, error);
    served.out.number(sweep.target_rows).number(sweep.extra_rows).number(sweep.missing_rows);
    served.out.number(sweep.drifted_rows).number(sweep.deleted_rows);
}

void peek(Served& served) {
    auto& instance = *served.args.pointer<ServedInstance>();
    BeginIn const what{served.args};
    OutToHost const checkpoint{served.host};
    weir_error error = no_error();
    weir_status const status = instance.component.sink->peek(instance.handle, served.call,
                                                             &what.begin, checkpoint.abi(), &error);
    served.settle(status, error);
}

void close(Served& served) {
    std::unique_ptr<ServedWriter> const writer{served.args.pointer<ServedWriter>()};
    served.finish([&] { writer->table.close(writer->handle); },
                  [&] { return served.threads.reader_ended(); });
}

void interrupt(Served& served) {
    auto& writer = *served.args.pointer<ServedWriter>();
    if (WEIR_HAS(&writer.table, weir_sink, interrupt)) writer.table.interrupt(writer.handle);
    served.settle(WEIR_OK, no_error());
}

}  // namespace

void serve_sink(Op op, Served& served) {
    switch (op) {
        case Op::prepare: return prepare(served);
        case Op::begin: return begin(served);
        case Op::write: return write(served);
        case Op::commit: return commit(served);
        case Op::sweep: return sweep(served);
        case Op::peek: return peek(served);
        case Op::interrupt_writer: return interrupt(served);
        default: return close(served);
    }
}

}  // namespace weir::host
