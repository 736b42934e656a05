// Drives a connector library through its C ABI, each object owned by a C++ object. A failing call
// throws Failure. Objects must end before what they came from: Reader before SourceInstance before
// TestHost. One thread at a time, interrupt() excepted, as the ABI says.
#pragma once

#include <dlfcn.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/module.h"
#include "weir/sink.h"
#include "weir/source.h"
#include "weir/testkit/rows.hpp"
#include "weir/testkit/test_host.hpp"

namespace weir::testkit {

using Json = nlohmann::json;

/// A loaded library. It stays loaded when this ends: leak reports and static tables need it.
class Plugin {
public:
    explicit Plugin(std::string const& path) {
        void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!library) throw std::runtime_error{dlerror()};
        auto* entry =
            reinterpret_cast<decltype(&weir_module_entry)>(dlsym(library, "weir_module_entry"));
        if (!entry) throw std::runtime_error{path + " has no weir_module_entry"};
        module_ = entry(WEIR_ABI_MAJOR, WEIR_ABI_MINOR);
        if (!module_) throw std::runtime_error{path + " refuses this ABI"};
    }

    weir_module const& module() const { return *module_; }

    /// The component of that id; the only one when `id` is empty.
    weir_component const& component(std::string_view id = {}) const {
        for (std::uint32_t i = 0; i < module_->component_count; ++i)
            if (id.empty() || id == module_->components[i]->id) return *module_->components[i];
        throw std::runtime_error{"no component " + std::string{id}};
    }

private:
    weir_module const* module_ = nullptr;
};

/// Hears failing calls of one instance and throws them.
class Ears {
public:
    explicit Ears(TestHost& host) : host_{&host} {}
    /// Runs `call(weir_error*)`; answers its status when that is no error.
    template <class Work>
    weir_status ask(Work&& call) const {
        weir_error error{};
        error.struct_size = sizeof error;
        weir_status const status = call(&error);
        if (status >= 0) return status;
        Failure const failure{status, error};
        host_->heard(failure);
        throw failure;
    }
    /// The default call: wanted for ever.
    weir_call const* forever() const { return call_->get(); }

private:
    TestHost* host_;
    std::shared_ptr<TestCall> call_ = std::make_shared<TestCall>();
};

/// Collects what is written to a weir_out.
class Out {
public:
    Out() {
        out_.struct_size = sizeof out_;
        out_.ctx = &text_;
        out_.write = [](void* ctx, void const* data, std::size_t size) -> weir_status {
            static_cast<std::string*>(ctx)->append(static_cast<char const*>(data), size);
            return WEIR_OK;
        };
    }
    Out(Out const&) = delete;
    Out& operator=(Out const&) = delete;
    weir_out const* get() const { return &out_; }
    std::string const& text() const { return text_; }

private:
    std::string text_;
    weir_out out_{};
};

/// A configured component. `config` as the host passes it: {"url":...} is enough.
class Instance {
public:
    Instance(TestHost& host, weir_component const& component, Json const& config)
        : component_{&component}, ears_{host} {
        std::string const text = config.dump();
        ears_.ask([&](weir_error* error) {
            return component.create(host.get(), text.c_str(), &instance_, error);
        });
    }
    Instance(Instance const&) = delete;
    Instance& operator=(Instance const&) = delete;
    ~Instance() {
        if (instance_) component_->destroy(instance_);
    }

