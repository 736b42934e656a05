#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/postgres/connection.hpp"
#include "fit.hpp"

namespace weir::postgres {

/// One row of `_weir_checkpoint`. A value.
struct Checkpoint {
    std::int64_t epoch = 0, batch = 0, rows = 0;
    std::string cursor;  ///< empty: read from the beginning
    std::string spec, target, target_id, fields, run_id, updated_at;
    bool is_filling = false;  ///< no other than this job's rows are in the target

    /// Why it says nothing about the target any more: "the table is gone". Empty: it holds. It does
    /// not hold for a table that is missing, that another creation of it was, or that is somebody
    /// else's and empty although rows were written.
    std::string objection(Place const& wanted, TargetTable const* table, bool has_rows) const;
    bool is_owned() const;  ///< the target was made by this job
};

/// Whose row it is, and where the table of such rows lies. A value.
struct Seat {
    std::string schema, job, stream;

    std::string table() const;  ///< as SQL
    std::string where() const;  ///< the row, as a condition

    /// SELECT of the row, for read_checkpoint(); fails when there is no table.
    std::string find_sql() const;
    /// Raises the epoch to `epoch` (0: to the next) and answers the row as find_sql() does, locked;
    /// answers nothing when a higher one is stored.
    std::string fence_sql(std::int64_t epoch) const;
    /// Writes what begin() decided.
    std::string begin_sql(Checkpoint const& row) const;
    /// Ends a transaction: fails with `fenced_state` unless the row still has this epoch and batch.
    std::string commit_sql(Checkpoint const& row, std::uint64_t rows) const;
};

/// division_by_zero: what a condition that does not hold ends a transaction with.
inline constexpr char fenced_state[] = "22012";

/// A statement that fails with it.
std::string require_sql(std::string const& condition);

std::optional<Checkpoint> read_checkpoint(Result const& from);

/// Makes the table of positions unless there is one. Within no transaction.
void create_checkpoint_table(Connection& connection, std::string const& schema, Wait const& wait);

/// What a failure means that says that `_weir_checkpoint` is not as it should be; nothing: it says
/// something else.
std::optional<Error> foreign_checkpoint(Settings const& settings, Result const& failed);
bool is_missing_table(Result const& failed);

}  // namespace weir::postgres
