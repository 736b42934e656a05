#include <fmt/format.h>

#include <algorithm>

#include "host/store/run_states.hpp"
#include "host/store/runs.hpp"
#include "host/store/session.hpp"
#include "host/store/stored_plan.hpp"

namespace weir::host {

namespace {

using Number = std::int64_t;

Number number(std::uint64_t count) { return static_cast<Number>(count); }

/// A claimed task, and its plan as text: parsed when the transaction is over.
struct Claim {
    ClaimedTask task;
    std::string name, plan, run_status;
};

/// The next task that is ready, in `claim`; false: there is none.
bool pick(Session& session, Number now_us, Claim& claim, Number& run) {
    Query query{session,
                "SELECT t.run, t.task, t.attempt + 1, r.run_id, r.job, r.owner, "
                "r.trigger_json, p.body, t.read, t.written, t.filtered, t.rejected, t.deleted, "
                "t.batches, t.bytes, CASE t.started_at WHEN 0 THEN ?1 ELSE t.started_at END, "
                "r.status FROM weir_task t JOIN weir_run r ON r.seq = t.run "
                "JOIN weir_plan p ON p.id = r.plan WHERE t.ready = 1 AND t.run_at <= ?1 AND "
                "NOT EXISTS (SELECT 1 FROM weir_task f WHERE f.job = t.job AND "
                "f.status = 'running') ORDER BY t.run_at, t.run, t.number LIMIT 1"};
    ClaimedTask& task = claim.task;
    RunCounts& counts = task.counts;
    query.with(now_us);
    query.into(run, claim.name, task.attempt, task.run_id, task.job, task.owner, task.trigger_json,
               claim.plan);
    query.into(counts.read, counts.written, counts.filtered, counts.rejected, counts.deleted,
               counts.batches, counts.bytes, task.started_us, claim.run_status);
    return query.next();
}

void set_running(Session& session, Number run, Claim const& claim, Number now_us) {
    static std::string const running{"running"};
    std::string const& task = claim.name;
    ClaimedTask const& of = claim.task;
    session.run(
        "UPDATE weir_task SET status = 'running', ready = 0, attempt = attempt + 1, "
        "tries = tries + 1, started_at = CASE started_at WHEN 0 THEN ?3 ELSE started_at END "
        "WHERE run = ?1 AND task = ?2",
        run, task, now_us);
    bool const begins = claim.run_status == "queued";
    if (claim.run_status != "running") {
        session.run(
            "UPDATE weir_run SET status = 'running', started_at = CASE started_at WHEN 0 THEN ?2 "
            "ELSE started_at END WHERE seq = ?1",
            run, now_us);
        announce(session,
                 {of.run_id, of.job, of.owner, running, of.trigger_json, begins,
                  begins ? RunCounts{} : counts_of(session, run), ""},
                 now_us);
    }
    announce(session, TaskFact{of.run_id, of.job, task, running, of.counts, ""}, now_us);
}

std::vector<Claim> claim_in(Session& session, std::size_t count, Number now_us) {
    std::vector<Claim> claims;
    Number run = 0;
    Claim next;
    while (claims.size() < count && pick(session, now_us, next, run)) {
        set_running(session, run, next, now_us);
        claims.push_back(std::exchange(next, {}));
    }
    return claims;
}

ClaimedTask with_plan(Claim claim) {
    claim.task.plan = nlohmann::json::parse(claim.plan);
    claim.task.task = task_of(claim.task.plan, claim.name);
    return std::move(claim.task);
}

struct Running {
    Number run = 0;
    std::string task, job, status, cancel;
};

Result<Running> find_task(Session& session, std::string const& run_id, std::string const& task) {
    auto found = session.row<Number, std::string, std::string, std::string>(
        "SELECT t.run, t.job, t.status, r.cancel FROM weir_run r JOIN weir_task t "
        "ON t.run = r.seq WHERE r.run_id = ?1 AND t.task = ?2",
        run_id, task);
    if (!found) return run_not_found(run_id);
    auto& [run, job, status, cancel] = *found;
    return Running{run, task, std::move(job), std::move(status), std::move(cancel)};
}

bool is_end(std::string const& status) {
    return status == "succeeded" || status == "partial" || status == "failed" ||
           status == "cancelled";
}

Result<void> check(TaskOutcome const& outcome) {
    if (is_end(outcome.status) || outcome.status == "retrying" || outcome.status == "queued")
        return {};
    return Error{WEIR_E_INTERNAL, "store.bug",
                 fmt::format("a task cannot end as \"{}\"", outcome.status)};
}

/// Answers the status that the task has from now on.
std::string write_outcome(Session& session, Running const& task, TaskOutcome const& outcome,
                          std::string const& error, Number now_us) {
    bool const is_over_at_once = !is_end(outcome.status) && !task.cancel.empty();
    std::string const status = is_over_at_once ? "cancelled" : outcome.status;
    bool const is_over = is_end(status);
    int const ready = is_over ? 0 : 1;
    Number const run_at = status == "retrying" ? outcome.run_at_us : now_us;
    Number const finished_at = is_over ? now_us : 0;
    // What was given back was no try.
    int const given_back = status == "queued" || !outcome.was_try ? 1 : 0;
    RunCounts const& counts = outcome.counts;
    Number const batches = number(counts.batches);
    session.run(
        "UPDATE weir_task SET status = ?3, ready = ?4, run_at = ?5, finished_at = ?6, "
        "attempt = CASE WHEN ?7 > batches THEN 0 ELSE max(attempt - ?8, 0) END, "
        "tries = max(tries - ?8, 0), batches = ?7, "
        "read = ?9, written = ?10, filtered = ?11, rejected = ?12, deleted = ?13, bytes = ?14, "
        "cursor = ?15, error_json = ?16, streams_json = ?17 WHERE run = ?1 AND task = ?2",
        task.run, task.task, status, ready, run_at, finished_at, batches, given_back,
        number(counts.read), number(counts.written), number(counts.filtered),
        number(counts.rejected), number(counts.deleted), number(counts.bytes), outcome.cursor,
        error, outcome.streams_json);
    return status;
}

}  // namespace

Result<std::vector<ClaimedTask>> Runs::claim(std::size_t count) {
    std::vector<Claim> claims;
    Result<void> done = store_.write([&](Session& session) -> Result<void> {
        claims = claim_in(session, count, store_.clock().unix_us());
        return {};
    });
    if (!done) return done.error();
    std::vector<ClaimedTask> tasks;
    for (Claim& claim : claims) tasks.push_back(with_plan(std::move(claim)));
    return tasks;
}

Result<std::int64_t> Runs::next_due_us() {
    Number at = 0;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        at = session
                 .value<Number>(
                     "SELECT coalesce(min(run_at), 0) FROM weir_task WHERE "
                     "status = 'retrying'")
                 .value_or(0);
        return {};
    });
    if (!done) return done.error();
    return at;
}

