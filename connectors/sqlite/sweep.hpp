#pragma once

#include <string>
#include <weir/cpp/sink.hpp>

#include "fit.hpp"
#include "insert.hpp"

namespace weir::sqlite {

/// A target beside the rows of a stage that holds all of its source: what is too much, what is
/// missing, what differs; and how what is too much goes.
///
/// Needs `_weir_stage` attached, and a transaction in which both stand still. Used within it.
class Comparison {
public:
    /// E_SCHEMA unless a unique index lies on the key. With `is_soft` rows that are marked as
    /// deleted are none of the target; E_CONFIG where there is no column for that mark.
    Comparison(Database& db, Fit const& fit, Target const& target, InsertSource staged,
               bool is_soft);

    /// `with_values`: also what differs.
    Swept count(bool with_values) const;
    /// SELECT of the rows of the stage that are missing.
    std::string missing_sql() const;
    /// Deletes or marks what is too much, and answers how many that were.
    std::uint64_t remove(std::string const& now) const;

private:
    std::uint64_t number(std::string const& sql) const;
    std::string live(char const* before) const;

    Database& db_;
    Fit const& fit_;
    InsertSource staged_;
    std::string target_, same_key_, mark_;  // SQL
    std::optional<Table> table_;
    bool is_soft_, has_mark_ = false;
};

/// E_CONFLICT where another job than `job` has a position for the target.
void refuse_shared(Database& db, Fit const& fit, std::string const& job);

}  // namespace weir::sqlite