    /// {"identity":...}; empty object when the component has no lifecycle.
    Json describe() const {
        auto const* table = iface<weir_lifecycle>("weir.lifecycle/1");
        if (!WEIR_HAS(table, weir_lifecycle, describe)) return Json::object();
        Out out;
        ears_.ask([&](weir_error* error) { return table->describe(instance_, out.get(), error); });
        return Json::parse(out.text());
    }
    void interrupt() {
        auto const* table = iface<weir_lifecycle>("weir.lifecycle/1");
        if (WEIR_HAS(table, weir_lifecycle, interrupt)) table->interrupt(instance_);
    }

protected:
    template <class Table>
    Table const* iface(char const* id) const {
        return static_cast<Table const*>(component_->iface(id));
    }
    weir_component const* component_;
    Ears ears_;
    weir_instance* instance_ = nullptr;
};

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
        : table_{table}, ears_{std::move(ears)}, reader_{reader} {
        read_schema();
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
        if (status == WEIR_END) {
            if (batch.flags & WEIR_BATCH_CURSOR)
                end_cursor_ = std::string{batch.cursor, batch.cursor_size};
            return std::nullopt;
        }
        std::optional<std::string> kept;  // schema() may end what the batch lends
        if (batch.flags & WEIR_BATCH_CURSOR) {
            kept = std::string{batch.cursor, batch.cursor_size};
            batch.cursor = kept->data();
        }
        if (batch.flags & WEIR_BATCH_SCHEMA) read_schema();
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
    void read_schema() {
        if (schema_.release) schema_.release(&schema_);
        schema_ = ArrowSchema{};
        ears_.ask([&](weir_error* error) { return table_->schema(reader_, &schema_, error); });
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
                {stream->name, stream->flags, Json::parse(stream->meta_json), fields_of(*schema)});
            return weir_status{WEIR_OK};
        };
        ears_.ask([&](weir_error* error) {
            return table_->discover(instance_, call ? call : ears_.forever(), pattern, &catalog,
                                    error);
        });
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
    weir_source const* table_;
};

/// Where and as what a sink is asked to write; see weir_target and weir_begin.
struct WriteRequest {
    std::string target;
    std::uint32_t write_mode = WEIR_WRITE_APPEND;
    std::vector<std::string> key = {};
    std::string job = "job", stream = "stream", run_id = "run";
    std::string spec = "{}";  ///< the host's note
    std::uint32_t flags = 0;  ///< WEIR_BEGIN_*
    std::uint64_t epoch = 0;  ///< 0: take the next
};

/// A row that the sink refused.
struct Refused {
    std::int64_t row;
    weir_status why;
    std::string code, where, message;
};

/// An open write. Ends by rolling back what is not committed.
class Writer {
public:
    Writer(weir_sink const* table, Ears ears, weir_writer* writer, std::uint64_t epoch,
           std::string cursor)
        : table_{table},
          ears_{std::move(ears)},
          writer_{writer},
          epoch_{epoch},
          cursor_{std::move(cursor)} {}
    Writer(Writer&& other) noexcept
        : table_{other.table_},
          ears_{other.ears_},
          writer_{std::exchange(other.writer_, nullptr)},
          epoch_{other.epoch_},
          cursor_{std::move(other.cursor_)} {}
    Writer& operator=(Writer&&) = delete;
    ~Writer() { close(); }

    std::uint64_t epoch() const { return epoch_; }
    /// The last committed one, as begin() found it.
    std::string const& cursor() const { return cursor_; }

