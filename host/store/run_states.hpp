#pragma once

#include <cstdint>
#include <string>

#include "host/core/error.hpp"
#include "host/store/runs.hpp"
#include "host/store/session.hpp"

namespace weir::host {

/// The moves of a run that more than one transaction makes. All work in the transaction that is
/// open on `session`.

/// Publishes "runner/1:run": what has become of a run.
struct RunFact {
    std::string const &run_id, &job, &owner, &status, &trigger_json;
    bool begins = false;  ///< it runs for the first time
    RunCounts counts = {};
    std::string const& error_json;
};
void announce(Session& session, RunFact const& fact, std::int64_t now_us);

/// Publishes "run.task": a task of a run began, will be tried again, or ended.
struct TaskFact {
    std::string const &run_id, &job, &task, &status;
    RunCounts const& counts;
    std::string const& error_json;
};
void announce(Session& session, TaskFact const& fact, std::int64_t now_us);
/// Tells how far a run is, to who listens now: "run.progress", the sums of its tasks.
void tell_progress(Session& session, std::int64_t run, std::string const& run_id,
                   std::string const& job, std::string const& task);

/// What the tasks of a run moved, together.
RunCounts counts_of(Session& session, std::int64_t run);

/// Gives the job's oldest run that waits the right to work, unless one has it.
void activate_next(Session& session, std::string const& job);

/// Once no task of the run can go on: its end, and the next run's turn. Else running or retrying.
void settle(Session& session, std::int64_t run, std::int64_t now_us);

/// Marks the run, ends its tasks that do not run, and the run when none runs.
void cancel_in(Session& session, std::int64_t run, std::string const& reason, std::int64_t now_us);

/// Numbers the lines on, and deletes the oldest beyond the limit.
void write_log(Session& session, std::int64_t run, std::vector<Runs::LogLine> const& lines);

Error run_not_found(std::string const& run_id);

/// `text` when it is JSON or empty, else as a JSON string: what others wrote, fit to stand in JSON.
std::string as_json(std::string const& text);

/// An error as runs keep it: {"code","message"}.
std::string error_json(std::string const& code, std::string const& message);

}  // namespace weir::host
