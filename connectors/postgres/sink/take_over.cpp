#include "connectors/postgres/names.hpp"
#include "own_types.hpp"
#include "refusal.hpp"
#include "write_session.hpp"

namespace weir::postgres {
namespace {

/// A fence and a COMMIT take far less: whoever keeps others from the position, or from its target,
/// for longer while they fence has been stopped in it.
constexpr int frozen_ms = 5'000;
constexpr char lock_timed_out[] = "55P03";

/// Ends what older owners left open: one that is frozen would keep its rows locked for ever.
std::string end_older_sql(std::string const& owner, std::int64_t epoch) {
    std::string const intro = "weir:" + owner + ":";
    return "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a"
           " WHERE a.usename = current_user AND a.pid <> pg_catalog.pg_backend_pid()"
           " AND a.datname = pg_catalog.current_database()"
           " AND pg_catalog.starts_with(a.application_name, " +
           literal(intro) + ") AND pg_catalog.substr(a.application_name, " +
           std::to_string(intro.size() + 1) + ")::bigint < " + std::to_string(epoch);
}

}  // namespace

/// Takes the position, if need be from an owner who holds it, or the target, and was frozen.
void WriteSession::fence(Begin const& begin, std::uint64_t& epoch, Wait const& wait) {
    std::int64_t const ours = static_cast<std::int64_t>(epoch);
    try {
        take(begin, epoch, frozen_ms, wait);
    } catch (Error const& error) {
        if (error.sqlstate != lock_timed_out) throw;
        // One of the same epoch is a session of our own that was lost.
        run("ROLLBACK; " + end_older_sql(owner_, ours ? ours + 1 : INT64_MAX), wait);
        take(begin, epoch, 0, wait);
    }
}

void WriteSession::take(Begin const& begin, std::uint64_t& epoch, int lock_ms, Wait const& wait) {
    Outcome found = begin_or_make_table(static_cast<std::int64_t>(epoch), lock_ms, wait);
    std::optional<Checkpoint> const row = read_checkpoint(found.rows.at(0));
    if (!row) {
        std::vector<Result> const stored = run(seat_.find_sql() + "; ROLLBACK", wait);
        if (auto const newer = read_checkpoint(stored.at(0)))
            epoch = static_cast<std::uint64_t>(newer->epoch);
        throw fenced(place_.table);
    }
    row_ = *row;
    recover(begin, found, wait);
    epoch = static_cast<std::uint64_t>(row_.epoch);
}

/// The fence, and a look at the target, in a transaction that stays open.
Outcome WriteSession::begin_or_make_table(std::int64_t epoch, int lock_ms, Wait const& wait) {
    std::string const sql = begin_write_sql(session_name(owner_, epoch)) +
                            "SET LOCAL lock_timeout = " + std::to_string(lock_ms) + "; " +
                            seat_.fence_sql(epoch) + "; " + look_sql(place_.sql());
    Outcome outcome = connection_->execute(sql, wait);
    if (!outcome.failed) return outcome;
    if (auto why = foreign_checkpoint(connection_->settings(), *outcome.failed))
        throw Error{std::move(*why)};
    if (!is_missing_table(*outcome.failed))
        throw write_failure(*connection_, *outcome.failed, {seat_.schema, "_weir_checkpoint"});
    run("ROLLBACK", wait);
    create_checkpoint_table(*connection_, seat_.schema, wait);
    outcome = connection_->execute(sql, wait);
    if (outcome.failed)
        throw write_failure(*connection_, *outcome.failed, {seat_.schema, "_weir_checkpoint"});
    return outcome;
}

/// Decides where to read on, and stores that with what is known of this run.
void WriteSession::recover(Begin const& begin, Outcome const& found, Wait const& wait) {
    std::optional<TargetTable> const table = read_look(found.rows, 1);
    bool const is_empty = table && table->mark() == foreign_mark && row_.rows > 0 &&
                          !has_rows(*connection_, *table, place_, wait);
    std::string const why = row_.objection(place_, table ? &*table : nullptr, !is_empty);
    if (!why.empty()) {
        host_.info("checkpoint of " + place_.table + " ignored: " + why + "; " + seat_.stream +
                   " is read from the beginning");
        Checkpoint fresh;
        fresh.epoch = row_.epoch;
        fresh.batch = row_.batch;
        row_ = fresh;
    }
    memory_ = Memory::parse(row_.fields);
    Checkpoint stored = row_;
    kept_cursor_ = stored.cursor;
    // Staged rows start from nothing, and so does what is read for them; the position of the run
    // before stays until they show: they may never do.
    if (begin.reset || is_staged_) row_.cursor.clear(), row_.is_filling = false;
    reads_all_ = !is_keys_ && row_.cursor.empty();
    row_.spec = begin.spec;
    row_.run_id = begin.run_id;
    row_.target = place_.table;
    bool const keeps = is_staged_ && !stored.target.empty();
    Checkpoint written = row_;
    if (keeps) written.cursor = stored.cursor, written.spec = stored.spec;
    run(seat_.begin_sql(written) + "; COMMIT; " + end_older_sql(owner_, row_.epoch), wait);
    if (!table || table->mark() != foreign_mark)
        for (std::string const& sentence : make_surroundings(*connection_, target_, place_, wait))
            host_.warn(sentence);
}

}  // namespace weir::postgres
