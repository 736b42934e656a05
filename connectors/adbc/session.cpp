#include "session.hpp"

#include <weir/cpp/calendar.hpp>

namespace weir::adbc {

Prepared apply(Connection& db, Call const& call, Fit const& fit, bool dry_run) {
    bool const is_new = !fit.statements.empty() && fit.statements[0].starts_with("CREATE TABLE");
    Prepared const out{fit.actions, !is_new && has_rows(db, call, fit.table)};
    if (dry_run || fit.statements.empty()) return out;
    db.begin(call);
    try {
        for (std::string const& sql : fit.statements) db.run(call, sql);
        db.commit(call);
    } catch (...) {
        db.rollback();
        throw;
    }
    return out;
}

std::string owner_of(std::string const& job, std::string const& stream) {
    std::uint64_t hash = 14695981039346656037u;  // FNV-1a
    for (char const c : job + '\0' + stream)
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return std::to_string(hash);
}

Session::Session(Host host, Settings const& settings, Begin const& begin, std::uint64_t& epoch,
                 Call const& call)
    : host_{host},
      settings_{settings},
      target_{begin.target},
      job_{begin.job},
      stream_{begin.stream},
      run_id_{begin.run_id},
      spec_{begin.spec},
      owner_{owner_of(begin.job, begin.stream)},
      is_staged_{begin.staged || begin.target.write_mode == WEIR_WRITE_REPLACE} {
    checkpoints_.emplace(dialect(call), schema(call));
    checkpoints_->create(db(call), call);
    fence(begin, epoch, call);
    let_go();
}

Connection& Session::db(Call const& call) {
    if (db_) return *db_;
    auto opened = std::make_unique<Connection>(settings_, call);
    std::lock_guard const lock{interrupting_};
    db_ = std::move(opened);
    return *db_;
}

Dialect const& Session::dialect(Call const& call) {
    if (!dialect_) {
        dialect_.emplace(db(call).vendor(call));
        keeps_open_ = !dialect_->is_duckdb() || !settings_.file();
    }
    return *dialect_;
}

std::string Session::schema(Call const& call) {
    return settings_.schema.empty() ? dialect(call).default_schema() : settings_.schema;
}

/// No row waits: others may have the file.
void Session::let_go() {
    if (keeps_open_ || !stages_.empty()) return;
    std::unique_ptr<Connection> old;
    std::lock_guard const lock{interrupting_};
    old = std::move(db_);
}

void Session::fence(Begin const& begin, std::uint64_t& epoch, Call const& call) {
    Connection& connection = db(call);
    connection.begin(call);
    std::optional<Checkpoint> found = checkpoints_->read(connection, call, job_, stream_);
    bool const is_there = found.has_value();
    std::int64_t const stored = found ? found->epoch : 0;
    epoch_ = epoch ? static_cast<std::int64_t>(epoch) : stored + 1;
    if (stored > epoch_) {
        epoch = static_cast<std::uint64_t>(stored);
        fenced();
    }
    cursor_ = position_of(begin, found, call);
    Checkpoint row = found.value_or(Checkpoint{});
    row.epoch = epoch_;
    row.target = target_.name;
    row.run_id = run_id_;
    row.updated_at = rfc3339(host_.unix_us());
    // The position of the run before stays until staged rows show: they may never do.
    if (!is_staged_ || !is_there) {
        row.cursor = cursor_;
        row.spec = spec_;
    }
    checkpoints_->put(connection, call, job_, stream_, row, is_there);
    connection.commit(call);
    batch_ = row.batch;
    epoch = static_cast<std::uint64_t>(epoch_);
}

/// Where to read on; forgets in `found` what does not hold any more, and says so.
std::string Session::position_of(Begin const& begin, std::optional<Checkpoint>& found,
                                 Call const& call) {
    if (!found) return {};
    std::string const why =
        objection(*found, db(call), call, dialect(call), schema(call), target_.name);
    if (!why.empty()) {
        host_.info("checkpoint of " + target_.name + " ignored: " + why + "; " + stream_ +
                   " is read from the beginning");
        Checkpoint fresh;
        fresh.epoch = found->epoch;
        fresh.batch = found->batch;
        *found = fresh;
        return {};
    }
    return begin.reset || is_staged_ ? std::string{} : found->cursor;
}

/// What fails because a newer run has taken over fails for that; the rest is rolled back.
template <class Work>
auto Session::guarded(Call const& call, Work&& work) {
    try {
        return work();
    } catch (Error const& error) {
        if (db_ && db_->in_transaction()) db_->rollback();
        if (error.status != WEIR_E_FENCED && error.status != WEIR_E_CANCELLED &&
            error.status != WEIR_E_TIMEOUT && db_)
            check_epoch(call, batch_);
        throw;
    }
}

Prepared Session::prepare(Call const& call, Target const& target,
                          std::vector<FieldView> const& fields) {
    ready();
    target_ = target;
    Prepared const done = guarded(call, [&] {
        Connection& connection = db(call);
        Fit found = fit(&connection, call, dialect(call), schema(call), target, fields, owner_);
        // Nothing of what is staged shows before its end, not even an empty table.
        Prepared out = apply(connection, call, found, is_staged_);
        if (!is_staged_) found.statements.clear();
        fit_ = std::move(found);
        return out;
    });
    fields_ = fields;
    is_current_ = false;
    let_go();
    return done;
}

void Session::write(Call const& call, std::vector<FieldView> const& fields,
                    ArrowArray const& batch, Rejects& rejects) {
    ready();
    call.check();
    if (!fit_ || fields_ != fields) prepare(call, Target{target_}, fields);
    guarded(call, [&] {
        Connection& connection = db(call);
        if (!is_current_) {
            stages_.push_back(
                std::make_unique<Stage>(connection, call, dialect(call), *fit_, ++made_));
            is_current_ = true;
        }
        stages_.back()->write(call, fields, batch, rejects);
        bool const is_there = fit_->statements.empty();
        if (is_there && !is_ours(fit_->mark))
            stages_.back()->probe(call, target_.write_mode, rejects);
    });
}

std::uint64_t Session::commit(Call const& call, Commit const& commit) {
    ready();
    call.check();
    is_broken_ = true;  // until it went well
    std::uint64_t deleted = 0;
    bool const shows = !is_staged_ || commit.final;
    guarded(call, [&] {
        Connection& connection = db(call);
        if (shows && fit_) make_fit(call);
        connection.begin(call);
        if (shows) check_target(call);
        if (shows) deleted = show(call);
        if (shows)
            store(call, commit, staged_rows_ + commit.rows);
        else
            check_epoch(call, batch_);
        call.check();
        connection.commit(call);
    });
    if (shows) {
        drop_stages(call);
        ++batch_;
    } else {
        staged_rows_ += commit.rows;
    }
    is_broken_ = is_staged_ && commit.final;  // nothing can follow
    let_go();
    return deleted;
}

/// What prepare() has left for the end. On its own: DuckDB changes no table that it has changed
/// rows of in the same transaction.
void Session::make_fit(Call const& call) {
    if (fit_->statements.empty()) return;
    check_epoch(call, batch_);
    apply(*db_, call, *fit_, false);
    fit_->statements.clear();
}

std::uint64_t Session::show(Call const& call) {
    std::uint64_t const deleted =
        target_.write_mode == WEIR_WRITE_REPLACE && fit_ ? remove_others(call) : 0;
    for (std::unique_ptr<Stage> const& stage : stages_) {
        call.check();
        stage->merge(call);
    }
    return deleted;
}

/// Rows that the source lacks; without a key all.
std::uint64_t Session::remove_others(Call const& call) {
    std::string where;
    if (!fit_->key.empty())
        for (std::unique_ptr<Stage> const& stage : stages_)
            where += (where.empty() ? " WHERE " : " AND ") + stage->lacks();
    std::string const from = " FROM " + fit_->table + " AS t" + where;
    std::int64_t const count = db_->numbers(call, "SELECT count(*)" + from).at(0);
    if (count > 0) db_->run(call, "DELETE" + from);
    return static_cast<std::uint64_t>(count);
}

/// Fence last: no lock of the checkpoint's row is held while rows are merged.
void Session::store(Call const& call, Commit const& commit, std::uint64_t rows) {
    std::optional<Checkpoint> found = checkpoints_->read(*db_, call, job_, stream_);
    if (!found || found->epoch != epoch_ || found->batch != batch_) fenced();
    if (!commit.spec.empty()) spec_ = commit.spec;
    found->batch = batch_ + 1;
    found->cursor = commit.cursor;
    found->rows += static_cast<std::int64_t>(rows);
    found->spec = spec_;
    found->target = target_.name;
    found->run_id = run_id_;
    found->updated_at = rfc3339(host_.unix_us());
    if (fit_) found->target_id = fit_->mark;
    checkpoints_->put(*db_, call, job_, stream_, *found, true);
}

void Session::drop_stages(Call const& call) {
    if (keeps_open_)
        for (std::unique_ptr<Stage> const& stage : stages_) stage->drop(call);
    stages_.clear();  // where the connection is closed they go with it
    is_current_ = false;
}

void Session::check_epoch(Call const& call, std::int64_t batch) {
    std::optional<Checkpoint> const found = checkpoints_->read(*db_, call, job_, stream_);
    if (!found || found->epoch != epoch_ || found->batch != batch) fenced();
}

/// The table must still be the one that the position speaks of.
void Session::check_target(Call const& call) {
    if (!fit_) return;
    std::optional<std::string> const mark =
        mark_of(*db_, call, dialect(call), schema(call), target_.name);
    if (mark && *mark == fit_->mark) return;
    throw Error{WEIR_E_CONFLICT,
                "table " + target_.name + " was " + (mark ? "made anew" : "dropped") +
                    " while it was copied into; run again to read everything from the beginning"}
        .coded("adbc.target_replaced");
}

void Session::ready() const {
    if (is_broken_)
        throw Error{WEIR_E_STATE, "the writer of " + target_.name +
                                      " has failed or ended; close it and begin again"}
            .coded("adbc.writer_ended");
}

void Session::fenced() const {
    throw Error{WEIR_E_FENCED, "a newer run of the same copy has taken over " + target_.name +
                                   "; this one stops and leaves the rest to it"}
        .coded("sink.fenced");
}

void Session::interrupt() noexcept {
    std::lock_guard const lock{interrupting_};
    if (db_) db_->interrupt();
}

}  // namespace weir::adbc
