#include "host/abi/boundary.hpp"
#include "host/abi/misdeeds.hpp"
#include "host/child/array_image.hpp"
#include "host/child/remote.hpp"

namespace weir::host {

namespace {

struct RemoteReader {
    ContainedLibrary& library;
    RemotePlace place;
    RemoteInterrupt interrupt{Op::interrupt_reader};
    SlabView slabs{};
    Unpacker last{};  // what the cursor of the last batch points into
};

RemoteReader& of(weir_reader* handle) { return *reinterpret_cast<RemoteReader*>(handle); }

/// What a stream is, and its schema; null where the child found it to be none.
weir_status add_stream(weir_catalog const* catalog, Unpacker& args) {
    weir_stream stream{};
    stream.struct_size = sizeof stream;
    stream.flags = args.word();
    stream.name = args.text();
    stream.meta_json = args.text();
    ArrowSchema schema{};
    if (args.number() != 0) unpack_schema(args, &schema);
    weir_status const taken =
        catalog->add(catalog->ctx, &stream, schema.release ? &schema : nullptr);
    if (schema.release) schema.release(&schema);
    return taken;
}

weir_status discover(weir_instance* self, weir_call const* call, char const* pattern,
                     weir_catalog const* catalog, weir_error* error) {
    RemoteInstance& instance = RemoteInstance::of(self);
    RemotePlace place;
    if (weir_status const found = instance.place(place, error); found != WEIR_OK) return found;
    RemoteCall remote{instance.library(), place, "discover", call, error};
    remote.args().text(pattern);
    remote.unblocked_by(&instance.interrupt);
    return remote
        .visited_by([&](Op op, Unpacker& args, Packer& out) {
            if (op != Op::catalog_add) return false;
            out.number(add_stream(catalog, args));
            return true;
        })
        .run(Op::discover);
}

weir_status open(weir_instance* self, weir_call const* call, weir_read const* read,
                 weir_reader** out, weir_error* error) {
    RemoteInstance& instance = RemoteInstance::of(self);
    RemotePlace place;
    if (weir_status const found = instance.place(place, error); found != WEIR_OK) return found;
    RemoteCall remote{instance.library(), place, "open", call, error};
    remote.args().number(read->flags).number(read->mode).number(read->rows_max);
    remote.args().number(read->bytes_max).text(read->stream).text(read->select_json);
    remote.args().bytes(read->cursor, read->cursor_size);
    std::uint64_t handle = 0;
    weir_status const status =
        remote.unblocked_by(&instance.interrupt)
            .run(Op::open, [&](Unpacker& answer, Line&) { handle = answer.number(); });
    if (status == WEIR_OK && handle != 0)
        *out = reinterpret_cast<weir_reader*>(
            new RemoteReader{instance.library(), {place.process, handle}});
    return status;
}

weir_status schema(weir_reader* self, ArrowSchema* out, weir_error* error) {
    RemoteReader& reader = of(self);
    return RemoteCall{reader.library, reader.place, "schema", nullptr, error}.run(
        Op::schema, [&](Unpacker& answer, Line&) {
            if (answer.number() != 0) unpack_schema(answer, out);
        });
}

weir_status next(weir_reader* self, weir_call const* call, weir_batch* out, weir_error* error) {
    RemoteReader& reader = of(self);
    return RemoteCall{reader.library, reader.place, "next", call, error}
        .unblocked_by(&reader.interrupt)
        .run(Op::next, [&](Unpacker& answer, Line& line) {
            out->flags = answer.word();
            bool const has_array = answer.number() != 0;
            if (has_array) {
                std::shared_ptr<Slab> slab = reader.slabs.take(answer, line);
                unpack_array(answer, std::move(slab), &out->array);
            }
            bool const is_null = answer.number() != 0;
            std::size_t const size = answer.number();
            std::string_view const cursor = answer.bytes();
            if (!is_null && size <= cursor_bytes_max && size != cursor.size())
                throw BadFrame{"a cursor of another size"};
            char const* const text = is_null ? nullptr : cursor.data();
            reader.last = std::move(answer);  // the text does not move with it
            out->cursor = text;
            out->cursor_size = size;
        });
}

void interrupt(weir_reader* self) { of(self).interrupt.is_wanted.store(true); }

void close(weir_reader* self) {
    std::unique_ptr<RemoteReader> const reader{&of(self)};
    if (reader->place.process->is_alive())
        RemoteCall{reader->library, reader->place, "close", nullptr, nullptr}.finish(
            Op::close_reader, Misdeeds::of_readers);
}

}  // namespace

weir_source const remote_source{sizeof(weir_source), 0,    discover,  open,
                                schema,              next, interrupt, close};

}  // namespace weir::host
