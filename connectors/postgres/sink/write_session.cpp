#include "write_session.hpp"

#include <algorithm>

#include "column_type.hpp"
#include "connectors/postgres/names.hpp"
#include "own_types.hpp"
#include "refusal.hpp"
#include "staged_row.hpp"
#include "structure.hpp"
#include "without_nul.hpp"

namespace weir::postgres {
namespace {

constexpr char settings_sql[] =
    "SET LOCAL \"TimeZone\" = 'UTC'; SET LOCAL \"DateStyle\" = 'ISO, MDY';"
    "SET LOCAL \"IntervalStyle\" = 'postgres'; SET LOCAL extra_float_digits = 1;"
    "SET LOCAL bytea_output = 'hex'; SET LOCAL lc_monetary = 'C'; SET LOCAL xmloption = 'content';"
    // Off, and NULL in the text of an array is the word.
    "SET LOCAL array_nulls = on; SET LOCAL quote_all_identifiers = off;"
    "SET LOCAL transform_null_equals = off;"
    "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0;"
    "SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL jit = off;"
    // A batch meets its rows in the target by index: reading all of the target for each batch is
    // what the planner would take for cheaper, seeing one batch only.
    "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;";

}  // namespace

std::string session_name(std::string const& owner, std::int64_t epoch) {
    return "weir:" + owner + ":" + std::to_string(epoch);
}

std::string begin_write_sql(std::string const& name) {
    return "BEGIN ISOLATION LEVEL READ COMMITTED; " + std::string{settings_sql} +
           "SET LOCAL application_name = " + literal(name) + "; ";
}

bool has_rows(Connection& connection, TargetTable const& table, Place const& place,
              Wait const& wait) {
    if (table.kind != 'r' && table.kind != 'p') return false;
    if (!table.is_readable) return true;
    Outcome const outcome =
        connection.execute(std::string{"SELECT EXISTS (SELECT FROM "} +
                               (table.has_children ? "ONLY " : "") + place.sql() + ")",
                           wait);
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
      place_{place_in(connection_->settings(), begin.target)},
      seat_{connection_->settings().schema(), begin.job, begin.stream},
      owner_{fingerprint({begin.job, begin.stream})},
      is_keys_{begin.target.write_mode == WEIR_WRITE_KEYS},
      is_staged_{begin.staged || is_keys_ || begin.target.write_mode == WEIR_WRITE_REPLACE},
      is_look_{begin.look} {
    Wait const wait{call, interrupt_};
    is_look_ ? look(begin, wait) : fence(begin, epoch, wait);
}

WriteSession::~WriteSession() { spare_->keep(std::move(connection_)); }

/// What a run would find, without a trace: everything is rolled back.
void WriteSession::look(Begin const& begin, Wait const& wait) {
    row_.spec = begin.spec;
    Outcome const found = execute(seat_.find_sql(), wait);
    if (found.failed && is_missing_table(*found.failed)) return;
    if (found.failed) throw write_failure(*connection_, *found.failed, place_);
    if (std::optional<Checkpoint> const row = read_checkpoint(found.rows.at(0))) {
        memory_ = Memory::parse(row->fields);
        reads_all_ = !is_keys_ && (begin.reset || is_staged_ || row->cursor.empty());
    }
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
    if (is_fetching()) {  // the stage has done its part; what follows is written as ever
        scan_.reset();
        writer_.reset();
    }
    if (scan_) stage_keys(wait);
    bool const holds_stage = writer_ && writer_->route() == Route::stage;
    Look look = look_at(*connection_, place_, std::exchange(first_, {}), wait);
    place_.is_parent = look.table && look.table->has_children;
    types_ = column_types(*connection_, fields, wait);
    FitRequest const request{target_, place_, fields, types_, owner_, row_.spec, &memory_,
                             &fields_, reads_all_};
    auto const fit_now = [&] { return fit(look.table ? &*look.table : nullptr, request); };
    fit_ = fit_now();
    for (std::string const& sentence : fit_->retyped)
        if (!is_look_ && told_.insert(sentence).second) host_.warn(sentence);
    Prepared const prepared{fit_->actions, look.has_rows,
                            look.table && look.table->has_references};
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
    look_for_guards(wait);
    Route const route = choose_route(look.has_rows);
    bool const is_upsert = target_.write_mode == WEIR_WRITE_UPSERT || (is_new_ && fit_->has_key);
    auto writer =
        std::make_unique<BatchWriter>(*connection_, place_, *fit_, fields_, route, is_upsert);
    if (writer_) writer->take_over(*writer_);
    writer_ = std::move(writer);
    bool const may_be_marked = look.table && look.table->column(deletion_column(target_));
    if (is_keys_ && !is_swept_ && !has_rows_ && !may_be_marked && KeyScan::can(*fit_, fields_))
        scan_.emplace(*connection_, place_, *fit_, fields_);
    return prepared;
}

/// Tells what acts on written rows and did not when the run before wrote.
void WriteSession::look_for_guards(Wait const& wait) {
    std::vector<std::string> guards = guards_of(*connection_, place_, wait);
    if (memory_.guards)
        for (std::string const& guard : guards)
            if (std::ranges::find(*memory_.guards, guard) == memory_.guards->end())
                host_.warn("table " + place_.table + " has a " + guard +
                           ", which it had not in the last run: it acts on what is written now");
    memory_.guards = std::move(guards);
}

void WriteSession::change_target(Fit const& change, Wait const& wait) {
    std::string sql;
    for (std::string const& statement : change.statements) sql += statement + "; ";
    bool const is_alone = !is_open_;
    if (is_alone) first_ = begin_write_sql(session_name(owner_, row_.epoch));
    check_epoch(wait);
    run(sql + (is_alone ? "COMMIT" : ""), wait);
    for (std::string const& column : change.loosened)
        host_.warn("column \"" + column + "\" of " + place_.table +
                   " is no longer NOT NULL: its source has nulls");
}

/// Straight into the target where no other than our own rows can be met: the unique index says when
/// that was wrong, and then it is the other way from there on.
Route WriteSession::choose_route(bool holds_rows) {
    if (target_.write_mode == WEIR_WRITE_APPEND) return Route::direct;
    if (is_keys_) return is_swept_ ? Route::merge : Route::stage;
    if (target_.write_mode == WEIR_WRITE_REPLACE) return is_new_ ? Route::direct : Route::stage;
    if (writer_) return writer_->route();
    if (!holds_rows) row_.is_filling = true;
    return row_.is_filling ? Route::direct : Route::merge;
}

void WriteSession::open() {
    first_ += begin_write_sql(is_look_ ? "weir" : session_name(owner_, row_.epoch));
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
        counted_.reset();
        std::optional<WithoutNul> stripped;
        if (connection_->settings().strips_nul()) stripped.emplace(fields, fit_->landings, batch);
        ArrowArray const& rows = stripped ? stripped->batch() : batch;
        if (scan_ && !scan_->take(wait, rows, first_)) stage_keys(wait);
        if (!scan_) writer_->write(wait, rows, rejects, first_);
        has_rows_ = has_rows_ || batch.length > 0;
    });
}

