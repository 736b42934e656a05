#include "write_session.hpp"

#include <algorithm>

#include "connectors/mysql/names.hpp"
#include "refusal.hpp"
#include "staged_row.hpp"
#include "swap.hpp"
#include "sweep.hpp"

namespace weir::mysql {
namespace {

/// A COMMIT and a fence take far less; whoever holds one for longer has been stopped in it.
constexpr int frozen_s = 5;

/// A lock of the session, by whose name a later owner finds it.
std::string session_name(std::string const& owner, std::int64_t epoch) {
    return literal("weir:" + owner + ":" + std::to_string(epoch));
}
/// The same while it fences, before it has an epoch.
std::string fence_name(std::string const& owner) { return literal("weir:" + owner + ":fence"); }

}  // namespace

std::unique_ptr<Connection> connect_to_write(Settings const& settings, Wait const& wait) {
    auto connection = std::make_unique<Connection>(settings, wait, true);
    connection->run(
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,"
        "NO_ENGINE_SUBSTITUTION', sql_notes = 1",
        wait);
    return connection;
}

WriteSession::WriteSession(Host host, Settings const& settings, Begin const& begin,
                           std::uint64_t& epoch, Call const& call)
    : host_{host},
      settings_{settings},
      target_{begin.target},
      seat_{settings.database(), begin.target.name},
      post_{settings.database(), begin.job, begin.stream},
      owner_{fingerprint({begin.job, begin.stream})},
      is_keys_{begin.target.write_mode == WEIR_WRITE_KEYS},
      is_staged_{begin.staged || is_keys_ || begin.target.write_mode == WEIR_WRITE_REPLACE},
      is_look_{begin.look} {
    Wait const wait{call, interrupt_};
    connection_ = connect_to_write(settings, wait);
    dialect_ = dialect_of(*connection_, wait);
    is_look_ ? look(begin, wait) : fence(begin, epoch, wait);
}

/// What a run would find, without a trace.
void WriteSession::look(Begin const& begin, Wait const& wait) {
    if (std::optional<Checkpoint> const found = post_.find(*connection_, false, wait)) {
        memory_ = Memory::parse(found->fields);
        reads_all_ = !is_keys_ && (begin.reset || is_staged_ || found->cursor.empty());
    }
    row_.spec = begin.spec;
}

void WriteSession::run(std::string const& sql, Wait const& wait) {
    if (std::optional<Said> const said = connection_->execute(sql, wait))
        throw write_failure(connection_->settings(), *said, seat_.table);
}

void WriteSession::fence(Begin const& begin, std::uint64_t& epoch, Wait const& wait) {
    take_fence(wait);
    std::optional<Checkpoint> const seen = post_.find(*connection_, false, wait);
    if (!seen) post_.create_table(*connection_, wait);
    bool const may_end_it = seen && (epoch == 0 || seen->epoch < static_cast<std::int64_t>(epoch));
    std::optional<Checkpoint> const found = lock_post(may_end_it ? seen->epoch : 0, wait);
    std::int64_t const stored = found ? found->epoch : 0;
    auto const ours = epoch ? static_cast<std::int64_t>(epoch) : stored + 1;
    if (stored > ours) {
        epoch = static_cast<std::uint64_t>(stored);
        run("ROLLBACK", wait);
        throw fenced(seat_.table);
    }
    if (found) row_ = *found;
    row_.epoch = ours;
    recover(begin, found.has_value(), wait);
    if (stored != ours) end_holder(session_name(owner_, stored), wait);
    run("DO GET_LOCK(" + session_name(owner_, ours) + ", 0), RELEASE_LOCK(" + fence_name(owner_) +
            ")",
        wait);
    epoch = static_cast<std::uint64_t>(ours);
}

/// Begins the transaction that holds the position. An owner that was frozen just before its COMMIT
/// would keep it locked for ever: after a while that of the epoch `older` is ended (0: nobody's).
std::optional<Checkpoint> WriteSession::lock_post(std::int64_t older, Wait const& wait) {
    run("START TRANSACTION", wait);
    if (older == 0) return post_.find(*connection_, true, wait);
    run("SET SESSION innodb_lock_wait_timeout = " + std::to_string(frozen_s), wait);
    std::optional<Checkpoint> found;
    bool is_locked = false;
    try {
        found = post_.find(*connection_, true, wait);
    } catch (Error const& error) {
        is_locked = error.code == "mysql.locked";
        if (!is_locked) throw;
    }
    run("SET SESSION innodb_lock_wait_timeout = DEFAULT", wait);
    if (!is_locked) return found;
    end_holder(session_name(owner_, older), wait);
    return post_.find(*connection_, true, wait);
}

/// Decides where to read on, and stores that with what is known of this run.
void WriteSession::recover(Begin const& begin, bool is_known, Wait const& wait) {
    std::optional<TargetTable> const table = look_at(*connection_, seat_, wait);
    bool const is_empty = table && table->mark() == foreign_mark && row_.rows > 0 &&
                          !has_rows(*connection_, seat_, wait);
    std::string const why = row_.objection(seat_.table, table ? &*table : nullptr, !is_empty);
    if (!why.empty()) {
        host_.info("checkpoint of " + seat_.table + " ignored: " + why + "; " + post_.stream +
                   " is read from the beginning");
        Checkpoint fresh;
        fresh.epoch = row_.epoch;
        fresh.batch = row_.batch;
        row_ = fresh;
    }
    memory_ = Memory::parse(row_.fields);
    Checkpoint const stored = row_;
    kept_cursor_ = stored.cursor;
    // Staged rows start from nothing, and so does what is read for them; the position of the run
    // before stays until they show: they may never do.
    if (begin.reset || is_staged_) row_.cursor.clear();
    reads_all_ = !is_keys_ && row_.cursor.empty();
    row_.spec = begin.spec;
    row_.run_id = begin.run_id;
    row_.target = seat_.table;
    Checkpoint written = row_;
    if (is_staged_ && is_known) written.cursor = stored.cursor, written.spec = stored.spec;
    run(post_.put_sql(written), wait);
    run("COMMIT", wait);
}

/// One session of this job and stream fences at a time; one that was frozen in it is ended.
void WriteSession::take_fence(Wait const& wait) {
    std::string const name = fence_name(owner_);
    std::string const take = "SELECT GET_LOCK(" + name + ", " + std::to_string(frozen_s) + ")";
    if (connection_->run(take, wait).number(0, 0) == 1) return;
    end_holder(name, wait);
    if (connection_->run(take, wait).number(0, 0) == 1) return;
    throw Error{WEIR_E_BUSY, "others begin to write into " + seat_.table + " again and again"}
        .coded("mysql.locked");
}

/// Ends what an older owner left open: one that is frozen would keep its rows locked for ever.
void WriteSession::end_holder(std::string const& name, Wait const& wait) {
    Answer const holder = connection_->run("SELECT IS_USED_LOCK(" + name + ")", wait);
    // It may end by itself meanwhile, and then there is nobody to be ended.
    if (!holder.null(0, 0)) connection_->execute("KILL " + holder.text(0, 0), wait);
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
        prepared = fit_target(fields, wait);
    });
    return prepared;
}

