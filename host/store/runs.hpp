#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/store/store.hpp"

namespace weir::host {

/// States of a run and of its tasks, spelled as the API has them:
///   run   queued → running ⇄ retrying → succeeded | partial | failed | cancelled; skipped
///   task  queued → running → succeeded | partial | failed | cancelled; running → retrying →
///   running
/// A run is queued until its first task is claimed. The text of a state is moved on by the
/// functions below alone.
enum class Overlap { skip, buffer_one, join, reject, cancel_other };

/// Counts as a report has them, all cumulative.
struct RunCounts {
    std::uint64_t read = 0, written = 0, filtered = 0, rejected = 0, deleted = 0;
    std::uint64_t batches = 0, bytes = 0;
};

struct SubmitRun {
    std::string owner;                 ///< plugin that asks; its secrets are the plan's
    std::string job, plan_json;        ///< the plan: see host/run/README.md
    std::string idempotency_key = {};  ///< empty: none
    std::string trigger_json = {};     ///< {"by":"cron","scheduled_at":…}
    std::string kind = {};             ///< a request may join a queued run of its kind and plan
    Overlap overlap = Overlap::buffer_one;
};
struct SubmittedRun {
    std::string run_id, status;
    bool existing = false;
};

struct TaskRow {
    std::string run_id, task, job, stream, target, status;
    int attempt = 0;  ///< tries that made no progress, the present one included
    int tries = 0;    ///< all of them
    RunCounts counts;
    std::string cursor, error_json, streams_json;  ///< `streams_json`: the report's list
    std::int64_t run_at_us = 0, started_us = 0, finished_us = 0;
};
struct RunRow {
    std::string run_id, job, owner, status, trigger_json, error_json, kind;
    std::int64_t created_us = 0, started_us = 0, finished_us = 0;  ///< 0: not yet
    int attempts = 0;                                              ///< tries of all its tasks
    RunCounts counts;
    std::string streams_json;  ///< "[…]" as in copy's report
    std::string plan_json;     ///< of find() only
};

/// A task that was claimed, with all it takes to run it.
struct ClaimedTask {
    std::string run_id, job, owner, trigger_json;
    nlohmann::json plan, task;  ///< the whole plan, and this task's part of it
    int attempt = 0;            ///< this try's number since the last progress, from 1
    RunCounts counts;           ///< of the tries before
    std::int64_t started_us = 0;  ///< when its first try was claimed
};

/// How a task, or one try of it, ended.
struct TaskOutcome {
    std::string status;  ///< succeeded, partial, failed, cancelled; retrying, queued (given back)
    RunCounts counts = {};
    std::string cursor = {}, error_json = {}, streams_json = {};
    std::int64_t run_at_us = 0;  ///< of retrying
    bool was_try = true;         ///< false: of retrying, and nothing was tried
};

/// What finish() has done.
struct Finished {
    std::string status;               ///< that the task has now
    std::optional<ClaimedTask> next;  ///< asked for, and there was one: it runs
};

/// What ran, runs and will run. Every member is one durable transaction; each change of a run's
/// status publishes an event "runner/1:run" {run_id, job, owner, status, begins, counts, error,
/// trigger} in it (`begins`: running for the first time), each of a task's "run.task" {run_id, job,
/// task, status, counts, error}. Errors: E_NOT_FOUND "run.not_found" wherever a run is named.
class Runs {
public:
    static constexpr std::size_t finished_per_job_max = 1'000;
    static constexpr std::int64_t finished_days_max = 90;
    static constexpr std::size_t plan_bytes_max = 4u << 20, tasks_per_plan_max = 10'000;
    static constexpr std::size_t waiting_per_job_max = 32;

    explicit Runs(Store& store) : store_{store} {}

    struct LogLine {
        std::int64_t seq = 0;  ///< given by log(): from 1 in each run
        std::int64_t at_us = 0;
        int level = 2;
        std::string message = {};
    };

    /// One active run per job. With the same idempotency key of a job again: that run, whatever
    /// became of it. Overlap says what happens beside a run that has not ended: skip (a run with
    /// status skipped is kept, with the reason), buffer_one (one waits for each kind and plan; who
    /// asks for the same before it has begun to read gets that one), join (the one that has not
    /// ended), reject (E_CONFLICT "run.active"), cancel_other. E_CONFIG "plan.invalid",
    /// "plan.too_large"; E_BUSY "run.queue_full" beyond waiting_per_job_max.
    Result<SubmittedRun> submit(SubmitRun const& request);
    /// The next tasks that may run now, oldest first; sets them running. Single flight per job.
    Result<std::vector<ClaimedTask>> claim(std::size_t count);
    /// When the next sleeping task is due; 0: none sleeps.
    Result<std::int64_t> next_due_us();
    /// For people; answers whether the run shall be cancelled. A batch more than before is
    /// progress. Tells "run.progress" {run_id, job, task, counts of the run}, which is not kept.
    Result<bool> mirror(std::string const& run_id, std::string const& task, RunCounts const& counts,
                        std::string const& cursor);
    /// Ends the task or one try of it, and the run with its last task; activates the job's next. A
    /// task that would be tried again ends cancelled when the run shall be. `lines` as by log().
    /// The same transaction claims the next task for who wants one. E_CONFLICT "run.not_running"
    /// unless it was claimed.
    enum class Next { none, claim };
    Result<Finished> finish(std::string const& run_id, std::string const& task,
                            TaskOutcome const& outcome, std::vector<LogLine> const& lines = {},
                            Next next = Next::none);
    /// Ends at once what does not run; what runs hears it from mirror(). Answers the status the run
    /// has then. E_CONFLICT "run.finished".
    Result<std::string> cancel(std::string const& run_id, std::string const& reason);
    /// A new run of the failed, partial, skipped and cancelled tasks of one that ended. E_CONFLICT
    /// "run.active", "run.nothing_to_retry".
    Result<SubmittedRun> retry(std::string const& run_id);
    /// At start: what ran when the host died is ready again. Answers how many tasks that are.
    Result<std::size_t> recover();
    /// Deletes what is beyond the limits above; to be called now and then, by one thread. Costs
    /// what has come since the last time, not what there is.
    Result<void> retain();

    Result<std::optional<RunRow>> find(std::string const& run_id);
    Result<std::vector<TaskRow>> tasks(std::string const& run_id);
    struct Filter {
        std::string job = {};
        std::vector<std::string> statuses = {};
        std::string jobs = {};      ///< "users_*": of those jobs alone; empty: of any
        std::string before = {};    ///< run id of the last item of the page before; empty: newest
        std::int64_t since_us = 0;  ///< created then or later
        std::int64_t until_us = std::numeric_limits<std::int64_t>::max();  ///< created before
        std::string part = {};  ///< stands somewhere in the job's id, letter case aside
        std::size_t limit = 50;
    };
    /// Newest first.
    Result<std::vector<RunRow>> list(Filter const& filter);
    /// The job is deleted: its runs are cancelled as by cancel().
    Result<void> forget(std::string const& job);

    static constexpr std::size_t log_lines_per_run_max = 10'000;  ///< the newest stay
    Result<void> log(std::string const& run_id, std::vector<LogLine> const& lines);
    Result<std::vector<LogLine>> logs(std::string const& run_id, std::int64_t after,
                                      std::size_t limit);

private:
    Store& store_;
    // Of retain(): the last run it has looked at, and when it last looked for plans without a run.
    std::int64_t retained_seq_ = 0, plans_looked_us_ = 0;
    bool has_lost_plans_ = true;  // an earlier process may have left some
};

}  // namespace weir::host
