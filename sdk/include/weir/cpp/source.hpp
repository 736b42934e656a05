#pragma once

#include <memory>
#include <optional>

#include "../source.h"
#include "batch.hpp"
#include "config.hpp"
#include "host.hpp"

namespace weir {

/// What a read is asked for; valid during open() only, copy what is kept.
struct Read {
    std::uint32_t mode = WEIR_READ_FULL;
    std::int64_t rows_max = 8192;
    std::size_t bytes_max = 8 << 20;
    std::string_view stream;
    std::string_view cursor;                         ///< empty: from the beginning
    std::optional<std::vector<std::string>> fields;  ///< in this order; absent: all
    std::vector<std::string> key;                    ///< empty: one pass, not resumable
    std::vector<std::vector<std::string>> keys;      ///< see weir_read; empty: all records
    std::string tracking;                            ///< empty: none
    bool append = false;                             ///< hand out each version of a record once
    std::optional<std::int64_t> lookback_ms;         ///< what is younger is not settled
    std::int64_t cut = 0;                            ///< into so many parts; 0: records are read
    std::vector<std::string> above, upto;            ///< the bounds of a part; empty: none
    std::string snapshot;                            ///< shared by all reads of that name; or empty
    std::int64_t limit = INT64_MAX;
    std::size_t row_bytes_max = SIZE_MAX;  ///< a larger record is refused, see refused_field
};

/// The last field of a batch whose records the source refuses: a text, JSON of
/// `{"field":name,"bytes":n}` where they are too large, and of
/// `{"field":name,"code":dotted,"message":sentence,"suggestion":what to do}` for another reason.
/// Values that nobody should hold are null.
inline constexpr char refused_field[] = "_weir_refused";

/// Reads one stream. Calls come one at a time, interrupt() excepted.
class Reader {
public:
    virtual ~Reader() = default;
    /// The schema of the batches to come; asked again after a batch whose schema was reset.
    virtual Schema schema() const = 0;
    /// Fills the empty `batch`, at most to the limits of the read; false: nothing more will come.
    /// At the end `batch` may carry a last cursor, and no rows. A batch of another schema begins
    /// with batch.reset(schema).
    virtual bool next(Call const& call, Batch& batch) = 0;
    /// Unblocks next(). Any thread.
    virtual void interrupt() noexcept {}
};

/// One stream as discover() finds it.
struct Stream {
    std::string name;
    Schema schema;
    Json meta = Json::object();  ///< see weir_stream.meta_json
    std::uint32_t modes = WEIR_READ_FULL;
};

/// Takes what discover() finds.
class Catalog {
public:
    explicit Catalog(weir_catalog const* catalog) : catalog_{catalog} {}
    void add(Stream const& stream) {
        ArrowSchema schema;
        export_schema(stream.schema, &schema);
        std::string const meta = stream.meta.dump();
        weir_stream const out{sizeof out, stream.modes, stream.name.c_str(), meta.c_str()};
        weir_status const status = catalog_->add(catalog_->ctx, &out, &schema);
        if (schema.release) schema.release(&schema);
        if (status < 0) throw Error{status, "the host takes no more streams"};
    }

private:
    weir_catalog const* catalog_;
};

/// A configured system that can be read. Constructed from (Host, Config) without I/O.
class Source {
public:
    virtual ~Source() = default;
    /// Adds every stream that matches `pattern`; empty: all.
    virtual void discover(Call const& call, std::string_view pattern, Catalog& catalog) = 0;
    virtual std::unique_ptr<Reader> open(Call const& call, Read const& read) = 0;
};

namespace detail {

struct ReaderHandle {
    std::unique_ptr<Reader> reader;
    Batch batch;
    std::string cursor;  // lent to the host until the next call
};

inline Read read_of(weir_read const& in) {
    Read read;
    read.mode = in.mode;
    if (in.rows_max) read.rows_max = in.rows_max;
    if (in.bytes_max) read.bytes_max = static_cast<std::size_t>(in.bytes_max);
    read.stream = in.stream ? in.stream : "";
    if (in.cursor_size) read.cursor = {in.cursor, in.cursor_size};
    Config const select{in.select_json};
    if (select.has("fields")) read.fields = select.names("fields");
    read.key = select.names("key");
    if (select.has("keys")) {
        try {
            select.json()["keys"].get_to(read.keys);
        } catch (Json::exception const&) {
            throw Error{WEIR_E_CONFIG, "keys are lists of texts", "keys"};
        }
    }
    read.tracking = select.text("tracking");
    read.append = select.flag("append");
    if (select.has("lookback_ms")) read.lookback_ms = select.integer("lookback_ms");
    read.cut = select.integer("cut", 0);
    read.above = select.names("above");
    read.upto = select.names("upto");
    read.snapshot = select.text("snapshot");
    read.limit = select.integer("limit", INT64_MAX);
    if (select.has("row_bytes_max"))
        read.row_bytes_max = static_cast<std::size_t>(select.integer("row_bytes_max"));
    return read;
}

/// The table of calls for any Source.
template <class Instance>
weir_source const* source_table() {
    static weir_source const table{
        sizeof(weir_source),
        0,
        [](weir_instance* instance, weir_call const* call, char const* pattern,
           weir_catalog const* catalog, weir_error* error) {
            return barrier(error, [&] {
                Catalog into{catalog};
                Source& source = *reinterpret_cast<Instance*>(instance);
                source.discover(Call{call}, pattern ? pattern : "", into);
                return WEIR_OK;
            });
        },
        [](weir_instance* instance, weir_call const* call, weir_read const* read, weir_reader** out,
           weir_error* error) {
            return barrier(error, [&] {
                Source& source = *reinterpret_cast<Instance*>(instance);
                std::unique_ptr<Reader> reader = source.open(Call{call}, read_of(*read));
                Schema schema = reader->schema();
                auto handle = std::make_unique<ReaderHandle>(
                    ReaderHandle{std::move(reader), Batch{std::move(schema)}, {}});
                *out = reinterpret_cast<weir_reader*>(handle.release());
                return WEIR_OK;
            });
        },
        [](weir_reader* reader, ArrowSchema* out, weir_error* error) {
            return barrier(error, [&] {
                auto& handle = *reinterpret_cast<ReaderHandle*>(reader);
                export_schema(handle.reader->schema(), out);
                return WEIR_OK;
            });
        },
        [](weir_reader* reader, weir_call const* call, weir_batch* out, weir_error* error) {
            return barrier(error, [&]() -> weir_status {
                auto& handle = *reinterpret_cast<ReaderHandle*>(reader);
                handle.batch.clear_cursor();
                bool const more = handle.reader->next(Call{call}, handle.batch);
                out->flags = 0;
                if (handle.batch.has_cursor()) {
                    handle.cursor = handle.batch.cursor();
                    out->flags |= WEIR_BATCH_CURSOR;
                    out->cursor = handle.cursor.c_str();
                    out->cursor_size = handle.cursor.size();
                }
                if (!more) return WEIR_END;
                if (handle.batch.take_reset()) out->flags |= WEIR_BATCH_SCHEMA;
                handle.batch.finish(&out->array);
                return WEIR_OK;
            });
        },
        [](weir_reader* reader) { reinterpret_cast<ReaderHandle*>(reader)->reader->interrupt(); },
        [](weir_reader* reader) { delete reinterpret_cast<ReaderHandle*>(reader); }};
    return &table;
}

}  // namespace detail
}  // namespace weir