Prepared WriteSession::fit_target(std::vector<FieldView> const& fields, Wait const& wait) {
    std::optional<TargetTable> table = look_at(*connection_, seat_, wait);
    FitRequest const request{target_,  seat_,    fields,
                             owner_,   row_.spec, &memory_,
                             dialect_, fields_.empty() ? nullptr : &fields_,
                             is_look_, reads_all_};
    auto const fit_now = [&] { return fit(table ? &*table : nullptr, request); };
    fit_ = fit_now();
    for (std::string const& sentence : fit_->retyped)
        if (!is_look_ && told_.insert(sentence).second) host_.warn(sentence);
    Prepared const prepared{fit_->actions, table && has_rows(*connection_, seat_, wait)};
    if (!fit_->statements.empty()) {
        // Each of them would commit what is open, without its position.
        if (is_open_ || staged_rows_ > 0)
            throw Error{WEIR_E_BUSY, "the fields of " + seat_.table +
                                         " changed while they were read; run again"}
                .coded("mysql.fields_changed");
        check_epoch(wait);
        for (std::string const& statement : fit_->statements) run(statement, wait);
        table = look_at(*connection_, seat_, wait);
        fit_ = fit_now();
    }
    bool const takes_over = writer_ && writer_->route() == Route::stage && !is_fetching();
    if (takes_over && fields_.size() != fields.size())
        throw Error{WEIR_E_BUSY, "the fields of " + seat_.table +
                                     " changed while they were read; run again"}
            .coded("mysql.fields_changed");
    fields_ = fields;
    writer_ = std::make_unique<BatchWriter>(*connection_, seat_, *fit_, fields_, route());
    if (!takes_over) writer_->make_table(wait);
    return prepared;
}

