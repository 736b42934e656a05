#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "host/abi/call_context.hpp"
#include "host/core/error.hpp"
#include "weir/sink.h"

namespace weir::host {

class InstanceObject;
class WriterObject;

/// See weir_target.
struct TargetRequest {
    std::string name = {};
    std::uint32_t write_mode = WEIR_WRITE_APPEND;
    nlohmann::json spec = nlohmann::json::object();  ///< {"key":["id"],"version"?}
};

/// See weir_begin.
struct BeginRequest {
    TargetRequest target = {};
    std::string job = {}, stream = {}, run_id = {};
    std::string spec = {};  ///< the host's own note, given back by peek()
    bool staged = false, reset = false, look = false;
};

/// See weir_refusals: takes whole records during the final commit(), on its thread. False: no more,
/// the commit ends with E_DATA.
struct RefusalSink {
    std::function<bool(ArrowSchema const&, ArrowArray const& record, Error const& why)> add;
    std::function<bool()> keep;
};

/// See weir_commit.
struct CommitRequest {
    std::string_view cursor = {};  ///< empty: the position is cleared
    std::uint64_t rows = 0;
    bool final = false;
    std::string_view spec = {};  ///< the host's note from now on; empty: as begin() gave it
    RefusalSink const* refusals = nullptr;  ///< null: a staged row that is refused fails the call
    bool keeps_cursor = false;
};

/// See weir_keys: takes checked rows of keys during a dry sweep(), on its thread. False: no more.
struct KeySink {
    std::uint64_t rows_max = 0;
    std::function<bool(ArrowSchema const&, ArrowArray const& keys)> add;
};

/// See weir_sweep.
struct SweepRequest {
    bool dry_run = false, shared = false, soft = false;
    std::uint64_t deletes_max = 0;
    KeySink const* missing = nullptr;
};
struct Swept {
    std::uint64_t target = 0, extra = 0, missing = 0, drifted = 0, deleted = 0;
};

/// Takes a refused row, counted in the batch of the call, and why; false: no more, the write ends
/// with E_DATA. Called during write(), on its thread.
using RejectSink = std::function<bool(std::int64_t row, Error const& why)>;

/// An open write. A lane of its own; the destructor closes, which rolls back. Move-only.
class WriterProxy {
public:
    explicit WriterProxy(std::unique_ptr<WriterObject> object);
    WriterProxy(WriterProxy&&) noexcept;
    WriterProxy& operator=(WriterProxy&&) noexcept;
    ~WriterProxy();

    /// `batch` is borrowed and must be checked already, as every array of a ReaderProxy is.
    /// `rejects` null: a row that cannot be taken fails the call.
    Result<void> write(CallContext const& call, ArrowSchema const& schema, ArrowArray const& batch,
                       RejectSink const* rejects);
    /// Answers how many rows of the target a REPLACE removed.
    Result<std::uint64_t> commit(CallContext const& call, CommitRequest const& request);
    /// E_UNSUPPORTED "reconcile.sink_cannot": the sink has no such call.
    Result<Swept> sweep(CallContext const& call, SweepRequest const& request);
    /// Unblocks the call at work. Any thread.
    void interrupt();

private:
    std::unique_ptr<WriterObject> object_;
};

/// What SinkProxy::prepare() did, or would do.
struct Prepared {
    std::vector<std::string> actions;  ///< one sentence each
    bool holds_rows = true;            ///< false: the target is missing or empty, before any action
    bool has_references = true;        ///< false: no foreign key of the target refuses a row
};

/// The sink of an Instance: a view on it, and on the lane of the instance.
class SinkProxy {
public:
    /// Makes the target fit, or with `dry_run` only says how.
    Result<Prepared> prepare(CallContext const& call, TargetRequest const& target,
                             ArrowSchema const& schema, bool dry_run);
    /// `epoch` in: ours, 0 takes the next; out, also with E_FENCED: the one in the sink. `cursor`
    /// out: the last committed one, at most 1 MiB.
    Result<WriterProxy> begin(CallContext const& call, BeginRequest const& request,
                              std::uint64_t& epoch, std::string& cursor);
    /// The checkpoint as JSON text; empty when there is none that holds.
    Result<std::string> peek(CallContext const& call, BeginRequest const& request);
    /// Whether its writers can compare a target with a stream.
    bool sweeps() const;

private:
    friend class Instance;
    explicit SinkProxy(std::shared_ptr<InstanceObject> object) : object_{std::move(object)} {}
    std::shared_ptr<InstanceObject> object_;
};

}  // namespace weir::host
