#include <fmt/format.h>

#include "host/store/run_states.hpp"
#include "host/store/runs.hpp"
#include "host/store/session.hpp"

namespace weir::host {

namespace {

using Number = std::int64_t;

/// Runs deleted by one transaction, so that nobody waits long behind it.
constexpr Number deleted_at_once_max = 500;

/// Runs lie in the order in which they were made: behind the first that is young enough nobody is
/// too old. One out of the future, made while the clock was wrong, says nothing.
constexpr char too_old[] =
    "DELETE FROM weir_run WHERE seq IN (SELECT seq FROM weir_run WHERE finished_at > 0 AND "
    "finished_at < ?1 AND seq < coalesce((SELECT seq FROM weir_run WHERE created_at BETWEEN ?1 AND "
    "?2 ORDER BY seq LIMIT 1), 9223372036854775807) LIMIT ?3)";
/// Those that have not ended count for nobody; both counts stay inside an index.
constexpr char too_many[] =
    "DELETE FROM weir_run WHERE seq IN (SELECT seq FROM weir_run WHERE job = ?1 AND "
    "finished_at > 0 AND seq <= (SELECT seq FROM weir_run WHERE job = ?1 ORDER BY seq DESC "
    "LIMIT 1 OFFSET ?2 + (SELECT count(*) FROM weir_run WHERE job = ?1 AND finished_at = 0)) "
    "LIMIT ?3)";

/// Repeats a deletion, a transaction each, until nothing is left for it; answers how many went.
template <class Delete>
Result<Number> delete_all(Store& store, Delete const& some) {
    Number all = 0;
    for (Number gone = deleted_at_once_max; gone == deleted_at_once_max; all += gone) {
        Result<void> const done = store.write([&](Session& session) -> Result<void> {
            gone = some(session);
            return {};
        });
        if (!done) return done.error();
    }
    return all;
}

}  // namespace

Result<std::string> Runs::cancel(std::string const& run_id, std::string const& reason) {
    std::string status;
    Result<void> done = store_.write([&](Session& session) -> Result<void> {
        auto const found = session.row<Number, Number, std::string>(
            "SELECT seq, finished_at, status FROM weir_run WHERE run_id = ?1", run_id);
        if (!found) return run_not_found(run_id);
        auto const& [run, finished_at, before] = *found;
        if (finished_at != 0)
            return Error{WEIR_E_CONFLICT, "run.finished",
                         fmt::format("run {} has ended already: {}", run_id, before)};
        cancel_in(session, run, reason, store_.clock().unix_us());
        status =
            session.value<std::string>("SELECT status FROM weir_run WHERE seq = ?1", run).value();
        return {};
    });
    if (!done) return done.error();
    return status;
}

Result<void> Runs::forget(std::string const& job) {
    return store_.write([&](Session& session) -> Result<void> {
        std::vector<Number> open;
        Number next = 0;
        {
            // The waiting ones first: none of them is to start when the active one ends.
            Query query{session,
                        "SELECT seq FROM weir_run INDEXED BY weir_run_open WHERE job = ?1 AND "
                        "finished_at = 0 ORDER BY seq DESC"};
            query.with(job).into(next);
            while (query.next()) open.push_back(next);
        }
        for (Number const run : open)
            cancel_in(session, run, "the job was deleted", store_.clock().unix_us());
        return {};
    });
}

Result<void> Runs::retain() {
    constexpr Number day_us = 86'400'000'000, hour_us = 3'600'000'000;
    Number const now = store_.clock().unix_us(), oldest = now - finished_days_max * day_us;
    // Only a job that has got a run since the last time can have too many.
    std::vector<std::string> jobs;
    Number newest = retained_seq_;
    Result<void> const looked = store_.read([&](Session& session) -> Result<void> {
        newest = session.value<Number>("SELECT coalesce(max(seq), 0) FROM weir_run").value_or(0);
        Query query{session, "SELECT DISTINCT job FROM weir_run WHERE seq > ?1 AND seq <= ?2"};
        std::string job;
        query.with(retained_seq_, newest).into(job);
        while (query.next()) jobs.push_back(job);
        return {};
    });
    if (!looked) return looked;
    Result<Number> gone = delete_all(store_, [&](Session& session) {
        return session.run(too_old, oldest, now, deleted_at_once_max);
    });
    if (!gone) return gone.error();
    has_lost_plans_ = has_lost_plans_ || *gone > 0;
    for (std::string const& job : jobs) {
        gone = delete_all(store_, [&](Session& session) {
            return session.run(too_many, job, static_cast<Number>(finished_per_job_max),
                               deleted_at_once_max);
        });
        if (!gone) return gone.error();
        has_lost_plans_ = has_lost_plans_ || *gone > 0;
    }
    retained_seq_ = newest;
    // A plan that no run has any more costs its bytes; to find it costs a look at every run.
    if (!has_lost_plans_ || now - plans_looked_us_ < hour_us) return {};
    Result<void> done = store_.write([](Session& session) -> Result<void> {
        session.run("DELETE FROM weir_plan WHERE id NOT IN (SELECT plan FROM weir_run)");
        return {};
    });
    if (!done) return done;
    has_lost_plans_ = false;
    plans_looked_us_ = now;
    return {};
}

}  // namespace weir::host