Route WriteSession::route() const {
    if (is_staged_ && !is_fetching()) return Route::stage;
    if (target_.write_mode == WEIR_WRITE_APPEND) return Route::append;
    return fit_->has_other_keys || fit_->version ? Route::merge : Route::upsert;
}

void WriteSession::open(Wait const& wait) {
    run("START TRANSACTION", wait);
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
        if (!is_open_) open(wait);
        writer_->write(wait, batch, rejects);
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
            if (is_open_ && !is_swept_) {
                run("COMMIT", wait);  // of the temporary table alone
                is_open_ = false;
            }
            staged_rows_ += commit.rows;
            return;
        }
        if (!is_open_) open(wait);
        if (is_staged_ && writer_ && !is_keys_) deleted = swap(wait, commit.refusals);
        end_transaction(commit, staged_rows_ + commit.rows - refused_, wait);
        if (is_staged_) is_broken_ = true;  // the stage is used up: nothing can follow
    });
    return deleted;
}

Swept WriteSession::sweep(Call const& call, Sweep const& wanted) {
    ready();
    call.check();
    if (!is_staged_ || !writer_ || is_swept_ || (is_look_ && !wanted.dry_run))
        throw Error{WEIR_E_STATE, "there is no stage of " + seat_.table + " to compare it with"}
            .coded("mysql.writer_ended");
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    Swept swept;
    guarded(wait, [&] {
        // Of now, and not of when the stage was begun.
        if (is_open_) run("COMMIT", wait);
        is_open_ = false;
        swept = compare(wanted, wait);
    });
    return swept;
}

Swept WriteSession::compare(Sweep const& wanted, Wait const& wait) {
    std::optional<TargetTable> const table = look_at(*connection_, seat_, wait);
    if (!table || table->mark() != fit_->mark)
        throw Error{WEIR_E_CONFLICT, "table " + seat_.table + " is gone; run again"}.coded(
            "mysql.target_replaced");
    if (!wanted.shared) refuse_shared(*connection_, seat_, *table, post_.job, wait);
    Comparison const comparison{*connection_, seat_, *fit_, target_, *table, writer_->table(),
                                wanted.soft};
    bool const adds_mark = !wanted.dry_run && !comparison.add_mark_sql().empty();
    if (adds_mark) {  // before there is anything that it could commit
        check_epoch(wait);
        run(comparison.add_mark_sql(), wait);
    }
    open(wait);
    // What was counted is what is deleted, unless rows came meanwhile.
    Swept swept = comparison.count(!is_keys_, wait);
    if (wanted.dry_run) {
        bool const tells = is_keys_ && wanted.missing && swept.missing > 0 &&
                           swept.missing <= wanted.missing.rows_max();
        if (tells) {
            Answer const rows = connection_->run(
                staged_rows_sql(*fit_, fields_, comparison.missing_sql()), wait);
            Batch keys = records_of(rows, *fit_, fields_);
            MissingKeys{wanted.missing}.add(keys);
        }
        run("COMMIT", wait);
        is_open_ = false;
        return swept;
    }
    if (swept.extra <= wanted.deletes_max) swept.deleted = comparison.remove(wait);
    if (std::max(swept.extra, swept.deleted) > wanted.deletes_max)
        throw Error{WEIR_E_CONFLICT, "while " + seat_.table +
                                         " was compared, rows came that its source does not have; "
                                         "nothing was deleted"}
            .coded("sink.sweep_grew")
            .suggest("run it again");
    is_swept_ = has_rows_ = true;
    return swept;
}