/// What came so far, and what will.
void WriteSession::stage_keys(Wait const& wait) {
    writer_->ensure_table(wait, first_);
    writer_->skip(scan_->stage(wait));
    scan_.reset();
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
        bool const is_stage = writer_ && writer_->route() == Route::stage;
        if (is_stage && !is_keys_) deleted = swap(wait, commit.refusals);
        end_transaction(commit, staged_rows_ + commit.rows - refused_, wait);
        if (commit.final && fit_ && !fit_->numbered.empty()) number_on(wait);
        if (is_staged_) is_broken_ = true;  // the stage is used up: nothing can follow
    });
    return deleted;
}

/// Behind the commit, so that what the user may not do costs no row.
void WriteSession::number_on(Wait const& wait) {
    try {
        for (std::string const& failure :
             raise_sequences(*connection_, place_, fit_->numbered, wait))
            host_.warn(failure);
    } catch (Error const& error) {
        host_.warn("sequences of " + place_.table + " were not set: " + error.message);
    }
}

std::uint64_t WriteSession::swap(Wait const& wait, Refusals refusals) {
    writer_->ensure_table(wait, first_);
    if (!swap_) swap_.emplace(*connection_, place_, *fit_, fields_);
    if (target_.write_mode != WEIR_WRITE_REPLACE) swap_->keep_others();
    swap_->run(wait, refusals);
    refused_ = swap_->refused();
    return swap_->deleted();
}

