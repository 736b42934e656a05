#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <weir/cpp/stream_meta.hpp>

#include "weir/source.h"
#include "weir/testkit/batch_check.hpp"
#include "weir/testkit/plugin.hpp"
#include "weir/testkit/rows.hpp"

namespace weir::testkit {

/// What a source is asked to read; see weir_read.
struct ReadRequest {
    std::string stream;
    std::uint32_t mode = WEIR_READ_FULL;
    Json select = Json::object();
    std::string cursor = {};
    std::uint32_t rows_max = 1000;
    std::uint64_t bytes_max = 8 << 20;
};

/// One batch read: its records as text, and the cursor after it.
class ReadBatch {
public:
    ReadBatch(std::vector<FieldView> fields, weir_batch const& batch)
        : fields_{std::move(fields)}, array_{batch.array}, new_schema_{batch.flags} {
        if (batch.flags & WEIR_BATCH_CURSOR) cursor_ = std::string{batch.cursor, batch.cursor_size};
        if (cursor_ && !cursor_->empty() && !Json::accept(*cursor_)) {
            array_.release(&array_);
            throw std::runtime_error{"next() answered a cursor that is no JSON: " + *cursor_};
        }
    }
    ReadBatch(ReadBatch&& other) noexcept
        : fields_{std::move(other.fields_)},
          array_{std::exchange(other.array_, ArrowArray{})},
          cursor_{std::move(other.cursor_)},
          new_schema_{other.new_schema_} {}
    ReadBatch& operator=(ReadBatch&&) = delete;
    ~ReadBatch() {
        if (array_.release) array_.release(&array_);
    }

    std::int64_t rows() const { return array_.length; }
    ArrowArray const& array() const { return array_; }
    std::vector<FieldView> const& fields() const { return fields_; }
    std::vector<Record> records() const { return records_of(fields_, array_); }
    std::optional<std::string> const& cursor() const { return cursor_; }
    bool has_new_schema() const { return (new_schema_ & WEIR_BATCH_SCHEMA) != 0; }

private:
    std::vector<FieldView> fields_;
    ArrowArray array_;
    std::optional<std::string> cursor_;
    std::uint32_t new_schema_;
};

/// An open read.
class Reader {
public:
    Reader(weir_source const* table, Ears ears, weir_reader* reader)
        : Reader{table, std::move(ears), reader, Unread{}} {
        read_schema();  // delegated to, so that a flawed schema closes the reader
    }
    Reader(Reader&& other) noexcept
        : table_{other.table_},
          ears_{other.ears_},
          reader_{std::exchange(other.reader_, nullptr)},
          schema_{std::exchange(other.schema_, ArrowSchema{})},
          fields_{std::move(other.fields_)},
          end_cursor_{std::move(other.end_cursor_)} {}
    Reader& operator=(Reader&&) = delete;
    ~Reader() {
        if (schema_.release) schema_.release(&schema_);
        if (reader_) table_->close(reader_);
    }

    std::vector<FieldView> const& fields() const { return fields_; }
    ArrowSchema const* schema() const { return &schema_; }

    /// The next batch; nothing at the end, which may have left end_cursor().
    std::optional<ReadBatch> next(weir_call const* call = nullptr) {
        weir_batch batch{};
        batch.struct_size = sizeof batch;
        weir_status const status = ears_.ask([&](weir_error* error) {
            return table_->next(reader_, call ? call : ears_.forever(), &batch, error);
        });
        std::string flaw = cursor_flaw_of(batch);
        if (!flaw.empty()) refuse(batch, flaw);
        if (status == WEIR_END) {
            if (batch.flags & WEIR_BATCH_CURSOR)
                end_cursor_ = std::string{batch.cursor, batch.cursor_size};
            return std::nullopt;
        }
        if (status != WEIR_OK || !batch.array.release)
            throw std::runtime_error{"next() answered " + std::to_string(status) +
                                     (batch.array.release ? "" : " and no batch")};
        std::optional<std::string> kept;  // schema() may end what the batch lends
        if (batch.flags & WEIR_BATCH_CURSOR) {
            kept = std::string{batch.cursor, batch.cursor_size};
            batch.cursor = kept->data();
        }
        if (batch.flags & WEIR_BATCH_SCHEMA) read_schema();
        flaw = shape_flaw_of(fields_, batch.array);
        if (!flaw.empty()) refuse(batch, "a batch that " + flaw);
        return ReadBatch{fields_, batch};
    }
    std::optional<std::string> const& end_cursor() const { return end_cursor_; }
    void interrupt() {
        if (table_->interrupt) table_->interrupt(reader_);
    }
    /// Every record from here to the end.
    std::vector<Record> rest() {
        std::vector<Record> all;
        while (std::optional<ReadBatch> batch = next())
            for (Record& record : batch->records()) all.push_back(std::move(record));
        return all;
    }

private:
    struct Unread {};
    Reader(weir_source const* table, Ears ears, weir_reader* reader, Unread)
        : table_{table}, ears_{std::move(ears)}, reader_{reader} {}