/// In one transaction with the position: whoever reads sees the rows of before, or those of now.
std::uint64_t WriteSession::swap(Wait const& wait, Refusals refusals) {
    Swap swap{*connection_, seat_, *fit_, fields_, writer_->table()};
    try {
        swap.run(target_.write_mode == WEIR_WRITE_REPLACE && !is_swept_, wait, refusals);
    } catch (Error const&) {
        is_broken_ = true;
        throw;
    }
    refused_ = swap.refused();
    has_rows_ = true;
    return swap.deleted();
}

void WriteSession::end_transaction(Commit const& commit, std::uint64_t rows, Wait const& wait) {
    Checkpoint next = row_;
    next.cursor = commit.keeps_cursor ? std::string_view{kept_cursor_} : commit.cursor;
    if (!commit.spec.empty()) next.spec = commit.spec;
    // Keys are not all that was asked for, and are not remembered.
    if (fit_ && (!is_keys_ || target_.write_mode == WEIR_WRITE_UPSERT)) {
        next.target_id = fit_->mark;
        Memory now = Memory::of(next.spec, fields_);
        for (std::size_t i = 0; i < fit_->needed.size(); ++i)
            now.entries[i].needed = fit_->needed[i];
        next.fields = now.dump();
    }
    // Our rows keep a lock on the definition: from here on the name stays with the table.
    if (fit_ && has_rows_) check_target(wait);
    run(post_.move_sql(next, rows), wait);
    if (connection_->affected() == 0) throw fenced(seat_.table);
    run("COMMIT", wait);
    next.rows = row_.rows + static_cast<std::int64_t>(rows);
    next.batch = row_.batch + 1;
    row_ = std::move(next);
    is_open_ = has_rows_ = false;
}

void WriteSession::check_target(Wait const& wait) {
    std::optional<TargetTable> const table = look_at(*connection_, seat_, wait);
    if (table && table->mark() == fit_->mark) return;
    throw Error{WEIR_E_CONFLICT, "table " + seat_.table +
                                     " was dropped or made anew while it was copied into; run "
                                     "again to read everything from the beginning"}
        .coded("mysql.target_replaced");
}

void WriteSession::check_epoch(Wait const& wait) {
    if (is_look_) return;
    // Not from a snapshot: what others have committed meanwhile is what counts.
    Answer const found = connection_->run(
        "SELECT epoch FROM " + post_.table() + " WHERE job = " + literal(post_.job) +
            " AND stream = " + literal(post_.stream) + " LOCK IN SHARE MODE",
        wait);
    if (found.rows() == 0 || found.number(0, 0) != row_.epoch) throw fenced(seat_.table);
}

/// A refused row leaves the transaction as it was; after any other failure it is gone.
template <class Work>
void WriteSession::guarded(Wait const& wait, Work&& work) {
    try {
        work();
    } catch (Error const& error) {
        if (error.status == WEIR_E_DATA && is_open_) throw;
        is_broken_ = true;
        bool const is_lost = error.code == "mysql.connection_lost";
        writer_.reset();
        connection_.reset();  // and with it what is not committed
        if (is_lost) tell_fenced(wait);
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
        Connection fresh{settings_, wait};
        std::optional<Checkpoint> const row = post_.find(fresh, false, wait);
        is_fenced = row && row->epoch > row_.epoch;
    } catch (Error const&) {
        return;  // the first failure is what is to be told
    }
    if (is_fenced) throw fenced(seat_.table);
}

void WriteSession::ready() const {
    if (is_broken_)
        throw Error{WEIR_E_STATE, "the writer of " + seat_.table +
                                      " has failed or ended; close it and begin again"}
            .coded("mysql.writer_ended");
}

}  // namespace weir::mysql
