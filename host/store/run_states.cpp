#include "host/store/run_states.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/store/publish.hpp"

namespace weir::host {

namespace {

using nlohmann::json;
using Number = std::int64_t;

std::string quoted(std::string const& text) {
    return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string or_null(std::string const& text) { return text.empty() ? "null" : text; }

std::string counts_json(RunCounts const& counts) {
    return fmt::format(
        R"({{"read":{},"written":{},"filtered":{},"rejected":{},"deleted":{},"batches":{},)"
        R"("bytes":{}}})",
        counts.read, counts.written, counts.filtered, counts.rejected, counts.deleted,
        counts.batches, counts.bytes);
}

struct Standing {
    Number working = 0, sleeping = 0, fine = 0, partly = 0, all = 0;
    RunCounts counts;
};

void add(RunCounts& sum, RunCounts const& counts) {
    sum.read += counts.read, sum.written += counts.written, sum.filtered += counts.filtered;
    sum.rejected += counts.rejected, sum.deleted += counts.deleted;
    sum.batches += counts.batches, sum.bytes += counts.bytes;
}

Standing standing_of(Session& session, Number run) {
    Standing now;
    std::string status;
    RunCounts counts;
    Query query{session,
                "SELECT status, read, written, filtered, rejected, deleted, batches, bytes "
                "FROM weir_task WHERE run = ?1"};
    query.with(run).into(status, counts.read, counts.written, counts.filtered, counts.rejected,
                         counts.deleted, counts.batches, counts.bytes);
    while (query.next()) {
        ++now.all;
        now.working += status == "queued" || status == "running";
        now.sleeping += status == "retrying";
        now.fine += status == "succeeded";
        now.partly += status == "partial";
        add(now.counts, counts);
    }
    return now;
}

std::string status_for(Standing const& tasks, bool is_cancelled) {
    if (tasks.working > 0) return "running";
    if (tasks.sleeping > 0) return "retrying";
    if (tasks.fine == tasks.all) return "succeeded";
    if (is_cancelled) return "cancelled";
    return tasks.fine + tasks.partly > 0 ? "partial" : "failed";
}

}  // namespace

void announce(Session& session, RunFact const& fact, Number now_us) {
    // Put together as text: this is the most frequent thing that the writing thread does.
    std::string const data = fmt::format(
        R"({{"run_id":{},"job":{},"owner":{},"status":"{}","begins":{},"counts":{},"error":{},)"
        R"("trigger":{}}})",
        quoted(fact.run_id), quoted(fact.job), quoted(fact.owner), fact.status, fact.begins,
        counts_json(fact.counts), or_null(fact.error_json), or_null(fact.trigger_json));
    publish_in(session, "runner/1:run", "", data, now_us);
}

void announce(Session& session, TaskFact const& fact, Number now_us) {
    std::string const data =
        fmt::format(R"({{"run_id":{},"job":{},"task":{},"status":"{}","counts":{},"error":{}}})",
                    quoted(fact.run_id), quoted(fact.job), quoted(fact.task), fact.status,
                    counts_json(fact.counts), or_null(fact.error_json));
    publish_in(session, "run.task", "", data, now_us);
}

RunCounts counts_of(Session& session, Number run) { return standing_of(session, run).counts; }

void tell_progress(Session& session, Number run, std::string const& run_id, std::string const& job,
                   std::string const& task) {
    session.topics().tell_passing(
        "run.progress", fmt::format(R"({{"run_id":{},"job":{},"task":{},"counts":{}}})",
                                    quoted(run_id), quoted(job), quoted(task),
                                    counts_json(counts_of(session, run))));
}

void activate_next(Session& session, std::string const& job) {
    auto const oldest = session.value<Number>(
        "SELECT seq FROM weir_run INDEXED BY weir_run_open WHERE job = ?1 AND finished_at = 0 AND "
        "NOT EXISTS (SELECT 1 FROM weir_run INDEXED BY weir_run_one_active WHERE job = ?1 AND "
        "active = 1) ORDER BY seq LIMIT 1",
        job);
    if (!oldest) return;
    session.run("UPDATE weir_run SET active = 1 WHERE seq = ?1", *oldest);
    session.run("UPDATE weir_task SET ready = 1 WHERE run = ?1 AND status = 'queued'", *oldest);
}

void settle(Session& session, Number run, Number now_us) {
    auto const row = session.row<std::string, std::string, std::string, std::string, std::string,
                                 std::string, std::string>(
        "SELECT run_id, job, owner, trigger_json, status, cancel, coalesce((SELECT error_json FROM "
        "weir_task WHERE run = ?1 AND error_json <> '' ORDER BY number LIMIT 1), '') "
        "FROM weir_run WHERE seq = ?1",
        run);
    auto const& [run_id, job, owner, trigger, before, reason, failure] = row.value();
    Standing const tasks = standing_of(session, run);
    std::string const status = status_for(tasks, !reason.empty());
    bool const is_over = tasks.working + tasks.sleeping == 0;
    Number const finished_at = is_over ? std::max<Number>(now_us, 1) : 0;
    bool const needs_reason = failure.empty() && status == "cancelled";
    std::string const error =
        needs_reason ? error_json("run.cancelled", "cancelled: " + reason) : failure;
    session.run(
        "UPDATE weir_run SET status = ?2, finished_at = ?3, active = CASE WHEN ?3 > 0 THEN 0 "
        "ELSE active END, error_json = ?4 WHERE seq = ?1",
        run, status, finished_at, error);
    if (status != before)
        announce(session, {run_id, job, owner, status, trigger, false, tasks.counts, error},
                 now_us);
    if (is_over) activate_next(session, job);
}

void cancel_in(Session& session, Number run, std::string const& reason, Number now_us) {
    std::string const why = reason.empty() ? "no reason given" : reason;
    session.run("UPDATE weir_run SET cancel = ?2 WHERE seq = ?1 AND cancel = ''", run, why);
    session.run(
        "UPDATE weir_task SET status = 'cancelled', ready = 0, finished_at = ?2 WHERE run = ?1 AND "
        "status IN ('queued', 'retrying')",
        run, now_us);
    settle(session, run, now_us);
}

void write_log(Session& session, Number run, std::vector<Runs::LogLine> const& lines) {
    if (lines.empty()) return;
    Number seq =
        session.value<Number>("SELECT coalesce(max(seq), 0) FROM weir_log WHERE run = ?1", run)
            .value_or(0);
    for (Runs::LogLine const& line : lines)
        session.run(
            "INSERT INTO weir_log(run, seq, at, level, message) VALUES (?1, ?2, ?3, ?4, ?5)", run,
            ++seq, line.at_us, line.level, line.message);
    Number const gone = seq - static_cast<Number>(Runs::log_lines_per_run_max);
    if (gone > 0) session.run("DELETE FROM weir_log WHERE run = ?1 AND seq <= ?2", run, gone);
}

Error run_not_found(std::string const& run_id) {
    return {WEIR_E_NOT_FOUND, "run.not_found",
            fmt::format("there is no run {}: it never was, or is older than what is kept", run_id)};
}

std::string as_json(std::string const& text) {
    return text.empty() || json::accept(text) ? text : quoted(text);
}

std::string error_json(std::string const& code, std::string const& message) {
    return json{{"code", code}, {"message", message}}.dump(-1, ' ', false,
                                                           json::error_handler_t::replace);
}

}  // namespace weir::host
