#include "host/store/letters.hpp"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "host/core/text.hpp"
#include "host/store/publish.hpp"
#include "host/store/session.hpp"

namespace weir::host {

namespace {

using Number = std::int64_t;


Number waiting_of(Session& session, std::string const& job) {
    return session
        .value<Number>(
            "SELECT count(*) FROM weir_dead_letter WHERE status = 'waiting' AND job = ?1", job)
        .value_or(0);
}

using Tally = std::map<std::pair<std::string, std::string>, Number>;  // job, run → letters

/// "dead_letter.added", "dead_letter.discarded", …: how many of each run.
void announce_letters(Session& session, std::string const& what, Tally const& tally,
                      Number now_us) {
    for (auto const& [of, count] : tally)
        publish_in(session, "dead_letter." + what, "",
                   nlohmann::json{{"job", of.first}, {"run_id", of.second}, {"count", count}}.dump(
                       -1, ' ', false, nlohmann::json::error_handler_t::replace),
                   now_us);
}

/// Whether it is new.
bool insert(Session& session, Letter const& letter, std::string const& id) {
    return session.run(
               "INSERT INTO weir_dead_letter(id, job, stream, target, run_id, position, code, "
               "message, place, record_json, at, status, settled_at) VALUES (?1, ?2, ?3, ?4, ?5, "
               "?6, ?7, ?8, ?9, ?10, ?11, 'waiting', 0) ON CONFLICT DO NOTHING",
               id, letter.job, letter.stream, letter.target, letter.run_id, letter.position,
               letter.code, letter.message, letter.where, letter.record_json, letter.at_us) > 0;
}

Error full(std::string const& job) {
    return {WEIR_E_IO, "dead_letters.full",
            fmt::format("{} dead letters of job {} wait already: replay or discard them",
                        Letters::letters_per_job_max, job)};
}

/// The filter's parts stand at fixed places, so that few texts of statements come up.
std::string list_sql(Letters::Filter const& filter) {
    std::string sql = fmt::format(
        "SELECT id, job, stream, target, run_id, position, code, message, place, {}, at, status "
        "FROM weir_dead_letter WHERE seq {} ?1",
        filter.with_record ? "record_json" : "''", filter.oldest_first ? ">" : "<");
    if (!filter.job.empty()) sql += " AND job = ?3";
    if (!filter.run_id.empty()) sql += " AND run_id = ?4";
    if (!filter.code.empty()) sql += " AND code = ?5";
    if (!filter.status.empty()) sql += " AND status = ?6";
    if (!filter.stream.empty()) sql += " AND stream = ?7";
    if (!filter.ids.empty()) sql += " AND id IN (SELECT value FROM json_each(?8))";
    sql += filter.jobs.empty() ? " AND ?9 = ''" : " AND job GLOB ?9";
    return sql + (filter.oldest_first ? " ORDER BY seq LIMIT ?2" : " ORDER BY seq DESC LIMIT ?2");
}

Error no_letter(std::string const& id) {
    return {WEIR_E_NOT_FOUND, "dead_letters.not_found",
            fmt::format("there is no dead letter {}: it never was, or was settled more than {} "
                        "days ago",
                        id, Letters::settled_days_max),
            id};
}

}  // namespace

Result<void> Letters::add(std::vector<Letter> const& letters) {
    std::vector<std::string> ids;
    for (Letter const& letter : letters) ids.push_back(make_ulid(letter.at_us));
    Result<void> done = store_.write([&](Session& session) -> Result<void> {
        std::map<std::string, Number> waiting;
        Tally added;
        for (std::size_t i = 0; i < letters.size(); ++i) {
            std::string const& job = letters[i].job;
            if (!waiting.contains(job)) waiting[job] = waiting_of(session, job);
            if (!insert(session, letters[i], ids[i])) continue;
            ++added[{job, letters[i].run_id}];
            if (++waiting[job] > static_cast<Number>(letters_per_job_max)) return full(job);
        }
        announce_letters(session, "added", added, store_.clock().unix_us());
        return {};
    });
    ++changes_;
    return done;
}

Result<std::vector<Letter>> Letters::list(Filter const& filter) {
    std::vector<Letter> found;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        found.clear();
        Number before = filter.oldest_first ? 0 : std::numeric_limits<Number>::max();
        if (!filter.before.empty()) {
            auto const seq = session.value<Number>("SELECT seq FROM weir_dead_letter WHERE id = ?1",
                                                   filter.before);
            if (!seq) return no_letter(filter.before);
            before = *seq;
        }
        auto const limit = static_cast<Number>(filter.limit);
        std::string const sql = list_sql(filter), ids = nlohmann::json(filter.ids).dump();
        Letter next;
        Query query{session, sql};
        query.with(before, limit, filter.job, filter.run_id, filter.code, filter.status,
                   filter.stream, ids, filter.jobs);
        query.into(next.id, next.job, next.stream, next.target, next.run_id, next.position,
                   next.code, next.message, next.where, next.record_json, next.at_us, next.status);
        std::size_t bytes = 0;
        while (query.next()) {
            bytes += next.record_json.size();
            if (filter.bytes_max && bytes > filter.bytes_max && !found.empty()) break;
            found.push_back(next);
        }
        return {};
    });
    if (!done) return done.error();
    return found;
}

