#include <fmt/format.h>

#include <algorithm>

#include "host/store/run_states.hpp"
#include "host/store/runs.hpp"
#include "host/store/session.hpp"

namespace weir::host {

namespace {

using Number = std::int64_t;

constexpr char run_columns[] =
    "SELECT seq, run_id, job, owner, status, trigger_json, error_json, kind, created_at, "
    "started_at, finished_at FROM weir_run WHERE ";

/// Gives `each` every run that `query` finds, with the number it has.
std::vector<std::pair<Number, RunRow>> rows_of(Query& query) {
    std::vector<std::pair<Number, RunRow>> rows;
    Number seq = 0;
    RunRow next;
    query.into(seq, next.run_id, next.job, next.owner, next.status, next.trigger_json,
               next.error_json, next.kind, next.created_us, next.started_us, next.finished_us);
    while (query.next()) rows.emplace_back(seq, next);
    return rows;
}

std::vector<TaskRow> tasks_of(Session& session, Number run) {
    std::vector<TaskRow> tasks;
    TaskRow next;
    RunCounts& counts = next.counts;
    Query query{session,
                "SELECT task, job, stream, target, status, attempt, tries, read, written, "
                "filtered, rejected, deleted, batches, bytes, cursor, error_json, streams_json, "
                "run_at, started_at, finished_at FROM weir_task WHERE run = ?1 ORDER BY number"};
    query.with(run);
    query.into(next.task, next.job, next.stream, next.target, next.status, next.attempt,
               next.tries);
    query.into(counts.read, counts.written, counts.filtered, counts.rejected, counts.deleted,
               counts.batches, counts.bytes);
    query.into(next.cursor, next.error_json, next.streams_json, next.run_at_us, next.started_us,
               next.finished_us);
    while (query.next()) tasks.push_back(next);
    return tasks;
}

/// "[a,b]" and "[c]" to "[a,b,c]".
void append_list(std::string& list, std::string const& more) {
    if (more.size() <= 2) return;
    list.pop_back();
    list += (list.size() > 1 ? "," : "") + more.substr(1);
}

void add_tasks(Session& session, Number seq, RunRow& run) {
    run.streams_json = "[]";
    for (TaskRow const& task : tasks_of(session, seq)) {
        run.attempts += task.tries;
        run.counts.read += task.counts.read;
        run.counts.written += task.counts.written;
        run.counts.filtered += task.counts.filtered;
        run.counts.rejected += task.counts.rejected;
        run.counts.deleted += task.counts.deleted;
        run.counts.batches += task.counts.batches;
        run.counts.bytes += task.counts.bytes;
        append_list(run.streams_json, task.streams_json);
    }
}

/// The filter's parts stand at fixed places, so that few texts of statements come up.
std::string list_sql(Runs::Filter const& filter) {
    std::string sql = run_columns;
    sql += "seq < ?1 AND created_at >= ?2 AND created_at < ?3";
    if (!filter.job.empty()) sql += " AND job = ?5";
    if (!filter.statuses.empty()) sql += " AND status IN (SELECT value FROM json_each(?6))";
    if (!filter.part.empty()) sql += " AND instr(lower(job), lower(?7)) > 0";
    sql += filter.jobs.empty() ? " AND ?8 = ''" : " AND job GLOB ?8";
    return sql + " ORDER BY seq DESC LIMIT ?4";
}

std::optional<Number> seq_of(Session& session, std::string const& run_id) {
    return session.value<Number>("SELECT seq FROM weir_run WHERE run_id = ?1", run_id);
}

}  // namespace

Result<std::optional<RunRow>> Runs::find(std::string const& run_id) {
    std::optional<RunRow> found;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        static std::string const sql = std::string{run_columns} + "run_id = ?1";
        std::vector<std::pair<Number, RunRow>> rows;
        {
            Query query{session, sql};
            rows = rows_of(query.with(run_id));
        }
        if (rows.empty()) return {};
        auto& [seq, run] = rows.front();
        add_tasks(session, seq, run);
        run.plan_json = session
                            .value<std::string>(
                                "SELECT p.body FROM weir_plan p JOIN weir_run r ON "
                                "r.plan = p.id WHERE r.seq = ?1",
                                seq)
                            .value_or("");
        found = std::move(run);
        return {};
    });
    if (!done) return done.error();
    return found;
}

Result<std::vector<TaskRow>> Runs::tasks(std::string const& run_id) {
    std::vector<TaskRow> found;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        std::optional<Number> const seq = seq_of(session, run_id);
        if (!seq) return run_not_found(run_id);
        found = tasks_of(session, *seq);
        for (TaskRow& task : found) task.run_id = run_id;
        return {};
    });
    if (!done) return done.error();
    return found;
}

Result<std::vector<RunRow>> Runs::list(Filter const& filter) {
    std::vector<RunRow> found;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        Number before = std::numeric_limits<Number>::max();
        if (!filter.before.empty()) {
            std::optional<Number> const seq = seq_of(session, filter.before);
            if (!seq) return run_not_found(filter.before);
            before = *seq;
        }
        auto const limit = static_cast<Number>(filter.limit);
        std::string const statuses = nlohmann::json(filter.statuses).dump();
        std::string const sql = list_sql(filter);
        std::vector<std::pair<Number, RunRow>> rows;
        {
            Query query{session, sql};
            query.with(before, filter.since_us, filter.until_us, limit, filter.job, statuses,
                       filter.part, filter.jobs);
            rows = rows_of(query);
        }
        for (auto& [seq, run] : rows) {
            add_tasks(session, seq, run);
            found.push_back(std::move(run));
        }
        return {};
    });
    if (!done) return done.error();
    return found;
}

Result<void> Runs::log(std::string const& run_id, std::vector<LogLine> const& lines) {
    return store_.write([&](Session& session) -> Result<void> {
        std::optional<Number> const run = seq_of(session, run_id);
        if (!run) return run_not_found(run_id);
        write_log(session, *run, lines);
        return {};
    });
}

Result<std::vector<Runs::LogLine>> Runs::logs(std::string const& run_id, std::int64_t after,
                                              std::size_t limit) {
    std::vector<LogLine> found;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        std::optional<Number> const run = seq_of(session, run_id);
        if (!run) return run_not_found(run_id);
        auto const rows = static_cast<Number>(limit);
        LogLine next;
        Query query{session,
                    "SELECT seq, at, level, message FROM weir_log WHERE run = ?1 AND seq > ?2 "
                    "ORDER BY seq LIMIT ?3"};
        query.with(*run, after, rows).into(next.seq, next.at_us, next.level, next.message);
        while (query.next()) found.push_back(next);
        return {};
    });
    if (!done) return done.error();
    return found;
}

}  // namespace weir::host
