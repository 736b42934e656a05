#include <fmt/format.h>

#include "host/store/run_states.hpp"
#include "host/store/runs.hpp"
#include "host/store/session.hpp"

namespace weir::host {

namespace {

using Number = std::int64_t;

/// Runs deleted by one transaction, so that nobody waits long behind it.
constexpr Number deleted_at_once_max = 500;

constexpr char too_old[] =
    "DELETE FROM weir_run WHERE seq IN (SELECT seq FROM weir_run WHERE finished_at > 0 AND "
    "finished_at < ?1 LIMIT ?2)";
constexpr char too_many[] =
    "DELETE FROM weir_run WHERE seq IN (SELECT seq FROM (SELECT seq, row_number() OVER "
    "(PARTITION BY job ORDER BY seq DESC) AS place FROM weir_run WHERE finished_at > 0) WHERE "
    "place > ?1 LIMIT ?2)";

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
    constexpr Number day_us = 86'400'000'000;
    Number const oldest = store_.clock().unix_us() - finished_days_max * day_us;
    auto const most = static_cast<Number>(finished_per_job_max);
    for (Number gone = deleted_at_once_max; gone >= deleted_at_once_max;) {
        Result<void> done = store_.write([&](Session& session) -> Result<void> {
            gone = session.run(too_old, oldest, deleted_at_once_max);
            gone += session.run(too_many, most, deleted_at_once_max);
            return {};
        });
        if (!done) return done;
    }
    return store_.write([](Session& session) -> Result<void> {
        session.run("DELETE FROM weir_plan WHERE id NOT IN (SELECT plan FROM weir_run)");
        return {};
    });
}

}  // namespace weir::host
