#include "host/abi/sink_proxy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <unordered_set>

#include "host/abi/arrow_check.hpp"
#include "host/abi/instance_object.hpp"
#include "host/abi/utf8.hpp"

namespace weir::host {

namespace {

/// The weir_target of a request; borrows it.
class TargetStruct {
public:
    explicit TargetStruct(TargetRequest const& request) : spec_{request.spec.dump()} {
        abi_.struct_size = sizeof abi_;
        abi_.write_mode = request.write_mode;
        abi_.name = request.name.c_str();
        abi_.spec_json = spec_.c_str();
    }
    TargetStruct(TargetStruct const&) = delete;
    TargetStruct& operator=(TargetStruct const&) = delete;
    weir_target const* abi() const { return &abi_; }

private:
    std::string spec_;
    weir_target abi_{};
};

/// The weir_begin of a request; borrows it.
class BeginStruct {
public:
    explicit BeginStruct(BeginRequest const& request) : target_{request.target} {
        abi_.struct_size = sizeof abi_;
        abi_.flags = (request.staged ? std::uint32_t{WEIR_BEGIN_STAGED} : 0u) |
                     (request.reset ? std::uint32_t{WEIR_BEGIN_RESET} : 0u) |
                     (request.look ? std::uint32_t{WEIR_BEGIN_LOOK} : 0u);
        abi_.target = target_.abi();
        abi_.job = request.job.c_str();
        abi_.stream = request.stream.c_str();
        abi_.run_id = request.run_id.c_str();
        abi_.spec_json = request.spec.c_str();
    }
    BeginStruct(BeginStruct const&) = delete;
    BeginStruct& operator=(BeginStruct const&) = delete;
    weir_begin const* abi() const { return &abi_; }

private:
    TargetStruct target_;
    weir_begin abi_{};
};

/// What a plugin called a row's fault. An older plugin's weir_error may be shorter than ours.
Error refusal_of(weir_status why, weir_error const* reason, std::string_view who,
                 char const* function) {
    weir_error said;
    clear(said);
    if (reason) std::memcpy(&said, reason, std::min<std::size_t>(reason->struct_size, sizeof said));
    return error_of(why < 0 ? why : weir_status{WEIR_E_DATA}, said, who, function);
}

/// Runs `work` of a callback: nothing is thrown into a plugin.
template <class Work>
weir_status safely(Work&& work) noexcept {
    try {
        return work();
    } catch (std::bad_alloc const&) {
        return WEIR_E_NOMEM;
    } catch (...) {
        return WEIR_E_INTERNAL;
    }
}

/// A weir_rejects over a RejectSink that checks what the plugin says.
class RejectStruct {
public:
    RejectStruct(RejectSink const* sink, std::int64_t rows, std::string_view who)
        : abi_{sizeof abi_, 0, this, add}, sink_{sink}, rows_{rows}, who_{who} {}
    RejectStruct(RejectStruct const&) = delete;
    RejectStruct& operator=(RejectStruct const&) = delete;

    weir_rejects const* abi() const { return sink_ ? &abi_ : nullptr; }
    /// What the plugin did wrong, as the end of a sentence; empty: nothing.
    std::string const& broken() const { return broken_; }

private:
    static weir_status add(void* self, std::int64_t row, weir_status why,
                           weir_error const* reason) noexcept {
        return safely([&] { return static_cast<RejectStruct*>(self)->take(row, why, reason); });
    }
    weir_status take(std::int64_t row, weir_status why, weir_error const* reason);

    weir_rejects abi_;
    RejectSink const* sink_;
    std::int64_t rows_;
    std::string_view who_;
    std::unordered_set<std::int64_t> taken_;
    std::string broken_;
};

weir_status RejectStruct::take(std::int64_t row, weir_status why, weir_error const* reason) {
    if (row < 0 || row >= rows_) {
        broken_ = fmt::format("rejected row {} of a batch of {} rows", row, rows_);
        return WEIR_E_INTERNAL;
    }
    if (!taken_.insert(row).second) {
        broken_ = fmt::format("rejected row {} twice", row);
        return WEIR_E_INTERNAL;
    }
    Error const error = refusal_of(why, reason, who_, "write");
    return (*sink_)(row, error) ? weir_status{WEIR_OK} : weir_status{WEIR_E_DATA};
}

/// A weir_refusals over a RefusalSink that checks what the plugin says.
class RefusalStruct {
public:
    RefusalStruct(RefusalSink const* sink, std::string_view who)
        : abi_{sizeof abi_, 0, this, add, keep}, sink_{sink}, who_{who} {}
    RefusalStruct(RefusalStruct const&) = delete;
    RefusalStruct& operator=(RefusalStruct const&) = delete;