Swept WriteSession::sweep(Call const& call, Sweep const& wanted) {
    ready();
    call.check();
    if (!is_staged_ || !writer_ || is_swept_ || (is_look_ && !wanted.dry_run))
        throw Error{WEIR_E_STATE, "there is no stage of " + place_.table + " to compare it with"}
            .coded("postgres.writer_ended");
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    Swept swept;
    guarded(wait, [&] {
        if (!is_open_) open();
        swept = compare(wanted, wait);
    });
    return swept;
}

Swept WriteSession::compare(Sweep const& wanted, Wait const& wait) {
    if (scan_ && !scan_->finish(wait, first_)) stage_keys(wait);
    Look const look = look_at(*connection_, place_, std::exchange(first_, {}), wait);
    if (!look.table)
        throw Error{WEIR_E_CONFLICT, "table " + place_.table + " is gone; run again"}.coded(
            "postgres.target_replaced");
    if (!wanted.shared) refuse_shared(*connection_, place_, *look.table, seat_.job, wait);
    if (writer_->route() != Route::stage) {  // all that is there came by this transaction
        is_swept_ = !wanted.dry_run;
        std::vector<Result> const rows =
            run("SELECT pg_catalog.count(*) FROM " + place_.rows_sql(), wait);
        return {0, 0, static_cast<std::uint64_t>(rows.at(0).number(0, 0)), 0, 0};
    }
    Comparison const comparison{*connection_, place_, *fit_, target_, *look.table, wanted.soft};
    if (scan_ && look.table->column(deletion_column(target_))) stage_keys(wait);  // since then
    Swept swept = scan_ ? scan_->found() : count(comparison, wanted.dry_run, wait);
    if (wanted.dry_run) {
        if (wanted.missing) tell_missing(wanted.missing, comparison, swept, wait);
        return swept;
    }
    if (swept.extra > 0 && swept.extra <= wanted.deletes_max) {
        std::optional<std::string> extra;
        if (scan_) extra = scan_->list_extra(wait);
        swept.deleted = comparison.remove(wait, extra);
    }
    if (std::max(swept.extra, swept.deleted) > wanted.deletes_max)
        throw Error{WEIR_E_CONFLICT, "while " + place_.table +
                                         " was compared, rows came that its source does not have; "
                                         "nothing was deleted"}
            .coded("sink.sweep_grew")
            .suggest("run it again");
    if (swap_) swap_->keep_others();
    is_swept_ = true;
    return swept;
}

void WriteSession::tell_missing(MissingKeys keys, Comparison const& comparison, Swept const& swept,
                                Wait const& wait) {
    if (!is_keys_ || swept.missing == 0 || swept.missing > keys.rows_max()) return;
    std::string const from =
        scan_ ? scan_->list_missing(wait) + " AS s" : comparison.missing_sql();
    Batch batch = records_of(run(staged_rows_sql(*fit_, from), wait).at(0), *fit_, fields_);
    keys.add(batch);
}

Swept WriteSession::count(Comparison const& comparison, bool anew, Wait const& wait) {
    writer_->ensure_table(wait, first_);
    if (!swap_) swap_.emplace(*connection_, place_, *fit_, fields_);
    swap_->prepare(wait, !is_keys_);
    // What was counted is what is deleted, unless rows came meanwhile.
    if (anew || !counted_) counted_ = comparison.count(!is_keys_, wait);
    return *counted_;
}

/// Rows, cursor and epoch at once, and the condition with them: the lock on the checkpoint is held
/// for as long as the server needs, and never for us.
void WriteSession::end_transaction(Commit const& commit, std::uint64_t rows, Wait const& wait) {
    Checkpoint next = row_;
    next.cursor = commit.keeps_cursor ? std::string_view{kept_cursor_} : commit.cursor;
    if (!commit.spec.empty()) next.spec = commit.spec;
    // Keys are not all that was asked for, and are not remembered.
    if (fit_ && (!is_keys_ || target_.write_mode == WEIR_WRITE_UPSERT)) {
        next.target_id = fit_->identity;
        Memory now = Memory::of(next.spec, fields_);
        for (std::size_t i = 0; i < fields_.size(); ++i) now.entries[i].needed = types_[i];
        now.guards = memory_.guards;
        now.has_children = comes_with_children(target_);
        next.fields = now.dump();
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
    if (is_look_) return;
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
