#include "write_session.hpp"

#include "column_type.hpp"
#include "connectors/postgres/names.hpp"
#include "refusal.hpp"
#include "swap.hpp"

namespace weir::postgres {
namespace {

constexpr char settings_sql[] =
    "SET LOCAL \"TimeZone\" = 'UTC'; SET LOCAL \"DateStyle\" = 'ISO, MDY';"
    "SET LOCAL \"IntervalStyle\" = 'postgres'; SET LOCAL extra_float_digits = 1;"
    "SET LOCAL bytea_output = 'hex'; SET LOCAL lc_monetary = 'C'; SET LOCAL xmloption = 'content';"
    "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0;"
    "SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL jit = off;"
    // A batch meets its rows in the target by index: reading all of the target for each batch is
    // what the planner would take for cheaper, seeing one batch only.
    "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;";

/// What the sessions of a stream are called while they write.
std::string session_name(std::string const& owner, std::int64_t epoch) {
    return "weir:" + owner + ":" + std::to_string(epoch);
}

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

std::string begin_write_sql(std::string const& name) {
    return "BEGIN ISOLATION LEVEL READ COMMITTED; " + std::string{settings_sql} +
           "SET LOCAL application_name = " + literal(name) + "; ";
}

bool has_rows(Connection& connection, TargetTable const& table, Place const& place,
              Wait const& wait) {
    if (table.kind != 'r' && table.kind != 'p') return false;
    if (!table.is_readable) return true;
    Outcome const outcome =
        connection.execute("SELECT EXISTS (SELECT FROM " + place.sql() + ")", wait);
    if (outcome.failed) throw write_failure(connection, *outcome.failed, place);
    return outcome.rows.at(0).flag(0, 0);
}

Look look_at(Connection& connection, Place const& place, std::string const& first,
             Wait const& wait) {
    Look look;
    std::vector<Result> const answers = connection.run(first + look_sql(place.sql()), wait);
    look.table = read_look(answers, answers.size() - look_answers);
    look.has_rows = look.table && has_rows(connection, *look.table, place, wait);
    return look;
}

WriteSession::WriteSession(Host host, std::shared_ptr<Spare> spare,
                           std::unique_ptr<Connection> connection, Begin const& begin,
                           std::uint64_t& epoch, Call const& call)
    : host_{host},
      spare_{std::move(spare)},
      connection_{std::move(connection)},
      target_{begin.target},
      place_{connection_->settings().schema(), begin.target.name},
      seat_{place_.schema, begin.job, begin.stream},
      owner_{fingerprint({begin.job, begin.stream})},
      is_staged_{begin.staged || begin.target.write_mode == WEIR_WRITE_REPLACE} {
    fence(begin, epoch, Wait{call, interrupt_});
}

WriteSession::~WriteSession() { spare_->keep(std::move(connection_)); }

void WriteSession::fence(Begin const& begin, std::uint64_t& epoch, Wait const& wait) {
    auto const ours = static_cast<std::int64_t>(epoch);
    Outcome found = begin_or_make_table(ours, wait);
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
Outcome WriteSession::begin_or_make_table(std::int64_t epoch, Wait const& wait) {
    std::string const sql = begin_write_sql(session_name(owner_, epoch)) + seat_.fence_sql(epoch) +
                            "; " + look_sql(place_.sql());
    Outcome outcome = connection_->execute(sql, wait);
    if (!outcome.failed) return outcome;
    if (auto why = foreign_checkpoint(connection_->settings(), *outcome.failed))
        throw Error{std::move(*why)};
    if (!is_missing_table(*outcome.failed))
        throw write_failure(*connection_, *outcome.failed, {place_.schema, "_weir_checkpoint"});
    run("ROLLBACK", wait);
    create_checkpoint_table(*connection_, place_.schema, wait);
    outcome = connection_->execute(sql, wait);
    if (outcome.failed)
        throw write_failure(*connection_, *outcome.failed, {place_.schema, "_weir_checkpoint"});
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
    // Staged rows start from nothing, and so does what is read for them; the position of the run
    // before stays until they show: they may never do.
    if (begin.reset || is_staged_) row_.cursor.clear(), row_.is_filling = false;
    row_.spec = begin.spec;
    row_.run_id = begin.run_id;
    row_.target = place_.table;
    bool const keeps = is_staged_ && !stored.target.empty();
    Checkpoint written = row_;
    if (keeps) written.cursor = stored.cursor, written.spec = stored.spec;
    run(seat_.begin_sql(written) + "; COMMIT; " + end_older_sql(owner_, row_.epoch), wait);
}

Outcome WriteSession::execute(std::string const& sql, Wait const& wait) {
    return connection_->execute(std::exchange(first_, {}) + sql, wait);
}

/// Throws what fails, as a failure to write.
std::vector<Result> WriteSession::run(std::string const& sql, Wait const& wait) {
    Outcome outcome = execute(sql, wait);
    if (outcome.failed) throw write_failure(*connection_, *outcome.failed, place_);
    return std::move(outcome.rows);
}

Prepared WriteSession::prepare(Call const& call, Target const& target,
                               std::vector<FieldView> const& fields) {
    ready();
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    wait.check();
    Prepared prepared;
    guarded(wait, [&] {
        target_ = target;
        if (is_staged_ && !is_open_) open();
        prepared = fit_target(fields, wait);
    });
    return prepared;
}

Prepared WriteSession::fit_target(std::vector<FieldView> const& fields, Wait const& wait) {
    bool const holds_stage = writer_ && writer_->route() == Route::stage;
    Look look = look_at(*connection_, place_, std::exchange(first_, {}), wait);
    types_ = column_types(*connection_, fields, wait);
    FitRequest const request{target_, place_, fields, types_, owner_, row_.spec, &memory_,
                             &fields_};
    auto const fit_now = [&] { return fit(look.table ? &*look.table : nullptr, request); };
    fit_ = fit_now();
    Prepared const prepared{fit_->actions, look.has_rows};
    if (!fit_->statements.empty()) {
        bool const is_made = !look.table;
        change_target(*fit_, wait);
        look = look_at(*connection_, place_, std::exchange(first_, {}), wait);
        fit_ = fit_now();
        is_new_ = is_new_ || (is_made && is_open_);
    }
    if (holds_stage && fields_.size() != fields.size())
        throw Error{WEIR_E_CONFLICT, "the fields of " + place_.table +
                                         " changed while they were read; run again"}
            .coded("postgres.fields_changed");
    fields_ = fields;
    Route const route = choose_route(look.has_rows);
    bool const is_upsert = target_.write_mode == WEIR_WRITE_UPSERT || (is_new_ && fit_->has_key);
    auto writer =
        std::make_unique<BatchWriter>(*connection_, place_, *fit_, fields_, route, is_upsert);
    if (writer_) writer->take_over(*writer_);
    writer_ = std::move(writer);
    return prepared;
}

void WriteSession::change_target(Fit const& change, Wait const& wait) {
    std::string sql;
    for (std::string const& statement : change.statements) sql += statement + "; ";
    bool const is_alone = !is_open_;
    if (is_alone) first_ = begin_write_sql(session_name(owner_, row_.epoch));
    check_epoch(wait);
    run(sql + (is_alone ? "COMMIT" : ""), wait);
}

/// Straight into the target where no other than our own rows can be met: the unique index says when
/// that was wrong, and then it is the other way from there on.
Route WriteSession::choose_route(bool holds_rows) {
    if (target_.write_mode == WEIR_WRITE_APPEND) return Route::direct;
    if (target_.write_mode == WEIR_WRITE_REPLACE) return is_new_ ? Route::direct : Route::stage;
    if (writer_) return writer_->route();
    if (!holds_rows) row_.is_filling = true;
    return row_.is_filling ? Route::direct : Route::merge;
}

void WriteSession::open() {
    first_ += begin_write_sql(session_name(owner_, row_.epoch));
    is_open_ = true;
}

void WriteSession::write(Call const& call, std::vector<FieldView> const& fields,
                         ArrowArray const& batch, Rejects& rejects) {
    ready();
    call.check();
    if (!writer_ || fields_ != fields) prepare(call, Target{target_}, fields);
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    guarded(wait, [&] {
        if (!is_open_) open();
        writer_->write(wait, batch, rejects, first_);
        has_rows_ = has_rows_ || batch.length > 0;
    });
}

std::uint64_t WriteSession::commit(Call const& call, Commit const& commit) {
    ready();
    call.check();
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    std::uint64_t deleted = 0;
    guarded(wait, [&] {
        if (is_staged_ && !commit.final) {
            check_epoch(wait);
            staged_rows_ += commit.rows;
            return;
        }
        if (!is_open_) open();
        if (writer_ && writer_->route() == Route::stage) deleted = swap(wait, commit.refusals);
        end_transaction(commit, staged_rows_ + commit.rows - refused_, wait);
        if (is_staged_) is_broken_ = true;  // the stage is used up: nothing can follow
    });
    return deleted;
}

std::uint64_t WriteSession::swap(Wait const& wait, Refusals refusals) {
    writer_->ensure_table(wait, first_);
    Swap swap{*connection_, place_, *fit_, fields_};
    swap.run(wait, refusals);
    refused_ = swap.refused();
    return swap.deleted();
}

/// Rows, cursor and epoch at once, and the condition with them: the lock on the checkpoint is held
/// for as long as the server needs, and never for us.
void WriteSession::end_transaction(Commit const& commit, std::uint64_t rows, Wait const& wait) {
    Checkpoint next = row_;
    next.cursor = commit.cursor;
    if (!commit.spec.empty()) next.spec = commit.spec;
    if (fit_) {
        next.target_id = fit_->identity;
        next.fields = Memory::of(next.spec, fields_).dump();
    }
    next.is_filling = row_.is_filling && !commit.final && writer_ &&
                      writer_->route() == Route::direct;
    std::string checks;
    // The lock that our rows keep on it says that the name stays with the table.
    if (fit_ && has_rows_)
        checks = require_sql("pg_catalog.to_regclass(" + literal(place_.sql()) + ")::oid = " +
                             fit_->identity.substr(fit_->identity.find(' ') + 1)) +
                 "; ";
    Outcome const outcome = execute(checks + seat_.commit_sql(next, rows) + "; COMMIT", wait);
    if (outcome.failed) tell_commit_failure(outcome, checks.empty() ? 0 : 1);
    next.rows = row_.rows + static_cast<std::int64_t>(rows);
    next.batch = row_.batch + 1;
    row_ = std::move(next);
    is_open_ = has_rows_ = is_new_ = false;
    if (writer_) writer_->end();
}

void WriteSession::tell_commit_failure(Outcome const& outcome, std::size_t checks) {
    std::string const state = sqlstate_of(*outcome.failed);
    if (state == fenced_state && outcome.rows.size() >= checks) throw fenced(place_.table);
    if (state == fenced_state)
        throw Error{WEIR_E_CONFLICT, "table " + place_.table +
                                         " was dropped or made anew while it was copied into; run "
                                         "again to read everything from the beginning"}
            .coded("postgres.target_replaced");
    if (is_about_row(state))  // a constraint that is deferred
        throw row_refusal(connection_->settings(), *outcome.failed, "a row of the transaction",
                          place_.table);
    throw write_failure(*connection_, *outcome.failed, place_);
}

void WriteSession::check_epoch(Wait const& wait) {
    std::vector<Result> const found = run(seat_.find_sql(), wait);
    std::optional<Checkpoint> const row = read_checkpoint(found.at(0));
    if (!row || row->epoch != row_.epoch) throw fenced(place_.table);
}

/// A refused row leaves the transaction as it was; after any other failure it is gone.
template <class Work>
void WriteSession::guarded(Wait const& wait, Work&& work) {
    try {
        work();
    } catch (Error const& error) {
        if (error.status == WEIR_E_DATA && is_open_) throw;
        is_broken_ = true;
        if (error.code == "postgres.connection_lost") tell_fenced(wait);
        throw;
    } catch (...) {
        is_broken_ = true;
        throw;
    }
}

/// A later run of the same copy ends the session of the one before: then that is the reason.
void WriteSession::tell_fenced(Wait const& wait) {
    bool is_fenced = false;
    try {
        Connection fresh{connection_->settings(), wait};
        std::vector<Result> const found = fresh.run(seat_.find_sql(), wait);
        std::optional<Checkpoint> const row = read_checkpoint(found.at(0));
        is_fenced = row && row->epoch > row_.epoch;
    } catch (Error const&) {
        return;  // the first failure is what is to be told
    }
    if (is_fenced) throw fenced(place_.table);
}

void WriteSession::ready() const {
    if (is_broken_)
        throw Error{WEIR_E_STATE, "the writer of " + place_.table +
                                      " has failed or ended; close it and begin again"}
            .coded("postgres.writer_ended");
}

}  // namespace weir::postgres
