#include "host/abi/arrow_check.hpp"
#include "host/abi/boundary.hpp"
#include "host/child/serve_objects.hpp"

namespace weir::host {

namespace {

/// A weir_catalog that hands on to the host what was found.
struct CatalogToHost {
    HostLine& host;
    static weir_status add(void* self, weir_stream const* stream, ArrowSchema const* schema) {
        bool const has_name = WEIR_HAS(stream, weir_stream, name);
        bool const has_meta = WEIR_HAS(stream, weir_stream, meta_json);
        Packer args;
        args.number(stream ? stream->flags : 0u);
        args.text(has_name ? stream->name : nullptr);
        args.text(has_meta ? stream->meta_json : "{}");
        bool const is_sound = schema && schema->release && check_schema(*schema).empty();
        args.number(std::uint32_t{is_sound});
        if (is_sound) pack_schema(args, *schema);
        return static_cast<CatalogToHost*>(self)->host.ask(Op::catalog_add, args).status();
    }
};

void discover(Served& served) {
    auto& instance = *served.args.pointer<ServedInstance>();
    char const* const pattern = served.args.text();
    CatalogToHost to{served.host};
    weir_catalog const catalog{sizeof catalog, 0, &to, CatalogToHost::add};
    weir_error error = no_error();
    weir_status const status = instance.component.source->discover(
        instance.handle, served.call, pattern, &catalog, &error);
    served.settle(status, error);
}

void open(Served& served) {
    auto& instance = *served.args.pointer<ServedInstance>();
    weir_read read{};
    read.struct_size = sizeof read;
    read.flags = served.args.word();
    read.mode = served.args.word();
    read.rows_max = served.args.word();
    read.bytes_max = served.args.number();
    read.stream = served.args.text();
    read.select_json = served.args.text();
    std::string_view const cursor = served.args.bytes();
    read.cursor = cursor.data();
    read.cursor_size = cursor.size();
    weir_error error = no_error();
    weir_reader* handle = nullptr;
    weir_source const& table = *instance.component.source;
    weir_status const status = table.open(instance.handle, served.call, &read, &handle, &error);
    served.settle(status, error);
    bool const is_open = status == WEIR_OK && handle;
    if (is_open) served.threads.reader_began();
    served.out.pointer(is_open ? new ServedReader{table, handle} : nullptr);
}

/// Asks for the schema; one that does not cross the boundary is an error.
weir_status learn_schema(ServedReader& reader, weir_error& error) {
    OwnedSchema schema;
    weir_status const status = reader.table.schema(reader.handle, schema.fill(), &error);
    if (status != WEIR_OK || !schema) return status;
    if (std::string const why = check_schema(*schema); !why.empty()) {
        std::string const sentence = "schema() answered a schema that " + why;
        sentence.copy(error.message, sizeof error.message - 1);
        return WEIR_E_INTERNAL;
    }
    reader.schema = std::move(schema);
    return WEIR_OK;
}

void schema(Served& served) {
    auto& reader = *served.args.pointer<ServedReader>();
    weir_error error = no_error();
    reader.schema.reset();
    weir_status const status = learn_schema(reader, error);
    served.settle(status, error);
    bool const is_there = status == WEIR_OK && reader.schema;
    served.out.number(std::uint32_t{is_there});
    if (is_there) pack_schema(served.out, *reader.schema);
}

void next(Served& served) {
    auto& reader = *served.args.pointer<ServedReader>();
    weir_error error = no_error();
    weir_batch batch{};
    batch.struct_size = sizeof batch;
    weir_status status = reader.table.next(reader.handle, served.call, &batch, &error);
    // What the cursor points to is there until the next call on the reader.
    bool const has_cursor = batch.flags & WEIR_BATCH_CURSOR;
    bool const is_null = has_cursor && !batch.cursor;
    std::size_t const cursor_size = has_cursor ? batch.cursor_size : 0;
    // The host refuses a larger one by its size.
    std::string cursor;
    if (!is_null && cursor_size <= cursor_bytes_max) cursor.assign(batch.cursor, cursor_size);
    if (status == WEIR_OK && (!reader.schema || batch.flags & WEIR_BATCH_SCHEMA)) {
        weir_status const learnt = learn_schema(reader, error);
        if (learnt < 0) status = learnt;
    }
    served.settle(status, error);
    bool const has_array = status == WEIR_OK && batch.array.release && reader.schema;
    served.out.number(batch.flags).number(std::uint32_t{has_array});
    if (has_array) {
        ArrayImage const image{*reader.schema, batch.array};
        SlabRing::Room const room = reader.slabs.take(image.size());
        image.copy_to(room.slab->data());
        SlabView::write(served.out, room);
        image.pack(served.out);
        if (room.is_new) served.line.answer_with(room.slab->fd());
    }
    served.out.number(std::uint32_t{is_null}).number(std::uint64_t{cursor_size}).bytes(cursor);
    if (batch.array.release) batch.array.release(&batch.array);
}

void close(Served& served) {
    std::unique_ptr<ServedReader> const reader{served.args.pointer<ServedReader>()};
    served.finish([&] { reader->table.close(reader->handle); },
                  [&] { return served.threads.reader_ended(); });
}

void interrupt(Served& served) {
    auto& reader = *served.args.pointer<ServedReader>();
    if (WEIR_HAS(&reader.table, weir_source, interrupt)) reader.table.interrupt(reader.handle);
    served.settle(WEIR_OK, no_error());
}

}  // namespace

void serve_source(Op op, Served& served) {
    switch (op) {
        case Op::discover: return discover(served);
        case Op::open: return open(served);
        case Op::schema: return schema(served);
        case Op::next: return next(served);
        case Op::interrupt_reader: return interrupt(served);
        default: return close(served);
    }
}

}  // namespace weir::host
