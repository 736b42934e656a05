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

std::uint64_t count(Number stored) { return static_cast<std::uint64_t>(stored); }

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
};

Standing standing_of(Session& session, Number run) {
    Standing now;
    std::string status;
    Query query{session, "SELECT status FROM weir_task WHERE run = ?1"};
    query.with(run).into(status);
    while (query.next()) {
        ++now.all;
        now.working += status == "queued" || status == "running";
        now.sleeping += status == "retrying";
        now.fine += status == "succeeded";
        now.partly += status == "partial";
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

void announce(Session& session, Number run, Number now_us) {
    auto row = session.row<std::string, std::string, std::string, std::string, std::string,
                           std::string, Number, Number, Number, Number, Number, Number, Number,
                           Number>(
        "SELECT r.run_id, r.job, r.owner, r.status, r.error_json, r.trigger_json, r.started_at, "
        "coalesce(sum(t.read), 0), coalesce(sum(t.written), 0), coalesce(sum(t.filtered), 0), "
        "coalesce(sum(t.rejected), 0), coalesce(sum(t.deleted), 0), coalesce(sum(t.batches), 0), "
        "coalesce(sum(t.bytes), 0) FROM weir_run r LEFT JOIN weir_task t ON t.run = r.seq "
        "WHERE r.seq = ?1",
        run);
    auto const& [id, job, owner, status, error, trigger, started_at, read, written, filtered,
                 rejected, deleted, batches, bytes] = row.value();
    // Put together as text: this is the most frequent thing that the writing thread does.
    std::string const data = fmt::format(
        R"({{"run_id":{},"job":{},"owner":{},"status":"{}","begins":{},"counts":{},"error":{},)"
        R"("trigger":{}}})",
        quoted(id), quoted(job), quoted(owner), status,
        status == "running" && started_at == now_us,
        counts_json({count(read), count(written), count(filtered), count(rejected), count(deleted),
                     count(batches), count(bytes)}),
        or_null(error), or_null(trigger));
    publish_in(session, "runner/1:run", "", data, now_us);
}

void announce(Session& session, TaskFact const& fact, Number now_us) {
    std::string const data =
        fmt::format(R"({{"run_id":{},"job":{},"task":{},"status":"{}","counts":{},"error":{}}})",
                    quoted(fact.run_id), quoted(fact.job), quoted(fact.task), fact.status,
                    counts_json(fact.counts), or_null(fact.error_json));
    publish_in(session, "run.task", "", data, now_us);
}

void tell_progress(Session& session, Number run, std::string const& run_id, std::string const& job,
                   std::string const& task) {
    auto const row = session.row<Number, Number, Number, Number, Number, Number, Number>(
        "SELECT sum(read), sum(written), sum(filtered), sum(rejected), sum(deleted), sum(batches), "
        "sum(bytes) FROM weir_task WHERE run = ?1",
        run);
    auto const& [read, written, filtered, rejected, deleted, batches, bytes] = row.value();
    RunCounts const counts{count(read),    count(written), count(filtered), count(rejected),
                           count(deleted), count(batches), count(bytes)};
    session.topics().tell_passing(
        "run.progress", fmt::format(R"({{"run_id":{},"job":{},"task":{},"counts":{}}})",
                                    quoted(run_id), quoted(job), quoted(task),
                                    counts_json(counts)));
}

void activate_next(Session& session, std::string const& job) {
    auto const oldest = session.row<Number, Number>(
        "SELECT seq, active FROM weir_run WHERE job = ?1 AND finished_at = 0 "
        "ORDER BY active DESC, seq LIMIT 1",
        job);
    if (!oldest || std::get<1>(*oldest) == 1) return;
    Number const run = std::get<0>(*oldest);
    session.run("UPDATE weir_run SET active = 1 WHERE seq = ?1", run);
    session.run("UPDATE weir_task SET ready = 1 WHERE run = ?1 AND status = 'queued'", run);
}

void settle(Session& session, Number run, Number now_us) {
    auto const row = session.row<std::string, std::string, std::string>(
        "SELECT job, status, cancel FROM weir_run WHERE seq = ?1", run);
    auto const& [job, before, reason] = row.value();
    Standing const tasks = standing_of(session, run);
    std::string const status = status_for(tasks, !reason.empty());
    bool const is_over = tasks.working + tasks.sleeping == 0;
    Number const finished_at = is_over ? std::max<Number>(now_us, 1) : 0;
    std::string const fallback =
        status == "cancelled" ? error_json("run.cancelled", "cancelled: " + reason) : "";
    session.run(
        "UPDATE weir_run SET status = ?2, finished_at = ?3, active = CASE WHEN ?3 > 0 THEN 0 "
        "ELSE active END, error_json = coalesce((SELECT error_json FROM weir_task WHERE run = ?1 "
        "AND error_json <> '' ORDER BY number LIMIT 1), ?4) WHERE seq = ?1",
        run, status, finished_at, fallback);
    if (status != before) announce(session, run, now_us);
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