    void write(Rows& rows, weir_call const* call = nullptr) {
        write(rows.schema(), rows.array(), nullptr, call);
    }
    /// Answers the rows that the sink refused; the others are written.
    std::vector<Refused> write_some(Rows& rows) {
        std::vector<Refused> refused;
        weir_rejects rejects{};
        rejects.struct_size = sizeof rejects;
        rejects.ctx = &refused;
        rejects.add = [](void* ctx, std::int64_t row, weir_status why, weir_error const* reason) {
            static_cast<std::vector<Refused>*>(ctx)->push_back(
                {row, why, reason->code, reason->where, reason->message});
            return weir_status{WEIR_OK};
        };
        write(rows.schema(), rows.array(), &rejects, nullptr);
        return refused;
    }
    void write(ArrowSchema const* schema, ArrowArray const* array,
               weir_rejects const* rejects = nullptr, weir_call const* call = nullptr) {
        ears_.ask([&](weir_error* error) {
            return table_->write(writer_, call ? call : ears_.forever(), schema, array, rejects,
                                 error);
        });
        rows_ += static_cast<std::uint64_t>(array->length);
    }
    /// Answers how many rows of the target a REPLACE removed.
    std::uint64_t commit(std::string const& cursor, bool final = false,
                         weir_call const* call = nullptr) {
        weir_commit commit{};
        commit.struct_size = sizeof commit;
        commit.flags = final ? std::uint32_t{WEIR_COMMIT_FINAL} : 0u;
        commit.cursor = cursor.data();
        commit.cursor_size = cursor.size();
        commit.rows = std::exchange(rows_, 0);
        ears_.ask([&](weir_error* error) {
            return table_->commit(writer_, call ? call : ears_.forever(), &commit, error);
        });
        return commit.deleted;
    }
    void interrupt() {
        if (table_->interrupt) table_->interrupt(writer_);
    }
    void close() {
        if (writer_) table_->close(std::exchange(writer_, nullptr));
    }

private:
    weir_sink const* table_;
    Ears ears_;
    weir_writer* writer_;
    std::uint64_t epoch_, rows_ = 0;
    std::string cursor_;
};

/// A component used as a sink.
class SinkInstance : public Instance {
public:
    SinkInstance(TestHost& host, weir_component const& component, Json const& config)
        : Instance{host, component, config}, table_{iface<weir_sink>("weir.sink/1")} {
        if (!table_) throw std::runtime_error{"the component is no sink"};
    }

    /// The texts of the actions done, or with `dry_run` to be done.
    std::vector<std::string> prepare(WriteRequest const& request, ArrowSchema const* schema,
                                     bool dry_run = false, weir_call const* call = nullptr) {
        Parts const parts{request};
        Out actions;
        ears_.ask([&](weir_error* error) {
            return table_->prepare(instance_, call ? call : ears_.forever(), &parts.target, schema,
                                   dry_run ? std::uint32_t{WEIR_PREPARE_DRY_RUN} : 0u,
                                   actions.get(), error);
        });
        std::vector<std::string> texts;
        if (actions.text().empty()) return texts;
        Json const answer = Json::parse(actions.text());
        for (Json const& action : answer.at("actions")) texts.push_back(action.at("text"));
        return texts;
    }
    Writer begin(WriteRequest const& request, weir_call const* call = nullptr) {
        Parts const parts{request};
        std::uint64_t epoch = request.epoch;
        Out cursor;
        weir_writer* writer = nullptr;
        ears_.ask([&](weir_error* error) {
            return table_->begin(instance_, call ? call : ears_.forever(), &parts.begin, &epoch,
                                 cursor.get(), &writer, error);
        });
        return Writer{table_, ears_, writer, epoch, cursor.text()};
    }
    /// prepare() and begin() in the host's order.
    Writer start(WriteRequest const& request, ArrowSchema const* schema) {
        Writer writer = begin(request);
        prepare(request, schema);
        return writer;
    }
    /// The checkpoint; null when there is none that holds.
    Json peek(WriteRequest const& request, weir_call const* call = nullptr) {
        Parts const parts{request};
        Out out;
        ears_.ask([&](weir_error* error) {
            return table_->peek(instance_, call ? call : ears_.forever(), &parts.begin, out.get(),
                                error);
        });
        return out.text().empty() ? Json{} : Json::parse(out.text());
    }

private:
    /// The C structs of a request, which they borrow from.
    struct Parts {
        explicit Parts(WriteRequest const& request)
            : spec{Json{{"key", request.key}}.dump()},
              target{sizeof target, 0, request.write_mode, 0, request.target.c_str(), spec.c_str()},
              begin{sizeof begin,        request.flags,          &target,
                    request.job.c_str(), request.stream.c_str(), request.run_id.c_str(),
                    request.spec.c_str()} {}
        Parts(Parts const&) = delete;
        std::string spec;
        weir_target target;
        weir_begin begin;
    };
    weir_sink const* table_;
};

}  // namespace weir::testkit
