#pragma once

#include "host/abi/instance.hpp"
#include "host/core/limits.hpp"
#include "host/run/plan.hpp"
#include "host/run/position.hpp"
#include "host/run/progress.hpp"
#include "host/run/pump.hpp"
#include "host/run/stop.hpp"

namespace weir::host {

/// What every stream of a copy shares; borrowed.
struct TaskPorts {
    CopyRequest const& request;
    SourceProxy& source;
    SinkProxy& sink;
    std::string source_identity, sink_identity, run_id;
    DeadLetters* rejects = nullptr;
    Progress& progress;
    Clock const& clock;
    Limits const& limits;
    Stop const& stop;
};

/// Copies one stream to its end: looks at the sink's checkpoint, decides where to begin, pumps, and
/// after a failure that time may cure goes on from the sink's cursor, as long as tries make
/// progress. Never throws; the report says how it ended.
class TaskRun {
public:
    TaskRun(TaskPorts const& ports, Task const& task);

    StreamReport run();

private:
    Result<void> attempt();
    Result<void> look();
    Result<void> read_and_write();
    Result<void> open_reader(std::string const& cursor);
    Result<void> open_where_it_stands();
    Result<void> open_both();
    PumpRules rules() const;
    Result<void> dry_run();
    ReadRequest read_request(std::string const& cursor) const;
    bool is_staged() const;
    bool may_retry(Error const& error) const;
    void note(std::string const& sentence);
    void wait(int attempt, Error const& error);

    TaskPorts const& ports_;
    Task const& task_;
    TargetRequest target_;
    BeginRequest begin_;
    Start start_;
    std::string cursor_;  // where the read begins, as the sink has it
    CallContext read_call_, write_call_;
    std::optional<ReaderProxy> reader_;
    OwnedSchema schema_;
    std::optional<WriterProxy> writer_;
    int attempts_ = 0;        // without progress
    bool has_moved_ = false;  // something was read and written, kept or not
    StreamReport report_;
};

}  // namespace weir::host
