#pragma once

#include <string>
#include <weir/cpp/sink.hpp>

#include "connectors/mysql/connection.hpp"
#include "fit.hpp"

namespace weir::mysql {

/// A target beside a stage that holds all of its source: what is too much, what is missing, what
/// differs; and how what is too much goes. Within the open transaction.
class Comparison {
public:
    /// `stage`: the temporary table, as SQL. `table`: the target as it stands. With `is_soft` rows
    /// that are marked as deleted are none of the target; E_CONFIG where no column takes the mark.
    Comparison(Connection& connection, Seat const& seat, Fit const& fit, Target const& target,
               TargetTable const& table, std::string const& stage, bool is_soft);

    /// `with_values`: also what differs.
    Swept count(bool with_values, Wait const& wait) const;
    /// What stands behind FROM for the rows `s` of the stage that are missing.
    std::string missing_sql() const;
    /// The statement that adds the column of the mark, which ends a transaction; empty where there
    /// is one, or none is needed.
    std::string add_mark_sql() const;
    /// Deletes or marks what is too much, and answers how many that were. Needs the column.
    std::uint64_t remove(Wait const& wait) const;

private:
    std::string live(char const* before) const;

    Connection& connection_;
    Seat const& seat_;
    Fit const& fit_;
    std::string stage_, mark_;  // as SQL
    bool is_soft_, has_mark_;
};

/// E_CONFLICT where another job than `job` has a position for the table.
void refuse_shared(Connection& connection, Seat const& seat, TargetTable const& table,
                   std::string const& job, Wait const& wait);

}  // namespace weir::mysql
