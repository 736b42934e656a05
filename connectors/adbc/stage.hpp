#pragma once

#include <string>
#include <vector>

#include "fit.hpp"

namespace weir::adbc {

/// A temporary table of one connection with the rows of one shape that wait for their transaction,
/// numbered in the order they came.
class Stage {
public:
    /// Makes the table.
    Stage(Connection& db, Call const& call, Dialect const& dialect, Fit const& fit, int number);

    /// Appends the rows that can be taken; the others go to `rejects`, or the first one is thrown
    /// and nothing is staged.
    void write(Call const& call, std::vector<FieldView> const& fields, ArrowArray const& batch,
               Rejects& rejects);
    /// Tries the rows of the last write on the target itself, whose rules are not known here:
    /// `merge` runs in a transaction that is rolled back.
    void probe(Call const& call, std::uint32_t write_mode, Rejects& rejects);

    /// Brings the rows into the target: the last of each key, or all.
    void merge(Call const& call);
    /// The condition that a row `t` of the target has the key of no staged one.
    std::string lacks() const;
    void drop(Call const& call);

private:
    void check_columns(Fit const& fit, std::vector<ColumnView> const& columns, std::int64_t row,
                       std::optional<Error>& why) const;
    void refuse(Call const& call, std::vector<std::int64_t> const& numbers, Error const& why,
                Rejects& rejects);
    void refuse_unreadable(Call const& call, Rejects& rejects);
    void refuse_older(Call const& call, Rejects& rejects);
    void probe(Call const& call, std::int64_t from, std::int64_t to, Rejects& rejects);
    std::optional<Error> attempt(Call const& call, std::int64_t to);
    void merge(Call const& call, std::int64_t to);
    std::string keys_meet(std::string const& one, std::string const& other) const;
    std::string source(std::int64_t to) const;

    Connection& db_;
    Dialect const dialect_;
    Fit const fit_;
    std::string const name_;  // quoted
    std::string const bare_;
    std::int64_t first_ = 1, next_ = 1;   // numbers of the last write
    std::vector<std::int64_t> rows_;      // of the batch, by number - first_
};

}  // namespace weir::adbc
