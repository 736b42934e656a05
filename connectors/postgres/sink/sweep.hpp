#pragma once

#include <optional>
#include <vector>
#include <weir/cpp/sink.hpp>

#include "connectors/postgres/connection.hpp"
#include "fit.hpp"

namespace weir::postgres {

/// A target beside a stage that holds all of its source: what is too much, what is missing, what
/// differs; and how what is too much goes. Within the transaction of the stage, which must be
/// unique by the key where values are compared.
class Comparison {
public:
    /// `table`: as it stands. E_SCHEMA unless a unique index lies on the key. With `is_soft` rows
    /// that are marked as deleted are none of the target; E_CONFIG where no column takes the mark.
    Comparison(Connection& connection, Place const& place, Fit const& fit, Target const& target,
               TargetTable const& table, bool is_soft);

    /// `with_values`: also what differs.
    Swept count(bool with_values, Wait const& wait) const;
    /// What stands behind FROM for the rows `s` of the stage that are missing.
    std::string missing_sql() const;
    /// Deletes or marks what is too much, and answers how many that were. `extra`: a table of the
    /// keys that are; without one, those that the stage lacks.
    std::uint64_t remove(Wait const& wait, std::optional<std::string> const& extra) const;

private:
    std::string live(char const* before) const;
    std::vector<std::uint64_t> numbers(std::string const& sql, Wait const& wait) const;

    Connection& connection_;
    Place const& place_;
    Fit const& fit_;
    std::string mark_;  // as SQL
    bool is_soft_, has_mark_;
};

/// E_CONFLICT where another job than `job` has a position for the table.
void refuse_shared(Connection& connection, Place const& place, TargetTable const& table,
                   std::string const& job, Wait const& wait);

}  // namespace weir::postgres