Result<Letter> Letters::find(std::string const& id) {
    Filter filter;
    filter.ids = {id};
    filter.status.clear();
    Result<std::vector<Letter>> found = list(filter);
    if (!found) return found.error();
    if (found->empty()) return no_letter(id);
    return std::move(found->front());
}

Result<std::vector<std::string>> Letters::streams(std::vector<std::string> const& ids) {
    std::vector<std::string> streams;
    std::string const wanted = nlohmann::json(ids).dump();
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        streams.clear();
        std::string next;
        Query query{session,
                    "SELECT DISTINCT stream FROM weir_dead_letter WHERE "
                    "id IN (SELECT value FROM json_each(?1)) ORDER BY stream"};
        query.with(wanted).into(next);
        while (query.next()) streams.push_back(next);
        return {};
    });
    if (!done) return done.error();
    return streams;
}

Result<void> Letters::refuse_again(std::vector<Refusal> const& refusals) {
    if (refusals.empty()) return {};
    return store_.write([&](Session& session) -> Result<void> {
        for (Refusal const& each : refusals)
            session.run(
                "UPDATE weir_dead_letter SET code = ?2, message = ?3, place = ?4 WHERE id = ?1 AND "
                "status = 'waiting'",
                each.id, each.code, each.message, each.where);
        return {};
    });
}

Result<std::vector<std::string>> Letters::settle(std::vector<std::string> const& ids,
                                                 std::string const& status) {
    std::vector<std::string> settled;
    Result<void> done = store_.write([&](Session& session) -> Result<void> {
        settled.clear();
        Number const now = store_.clock().unix_us();
        Tally tally;
        for (std::string const& id : ids) {
            auto const of = session.row<std::string, std::string>(
                "UPDATE weir_dead_letter SET status = ?2, settled_at = ?3 WHERE id = ?1 AND "
                "status = 'waiting' RETURNING job, run_id",
                id, status, now);
            if (!of) continue;
            settled.push_back(id);
            ++tally[{std::get<0>(*of), std::get<1>(*of)}];
        }
        announce_letters(session, status, tally, now);
        return {};
    });
    ++changes_;
    if (!done) return done.error();
    return settled;
}

Result<std::size_t> Letters::count(std::string const& job) {
    Number count = 0;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        count = job.empty()
                    ? session
                          .value<Number>(
                              "SELECT count(*) FROM weir_dead_letter WHERE status = 'waiting'")
                          .value_or(0)
                    : waiting_of(session, job);
        return {};
    });
    if (!done) return done.error();
    return static_cast<std::size_t>(count);
}

Result<std::map<std::string, std::size_t>> Letters::count_by_job() {
    std::lock_guard const lock{mutex_};
    // Read before the count: what changes meanwhile is counted the next time.
    std::uint64_t const changes = changes_;
    if (changes == counted_at_) return counted_;
    std::map<std::string, std::size_t> counts;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        counts.clear();
        std::string job;
        Number waiting = 0;
        Query query{session,
                    "SELECT job, count(*) FROM weir_dead_letter WHERE status = 'waiting' "
                    "GROUP BY job"};
        query.into(job, waiting);
        while (query.next()) counts[job] = static_cast<std::size_t>(waiting);
        return {};
    });
    if (!done) return done.error();
    counted_at_ = changes;
    return counted_ = std::move(counts);
}

Result<void> Letters::retain() {
    constexpr Number day_us = 86'400'000'000, deleted_at_once_max = 2'000;
    Number const oldest = store_.clock().unix_us() - settled_days_max * day_us;
    for (Number gone = deleted_at_once_max; gone >= deleted_at_once_max;) {
        Result<void> done = store_.write([&](Session& session) -> Result<void> {
            gone = session.run(
                "DELETE FROM weir_dead_letter WHERE seq IN (SELECT seq FROM weir_dead_letter WHERE "
                "status <> 'waiting' AND settled_at < ?1 LIMIT ?2)",
                oldest, deleted_at_once_max);
            return {};
        });
        if (!done) return done;
    }
    return {};
}

}  // namespace weir::host
