#include "sweep.hpp"

#include <mysqld_error.h>

#include <algorithm>

#include "checkpoint.hpp"
#include "connectors/mysql/names.hpp"
#include "merge.hpp"
#include "refusal.hpp"

namespace weir::mysql {
namespace {

/// Whether a column can say when a row went.
bool takes_time(TargetColumn const& column) {
    for (char const* type : {"timestamp", "datetime", "date", "varchar", "tinytext", "text",
                             "mediumtext", "longtext"})
        if (column.type == type) return !column.not_null && !column.is_generated;
    return false;
}

}  // namespace

Comparison::Comparison(Connection& connection, Seat const& seat, Fit const& fit,
                       Target const& target, TargetTable const& table, std::string const& stage,
                       bool is_soft)
    : connection_{connection},
      seat_{seat},
      fit_{fit},
      stage_{stage},
      mark_{identifier(deletion_column(target))},
      is_soft_{is_soft} {
    TargetColumn const* const column = table.column(deletion_column(target));
    has_mark_ = column != nullptr;
    bool const may_add = !column && target.deleted_at.empty() && table.mark() != foreign_mark;
    if (is_soft_ && !may_add && !(column && takes_time(*column)))
        throw Error{WEIR_E_CONFIG, "table " + seat.table + " has no column " + mark_ +
                                       " that could say when a row was deleted"}
            .coded("mysql.no_deletion_column")
            .suggest("ALTER TABLE " + seat.sql() + " ADD COLUMN " + mark_ +
                     " timestamp(6) NULL DEFAULT NULL");
}

/// The condition of a row that is not marked, after `before`; empty where none could be.
std::string Comparison::live(char const* before) const {
    return is_soft_ && has_mark_ ? std::string{before} + "t." + mark_ + " IS NULL" : std::string{};
}

// A temporary table may stand in a statement of MySQL only once.
Swept Comparison::count(bool with_values, Wait const& wait) const {
    auto const numbers = [&](std::string const& sql) {
        return connection_.run(sql, wait, {seat_.table, seat_.database, seat_.table});
    };
    std::string const target = seat_.sql() + " AS t";
    Answer const there = numbers("SELECT COUNT(*) FROM " + target + live(" WHERE "));
    Answer const staged = numbers("SELECT COUNT(*) FROM " + stage_);
    Answer const met =
        numbers("SELECT COUNT(*), " +
                (with_values ? "COALESCE(SUM(" + differs_sql(fit_) + "), 0)" : std::string{"0"}) +
                " FROM " + stage_ + " AS s JOIN " + target + " ON " + same_key_sql(fit_) +
                live(" AND "));
    auto const number = [](Answer const& answer, std::size_t column) {
        return static_cast<std::uint64_t>(answer.number(0, column));
    };
    Swept out;
    std::uint64_t const matched = number(met, 0);
    out.target = number(there, 0);
    out.extra = out.target - std::min(out.target, matched);
    out.missing = number(staged, 0) - std::min(number(staged, 0), matched);
    out.drifted = number(met, 1);
    return out;
}

std::string Comparison::missing_sql() const {
    return stage_ + " AS s WHERE NOT EXISTS (SELECT 1 FROM " + seat_.sql() + " AS t WHERE " +
           same_key_sql(fit_) + live(" AND ") + ")";
}

std::string Comparison::add_mark_sql() const {
    if (!is_soft_ || has_mark_) return {};
    return "ALTER TABLE " + seat_.sql() + " ADD COLUMN " + mark_ +
           " timestamp(6) NULL DEFAULT NULL";
}

std::uint64_t Comparison::remove(Wait const& wait) const {
    std::string sql = remove_sql(seat_, fit_, stage_);
    if (is_soft_)
        sql = "UPDATE " + seat_.sql() + " AS t SET t." + mark_ + " = NOW(6) WHERE t." + mark_ +
              " IS NULL AND " + lacking_sql(fit_, stage_);
    std::optional<Said> const said = connection_.execute(sql, wait);
    if (said && is_about_row(*said))
        throw row_refusal(*said, "a row that the source has no more, but that others refer to,",
                          seat_.table);
    if (said) throw write_failure(connection_.settings(), *said, seat_.table);
    return connection_.affected();
}

void refuse_shared(Connection& connection, Seat const& seat, TargetTable const& table,
                   std::string const& job, Wait const& wait) {
    Answer found;
    try {
        found = connection.run("SELECT job, target FROM " + Post{seat.database, {}, {}}.table() +
                                   " WHERE job <> " + literal(job) +
                                   " AND target_id = " + literal(table.mark()),
                               wait);
    } catch (Error const& error) {
        if (error.native_code == ER_NO_SUCH_TABLE) return;
        throw;
    }
    auto const spelled = [&](std::string name) {
        return connection.folds_names() ? folded(std::move(name)) : name;
    };
    for (std::size_t row = 0; row < found.rows(); ++row) {
        if (spelled(found.text(row, 1)) != spelled(seat.table)) continue;
        throw Error{WEIR_E_CONFLICT,
                    "table " + seat.table + " is also written by the job " + found.text(row, 0) +
                        ", whose rows would look as if their source had lost them"}
            .coded("sink.target_shared");
    }
}

}  // namespace weir::mysql
