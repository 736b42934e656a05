#pragma once

#include <optional>
#include <string>

#include "connectors/mysql/connection.hpp"
#include "target.hpp"

namespace weir::mysql {

/// One row of `_weir_checkpoint`. A value.
struct Checkpoint {
    std::int64_t epoch = 0, batch = 0, rows = 0;
    std::string cursor;  ///< empty: read from the beginning
    std::string spec, target, target_id, fields, run_id, updated_at;

    /// Why it says nothing about the target any more: "the table is gone". Empty: it holds. It does
    /// not hold for a table that is missing, that another creation of it was, or that is somebody
    /// else's and empty although rows were written.
    std::string objection(std::string const& wanted, TargetTable const* table, bool has_rows) const;
    bool is_owned() const { return !target_id.empty() && target_id != foreign_mark; }
};

/// Whose row it is, and where the table of such rows lies. A value.
struct Post {
    std::string database, job, stream;

    std::string table() const;  ///< as SQL
    /// The row; nothing: there is none, or no table. `lock`: until the end of the transaction.
    std::optional<Checkpoint> find(Connection& connection, bool lock, Wait const& wait) const;
    void create_table(Connection& connection, Wait const& wait) const;
    /// Writes the row whole.
    std::string put_sql(Checkpoint const& row) const;
    /// Moves the row on, unless its epoch or batch is another: then nothing is affected.
    std::string move_sql(Checkpoint const& next, std::uint64_t rows) const;
};

}  // namespace weir::mysql
