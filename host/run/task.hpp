#pragma once

#include <functional>

#include "host/abi/instance.hpp"
#include "host/core/limits.hpp"
#include "host/run/batches.hpp"
#include "host/run/drift.hpp"
#include "host/run/parts.hpp"
#include "host/run/plan.hpp"
#include "host/run/position.hpp"
#include "host/run/progress.hpp"
#include "host/run/pump.hpp"
#include "host/run/shared_view.hpp"
#include "host/run/stop.hpp"

namespace weir::host {

/// What every stream of a copy shares; borrowed.
struct TaskPorts {
    CopyRequest const& request;
    SourceProxy& source;
    SinkProxy& sink;
    std::vector<std::string> source_identities;  ///< see identities_of(): the first one and older
    std::string sink_identity, run_id;
    LetterBox* rejects = nullptr;
    SharedView* view = nullptr;      ///< of the source's full reads; null: it has none
    bool shares_view = false;        ///< all of them see it; else those of the parts of one stream
    std::shared_ptr<SinkGate> gate;  ///< of a sink that takes one writer at a time; or null
    bool looks_up = false;           ///< the source reads records by their keys
    std::size_t parts = 1;           ///< a stream that can be cut is read in so many, in one view
    bool resumes_run = false;        ///< `run_id` may have begun in a process that died
    std::size_t lanes = 1;           ///< so many streams share what may be read ahead
    Progress& progress;
    Clock const& clock;
    Limits const& limits;
    Stop const& stop;
};

/// Copies one stream to its end: looks at the sink's checkpoint, decides where to begin, pumps, and
/// after a failure that time may cure goes on from the sink's cursor, as long as tries make
/// progress. Never throws; the report says how it ended.
///
/// Where the target has foreign keys it changes nothing before `await_referenced` has answered.
///
/// With `resumes_run` the sink keeps the counts of the run beside the cursor: taken up again, it
/// counts on from what was committed, and a stream that had come to its end is left alone.
class TaskRun {
public:
    TaskRun(TaskPorts const& ports, Task const& task,
            std::function<Result<void>()> await_referenced = {});

    /// Before run(): begins the read of a delta, which so sees nothing that came behind the reads
    /// that begin later. What fails then is told by run().
    void begin_ahead();
    StreamReport run();

private:
    Result<void> attempt();
    Result<void> look();
    Result<std::string> peek();
    void take_up(Checkpoint const& checkpoint);
    Result<void> read_and_write();
    Result<void> reconcile();
    Result<ReaderProxy> open_read(ReadRequest const& request);
    void tell_state(std::uint64_t state);
    bool may_be_cut(ReadRequest const& request) const;
    Result<std::unique_ptr<Batches>> open_batches(ReadRequest const& request);
    Result<Parts> cut_now(ReadRequest const& request);
    SharedView* view_of(ReadRequest const& request);
    Result<ReaderProxy> open_part(ReadRequest const& request, Part const& part,
                                  std::uint64_t& state);
    Result<std::vector<ReaderProxy>> open_first(ReadRequest const& request, Parts const& parts,
                                                std::uint64_t& state);
    Result<std::unique_ptr<Batches>> open_parts(ReadRequest const& request, Parts parts);
    std::unique_ptr<DeadLetters> open_letters() const;
    Result<void> open_reader(std::string const& cursor);
    Result<void> open_where_it_stands();
    Result<void> open_both();
    Result<void> let_others_end();
    PumpRules rules() const;
    std::uint64_t row_bytes_max() const;
    bool fits_target(ArrowSchema const& schema);
    Result<void> look_for_drift();
    void tell_what_is_unproven();
    Result<void> spare_refused(Counts const& counts);
    void guard_target(Prepared const& prepared);
    Result<void> dry_run();
    Result<void> look_for_a_row();
    std::string note_of(Selection const& selection, Counts const& counts,
                        std::vector<std::string> const& columns, bool is_done) const;
    ReadRequest read_request(std::string const& cursor) const;
    bool is_staged() const;
    bool may_retry(Error const& error) const;
    void note(std::string const& sentence);
    void wait(int attempt, Error const& error);

    TaskPorts const& ports_;
    Task const& task_;
    std::function<Result<void>()> await_referenced_;
    TargetRequest target_;
    BeginRequest begin_;
    Start start_;
    std::vector<std::string> known_;  // columns that the run before wrote
    std::string cursor_;              // where the read begins, as the sink has it
    CallContext read_call_, write_call_;
    std::optional<Result<void>> ahead_;  // how begin_ahead() ended, for the first attempt
    bool is_ahead_ = false;              // it is what opens
    std::optional<SharedView> own_view_;  // of the parts of a delta
    int own_views_ = 0;
    std::unique_ptr<Batches> reader_;
    std::optional<NextBatch> first_;  // that the reader has answered already
    OwnedSchema schema_;
    std::optional<Drift> drift_;
    SinkTurn turn_;
    std::optional<WriterProxy> writer_;
    std::optional<PumpFacts::Sent> uncertain_;  // of the attempt before
    bool knows_target_ = false;   // the sink has a position that holds
    bool guards_target_ = false;
    bool is_done_ = false;    // by this run, before the process that did it died
    int attempts_ = 0;        // without progress
    bool has_moved_ = false;  // something was read and written, kept or not
    bool tells_later_ = false;
    bool looks_again_ = false;  ///< the source changed before a row was read
    StreamReport report_;
};

}  // namespace weir::host
