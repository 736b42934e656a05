#include <fmt/format.h>

#include <algorithm>

#include "host/core/text.hpp"
#include "host/store/overlap.hpp"
#include "host/store/run_states.hpp"
#include "host/store/runs.hpp"
#include "host/store/session.hpp"
#include "host/store/stored_plan.hpp"

namespace weir::host {

namespace {

using Number = std::int64_t;

/// One submission, inside its transaction.
class Submission {
public:
    Submission(Session& session, SubmitRun const& request, StoredPlan const& plan,
               std::string scope, Number now_us)
        : session_{session}, request_{request}, plan_{plan}, now_us_{now_us} {
        spec_ = {request.kind, std::move(scope), plan.find(session)};
    }

    Result<SubmittedRun> decide_and_do(std::string const& new_id);

private:
    std::optional<SubmittedRun> by_key();
    std::vector<OpenRun> open_runs();
    SubmittedRun join(OpenRun const& run);
    SubmittedRun skip(std::string const& new_id, OpenRun const& active);
    SubmittedRun add(std::string const& new_id, bool is_alone);
    Number insert_run(std::string const& new_id, std::string const& status,
                      std::string const& error, bool is_active = false);
    void insert_tasks(Number run, bool is_ready);
    void remember_key(Number run);

    Session& session_;
    SubmitRun const& request_;
    StoredPlan const& plan_;
    Number now_us_;
    RunSpec spec_;
};

Result<SubmittedRun> Submission::decide_and_do(std::string const& new_id) {
    if (std::optional<SubmittedRun> known = by_key()) return *known;
    std::vector<OpenRun> const open = open_runs();
    Decision const decision = decide(request_.overlap, open, spec_);
    switch (decision.verdict) {
        case Verdict::join: return join(open[decision.joined]);
        case Verdict::skip: return skip(new_id, open.front());
        case Verdict::reject:
            return Error{WEIR_E_CONFLICT, "run.active",
                         fmt::format("run {} of job {} has not ended; wait for it or cancel it",
                                     open.front().run_id, request_.job)};
        case Verdict::queue_full:
            return Error{WEIR_E_BUSY, "run.queue_full",
                         fmt::format("{} runs of job {} wait already; ask again when one has ended",
                                     open.size() - 1, request_.job)};
        case Verdict::add: break;
    }
    SubmittedRun const added = add(new_id, open.empty());
    if (request_.overlap == Overlap::cancel_other)
        for (OpenRun const& other : open)
            cancel_in(session_, other.seq, "another run was asked for instead", now_us_);
    return added;
}

std::optional<SubmittedRun> Submission::by_key() {
    if (request_.idempotency_key.empty()) return std::nullopt;
    auto const found = session_.row<std::string, std::string>(
        "SELECT r.run_id, r.status FROM weir_run_key k JOIN weir_run r ON r.seq = k.run "
        "WHERE k.job = ?1 AND k.key = ?2",
        request_.job, request_.idempotency_key);
    if (!found) return std::nullopt;
    return SubmittedRun{std::get<0>(*found), std::get<1>(*found), true};
}

std::vector<OpenRun> Submission::open_runs() {
    std::vector<OpenRun> open;
    OpenRun next;
    int is_cancelled = 0;
    Query query{session_,
                "SELECT seq, run_id, status, cancel <> '', kind, scope, plan FROM weir_run "
                "INDEXED BY weir_run_open WHERE job = ?1 AND finished_at = 0 ORDER BY seq"};
    query.with(request_.job);
    query.into(next.seq, next.run_id, next.status, is_cancelled, next.spec.kind, next.spec.scope,
               next.spec.plan);
    while (query.next()) {
        next.is_cancelled = is_cancelled != 0;
        open.push_back(next);
    }
    return open;
}

SubmittedRun Submission::join(OpenRun const& run) {
    remember_key(run.seq);
    return {run.run_id, run.status, true};
}

SubmittedRun Submission::skip(std::string const& new_id, OpenRun const& active) {
    std::string const why =
        error_json("run.skipped", fmt::format("skipped: run {} had not ended", active.run_id));
    Number const run = insert_run(new_id, "skipped", why);
    session_.run("UPDATE weir_run SET finished_at = ?2 WHERE seq = ?1", run, now_us_);
    remember_key(run);
    return {new_id, "skipped", false};
}

/// One that is alone may work at once; others get their turn when the one before has ended.
SubmittedRun Submission::add(std::string const& new_id, bool is_alone) {
    Number const run = insert_run(new_id, "queued", "", is_alone);
    insert_tasks(run, is_alone);
    remember_key(run);
    return {new_id, "queued", false};
}

Number Submission::insert_run(std::string const& new_id, std::string const& status,
                              std::string const& error, bool is_active) {
    session_.run(
        "INSERT INTO weir_run(run_id, job, owner, kind, plan, scope, trigger_json, status, "
        "active, cancel, created_at, started_at, finished_at, error_json) VALUES "
        "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '', ?10, 0, 0, ?11)",
        new_id, request_.job, request_.owner, request_.kind, plan_.keep(session_), spec_.scope,
        request_.trigger_json, status, is_active, now_us_, error);
    Number const run = session_.last_inserted();
    announce(session_,
             {new_id, request_.job, request_.owner, status, request_.trigger_json, false, {},
              error},
             now_us_);
    return run;
}

void Submission::insert_tasks(Number run, bool is_ready) {
    nlohmann::json const scope =
        spec_.scope.empty() ? nlohmann::json{} : nlohmann::json::parse(spec_.scope);
    Number number = 0;
    for (StoredPlan::Task const& task : plan_.tasks) {
        bool const is_meant =
            scope.is_null() || std::find(scope.begin(), scope.end(), task.task) != scope.end();
        if (!is_meant) continue;
        session_.run(
            "INSERT INTO weir_task(run, number, task, job, stream, target, status, ready, run_at) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?7, ?8)",
            run, number++, task.task, request_.job, task.stream, task.target, is_ready, now_us_);
    }
}

void Submission::remember_key(Number run) {
    if (request_.idempotency_key.empty()) return;
    session_.run("INSERT INTO weir_run_key(job, key, run) VALUES (?1, ?2, ?3)", request_.job,
                 request_.idempotency_key, run);
}

/// The tasks of a run that ended which are worth another run.
Result<std::string> scope_of_retry(Session& session, Number run, std::string const& run_id) {
    nlohmann::json again = nlohmann::json::array();
    std::string task;
    Query query{session,
                "SELECT task FROM weir_task WHERE run = ?1 AND status <> 'succeeded' "
                "ORDER BY number"};
    query.with(run).into(task);
    while (query.next()) again.push_back(task);
    if (!again.empty()) return again.dump();
    return Error{WEIR_E_CONFLICT, "run.nothing_to_retry",
                 fmt::format("every task of run {} succeeded; start the job anew instead", run_id)};
}

}  // namespace

Result<SubmittedRun> Runs::submit(SubmitRun const& asked) {
    Result<StoredPlan> plan = StoredPlan::parse(asked.plan_json);
    if (!plan) return plan.error();
    SubmitRun request = asked;
    request.trigger_json = as_json(asked.trigger_json);
    std::string const id = make_ulid(store_.clock().unix_us());
    SubmittedRun submitted;
    Result<void> done = store_.write([&](Session& session) -> Result<void> {
        Submission submission{session, request, *plan, "", store_.clock().unix_us()};
        Result<SubmittedRun> outcome = submission.decide_and_do(id);
        if (!outcome) return outcome.error();
        submitted = *outcome;
        return {};
    });
    if (!done) return done.error();
    return submitted;
}

Result<SubmittedRun> Runs::retry(std::string const& run_id) {
    std::string const id = make_ulid(store_.clock().unix_us());
    SubmittedRun submitted;
    Result<void> done = store_.write([&](Session& session) -> Result<void> {
        auto const found = session.row<Number, Number, std::string, std::string, std::string,
                                       std::string, std::string>(
            "SELECT r.seq, r.finished_at, r.status, r.job, r.owner, r.kind, p.body FROM weir_run r "
            "JOIN weir_plan p ON p.id = r.plan WHERE r.run_id = ?1",
            run_id);
        if (!found) return run_not_found(run_id);
        auto const& [run, finished_at, status, job, owner, kind, body] = *found;
        if (finished_at == 0)
            return Error{WEIR_E_CONFLICT, "run.active",
                         fmt::format("run {} has not ended; wait for it or cancel it", run_id)};
        std::string scope;
        if (status != "skipped") {  // one that was skipped has no tasks: all are meant
            Result<std::string> again = scope_of_retry(session, run, run_id);
            if (!again) return again.error();
            scope = *again;
        }
        Result<StoredPlan> plan = StoredPlan::parse(body);
        if (!plan) return plan.error();
        nlohmann::json const trigger{{"by", "retry"}, {"run_id", run_id}};
        SubmitRun const request{owner, job, body, "", trigger.dump(), kind, Overlap::buffer_one};
        Submission submission{session, request, *plan, scope, store_.clock().unix_us()};
        Result<SubmittedRun> outcome = submission.decide_and_do(id);
        if (!outcome) return outcome.error();
        submitted = *outcome;
        return {};
    });
    if (!done) return done.error();
    return submitted;
}

}  // namespace weir::host