    [[noreturn]] static void refuse(weir_batch& batch, std::string const& what) {
        if (batch.array.release) batch.array.release(&batch.array);
        throw std::runtime_error{"next() answered " + what};
    }
    void read_schema() {
        if (schema_.release) schema_.release(&schema_);
        schema_ = ArrowSchema{};
        ears_.ask([&](weir_error* error) { return table_->schema(reader_, &schema_, error); });
        if (std::string const flaw = shape_flaw_of(schema_); !flaw.empty())
            throw std::runtime_error{"schema() answered a schema that " + flaw};
        fields_ = fields_of(schema_);
    }

    weir_source const* table_;
    Ears ears_;
    weir_reader* reader_;
    ArrowSchema schema_{};
    std::vector<FieldView> fields_;
    std::optional<std::string> end_cursor_;
};

/// One stream as discover() names it.
struct FoundStream {
    std::string name;
    std::uint32_t modes = 0;
    Json meta;
    std::vector<FieldView> fields;
};

/// A component used as a source.
class SourceInstance : public Instance {
public:
    SourceInstance(TestHost& host, weir_component const& component, Json const& config)
        : Instance{host, component, config}, table_{iface<weir_source>("weir.source/1")} {
        if (!table_) throw std::runtime_error{"the component is no source"};
    }

    /// `pattern` null: all.
    std::vector<FoundStream> discover(char const* pattern = nullptr,
                                      weir_call const* call = nullptr) {
        std::vector<FoundStream> found;
        weir_catalog catalog{};
        catalog.struct_size = sizeof catalog;
        catalog.ctx = &found;
        catalog.add = [](void* ctx, weir_stream const* stream, ArrowSchema const* schema) {
            static_cast<std::vector<FoundStream>*>(ctx)->push_back(
                {stream->name, stream->flags,
                 Json::parse(stream->meta_json ? stream->meta_json : "", nullptr, false),
                 fields_of(*schema)});
            return weir_status{WEIR_OK};
        };
        ears_.ask([&](weir_error* error) {
            return table_->discover(instance_, call ? call : ears_.forever(), pattern, &catalog,
                                    error);
        });
        for (FoundStream const& stream : found) expect_sound(stream);
        return found;
    }
    Reader open(ReadRequest const& request, weir_call const* call = nullptr) {
        std::string const select = request.select.dump();
        weir_read read{};
        read.struct_size = sizeof read;
        read.mode = request.mode;
        read.rows_max = request.rows_max;
        read.bytes_max = request.bytes_max;
        read.stream = request.stream.c_str();
        read.select_json = select.c_str();
        read.cursor = request.cursor.data();
        read.cursor_size = request.cursor.size();
        weir_reader* reader = nullptr;
        ears_.ask([&](weir_error* error) {
            return table_->open(instance_, call ? call : ears_.forever(), &read, &reader, error);
        });
        return Reader{table_, ears_, reader};
    }

private:
    static void expect_sound(FoundStream const& stream) {
        std::string flaw = " that is no JSON object";
        if (stream.meta.is_object()) flaw = flaw_of_stream_meta(stream.meta);
        if (flaw.empty()) return;
        if (stream.meta.is_object()) flaw = " whose " + flaw;
        throw std::runtime_error{"discover() found the stream " + stream.name +
                                 " with a meta_json" + flaw};
    }

    weir_source const* table_;
};

}  // namespace weir::testkit
