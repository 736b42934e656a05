#pragma once

#include <string>
#include <utility>
#include <vector>

#include "weir/sink.h"
#include "weir/testkit/plugin.hpp"
#include "weir/testkit/rows.hpp"

namespace weir::testkit {

/// Where and as what a sink is asked to write; see weir_target and weir_begin.
struct WriteRequest {
    std::string target;
    std::uint32_t write_mode = WEIR_WRITE_APPEND;
    std::vector<std::string> key = {};
    std::string version = {};  ///< empty: none is named
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
        bool const is_held = array->release != nullptr;
        ears_.ask([&](weir_error* error) {
            return table_->write(writer_, call ? call : ears_.forever(), schema, array, rejects,
                                 error);
        });
        if (is_held && !array->release)
            throw std::runtime_error{"write() released a batch that it had borrowed"};
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
    /// See weir_sweep. `missing` takes the keys that it tells.
    weir_sweep sweep(std::uint64_t deletes_max, std::uint32_t flags = 0, bool is_soft = false,
                     weir_keys const* missing = nullptr) {
        weir_sweep sweep{};
        sweep.struct_size = sizeof sweep;
        sweep.flags = flags;
        sweep.deletes_max = deletes_max;
        sweep.is_soft = is_soft ? 1 : 0;
        sweep.missing = missing;
        ears_.ask([&](weir_error* error) {
            return table_->sweep(writer_, ears_.forever(), &sweep, error);
        });
        return sweep;
    }
    /// The final commit behind a sweep.
    std::uint64_t commit_kept() {
        weir_commit commit{};
        commit.struct_size = sizeof commit;
        commit.flags = std::uint32_t{WEIR_COMMIT_FINAL} | std::uint32_t{WEIR_COMMIT_KEEPS_CURSOR};
        commit.cursor = "";
        ears_.ask([&](weir_error* error) {
            return table_->commit(writer_, ears_.forever(), &commit, error);
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
    bool sweeps() const { return WEIR_HAS(table_, weir_sink, sweep); }
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
            : spec{spec_of(request).dump()},
              target{sizeof target, 0, request.write_mode, 0, request.target.c_str(), spec.c_str()},
              begin{sizeof begin,        request.flags,          &target,
                    request.job.c_str(), request.stream.c_str(), request.run_id.c_str(),
                    request.spec.c_str()} {}
        Parts(Parts const&) = delete;
        static Json spec_of(WriteRequest const& request) {
            Json spec{{"key", request.key}};
            if (!request.version.empty()) spec["version"] = request.version;
            return spec;
        }
        std::string spec;
        weir_target target;
        weir_begin begin;
    };
    weir_sink const* table_;
};

}  // namespace weir::testkit
