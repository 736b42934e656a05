#pragma once

#include <memory>

#include "../sink.h"
#include "batch.hpp"
#include "config.hpp"
#include "host.hpp"
#include "view.hpp"

namespace weir {

/// Where in the sink a stream lands; valid during the call only.
struct Target {
    std::uint32_t write_mode = WEIR_WRITE_APPEND;
    std::string name;
    std::vector<std::string> key;
    std::string version = {};  ///< no record takes the place of one greater in it; empty: any does
    std::string deleted_at = {};  ///< see weir_target; empty: "_weir_deleted_at"
    Json structure = {};       ///< what prepare() adds to a loaded target; null: nothing
};

/// Which checkpoint a writer goes on from; valid during the call only.
struct Begin {
    Target target;
    std::string job, stream, run_id, spec;
    bool staged = false, reset = false, look = false;
};

namespace detail {

/// A batch as it crosses the boundary, released at the end of scope.
struct Exported {
    ArrowSchema schema{};
    ArrowArray array{};
    Exported() = default;
    Exported(Exported const&) = delete;
    Exported& operator=(Exported const&) = delete;
    ~Exported() {
        if (schema.release) schema.release(&schema);
        if (array.release) array.release(&array);
    }
};

}  // namespace detail

/// Takes the staged rows that the target refuses at the final commit; may be absent, then the
/// commit throws E_DATA for the first one instead. See weir_refusals.
class Refusals {
public:
    explicit Refusals(weir_refusals const* refusals = nullptr) : refusals_{refusals} {}
    explicit operator bool() const { return WEIR_HAS(refusals_, weir_refusals, keep); }
    /// `record` holds one row, and none afterwards.
    void add(Batch& record, Error const& why) {
        detail::Exported exported;
        export_schema(record.schema(), &exported.schema);
        record.finish(&exported.array);
        weir_error reason{};
        reason.struct_size = sizeof reason;
        weir_status const status = detail::explain(&reason, why);
        answer(refusals_->add(refusals_->ctx, &exported.schema, &exported.array, status, &reason));
    }
    /// Once after the last row, before the others show.
    void keep() { answer(refusals_->keep(refusals_->ctx)); }

private:
    static void answer(weir_status status) {
        if (status < 0) throw Error{status, "the host takes no more refused rows"};
    }

