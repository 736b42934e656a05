#include "sweep.hpp"

#include <algorithm>

#include "batch_writer.hpp"
#include "connectors/postgres/names.hpp"
#include "merge.hpp"
#include "refusal.hpp"

namespace weir::postgres {
namespace {

/// Whether a column can say when a row went.
bool takes_time(TargetColumn const& column) {
    for (char const* type : {"timestamptz", "timestamp", "date", "text", "varchar"})
        if (column.type_name == type) return !column.not_null && !column.is_generated;
    return false;
}

std::string staged() { return std::string{stage_table} + " AS s"; }

}  // namespace

Comparison::Comparison(Connection& connection, Place const& place, Fit const& fit,
                       Target const& target, TargetTable const& table, bool is_soft)
    : connection_{connection},
      place_{place},
      fit_{fit},
      mark_{identifier(deletion_column(target))},
      is_soft_{is_soft} {
    if (fit.key.empty() || !fit.has_key)
        throw Error{WEIR_E_SCHEMA, "table " + place.table +
                                       " has no unique index on its key, so it cannot be compared"}
            .coded("postgres.no_unique_index");
    TargetColumn const* const column = table.column(deletion_column(target));
    has_mark_ = column != nullptr;
    bool const may_add =
        !column && target.deleted_at.empty() && table.mark() != foreign_mark;
    if (is_soft_ && !may_add && !(column && takes_time(*column)))
        throw Error{WEIR_E_CONFIG, "table " + place.table + " has no column " + mark_ +
                                       " that could say when a row was deleted"}
            .coded("postgres.no_deletion_column")
            .suggest("ALTER TABLE " + place.sql() + " ADD COLUMN " + mark_ + " timestamptz");
}

/// The condition of a row that is not marked, after `before`; empty where none could be.
std::string Comparison::live(char const* before) const {
    return is_soft_ && has_mark_ ? std::string{before} + "t." + mark_ + " IS NULL" : std::string{};
}

Swept Comparison::count(bool with_values, Wait const& wait) const {
    std::string const target = place_.rows_sql() + " AS t";
    std::string const same = same_key_sql(fit_);
    std::string sql = "SELECT (SELECT pg_catalog.count(*) FROM " + target + live(" WHERE ") +
                      "), (SELECT pg_catalog.count(*) FROM " + staged() +
                      "), (SELECT pg_catalog.count(*) FROM " + target +
                      " WHERE EXISTS (SELECT FROM " + staged() + " WHERE " + same + ")" +
                      live(" AND ") + ")";
    if (with_values)
        sql += ", (SELECT pg_catalog.count(*) FROM " + staged() + " JOIN " + target + " ON " +
               same + " WHERE " + differs_sql(fit_, "t.", "s.") + live(" AND ") + ")";
    std::vector<std::uint64_t> const found = numbers(sql, wait);
    std::uint64_t const matched = found[2];
    Swept out{.target = found[0], .extra = found[0] - std::min(found[0], matched)};
    if (with_values) out.drifted = found[3];
    // As many as met a row: none is left over, and nobody has to look.
    if (found[1] != matched)
        out.missing = numbers("SELECT pg_catalog.count(*) FROM " + missing_sql(), wait)[0];
    return out;
}

std::string Comparison::missing_sql() const {
    return staged() + " WHERE NOT EXISTS (SELECT FROM " + place_.rows_sql() + " AS t WHERE " +
           same_key_sql(fit_) + live(" AND ") + ")";
}

/// The one row of `sql`.
std::vector<std::uint64_t> Comparison::numbers(std::string const& sql, Wait const& wait) const {
    Outcome const outcome = connection_.execute(sql, wait);
    if (outcome.failed) throw write_failure(connection_, *outcome.failed, place_);
    std::vector<std::uint64_t> out;
    for (int i = 0; i < outcome.rows.at(0).columns(); ++i)
        out.push_back(static_cast<std::uint64_t>(outcome.rows[0].number(0, i)));
    return out;
}

std::uint64_t Comparison::remove(Wait const& wait, std::optional<std::string> const& extra) const {
    std::string const gone =
        extra ? same_key_sql(fit_)
              : "NOT EXISTS (SELECT FROM " + staged() + " WHERE " + same_key_sql(fit_) + ")";
    std::string const rows = place_.rows_sql() + " AS t";
    std::string const beside = extra ? *extra + " AS s" : std::string{};
    std::string sql =
        "DELETE FROM " + rows + (extra ? " USING " + beside : beside) + " WHERE " + gone;
    if (is_soft_)
        sql = "UPDATE " + rows + " SET " + mark_ + " = pg_catalog.clock_timestamp()" +
              (extra ? " FROM " + beside : beside) + " WHERE t." + mark_ + " IS NULL AND " + gone;
    if (is_soft_ && !has_mark_) {
        Outcome const added = connection_.execute(
            "ALTER TABLE " + place_.sql() + " ADD COLUMN " + mark_ + " timestamptz", wait);
        if (added.failed) throw write_failure(connection_, *added.failed, place_);
    }
    Outcome const outcome = connection_.execute(sql, wait);
    if (outcome.failed && is_about_row(sqlstate_of(*outcome.failed)))
        throw row_refusal(connection_.settings(), *outcome.failed,
                          "a row that the source has no more, but that others refer to,",
                          place_.table);
    if (outcome.failed) throw write_failure(connection_, *outcome.failed, place_);
    return outcome.counts.at(0);
}

void refuse_shared(Connection& connection, Place const& place, TargetTable const& table,
                   std::string const& job, Wait const& wait) {
    std::string const checkpoints = qualified(connection.settings().schema(), "_weir_checkpoint");
    if (connection.run("SELECT pg_catalog.to_regclass(" + literal(checkpoints) + ") IS NULL", wait)
            .at(0)
            .flag(0, 0))
        return;
    std::vector<Result> const found = connection.run(
        "SELECT job, target_id FROM " + checkpoints + " WHERE target = " + literal(place.table) +
            " AND job <> " + literal(job) + " AND target_id IS NOT NULL",
        wait);
    for (int row = 0; row < found.at(0).rows(); ++row) {
        if (!is_same_table(table.identity(), found[0].text(row, 1))) continue;
        throw Error{WEIR_E_CONFLICT,
                    "table " + place.table + " is also written by the job " +
                        found[0].text(row, 0) +
                        ", whose rows would look as if their source had lost them"}
            .coded("sink.target_shared");
    }
}

}  // namespace weir::postgres