    weir_refusals const* abi() const { return sink_ ? &abi_ : nullptr; }
    /// What the plugin did wrong, as the end of a sentence; empty: nothing.
    std::string const& broken() const { return broken_; }
    /// Whether rows were added and never kept.
    bool is_loose() const { return is_loose_; }

private:
    static weir_status add(void* self, ArrowSchema const* schema, ArrowArray const* record,
                           weir_status why, weir_error const* reason) noexcept {
        return safely(
            [&] { return static_cast<RefusalStruct*>(self)->take(schema, record, why, reason); });
    }
    static weir_status keep(void* self) noexcept {
        return safely([&] {
            auto& refusals = *static_cast<RefusalStruct*>(self);
            refusals.is_loose_ = false;
            return refusals.sink_->keep() ? weir_status{WEIR_OK} : weir_status{WEIR_E_DATA};
        });
    }
    weir_status take(ArrowSchema const* schema, ArrowArray const* record, weir_status why,
                     weir_error const* reason);

    weir_refusals abi_;
    RefusalSink const* sink_;
    std::string_view who_;
    std::string broken_;
    bool is_loose_ = false;
};

weir_status RefusalStruct::take(ArrowSchema const* schema, ArrowArray const* record,
                                weir_status why, weir_error const* reason) {
    if (!schema || !record || !schema->release || !record->release)
        broken_ = "refused a row without its record";
    else if (std::string const wrong = check_schema(*schema); !wrong.empty())
        broken_ = "refused a row whose schema " + wrong;
    else if (std::string const odd = BatchCheck{*schema}.check(*record); !odd.empty())
        broken_ = "refused a row in a batch that " + odd;
    else if (record->length != 1)
        broken_ = fmt::format("refused {} rows as one", record->length);
    if (!broken_.empty()) return WEIR_E_INTERNAL;
    is_loose_ = true;
    Error const error = refusal_of(why, reason, who_, "commit");
    return sink_->add(*schema, *record, error) ? weir_status{WEIR_OK} : weir_status{WEIR_E_DATA};
}

/// A weir_keys over a KeySink that checks what the plugin says.
class KeyStruct {
public:
    explicit KeyStruct(KeySink const* sink)
        : abi_{sizeof abi_, 0, this, sink ? sink->rows_max : 0, add}, sink_{sink} {}
    KeyStruct(KeyStruct const&) = delete;
    KeyStruct& operator=(KeyStruct const&) = delete;

    weir_keys const* abi() const { return sink_ ? &abi_ : nullptr; }
    /// What the plugin did wrong, as the end of a sentence; empty: nothing.
    std::string const& broken() const { return broken_; }

private:
    static weir_status add(void* self, ArrowSchema const* schema, ArrowArray const* keys) noexcept {
        return safely([&] { return static_cast<KeyStruct*>(self)->take(schema, keys); });
    }
    weir_status take(ArrowSchema const* schema, ArrowArray const* keys);

