#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>

#include "context.hpp"
#include "jobs.hpp"

namespace weir::replication {

/// What a job's runs did, over runner/1. Thread-safe.
class Runs {
public:
    /// The durable event for every run that ended: {config_name, status, records_processed,
    /// sync_duration_ms, error_message}.
    static constexpr char callback_topic[] = "replication:callback";

    Runs(Context const& context, Jobs const& jobs) : context_{context}, jobs_{jobs} {}

    /// Starts a job; answers {run_id, status, existing}. `overlap`: see runner/1. `force`: an
    /// empty source may empty a target that is replaced, a reconcile delete what it found. `mode`:
    /// other than the job's, "reconcile".
    Json submit(Call const& call, std::string const& id, Json const& trigger,
                std::string const& idempotency_key, std::string const& overlap,
                bool force = false, std::string const& mode = {}) const;
    /// Starts a run that writes dead letters of a job as its plan stands now.
    Json replay(Call const& call, std::string const& id, Json const& letters) const;
    /// Asks every run of the job that has not ended to end; answers their ids.
    Json cancel(Call const& call, std::string const& id, std::string const& reason) const;
    /// As cancel(), and waits until they ended. Throws E_CONFLICT "run.active" when one will not
    /// within the call's time.
    void end_all(Call const& call, std::string const& id, std::string const& reason);

    /// cron's event of a job: starts it, unless it is gone, paused, or its source refused the
    /// login. Tells once when it is late. Throws what time may cure.
    void fired(Call const& call, Json const& event) const;
    /// The runner's word on a run: keeps what the job's list shows, dates the connection, publishes
    /// the callback; all once per run.
    void changed(Call const& call, Event const& told);

    /// Runs of a job, or of all with an empty `id`, newest first; `status` may be the seed's word.
    Json history(Call const& call, std::string const& id, std::string const& status,
                 Page const& page) const;
    Json metrics(Call const& call, std::string const& id, std::int64_t period_us) const;
    /// {run_id, status, …} of the run that has not ended; null: none.
    Json active(Call const& call, std::string const& id) const;

private:
    Json run(Call const& call, std::string const& run_id) const;
    Json unfinished(Call const& call, std::string const& id, std::uint32_t limit) const;
    void tell_if_late(Call const& call, Json const& record, std::string const& at) const;
    void keep(Call const& call, Event const& told);
    void settle_connection(Call const& call, Json const& job, Json const& run,
                           Changes& changes) const;

    Context const& context_;
    Jobs const& jobs_;
    std::mutex mutex_;
    std::condition_variable ended_;
};

bool is_over(std::string const& status);

/// A run as the logs of the second short form spell it, and as its callbacks are.
Json log_line(Json const& run);

/// "7d" as microseconds; nothing unless it is a whole number of m, h or d up to 366 days.
std::optional<std::int64_t> period_us_of(std::string const& text);

/// Figures of runs: successRate, averageDuration, p50…p99, counts. `runs`: items of a history.
Json metrics_of(Json const& runs);

}  // namespace weir::replication
