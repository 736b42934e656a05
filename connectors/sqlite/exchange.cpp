#include "exchange.hpp"

#include <algorithm>

#include "batch_insert.hpp"
#include "names.hpp"

namespace weir::sqlite {
namespace {

constexpr char const* away = "temp.\"_weir_away\"";
constexpr int tries_max = 32;  // each leaves out those that clashed in the one before

std::string joined(std::vector<std::string> const& parts, char const* between = ", ") {
    std::string out;
    for (std::string const& part : parts) out += (out.empty() ? "" : between) + part;
    return out;
}

/// What the target has beside the columns of the batch, and what says that a row is gone.
std::vector<std::string> columns_of_others(Table const& table, Fit const& fit) {
    std::vector<std::string> out;
    for (TableColumn const& column : table.columns) {
        bool const is_written = std::ranges::any_of(fit.landings, [&](Landing const& landing) {
            return same_name(landing.column, column.name);
        });
        // What is written again is not gone.
        bool const is_mark = same_name(fit.deleted_at, column.name);
        if (!is_written && !is_mark && !column.is_generated) out.push_back(as_name(column.name));
    }
    return out;
}

bool has_triggers(Database& db, std::string const& table) {
    return db
        .number("SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = "
                "lower(" +
                as_text(table) + ") LIMIT 1")
        .has_value();
}

}  // namespace

Exchange::Exchange(Database& db, Fit const& fit, BatchTable& batch,
                   std::function<int(Statement&)> run)
    : db_{db}, batch_{batch}, run_{std::move(run)} {
    std::optional<Table> const table = Table::find(db, fit.table);
    if (!table || fit.key.empty() || has_triggers(db, fit.table)) return;
    std::string const target = "main." + as_name(fit.table), from = as_name(batch.name());
    std::vector<std::string> const others = columns_of_others(*table, fit);
    std::vector<std::string> columns, values, key, key_columns, key_values, kept, names;
    for (std::size_t i = 0; i < fit.landings.size(); ++i) {
        columns.push_back(as_name(fit.landings[i].column));
        values.push_back(std::string{"b."} + "c" + std::to_string(i));
    }
    for (std::size_t const at : fit.key) {
        key.push_back("t." + columns[at] + " = " + values[at]);
        key_columns.push_back("t." + columns[at]);
        key_values.push_back(values[at]);
    }
    for (std::size_t i = 0; i < others.size(); ++i) {
        kept.push_back("t." + others[i]);
        names.push_back("k" + std::to_string(i));
    }
    names.insert(names.begin(), "row INTEGER PRIMARY KEY");
    db.exec(std::string{"DROP TABLE IF EXISTS "} + away + "; CREATE TABLE " + away + " (" +
            joined(names) + ")");
    kept.insert(kept.begin(), "b.rowid AS row");
    std::string const there = from + " AS b CROSS JOIN " + target + " AS t ON " +
                              joined(key, " AND ");
    keep_ = db.prepare(std::string{"INSERT INTO "} + away + " SELECT " + joined(kept) + " FROM " +
                       there);
    remove_ = db.prepare("DELETE FROM " + target + " AS t WHERE (" + joined(key_columns) +
                         ") IN (SELECT " + joined(key_values) + " FROM " + from + " AS b)");
    std::string const insert = "INSERT OR ABORT INTO " + target + " (" + joined(columns);
    add_ = db.prepare(insert + ") SELECT " + joined(values) + " FROM " + from + " AS b");
    names.erase(names.begin());
    for (std::string& name : names) name = "k." + name;
    names.insert(names.begin(), values.begin(), values.end());
    std::string const more = others.empty() ? "" : ", " + joined(others);
    add_kept_ = db.prepare(insert + more + ") SELECT " + joined(names) + " FROM " +
                           from + " AS b CROSS JOIN " + away + " AS k ON k.row = b.rowid");
}

void Exchange::among(std::vector<std::int64_t>& rows) {
    if (!add_) return;
    std::vector<std::int64_t> left = rows;
    for (int tries = 0; left.size() > 1 && tries < tries_max; ++tries) {
        db_.exec("SAVEPOINT weir_exchange");
        std::vector<bool> were_there;
        for (std::int64_t const row : left) were_there.push_back(leave(row));
        std::vector<std::int64_t> fitting;
        for (std::size_t i = 0; i < left.size(); ++i)
            if (come(left[i], were_there[i])) fitting.push_back(left[i]);
        bool const is_done = fitting.size() == left.size();
        db_.exec(is_done ? "RELEASE weir_exchange"
                         : "ROLLBACK TO weir_exchange; RELEASE weir_exchange");
        left = std::move(fitting);
        if (!is_done) continue;
        std::erase_if(rows,
                      [&](std::int64_t row) { return std::ranges::binary_search(left, row); });
        return;
    }
}

/// Whether there was one that left.
bool Exchange::leave(std::int64_t row) {
    batch_.narrow(row, row + 1);
    for (Statement* each : {&keep_, &remove_})
        if (int const rc = run_(*each); rc != SQLITE_DONE) throw db_.error(rc);
    return db_.changes() > 0;
}

bool Exchange::come(std::int64_t row, bool was_there) {
    batch_.narrow(row, row + 1);
    int const rc = run_(was_there ? add_kept_ : add_);
    if (rc != SQLITE_DONE && !is_about_row(rc)) throw db_.error(rc);
    return rc == SQLITE_DONE;
}

}  // namespace weir::sqlite
