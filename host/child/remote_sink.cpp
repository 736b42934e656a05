#include "host/abi/misdeeds.hpp"
#include "host/child/array_image.hpp"
#include "host/child/remote.hpp"

namespace weir::host {

namespace {

struct RemoteWriter {
    ContainedLibrary& library;
    RemotePlace place;
    RemoteInterrupt interrupt{Op::interrupt_writer};
    SlabRing slabs{};
};

RemoteWriter& of(weir_writer* handle) { return *reinterpret_cast<RemoteWriter*>(handle); }

void pack(Packer& args, weir_target const* target) {
    args.number(target->flags).number(target->write_mode);
    args.text(target->name).text(target->spec_json);
}

void pack(Packer& args, weir_begin const* begin) {
    args.number(begin->flags);
    pack(args, begin->target);
    args.text(begin->job).text(begin->stream).text(begin->run_id).text(begin->spec_json);
}

weir_error reason_in(Unpacker& args) {
    weir_error reason{};
    reason.struct_size = sizeof reason;
    args.error(&reason);
    return reason;
}

weir_status prepare(weir_instance* self, weir_call const* call, weir_target const* target,
                    ArrowSchema const* schema, std::uint32_t flags, weir_out const* actions,
                    weir_error* error) {
    RemoteInstance& instance = RemoteInstance::of(self);
    RemotePlace place;
    if (weir_status const found = instance.place(place, error); found != WEIR_OK) return found;
    RemoteCall remote{instance.library(), place, "prepare", call, error};
    pack(remote.args(), target);
    pack_schema(remote.args(), *schema);
    remote.args().number(flags);
    return remote.unblocked_by(&instance.interrupt)
        .visited_by([&](Op op, Unpacker& args, Packer& out) {
            return visit_out(actions, op, args, out);
        })
        .run(Op::prepare);
}

weir_status begin(weir_instance* self, weir_call const* call, weir_begin const* begin,
                  std::uint64_t* epoch, weir_out const* cursor, weir_writer** out,
                  weir_error* error) {
    RemoteInstance& instance = RemoteInstance::of(self);
    RemotePlace place;
    if (weir_status const found = instance.place(place, error); found != WEIR_OK) return found;
    RemoteCall remote{instance.library(), place, "begin", call, error};
    pack(remote.args(), begin);
    remote.args().number(*epoch);
    std::uint64_t handle = 0;
    weir_status const status =
        remote.unblocked_by(&instance.interrupt)
            .visited_by([&](Op op, Unpacker& args, Packer& answer) {
                return visit_out(cursor, op, args, answer);
            })
            .run(Op::begin, [&](Unpacker& answer, Line&) {
                *epoch = answer.number();
                handle = answer.number();
            });
    if (status == WEIR_OK && handle != 0)
        *out = reinterpret_cast<weir_writer*>(
            new RemoteWriter{instance.library(), {place.process, handle}});
    return status;
}

weir_status write(weir_writer* self, weir_call const* call, ArrowSchema const* schema,
                  ArrowArray const* batch, weir_rejects const* rejects, weir_error* error) {
    RemoteWriter& writer = of(self);
    ArrayImage const image{*schema, *batch};
    SlabRing::Room const room = writer.slabs.take(image.size());
    image.copy_to(room.slab->data());
    RemoteCall remote{writer.library, writer.place, "write", call, error};
    Packer& args = remote.args();
    args.number(std::uint32_t{rejects != nullptr});
    pack_schema(args, *schema);
    SlabView::write(args, room);
    image.pack(args);
    if (room.is_new) remote.with(room.slab->fd());
    weir_status const status =
        remote.unblocked_by(&writer.interrupt)
            .visited_by([&](Op op, Unpacker& asked, Packer& out) {
                if (op != Op::reject || !rejects) return false;
                std::int64_t const row = asked.integer();
                weir_status const why = asked.status();
                weir_error const reason = reason_in(asked);
                out.number(rejects->add(rejects->ctx, row, why, &reason));
                return true;
            })
            .run(Op::write);
    room.slab->in_use().store(0);
    return status;
}

/// Rows that came with the slab that holds them; released at the end of scope.
class RowsIn {
public:
    RowsIn(Unpacker& args, SlabView& slabs, Line& line) : is_sound_{args.number() != 0} {
        if (is_sound_) unpack_schema(args, &schema_);
        if (is_sound_) unpack_array(args, slabs.take(args, line), &rows_);
    }
    RowsIn(RowsIn const&) = delete;
    RowsIn& operator=(RowsIn const&) = delete;
    ~RowsIn() {
        if (rows_.release) rows_.release(&rows_);
        if (schema_.release) schema_.release(&schema_);
    }
    /// Null: the other side had nothing that could be sent.
    ArrowSchema const* schema() const { return is_sound_ ? &schema_ : nullptr; }
    ArrowArray const* rows() const { return is_sound_ ? &rows_ : nullptr; }

private:
    ArrowSchema schema_{};
    ArrowArray rows_{};
    bool is_sound_;
};

/// A staged row that the target refused.
weir_status refuse(weir_refusals const* refusals, SlabView& slabs, Line& line, Unpacker& args) {
    weir_status const why = args.status();
    weir_error const reason = reason_in(args);
    RowsIn const record{args, slabs, line};
    return refusals->add(refusals->ctx, record.schema(), record.rows(), why, &reason);
}

weir_status commit(weir_writer* self, weir_call const* call, weir_commit* commit,
                   weir_error* error) {
    RemoteWriter& writer = of(self);
    weir_refusals const* const refusals = commit->refusals;
    RemoteCall remote{writer.library, writer.place, "commit", call, error};
    remote.args().number(commit->flags).bytes(commit->cursor, commit->cursor_size);
    remote.args().number(commit->rows).text(commit->spec_json);
    remote.args().number(std::uint32_t{refusals != nullptr});
    SlabView slabs;
    return remote.unblocked_by(&writer.interrupt)
        .visited_by([&](Op op, Unpacker& args, Packer& out) {
            if (!refusals || (op != Op::refuse && op != Op::keep_refused)) return false;
            out.number(op == Op::keep_refused ? refusals->keep(refusals->ctx)
                                              : refuse(refusals, slabs, *remote.line(), args));
            return true;
        })
        .run(Op::commit, [&](Unpacker& answer, Line&) { commit->deleted = answer.number(); });
}

weir_status sweep(weir_writer* self, weir_call const* call, weir_sweep* sweep, weir_error* error) {
    RemoteWriter& writer = of(self);
    RemoteCall remote{writer.library, writer.place, "sweep", call, error};
    weir_keys const* const missing = sweep->missing;
    remote.args().number(sweep->flags).number(sweep->deletes_max).number(sweep->is_soft);
    remote.args().number(std::uint32_t{missing != nullptr});
    if (missing) remote.args().number(missing->rows_max);
    SlabView slabs;
    return remote.unblocked_by(&writer.interrupt)
        .visited_by([&](Op op, Unpacker& args, Packer& out) {
            if (!missing || op != Op::missing_keys) return false;
            RowsIn const keys{args, slabs, *remote.line()};
            out.number(missing->add(missing->ctx, keys.schema(), keys.rows()));
            return true;
        })
        .run(Op::sweep, [&](Unpacker& answer, Line&) {
            sweep->target_rows = answer.number();
            sweep->extra_rows = answer.number();
            sweep->missing_rows = answer.number();
            sweep->drifted_rows = answer.number();
            sweep->deleted_rows = answer.number();
        });
}

weir_status peek(weir_instance* self, weir_call const* call, weir_begin const* begin,
                 weir_out const* checkpoint, weir_error* error) {
    RemoteInstance& instance = RemoteInstance::of(self);
    RemotePlace place;
    if (weir_status const found = instance.place(place, error); found != WEIR_OK) return found;
    RemoteCall remote{instance.library(), place, "peek", call, error};
    pack(remote.args(), begin);
    return remote.unblocked_by(&instance.interrupt)
        .visited_by([&](Op op, Unpacker& args, Packer& out) {
            return visit_out(checkpoint, op, args, out);
        })
        .run(Op::peek);
}

void interrupt(weir_writer* self) { of(self).interrupt.is_wanted.store(true); }

void close(weir_writer* self) {
    std::unique_ptr<RemoteWriter> const writer{&of(self)};
    if (writer->place.process->is_alive())
        RemoteCall{writer->library, writer->place, "close", nullptr, nullptr}.finish(
            Op::close_writer, Misdeeds::of_readers);
}

}  // namespace

weir_sink const remote_sink{sizeof(weir_sink), 0,         prepare, begin, write, commit,
                            peek,              interrupt, close,   sweep};

}  // namespace weir::host