    weir_refusals const* refusals_;
};

struct Commit {
    std::string_view cursor;  ///< empty: the position is cleared
    std::uint64_t rows = 0;
    bool final = false;
    std::string_view spec;  ///< the host's note from now on; empty: as begin() gave it
    Refusals refusals{};    ///< of a final commit
    bool keeps_cursor = false;
};

/// Takes the keys that a dry sweep of keys found missing; may be absent. See weir_keys.
class MissingKeys {
public:
    explicit MissingKeys(weir_keys const* keys = nullptr) : keys_{keys} {}
    explicit operator bool() const { return WEIR_HAS(keys_, weir_keys, add); }
    /// Where more are missing, none is to be told.
    std::uint64_t rows_max() const { return keys_->rows_max; }
    /// `keys` holds rows of the key's fields, and none afterwards.
    void add(Batch& keys) {
        detail::Exported exported;
        export_schema(keys.schema(), &exported.schema);
        keys.finish(&exported.array);
        if (keys_->add(keys_->ctx, &exported.schema, &exported.array) < 0)
            throw Error{WEIR_E_DATA, "the host takes no more keys"};
    }

private:
    weir_keys const* keys_;
};

/// What a target has too much and too little, and how much of it may go. See weir_sweep.
struct Sweep {
    bool dry_run = false, shared = false, soft = false;
    std::uint64_t deletes_max = 0;
    MissingKeys missing{};
};
struct Swept {
    std::uint64_t target = 0, extra = 0, missing = 0, drifted = 0, deleted = 0;
};

/// Takes the rows that a writer refuses; may be absent, then the writer throws E_DATA instead.
class Rejects {
public:
    explicit Rejects(weir_rejects const* rejects) : rejects_{rejects} {}
    explicit operator bool() const { return WEIR_HAS(rejects_, weir_rejects, add); }
    void add(std::int64_t row, Error const& why) {
        weir_error reason{};
        reason.struct_size = sizeof reason;
        weir_status const status = detail::explain(&reason, why);
        if (weir_status answer = rejects_->add(rejects_->ctx, row, status, &reason); answer < 0)
            throw Error{answer, "the host takes no more rejected rows"};
    }

private:
    weir_rejects const* rejects_;
};

/// Writes one stream. Calls come one at a time, interrupt() excepted. Destroying it rolls back.
class Writer {
public:
    virtual ~Writer() = default;
    /// `fields` and `batch` are borrowed. See weir_sink.write.
    virtual void write(Call const& call, std::vector<FieldView> const& fields,
                       ArrowArray const& batch, Rejects rejects) = 0;
    /// Answers how many rows of the target were removed (REPLACE). See weir_sink.commit.
    virtual std::uint64_t commit(Call const& call, Commit const& commit) = 0;
    /// See weir_sink.sweep. A sink whose writers have it says so: `static constexpr bool sweeps =
    /// true`.
    virtual Swept sweep(Call const&, Sweep const&) {
        throw Error{WEIR_E_UNSUPPORTED, "this sink cannot compare its target with a stream"};
    }
    /// Unblocks the call at work. Any thread.
    virtual void interrupt() noexcept {}
};

/// What prepare() did, or would do.
struct Prepared {
    std::vector<std::string> actions;  ///< one sentence each
    bool holds_rows = true;            ///< false: the target is missing or empty, before any action
    bool has_references = true;        ///< false: the target has no foreign keys
};

/// A configured system that can be written. Constructed from (Host, Config) without I/O.
class Sink {
public:
    virtual ~Sink() = default;
    /// Makes the target fit, or with `dry_run` only says how.
    virtual Prepared prepare(Call const& call, Target const& target,
                             std::vector<FieldView> const& fields, bool dry_run) = 0;
    /// See weir_sink.begin: `epoch` in and out, the last committed cursor to `cursor`.
    virtual std::unique_ptr<Writer> begin(Call const& call, Begin const& begin,
                                          std::uint64_t& epoch, std::string& cursor) = 0;
    /// The checkpoint as JSON; empty when there is none that holds.
    virtual std::string peek(Call const& call, Begin const& begin) = 0;
};

namespace detail {

struct WriterHandle {
    std::unique_ptr<Writer> writer;
};

inline Target target_of(weir_target const& in) {
    Config const spec{in.spec_json};
    return {in.write_mode, in.name, spec.names("key"), spec.text("version"),
            spec.text("deleted_at"), spec.has("structure") ? spec.json()["structure"] : Json{}};
}

inline Begin begin_of(weir_begin const& in) {
    auto text = [](char const* value) { return std::string{value ? value : ""}; };
    return {target_of(*in.target),
            text(in.job),
            text(in.stream),
            text(in.run_id),
            text(in.spec_json),
            (in.flags & WEIR_BEGIN_STAGED) != 0,
            (in.flags & WEIR_BEGIN_RESET) != 0,
            (in.flags & WEIR_BEGIN_LOOK) != 0};
}

template <class Instance>
concept Sweeps = requires { requires Instance::sweeps; };

inline weir_status sweep_with(weir_writer* writer, weir_call const* call, weir_sweep* in,
                              weir_error* error) {
    return barrier(error, [&] {
        Sweep wanted{(in->flags & WEIR_SWEEP_DRY_RUN) != 0, (in->flags & WEIR_SWEEP_SHARED) != 0,
                     in->is_soft != 0, in->deletes_max};
        if (WEIR_HAS(in, weir_sweep, missing)) wanted.missing = MissingKeys{in->missing};
        Swept const swept =
            reinterpret_cast<WriterHandle*>(writer)->writer->sweep(Call{call}, wanted);
        in->target_rows = swept.target;
        in->extra_rows = swept.extra;
        in->missing_rows = swept.missing;
        in->drifted_rows = swept.drifted;
        in->deleted_rows = swept.deleted;
        return WEIR_OK;
    });
}

/// The table of calls for any Sink.
template <class Instance>
weir_sink const* sink_table() {
    static weir_sink const table{
        sizeof(weir_sink),
        0,
        [](weir_instance* instance, weir_call const* call, weir_target const* target,
           ArrowSchema const* schema, std::uint32_t flags, weir_out const* actions,
           weir_error* error) {
            return barrier(error, [&] {
                Sink& sink = *reinterpret_cast<Instance*>(instance);
                Json list = Json::array();
                Prepared const prepared =
                    sink.prepare(Call{call}, target_of(*target), fields_of(*schema),
                                 (flags & WEIR_PREPARE_DRY_RUN) != 0);
                for (std::string const& text : prepared.actions) list.push_back({{"text", text}});
                write_out(actions,
                          Json{{"actions", list},
                               {"holds_rows", prepared.holds_rows},
                               {"references", prepared.has_references}}
                              .dump());
                return WEIR_OK;
            });
        },
        [](weir_instance* instance, weir_call const* call, weir_begin const* begin,
           std::uint64_t* epoch, weir_out const* cursor, weir_writer** out, weir_error* error) {
            return barrier(error, [&] {
                Sink& sink = *reinterpret_cast<Instance*>(instance);
                std::string last;
                auto handle = std::make_unique<WriterHandle>();
                handle->writer = sink.begin(Call{call}, begin_of(*begin), *epoch, last);
                write_out(cursor, last);
                *out = reinterpret_cast<weir_writer*>(handle.release());
                return WEIR_OK;
            });
        },
        [](weir_writer* writer, weir_call const* call, ArrowSchema const* schema,
           ArrowArray const* batch, weir_rejects const* rejects, weir_error* error) {
            return barrier(error, [&] {
                auto& handle = *reinterpret_cast<WriterHandle*>(writer);
                handle.writer->write(Call{call}, fields_of(*schema), *batch, Rejects{rejects});
                return WEIR_OK;
            });
        },
        [](weir_writer* writer, weir_call const* call, weir_commit* in, weir_error* error) {
            return barrier(error, [&] {
                auto& handle = *reinterpret_cast<WriterHandle*>(writer);
                Commit commit;
                if (in->cursor_size) commit.cursor = {in->cursor, in->cursor_size};
                commit.rows = in->rows;
                commit.final = (in->flags & WEIR_COMMIT_FINAL) != 0;
                commit.keeps_cursor = (in->flags & WEIR_COMMIT_KEEPS_CURSOR) != 0;
                if (WEIR_HAS(in, weir_commit, spec_json)) commit.spec = in->spec_json;
                if (WEIR_HAS(in, weir_commit, refusals)) commit.refusals = Refusals{in->refusals};
                std::uint64_t const deleted = handle.writer->commit(Call{call}, commit);
                if (WEIR_FITS(in, weir_commit, deleted)) in->deleted = deleted;
                return WEIR_OK;
            });
        },
        [](weir_instance* instance, weir_call const* call, weir_begin const* begin,
           weir_out const* checkpoint, weir_error* error) {
            return barrier(error, [&] {
                Sink& sink = *reinterpret_cast<Instance*>(instance);
                write_out(checkpoint, sink.peek(Call{call}, begin_of(*begin)));
                return WEIR_OK;
            });
        },
        [](weir_writer* writer) { reinterpret_cast<WriterHandle*>(writer)->writer->interrupt(); },
        [](weir_writer* writer) { delete reinterpret_cast<WriterHandle*>(writer); },
        Sweeps<Instance> ? sweep_with : nullptr};
    return &table;
}

}  // namespace detail
}  // namespace weir
