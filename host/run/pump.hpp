#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "host/abi/sink_proxy.hpp"
#include "host/core/clock.hpp"
#include "host/core/limits.hpp"
#include "host/run/batches.hpp"
#include "host/run/dead_letters.hpp"
#include "host/run/drift.hpp"
#include "host/run/report.hpp"
#include "host/run/sink_turn.hpp"
#include "host/run/stop.hpp"

namespace weir::host {

/// What one pump needs; all of it is borrowed and outlives it.
struct PumpPorts {
    Batches& reader;
    WriterProxy& writer;
    SinkProxy& sink;
    TargetRequest const& target;
    OwnedSchema schema;              ///< of the first batches; the target is prepared for it
    Drift& drift;                    ///< has looked at that schema
    DeadLetters* rejects = nullptr;  ///< null: a row that is refused fails the stream
    CallContext const& read_call;
    CallContext const& write_call;
    Stop const& stop;
    Clock const& clock;
    SinkTurn& turn;  ///< held while a transaction of the sink is open
    std::optional<NextBatch> first = {};  ///< that the reader has answered already
};

struct PumpRules {
    std::string stream;                  ///< for people
    std::vector<std::string> key;        ///< by which they know a record
    std::uint64_t row_bytes_max = 0;     ///< what the source was told
    std::size_t ahead_batches_max = 1;
    std::uint64_t ahead_bytes_max = 0;
    std::uint64_t commit_bytes_max = 0;  ///< 0: after each batch
    std::int64_t commit_ms_max = 0;
    /// A read that brought nothing and ended where it began is not committed: nothing would change.
    bool skips_idle = false;
    bool keeps_cursor = false;   ///< the position stays where it was before
    bool only_compares = false;  ///< rows count as filtered; `settle` says which were written
    /// Called when all was written, before the final commit, while the sink's turn is held. An
    /// error ends it without one.
    std::function<Result<void>()> settle;
    bool refuse_empty = false;  ///< no rows at all: nothing is committed, would_empty()
    /// The note that is committed with the rows; empty, or no function: unchanged.
    std::function<std::string(Counts const& counts, bool final)> note;
};

/// What the pump tells while it runs, and leaves behind however it ends.
struct PumpFacts {
    Counts counts;               ///< of what was written, committed or not
    Counts committed;            ///< the same at the last commit
    std::string cursor;          ///< the last committed one; empty: none, or cleared
    /// What a commit was sent with whose answer is lost: where the sink is found at that cursor, it
    /// happened.
    struct Sent {
        std::string cursor;
        Counts counts;
    };
    std::optional<Sent> uncertain = {};
    Timing timing = {};          ///< added to
    std::function<void()> told;  ///< called after each batch, on the writer's thread
    std::function<void(std::string const&)> say;  ///< what a person should hear; the same thread
};

/// Moves one stream: reads batch N+1 on a thread of its own while batch N is written on the
/// caller's, and a few more, up to the rules' batches and bytes, while the sink commits. Rows and
/// cursor commit together (I1) at the first batch with a cursor after the rules' bytes or time,
/// when that time is over and no batch has come, and at the end.
///
/// Stopping (stop.reading) ends it after the batch in hand: what can be committed is, and the
/// answer is E_CANCELLED. Any other error leaves the sink at its last commit.
Result<void> pump(PumpPorts ports, PumpRules const& rules, PumpFacts& facts);

}  // namespace weir::host