Result<bool> Runs::mirror(std::string const& run_id, std::string const& task,
                          RunCounts const& counts, std::string const& cursor) {
    bool shall_end = false;
    Result<void> done = store_.write([&](Session& session) -> Result<void> {
        Result<Running> found = find_task(session, run_id, task);
        if (!found) return found.error();
        shall_end = !found->cancel.empty() || found->status != "running";
        if (found->status != "running") return {};
        session.run(
            "UPDATE weir_task SET attempt = CASE WHEN ?3 > batches THEN 0 ELSE attempt END, "
            "batches = ?3, read = ?4, written = ?5, filtered = ?6, rejected = ?7, deleted = ?8, "
            "bytes = ?9, cursor = ?10 WHERE run = ?1 AND task = ?2",
            found->run, found->task, number(counts.batches), number(counts.read),
            number(counts.written), number(counts.filtered), number(counts.rejected),
            number(counts.deleted), number(counts.bytes), cursor);
        tell_progress(session, found->run, run_id, found->job, task);
        return {};
    });
    if (!done) return done.error();
    return shall_end;
}

Result<Finished> Runs::finish(std::string const& run_id, std::string const& task,
                              TaskOutcome const& outcome, std::vector<LogLine> const& lines,
                              Next next) {
    if (Result<void> checked = check(outcome); !checked) return checked.error();
    std::string const error = as_json(outcome.error_json);
    std::string status;
    std::vector<Claim> claims;
    Result<void> done = store_.write([&](Session& session) -> Result<void> {
        Result<Running> found = find_task(session, run_id, task);
        if (!found) return found.error();
        if (found->status != "running")
            return Error{
                WEIR_E_CONFLICT, "run.not_running",
                fmt::format("task {} of run {} is {}, not running", task, run_id, found->status)};
        Number const now = store_.clock().unix_us();
        write_log(session, found->run, lines);
        status = write_outcome(session, *found, outcome, error, now);
        announce(session, TaskFact{run_id, found->job, task, status, outcome.counts, error}, now);
        settle(session, found->run, now);
        claims = claim_in(session, next == Next::claim ? 1 : 0, now);
        return {};
    });
    if (!done) return done.error();
    Finished finished{std::move(status), std::nullopt};
    if (!claims.empty()) finished.next = with_plan(std::move(claims.front()));
    return finished;
}

Result<std::size_t> Runs::recover() {
    std::size_t count = 0;
    Result<void> done = store_.write([&](Session& session) -> Result<void> {
        count = static_cast<std::size_t>(session.run(
            "UPDATE weir_task SET status = 'queued', ready = 1 WHERE status = 'running'"));
        std::vector<std::pair<Number, std::string>> cancelled;
        std::pair<Number, std::string> next;
        {
            Query query{session,
                        "SELECT seq, cancel FROM weir_run WHERE finished_at = 0 AND cancel <> ''"};
            query.into(next.first, next.second);
            while (query.next()) cancelled.push_back(next);
        }
        for (auto const& [run, reason] : cancelled)
            cancel_in(session, run, reason, store_.clock().unix_us());
        return {};
    });
    if (!done) return done.error();
    return count;
}

}  // namespace weir::host