    weir_keys abi_;
    KeySink const* sink_;
    std::uint64_t rows_ = 0;
    std::string broken_;
};

weir_status KeyStruct::take(ArrowSchema const* schema, ArrowArray const* keys) {
    if (!schema || !keys || !schema->release || !keys->release)
        broken_ = "told missing keys without a batch";
    else if (std::string const wrong = check_schema(*schema); !wrong.empty())
        broken_ = "told missing keys whose schema " + wrong;
    else if (std::string const odd = BatchCheck{*schema}.check(*keys); !odd.empty())
        broken_ = "told missing keys in a batch that " + odd;
    else if ((rows_ += static_cast<std::uint64_t>(keys->length)) > abi_.rows_max)
        broken_ = "told more missing keys than it was asked for";
    if (!broken_.empty()) return WEIR_E_INTERNAL;
    return sink_->add(*schema, *keys) ? weir_status{WEIR_OK} : weir_status{WEIR_E_DATA};
}

Result<Prepared> parse_prepared(Boundary const& boundary, std::string const& text) {
    Prepared out;
    if (text.empty()) return out;
    nlohmann::json const answer = nlohmann::json::parse(text, nullptr, false);
    if (!answer.is_object() || !answer.contains("actions") || !answer["actions"].is_array())
        return boundary.broken("prepare", "did not answer {\"actions\":[…]}");
    for (nlohmann::json const& action : answer["actions"]) {
        if (!action.is_object() || !action.contains("text") || !action["text"].is_string())
            return boundary.broken("prepare", "answered an action without \"text\"");
        out.actions.push_back(action["text"]);
    }
    out.holds_rows = !answer.contains("holds_rows") || answer["holds_rows"] != false;
    out.has_references = !answer.contains("references") || answer["references"] != false;
    return out;
}

}  // namespace

/// A plugin's writer and its lane.
class WriterObject {
public:
    WriterObject(std::shared_ptr<InstanceObject> instance, weir_writer* handle)
        : instance_{std::move(instance)},
          table_{*instance_->component().sink},
          handle_{handle},
          boundary_{instance_->host().instance(), instance_->component().generation,
                    instance_->host().services(),
                    WEIR_HAS(&table_, weir_sink, interrupt) ? interrupt_handle : nullptr, this} {
        boundary_.generation()->reader_began();
    }
    WriterObject(WriterObject const&) = delete;
    WriterObject& operator=(WriterObject const&) = delete;
    ~WriterObject() {
        boundary_.finish("close", [this] { table_.close(handle_); });
        boundary_.generation()->reader_ended();
    }

    weir_sink const& table() const { return table_; }
    weir_writer* handle() const { return handle_; }
    Boundary& boundary() { return boundary_; }

private:
    static void interrupt_handle(void* self) {
        auto& object = *static_cast<WriterObject*>(self);
        object.table_.interrupt(object.handle_);
    }

