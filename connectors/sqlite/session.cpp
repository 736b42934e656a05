#include "session.hpp"

#include <weir/cpp/calendar.hpp>

#include "insert.hpp"
#include "names.hpp"
#include "newer.hpp"
#include "staged_row.hpp"
#include "sweep.hpp"

namespace weir::sqlite {

Session::Session(Host host, Location location, Begin const& begin, std::uint64_t& epoch,
                 Call const& call)
    : host_{host},
      target_{begin.target},
      job_{begin.job},
      stream_{begin.stream},
      run_id_{begin.run_id},
      spec_{begin.spec},
      owner_{fingerprint({begin.job, begin.stream})},
      is_keys_{begin.target.write_mode == WEIR_WRITE_KEYS},
      is_replace_{begin.target.write_mode == WEIR_WRITE_REPLACE},
      is_staged_{begin.staged || is_keys_ || begin.target.write_mode == WEIR_WRITE_REPLACE},
      is_look_{begin.look} {
    db_ = std::make_unique<Database>(location, is_look_ ? Access::read : Access::write, call);
    define_differs(*db_);
    define_is_newer(*db_);
    Database::Watch const watch{*db_, call};
    is_look_ ? look(begin) : fence(begin, epoch);
    StageName const name{owner_, epoch};
    Stage::drop_left(db_->location(), name);
    if (is_staged_) stage_ = std::make_unique<Stage>(db_->location(), name, target_.name, call);
}

/// What a run would find, without a trace in the database.
void Session::look(Begin const& begin) {
    owner_ = fingerprint({job_, stream_, run_id_});  // no stage of a run is taken for its own
    std::optional<Checkpoint> found = Checkpoint::find(*db_, job_, stream_);
    reads_all_ = !is_keys_ && position_of(begin, found).empty();
    if (found) memory_ = Memory::parse(found->fields);
}

void Session::fence(Begin const& begin, std::uint64_t& epoch) {
    Transaction transaction{*db_};
    Checkpoint::create_table(*db_);
    std::optional<Checkpoint> found = Checkpoint::read(*db_, job_, stream_);
    std::int64_t const stored = found ? found->epoch : 0;
    epoch_ = epoch ? static_cast<std::int64_t>(epoch) : stored + 1;
    if (stored > epoch_) {
        epoch = static_cast<std::uint64_t>(stored);
        fenced();
    }
    cursor_ = position_of(begin, found);
    reads_all_ = !is_keys_ && cursor_.empty();
    if (found) kept_cursor_ = found->cursor;
    // The position of the run before stays until staged rows show: they may never do.
    bool const keeps = is_staged_ && found;
    Checkpoint const kept = found.value_or(Checkpoint{});
    Statement statement = db_->prepare(
        "INSERT INTO \"_weir_checkpoint\" (job, stream, epoch, \"cursor\", spec, target, "
        "target_id, "
        "fields, run_id, \"rows\", updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
        "?11)"
        " ON CONFLICT (job, stream) DO UPDATE SET epoch = excluded.epoch, "
        "\"cursor\" = excluded.\"cursor\", spec = excluded.spec, target = excluded.target, "
        "target_id = excluded.target_id, fields = excluded.fields, run_id = excluded.run_id, "
        "\"rows\" = excluded.\"rows\", updated_at = excluded.updated_at");
    auto text = [&statement](int at, std::string_view value) {
        if (value.empty())
            statement.bind_null(at);
        else
            statement.bind(at, value);
    };
    statement.bind(1, std::string_view{job_}).bind(2, std::string_view{stream_}).bind(3, epoch_);
    text(4, keeps ? kept.cursor : cursor_);
    text(5, keeps ? kept.spec : spec_);
    text(6, target_.name);
    text(7, kept.target_id);
    text(8, kept.fields);
    text(9, run_id_);
    statement.bind(10, kept.rows);
    text(11, rfc3339(host_.unix_us()));
    statement.run();
    transaction.commit();
    batch_ = kept.batch;
    memory_ = Memory::parse(kept.fields);
    epoch = static_cast<std::uint64_t>(epoch_);
}

/// Where to read on; forgets in `found` what does not hold any more, and says so.
std::string Session::position_of(Begin const& begin, std::optional<Checkpoint>& found) const {
    if (!found) return {};
    std::string const why = found->objection(*db_, target_.name);
    if (!why.empty()) {
        host_.info("checkpoint of " + target_.name + " ignored: " + why + "; " + stream_ +
                   " is read from the beginning");
        Checkpoint fresh;
        fresh.epoch = found->epoch;
        fresh.batch = found->batch;
        *found = fresh;
        return {};
    }
    // Staged rows start from nothing, and so does what is read for them.
    return begin.reset || is_staged_ ? std::string{} : found->cursor;
}

Fit Session::fit_now(std::vector<FieldView> const& fields) {
    return fit(db_.get(), {target_, fields, owner_, spec_, &memory_, reads_all_});
}

Prepared Session::prepare(Call const& call, Target const& target,
                          std::vector<FieldView> const& fields) {
    ready();
    Database::Watch const watch{*db_, call};
    target_ = target;
    fit_ = fit_now(fields);
    for (std::string const& sentence : fit_->retyped)
        if (!is_look_ && told_.insert(sentence).second) host_.warn(sentence);
    fields_ = fields;
    insert_.reset();
    Prepared const prepared{fit_->actions, has_rows(*db_, target_.name)};
    if (is_staged_ && !is_fetching()) {
        if (!is_attached_) or_fenced([&] { stage_->prepare(fields, fit_->key); });
        return prepared;
    }
    if (!fit_->statements.empty()) {
        // Within the writer's transaction, if one is open; the table then comes with its rows.
        std::optional<Transaction> own;
        if (!db_->in_transaction()) own.emplace(*db_);
        check_epoch();
        guarded([&] {
            for (std::string const& sql : fit_->statements) db_->exec(sql);
            if (own) own->commit();
        });
        fit_->statements.clear();
    }
    bool const is_upsert = target_.write_mode == WEIR_WRITE_UPSERT;
    insert_ = std::make_unique<BatchInsert>(*db_, *fit_, fields, is_upsert, ++schemas_);
    return prepared;
}

void Session::write(Call const& call, std::vector<FieldView> const& fields, ArrowArray const& batch,
                    Rejects& rejects) {
    ready();
    call.check();
    if (!fit_ || fields_ != fields) prepare(call, Target{target_}, fields);
    if (is_staged_ && !is_fetching())
        return or_fenced([&] { stage_->write(call, batch, rejects); });
    Database::Watch const watch{*db_, call};
    guarded([&] {
        if (!is_open_) open_transaction();
        insert_->write(batch, rejects);
    });
}

std::uint64_t Session::commit(Call const& call, Commit const& commit) {
    ready();
    call.check();
    Database::Watch const watch{*db_, call};
    std::uint64_t deleted = 0;
    guarded([&] {
        if (is_staged_ && !commit.final) {
            check_epoch();
            staged_rows_ += commit.rows;
        } else if (is_staged_) {
            deleted = commit_stage(commit);
        } else {
            if (!is_open_) open_transaction();
            close_transaction(commit, commit.rows);
        }
    });
    return deleted;
}

/// Rows of the stage stand beside the target; nothing is written to it any more.
void Session::attach_stage() {
    if (is_attached_) return;
    {
        std::lock_guard const lock{interrupting_};
        stage_->end_writing();
    }
    stage_->attach_to(*db_, is_look_);
    is_attached_ = true;
}

InsertSource Session::staged() const {
    InsertSource source{stage_->name_in_main(), {}};
    for (FieldView const& field : fields_) source.columns.push_back(as_name(field.name));
    return source;
}

Swept Session::sweep(Call const& call, Sweep const& wanted) {
    ready();
    call.check();
    Database::Watch const watch{*db_, call};
    if (!is_staged_ || !fit_ || is_swept_ || (is_look_ && !wanted.dry_run))
        throw Error{WEIR_E_STATE, "there is no stage of " + target_.name + " to compare it with"}
            .coded("sqlite.writer_ended");
    Swept swept;
    guarded([&] {
        attach_stage();
        if (wanted.dry_run)
            db_->exec("BEGIN");
        else
            open_transaction();
        swept = compare(wanted);
        if (wanted.dry_run) db_->exec("ROLLBACK");
    });
    return swept;
}

Swept Session::compare(Sweep const& wanted) {
    fit_ = fit_now(fields_);
    if (!wanted.shared) refuse_shared(*db_, *fit_, job_);
    Comparison const comparison{*db_, *fit_, target_, staged(), wanted.soft};
    Swept swept = comparison.count(!is_keys_);
    if (wanted.dry_run) {
        bool const tells = is_keys_ && wanted.missing && swept.missing > 0 &&
                           swept.missing <= wanted.missing.rows_max();
        if (!tells) return swept;
        Statement rows = db_->prepare(comparison.missing_sql());
        tell_keys(rows, fields_, wanted.missing);
        return swept;
    }
    if (swept.extra > 0 && swept.extra <= wanted.deletes_max)
        swept.deleted = comparison.remove(rfc3339(host_.unix_us()));
    if (std::max(swept.extra, swept.deleted) > wanted.deletes_max)
        throw Error{WEIR_E_CONFLICT, "while " + target_.name +
                                         " was compared, rows came that its source does not have; "
                                         "nothing was deleted"}
            .coded("sink.sweep_grew")
            .suggest("run it again");
    is_swept_ = true;
    return swept;
}

std::uint64_t Session::commit_stage(Commit const& commit) {
    if (fit_) attach_stage();
    if (!is_open_) open_transaction();
    std::uint64_t deleted = 0, refused = 0;
    if (fit_ && !is_keys_) {
        Swap const swap = show_stage(commit.refusals);
        deleted = swap.deleted();
        refused = swap.refused();
    }
    close_transaction(commit, staged_rows_ + commit.rows - refused);
    if (is_attached_) Stage::detach_from(*db_);
    is_broken_ = true;  // the staging file is used up: nothing can follow
    return deleted;
}

/// A refused row leaves the transaction as it was; after any other failure it is gone.
template <class Work>
void Session::guarded(Work&& work) {
    try {
        work();
    } catch (Error const& error) {
        if (error.status == WEIR_E_DATA && !is_staged_) throw;
        give_up();
        throw;
    } catch (...) {
        give_up();
        throw;
    }
}

void Session::give_up() noexcept {
    is_broken_ = true;
    is_open_ = false;
    if (db_->in_transaction()) sqlite3_exec(db_->raw(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Session::ready() const {
    if (is_broken_)
        throw Error{WEIR_E_STATE, "the writer of " + target_.name +
                                      " has failed or ended; close it and begin again"}
            .coded("sqlite.writer_ended");
}

void Session::open_transaction() {
    db_->exec("BEGIN IMMEDIATE");
    is_open_ = true;
    Statement statement = db_->prepare(
        "UPDATE \"_weir_checkpoint\" SET batch = batch + 1, run_id = ?1, updated_at = ?2 "
        "WHERE job = ?3 AND stream = ?4 AND epoch = ?5 AND batch = ?6");
    std::string const now = rfc3339(host_.unix_us());
    statement.bind(1, std::string_view{run_id_}).bind(2, std::string_view{now});
    statement.bind(3, std::string_view{job_}).bind(4, std::string_view{stream_});
    statement.bind(5, epoch_).bind(6, batch_);
    statement.run();
    if (db_->changes() == 0) fenced();
    check_target();
}

void Session::close_transaction(Commit const& commit, std::uint64_t rows) {
    if (!commit.spec.empty()) spec_ = commit.spec;
    Statement statement = db_->prepare(
        "UPDATE \"_weir_checkpoint\" SET \"cursor\" = ?1, \"rows\" = \"rows\" + ?2, spec = ?3, "
        "target_id = coalesce(?4, target_id), fields = coalesce(?5, fields) "
        "WHERE job = ?6 AND stream = ?7");
    std::string_view const cursor = commit.keeps_cursor ? kept_cursor_ : commit.cursor;
    if (cursor.empty())
        statement.bind_null(1);
    else
        statement.bind(1, cursor);
    statement.bind(2, static_cast<std::int64_t>(rows)).bind(3, std::string_view{spec_});
    // Keys are not all that was asked for, and are not remembered.
    if (fit_ && (!is_keys_ || insert_)) {
        statement.bind(4, std::string_view{fit_->mark});
        Memory now = Memory::of(spec_, fields_, memory_);
        now.keep_declared(fit_->landings);
        statement.bind(5, std::string_view{now.dump()});
    }
    statement.bind(6, std::string_view{job_}).bind(7, std::string_view{stream_});
    statement.run();
    db_->exec("COMMIT");
    is_open_ = false;
    ++batch_;
}

/// A later copy of the same stream takes the stage away; what fails then fails for that.
void Session::or_fenced(std::function<void()> const& work) {
    try {
        work();
    } catch (Error const&) {
        if (!is_look_) check_epoch();
        throw;
    }
}

void Session::check_epoch() {
    std::optional<Checkpoint> const found = Checkpoint::find(*db_, job_, stream_);
    if (!found || found->epoch != epoch_) fenced();
}

/// The table must still be the one that the position speaks of.
void Session::check_target() {
    if (!fit_ || is_staged_) return;
    std::optional<std::string> const mark = mark_of(*db_, target_.name);
    if (mark && *mark == fit_->mark) return;
    throw Error{WEIR_E_CONFLICT,
                "table " + target_.name + " was " + (mark ? "made anew" : "dropped") +
                    " while it was copied into; run again to read everything from the beginning"}
        .coded("sqlite.target_replaced");
}

Swap Session::show_stage(Refusals refusals) {
    fit_ = fit_now(fields_);  // as the target stands now, under the lock
    for (std::string const& sql : fit_->statements) db_->exec(sql);
    Swap swap{*db_, *fit_, fields_, stage_->name_in_main(),
              is_replace_ ? WEIR_WRITE_REPLACE : target_.write_mode};
    if (is_swept_ || target_.write_mode != WEIR_WRITE_REPLACE) swap.keep_others();
    swap.run(refusals);
    return swap;
}

void Session::fenced() const {
    throw Error{WEIR_E_FENCED, "a newer run of the same copy has taken over " + target_.name +
                                   "; this one stops and leaves the rest to it"}
        .coded("sink.fenced");
}

void Session::interrupt() noexcept {
    std::lock_guard const lock{interrupting_};
    if (stage_) stage_->interrupt();
    if (db_) db_->interrupt();
}

}  // namespace weir::sqlite
