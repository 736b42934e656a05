#pragma once

#include <optional>
#include <string>

#include "database.hpp"

namespace weir::sqlite {

/// One row of `_weir_checkpoint`. A value.
struct Checkpoint {
    std::int64_t epoch = 0, batch = 0, rows = 0;
    std::string cursor;  ///< empty: read from the beginning
    std::string spec, target, target_id, fields, run_id, updated_at;

    /// Nothing when the table or the row is missing.
    static std::optional<Checkpoint> find(Database& db, std::string const& job,
                                          std::string const& stream);
    /// The same where the table is known to be there.
    static std::optional<Checkpoint> read(Database& db, std::string const& job,
                                          std::string const& stream);
    static void create_table(Database& db);

    /// Why it says nothing about `wanted` any more: "the table is gone". Empty: it holds. It does
    /// not hold for a table that is missing, that another creation of it was, or that is somebody
    /// else's and empty although rows were written.
    std::string objection(Database& db, std::string const& wanted) const;
};

}  // namespace weir::sqlite