    std::shared_ptr<InstanceObject> instance_;
    weir_sink const& table_;
    weir_writer* handle_;
    Boundary boundary_;
};

WriterProxy::WriterProxy(std::unique_ptr<WriterObject> object) : object_{std::move(object)} {}
WriterProxy::WriterProxy(WriterProxy&&) noexcept = default;
WriterProxy& WriterProxy::operator=(WriterProxy&&) noexcept = default;
WriterProxy::~WriterProxy() = default;
void WriterProxy::interrupt() { object_->boundary().interrupt(); }

Result<void> WriterProxy::write(CallContext const& call, ArrowSchema const& schema,
                                ArrowArray const& batch, RejectSink const* rejects) {
    Boundary& boundary = object_->boundary();
    RejectStruct rejected{rejects, batch.length, boundary.who()};
    Result<weir_status> const done = boundary.call("write", &call, [&](weir_error* error) {
        return object_->table().write(object_->handle(), call.abi(), &schema, &batch,
                                      rejected.abi(), error);
    });
    if (!rejected.broken().empty()) return boundary.broken("write", rejected.broken());
    if (!done) return done.error();
    if (!batch.release) return boundary.broken("write", "released a batch that it had borrowed");
    return {};
}

Result<std::uint64_t> WriterProxy::commit(CallContext const& call, CommitRequest const& request) {
    std::string const spec{request.spec};
    weir_commit commit{};
    commit.struct_size = sizeof commit;
    commit.flags = (request.final ? std::uint32_t{WEIR_COMMIT_FINAL} : 0u) |
                   (request.keeps_cursor ? std::uint32_t{WEIR_COMMIT_KEEPS_CURSOR} : 0u);
    commit.cursor = request.cursor.empty() ? "" : request.cursor.data();
    commit.cursor_size = request.cursor.size();
    commit.rows = request.rows;
    commit.spec_json = spec.empty() ? nullptr : spec.c_str();
    Boundary& boundary = object_->boundary();
    RefusalStruct refused{request.refusals, boundary.who()};
    commit.refusals = refused.abi();
    Result<weir_status> const done = boundary.call("commit", &call, [&](weir_error* error) {
        return object_->table().commit(object_->handle(), call.abi(), &commit, error);
    });
    if (!refused.broken().empty()) return boundary.broken("commit", refused.broken());
    if (!done) return done.error();
    if (refused.is_loose())
        return boundary.broken("commit", "showed rows and never kept those it refused");
    return commit.deleted;
}

Result<Swept> WriterProxy::sweep(CallContext const& call, SweepRequest const& request) {
    Boundary& boundary = object_->boundary();
    if (!WEIR_HAS(&object_->table(), weir_sink, sweep))
        return Error{WEIR_E_UNSUPPORTED, "reconcile.sink_cannot",
                     fmt::format("{} cannot compare a target with its source", boundary.who())};
    weir_sweep sweep{};
    sweep.struct_size = sizeof sweep;
    sweep.flags = (request.dry_run ? std::uint32_t{WEIR_SWEEP_DRY_RUN} : 0u) |
                  (request.shared ? std::uint32_t{WEIR_SWEEP_SHARED} : 0u);
    sweep.deletes_max = request.deletes_max;
    sweep.is_soft = request.soft ? 1 : 0;
    KeyStruct missing{request.missing};
    sweep.missing = missing.abi();
    Result<weir_status> const done = boundary.call("sweep", &call, [&](weir_error* error) {
        return object_->table().sweep(object_->handle(), call.abi(), &sweep, error);
    });
    if (!missing.broken().empty()) return boundary.broken("sweep", missing.broken());
    if (!done) return done.error();
    if (sweep.extra_rows > sweep.target_rows)
        return boundary.broken("sweep", "found more rows too many than there are");
    if (sweep.deleted_rows > (request.dry_run ? 0 : request.deletes_max))
        return boundary.broken("sweep", "deleted more rows than it was allowed to");
    return Swept{sweep.target_rows, sweep.extra_rows, sweep.missing_rows, sweep.drifted_rows,
                 sweep.deleted_rows};
}

Result<Prepared> SinkProxy::prepare(CallContext const& call, TargetRequest const& target,
                                    ArrowSchema const& schema, bool dry_run) {
    TargetStruct const to{target};
    CollectedText actions{answer_bytes_max};
    Boundary& boundary = object_->boundary();
    weir_sink const& table = *object_->component().sink;
    std::lock_guard const turn{object_->turn()};
    Result<weir_status> const done = boundary.call("prepare", &call, [&](weir_error* error) {
        return table.prepare(object_->handle(), call.abi(), to.abi(), &schema,
                             dry_run ? std::uint32_t{WEIR_PREPARE_DRY_RUN} : 0u, actions.abi(),
                             error);
    });
    if (actions.is_over()) return boundary.broken("prepare", "answered more than 16 MiB");
    if (!done) return done.error();
    return parse_prepared(boundary, actions.text());
}

Result<WriterProxy> SinkProxy::begin(CallContext const& call, BeginRequest const& request,
                                     std::uint64_t& epoch, std::string& cursor) {
    BeginStruct const begin{request};
    CollectedText last{cursor_bytes_max};
    weir_writer* handle = nullptr;
    Boundary& boundary = object_->boundary();
    weir_sink const& table = *object_->component().sink;
    std::lock_guard const turn{object_->turn()};
    Result<weir_status> const done = boundary.call("begin", &call, [&](weir_error* error) {
        return table.begin(object_->handle(), call.abi(), begin.abi(), &epoch, last.abi(), &handle,
                           error);
    });
    if (last.is_over()) return boundary.broken("begin", "answered a cursor of more than 1 MiB");
    if (!done) return done.error();
    if (!handle) return boundary.broken("begin", "answered no writer");
    WriterProxy writer{std::make_unique<WriterObject>(object_, handle)};
    if (!is_utf8(last.text()))
        return boundary.broken("begin", "answered a cursor that is not UTF-8");
    cursor = last.take();
    return writer;
}

Result<std::string> SinkProxy::peek(CallContext const& call, BeginRequest const& request) {
    BeginStruct const begin{request};
    CollectedText checkpoint{answer_bytes_max};
    Boundary& boundary = object_->boundary();
    weir_sink const& table = *object_->component().sink;
    std::lock_guard const turn{object_->turn()};
    Result<weir_status> const done = boundary.call("peek", &call, [&](weir_error* error) {
        return table.peek(object_->handle(), call.abi(), begin.abi(), checkpoint.abi(), error);
    });
    if (checkpoint.is_over()) return boundary.broken("peek", "answered more than 16 MiB");
    if (!done) return done.error();
    bool const is_checkpoint =
        checkpoint.text().empty() ||
        nlohmann::json::parse(checkpoint.text(), nullptr, false).is_object();
    if (!is_checkpoint) return boundary.broken("peek", "did not answer a JSON object");
    return checkpoint.take();
}

bool SinkProxy::sweeps() const {
    return WEIR_HAS(object_->component().sink, weir_sink, sweep);
}

}  // namespace weir::host
