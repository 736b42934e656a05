#include "swap.hpp"

#include <algorithm>

#include "batch_insert.hpp"
#include "names.hpp"
#include "staged_row.hpp"

namespace weir::sqlite {
namespace {

// Beside the staged rows, in their file. Rows that took the place of another, and rows that did
// not, wait here until all others are in.
constexpr char const* changed = "_weir_stage._weir_changed";
constexpr char const* added = "_weir_stage._weir_added";

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
    if (by_key_) {
        insert_again(refusals, changed, kept_);
        insert_again(refusals, added, {});
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
    if (by_key_) prepare_to_wait();
    std::vector<std::string> parameters;
    for (std::size_t i = 1; i <= columns; ++i) parameters.push_back("?" + std::to_string(i));
    Statement insert = db_.prepare(insert_sql(fit_, {"(SELECT 1)", parameters}, is_upsert_));
    std::string values;
    for (std::string const& name : source_.columns) values += (values.empty() ? "" : ", ") + name;
    Statement rows = db_.prepare("SELECT " + values + " FROM " + source_.from);
    while (rows.step()) {
        if (takes(insert, rows, columns)) continue;
        // It may only have come too early: another row still has the value that is now its own.
        if (by_key_)
            set_aside(rows);
        else
            refuse(rows, refusals);
    }
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
    std::string is_key;
    for (std::size_t const at : fit_.key)
        is_key += (is_key.empty() ? " WHERE " : " AND ") + as_name(fit_.landings[at].column) +
                  " COLLATE BINARY = ?" + std::to_string(at + 1);
    std::string const room = list(columns, "v");
    db_.exec(std::string{"CREATE TABLE "} + added + " (" + room + ")");
    db_.exec(std::string{"CREATE TABLE "} + changed + " (" + room +
             (kept_.empty() ? "" : ", " + list(kept_.size(), "k")) + ")");
    std::string const values = list(columns, "?");
    save_changed_ = db_.prepare(std::string{"INSERT INTO "} + changed + " SELECT " + values +
                                behind(kept_, "") + " FROM " + target + is_key);
    save_added_ = db_.prepare(std::string{"INSERT INTO "} + added + " VALUES (" + values + ")");
    // Named parameters of a key in the middle leave gaps, which stay unbound.
    remove_ = db_.prepare("DELETE FROM " + target + is_key);
}

/// The row gives up its place until all others have theirs: then whatever still clashes with it is
/// of the source as well.
void Swap::set_aside(Statement const& row) {
    bind_row(save_changed_, row, fields_.size());
    save_changed_.run();
    if (db_.changes() == 0) {
        bind_row(save_added_, row, fields_.size());
        return save_added_.run();
    }
    for (std::size_t const at : fit_.key)
        sqlite3_bind_value(remove_.raw(), static_cast<int>(at + 1),
                           sqlite3_column_value(row.raw(), static_cast<int>(at)));
    try {
        remove_.run();
    } catch (Error const& error) {
        if (is_about_row(error.native_code)) fail(fit_, error);
        throw;
    }
}

void Swap::insert_again(Refusals& refusals, char const* table,
                        std::vector<std::string> const& kept) {
    std::size_t const columns = fields_.size() + kept.size();
    std::string names;
    for (Landing const& landing : fit_.landings)
        names += (names.empty() ? "" : ", ") + as_name(landing.column);
    Statement insert =
        db_.prepare("INSERT OR ABORT INTO main." + as_name(fit_.table) + " (" + names +
                    behind(kept, "") + ") VALUES (" + list(columns, "?") + ")");
    Statement rows = db_.prepare(std::string{"SELECT * FROM "} + table);
    while (rows.step()) {
        if (takes(insert, rows, columns)) continue;
        refuse(rows, refusals);
        if (table == changed) ++deleted_;
    }
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
