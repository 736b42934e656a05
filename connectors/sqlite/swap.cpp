#include "swap.hpp"

#include <algorithm>
#include <utility>

#include "batch_insert.hpp"
#include "names.hpp"
#include "staged_row.hpp"

namespace weir::sqlite {
namespace {

// Beside the staged rows, in their file: rows that want what another one has wait here until all
// others are in; and what those in whose place they come have of others.
constexpr char const* waiting = "_weir_stage._weir_waiting";
constexpr char const* away = "_weir_stage._weir_away";
constexpr int tries_max = 32;  // each leaves out those that clashed in the one before

std::string list(std::size_t count, std::string const& before) {
    std::string out;
    for (std::size_t i = 1; i <= count; ++i)
        out += (out.empty() ? "" : ", ") + before + std::to_string(i);
    return out;
}

std::string behind(std::vector<std::string> const& names, std::string const& before) {
    std::string out;
    for (std::string const& name : names) out += ", " + before + as_name(name);
    return out;
}

void bind_row(Statement& into, Statement const& row, std::size_t columns) {
    for (int i = 0; i < static_cast<int>(columns); ++i)
        sqlite3_bind_value(into.raw(), i + 1, sqlite3_column_value(row.raw(), i));
}

/// What a trigger says of more than one row, or undoes more than one row for.
[[noreturn]] void fail(Fit const& fit, Error const& said) {
    throw Error{WEIR_E_DATA, "the rows read for " + fit.table +
                                 " do not fit into it, nothing was changed: " + said.message}
        .coded(constraint_code(said.native_code));
}

}  // namespace

Swap::Swap(Database& db, Fit const& fit, std::vector<FieldView> const& fields, std::string staged,
           std::uint32_t write_mode)
    : db_{db},
      fit_{fit},
      fields_{fields},
      source_{std::move(staged), {}},
      is_replace_{write_mode == WEIR_WRITE_REPLACE},
      by_key_{is_replace_ && !fit.key.empty() && fit.has_key},
      is_upsert_{is_replace_ ? by_key_ : write_mode == WEIR_WRITE_UPSERT} {
    for (FieldView const& field : fields_) source_.columns.push_back(as_name(field.name));
}

std::string lacking_sql(Fit const& fit, InsertSource const& staged) {
    std::string same;
    for (std::size_t const at : fit.key)
        same += (same.empty() ? "" : " AND ") + ("s." + staged.columns[at]) + " = t." +
                as_name(fit.landings[at].column);
    return "NOT EXISTS (SELECT 1 FROM " + staged.from + " AS s WHERE " + same + ")";
}

void Swap::run(Refusals refusals) {
    if (is_replace_ && removes_) remove_gone();
    if (insert_all()) return;
    insert_each(refusals);
    if (waits_) {
        exchange();
        insert_last(refusals);
    }
    if (refused_ > 0) refusals.keep();
}

void Swap::remove_gone() {
    try {
        db_.exec("DELETE FROM main." + as_name(fit_.table) + " AS t" +
                 (by_key_ ? " WHERE " + lacking_sql(fit_, source_) : ""));
    } catch (Error const& error) {
        if (is_about_row(error.native_code)) fail(fit_, error);
        throw;
    }
    deleted_ = static_cast<std::uint64_t>(db_.changes());
}

/// The fast way. False: a row was refused, and nothing is inserted.
bool Swap::insert_all() {
    db_.exec("SAVEPOINT weir_swap");
    bool is_done = true;
    try {
        db_.exec(insert_sql(fit_, source_, is_upsert_));
    } catch (Error const& error) {
        if (!is_about_row(error.native_code)) throw;
        if (!db_.in_transaction()) fail(fit_, error);  // a trigger that raises ROLLBACK
        is_done = false;
        db_.exec("ROLLBACK TO weir_swap");
    }
    db_.exec("RELEASE weir_swap");
    return is_done;
}

void Swap::insert_each(Refusals& refusals) {
    std::size_t const columns = fields_.size();
    std::vector<std::string> parameters;
    for (std::size_t i = 1; i <= columns; ++i) parameters.push_back("?" + std::to_string(i));
    Statement insert = db_.prepare(insert_sql(fit_, {"(SELECT 1)", parameters}, is_upsert_));
    std::string values;
    for (std::string const& name : source_.columns) values += (values.empty() ? "" : ", ") + name;
    Statement rows = db_.prepare("SELECT " + values + " FROM " + source_.from);
    while (rows.step()) {
        if (takes(insert, rows, columns)) continue;
        if (by_key_ && may_wait())
            wait(rows);
        else
            refuse(rows, refusals);
    }
}

/// It may only have come too early: another row still has the value that is now its own.
bool Swap::may_wait() const {
    int const code = said_->native_code;
    return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
           code == SQLITE_CONSTRAINT_ROWID;
}

void Swap::wait(Statement const& row) {
    if (!std::exchange(waits_, true)) prepare_to_wait();
    bind_row(save_, row, fields_.size());
    save_.run();
}

void Swap::prepare_to_wait() {
    std::optional<Table> const table = Table::find(db_, fit_.table);
    for (TableColumn const& column : table->columns) {
        bool const is_written = std::ranges::any_of(fit_.landings, [&](Landing const& landing) {
            return same_name(landing.column, column.name);
        });
        // What is written again is not gone.
        bool const is_mark = same_name(fit_.deleted_at, column.name);
        if (!is_written && !is_mark && !column.is_generated) kept_.push_back(column.name);
    }
    std::size_t const columns = fields_.size();
    std::string const target = "main." + as_name(fit_.table);
    std::string is_key, names;
    for (std::size_t const at : fit_.key)
        is_key += (is_key.empty() ? " WHERE " : " AND ") + as_name(fit_.landings[at].column) +
                  " COLLATE BINARY = ?" + std::to_string(at + 1);
    for (Landing const& landing : fit_.landings)
        names += (names.empty() ? "" : ", ") + as_name(landing.column);
    std::string const room = kept_.empty() ? "" : ", " + list(kept_.size(), "k");
    db_.exec(std::string{"CREATE TABLE "} + waiting + " (n INTEGER PRIMARY KEY, is_out, " +
             list(columns, "v") + "); CREATE TABLE " + away + " (n INTEGER PRIMARY KEY" + room +
             ")");
    save_ = db_.prepare(std::string{"INSERT INTO "} + waiting + " (is_out, " +
                        list(columns, "v") + ") VALUES (0, " + list(columns, "?") + ")");
    // Named parameters of a key in the middle leave gaps, which stay unbound.
    keep_ = db_.prepare(std::string{"INSERT INTO "} + away + " SELECT ?" +
                        std::to_string(columns + 1) + behind(kept_, "") + " FROM " + target +
                        is_key);
    remove_ = db_.prepare("DELETE FROM " + target + is_key);
    std::string const insert = "INSERT OR ABORT INTO " + target + " (" + names;
    add_ = db_.prepare(insert + ") VALUES (" + list(columns, "?") + ")");
    add_kept_ = db_.prepare(insert + behind(kept_, "") + ") VALUES (" +
                            list(columns + kept_.size(), "?") + ")");
}

/// Those whose key is there leave, all at once, and come again: what clashes with them even then is
/// none of them. Whoever clashes stays as it was, and the others are tried without it.
void Swap::exchange() {
    for (int tries = 0; tries < tries_max; ++tries) {
        db_.exec("SAVEPOINT weir_exchange");
        leave();
        std::vector<std::int64_t> const clashing = come();
        if (clashing.empty()) return db_.exec("RELEASE weir_exchange");
        db_.exec("ROLLBACK TO weir_exchange; RELEASE weir_exchange");
        Statement out =
            db_.prepare(std::string{"UPDATE "} + waiting + " SET is_out = 1 WHERE n = ?1");
        for (std::int64_t const each : clashing) out.bind(1, each).run();
    }
    db_.exec(std::string{"UPDATE "} + waiting + " SET is_out = 1");
}

void Swap::leave() {
    std::size_t const columns = fields_.size();
    Statement rows = db_.prepare("SELECT " + list(columns, "v") + ", n FROM " + waiting +
                                 " WHERE NOT is_out");
    while (rows.step()) {
        for (std::size_t const at : fit_.key)
            for (Statement* each : {&keep_, &remove_})
                sqlite3_bind_value(each->raw(), static_cast<int>(at + 1),
                                   sqlite3_column_value(rows.raw(), static_cast<int>(at)));
        keep_.bind(static_cast<int>(columns + 1), rows.integer(static_cast<int>(columns)));
        keep_.run();
        try {
            remove_.run();
        } catch (Error const& error) {
            if (is_about_row(error.native_code)) fail(fit_, error);
            throw;
        }
    }
}

/// Answers those that do not.
std::vector<std::int64_t> Swap::come() {
    std::size_t const columns = fields_.size(), all = columns + kept_.size();
    Statement rows = db_.prepare("SELECT " + list(columns, "v") +
                                 (kept_.empty() ? "" : ", " + list(kept_.size(), "k")) +
                                 ", w.n, a.n FROM " + waiting + " AS w LEFT JOIN " + away +
                                 " AS a ON a.n = w.n WHERE NOT w.is_out");
    std::vector<std::int64_t> clashing;
    while (rows.step()) {
        bool const was_there = !rows.is_null(static_cast<int>(all + 1));
        if (!takes(was_there ? add_kept_ : add_, rows, was_there ? all : columns))
            clashing.push_back(rows.integer(static_cast<int>(all)));
    }
    return clashing;
}

/// Those that could not come, now that all is as it will be.
void Swap::insert_last(Refusals& refusals) {
    std::size_t const columns = fields_.size();
    std::vector<std::string> parameters;
    for (std::size_t i = 1; i <= columns; ++i) parameters.push_back("?" + std::to_string(i));
    Statement insert = db_.prepare(insert_sql(fit_, {"(SELECT 1)", parameters}, is_upsert_));
    Statement rows =
        db_.prepare("SELECT " + list(columns, "v") + " FROM " + waiting + " WHERE is_out");
    while (rows.step())
        if (!takes(insert, rows, columns)) refuse(rows, refusals);
}

/// Whether the target takes the row; if not, `said_` tells why.
bool Swap::takes(Statement& insert, Statement const& row, std::size_t columns) {
    bind_row(insert, row, columns);
    int const rc = insert.try_step();
    if (rc != SQLITE_DONE) said_ = std::make_unique<Error>(db_.error(rc));
    insert.reset();
    if (rc == SQLITE_DONE) return true;
    if (!is_about_row(rc)) throw Error{*said_};
    // Triggers that raise ROLLBACK or FAIL undo more than the row, or less.
    if (!db_.in_transaction() || db_.changes() != 0) fail(fit_, *said_);
    return false;
}

void Swap::refuse(Statement const& row, Refusals& refusals) {
    std::string sentence = "the row with " + words_of(row, fields_, fit_.key) + " was refused by " +
                           fit_.table + ": " + said_->message;
    if (!refusals) sentence += "; nothing was changed";
    Error const why =
        Error{WEIR_E_DATA, std::move(sentence), refused_column(*said_, fit_.table)}.coded(
            constraint_code(said_->native_code));
    if (!refusals) throw Error{why};
    Batch record = record_of(row, fields_);
    refusals.add(record, why);
    ++refused_;
}

}  // namespace weir::sqlite
