#include "sweep.hpp"

#include <algorithm>

#include "batch_insert.hpp"
#include "names.hpp"
#include "swap.hpp"

namespace weir::sqlite {

Comparison::Comparison(Database& db, Fit const& fit, Target const& target, InsertSource staged,
                       bool is_soft)
    : db_{db},
      fit_{fit},
      staged_{std::move(staged)},
      target_{"main." + as_name(fit.table) + " AS t"},
      mark_{as_name(deletion_column(target))},
      is_soft_{is_soft} {
    if (fit.key.empty() || !fit.has_key)
        throw Error{WEIR_E_SCHEMA, "table " + fit.table +
                                       " has no unique index on its key, so it cannot be compared"}
            .coded("sqlite.no_unique_index");
    for (std::size_t const at : fit.key)
        same_key_ += (same_key_.empty() ? "" : " AND ") + ("s." + staged_.columns[at]) + " = t." +
                     as_name(fit.landings[at].column);
    table_ = Table::find(db, fit.table);
    has_mark_ = table_ && table_->column(deletion_column(target));
    bool const is_ours = !table_ || table_->mark() != foreign_mark;
    if (is_soft_ && !has_mark_ && !(is_ours && target.deleted_at.empty()))
        throw Error{WEIR_E_CONFIG, "table " + fit.table + " has no column " + mark_ +
                                       " to mark deleted rows in"}
            .coded("sqlite.no_deletion_column")
            .suggest("ALTER TABLE " + as_name(fit.table) + " ADD COLUMN " + mark_ + " TEXT");
}

std::uint64_t Comparison::number(std::string const& sql) const {
    return static_cast<std::uint64_t>(db_.number(sql).value_or(0));
}

/// The condition of a row that is not marked, after `before`; empty where none could be.
std::string Comparison::live(char const* before) const {
    return is_soft_ && has_mark_ ? std::string{before} + "t." + mark_ + " IS NULL" : std::string{};
}

Swept Comparison::count(bool with_values) const {
    Swept out;
    std::uint64_t const staged = number("SELECT count(*) FROM " + staged_.from);
    if (table_) {
        out.target = number("SELECT count(*) FROM " + target_ + live(" WHERE "));
        // The stage outside: both are walked in the order of the key.
        std::string const pairs = "SELECT count(*) FROM " + staged_.from +
                                  " AS s CROSS JOIN " + target_ + " WHERE " + same_key_ +
                                  live(" AND ");
        std::uint64_t const matched = number(pairs);
        out.extra = out.target - std::min(out.target, matched);
        out.missing = staged - std::min(staged, matched);
        std::vector<std::string> here, there;
        for (std::size_t i = 0; i < fit_.landings.size(); ++i) {
            std::string const& column = fit_.landings[i].column;
            // One that the source gained is added at the end, and is null until then.
            there.push_back(table_->column(column) ? "t." + as_name(column) : "NULL");
            here.push_back("s." + staged_.columns[i]);
        }
        std::string const differs = with_values ? differs_sql(fit_, there, here) : std::string{};
        if (!differs.empty()) out.drifted = number(pairs + " AND (" + differs + ")");
    } else {
        out.missing = staged;
    }
    return out;
}

std::string Comparison::missing_sql() const {
    std::string columns;
    for (std::string const& column : staged_.columns)
        columns += (columns.empty() ? "s." : ", s.") + column;
    std::string const all = "SELECT " + columns + " FROM " + staged_.from + " AS s";
    if (!table_) return all;
    return all + " WHERE NOT EXISTS (SELECT 1 FROM " + target_ + " WHERE " + same_key_ +
           live(" AND ") + ")";
}

std::uint64_t Comparison::remove(std::string const& now) const {
    if (!table_) return 0;
    if (is_soft_ && !has_mark_)
        db_.exec("ALTER TABLE main." + as_name(fit_.table) + " ADD COLUMN " + mark_ + " TEXT");
    std::string const lacking = lacking_sql(fit_, staged_);
    try {
        if (is_soft_)
            db_.exec("UPDATE " + target_ + " SET " + mark_ + " = " + as_text(now) + " WHERE t." +
                     mark_ + " IS NULL AND " + lacking);
        else
            db_.exec("DELETE FROM " + target_ + " WHERE " + lacking);
    } catch (Error const& error) {
        if (!is_about_row(error.native_code)) throw;
        throw Error{WEIR_E_DATA, "a row that the source has no more cannot leave " + fit_.table +
                                     ", nothing was changed: " + error.message}
            .coded(constraint_code(error.native_code));
    }
    return static_cast<std::uint64_t>(db_.changes());
}

void refuse_shared(Database& db, Fit const& fit, std::string const& job) {
    Statement statement = db.prepare(
        "SELECT job FROM \"_weir_checkpoint\" WHERE target_id = ?1 AND lower(target) = lower(?2) "
        "AND job <> ?3 LIMIT 1");
    statement.bind(1, std::string_view{fit.mark}).bind(2, std::string_view{fit.table});
    statement.bind(3, std::string_view{job});
    if (!statement.step()) return;
    throw Error{WEIR_E_CONFLICT, "table " + fit.table + " is also written by the job " +
                                     statement.text(0) +
                                     ", whose rows would look as if their source had lost them"}
        .coded("sink.target_shared");
}

}  // namespace weir::sqlite
