#pragma once

#include <optional>
#include <string>

#include "catalog.hpp"

namespace weir::adbc {

inline constexpr char checkpoint_table[] = "_weir_checkpoint";

/// One row of `_weir_checkpoint`. A value.
struct Checkpoint {
    std::int64_t epoch = 0, batch = 0, rows = 0;
    std::string cursor;  ///< empty: read from the beginning
    std::string spec, target, target_id, run_id, updated_at;
};

/// Where positions are kept: the table of that name in the schema of the targets.
class Checkpoints {
public:
    Checkpoints(Dialect const& dialect, std::string const& schema);

    void create(Connection& db, Call const& call) const;
    /// Nothing when the table or the row is missing.
    std::optional<Checkpoint> find(Connection& db, Call const& call, std::string const& job,
                                   std::string const& stream) const;
    /// The same where the table is known to be there.
    std::optional<Checkpoint> read(Connection& db, Call const& call, std::string const& job,
                                   std::string const& stream) const;
    void put(Connection& db, Call const& call, std::string const& job, std::string const& stream,
             Checkpoint const& row, bool is_there) const;

private:
    std::string schema_, table_;
};

/// Marks of targets: "weir …" where Weir made the table.
inline constexpr char foreign_mark[] = "foreign";

/// Whose the table is; nothing when it is gone.
std::optional<std::string> mark_of(Connection& db, Call const& call, Dialect const& dialect,
                                   std::string const& schema, std::string const& table);
bool is_ours(std::string const& mark);
bool has_rows(Connection& db, Call const& call, std::string const& qualified);

/// Why the checkpoint says nothing about `wanted` any more; empty: it holds.
std::string objection(Checkpoint const& found, Connection& db, Call const& call,
                      Dialect const& dialect, std::string const& schema,
                      std::string const& wanted);

}  // namespace weir::adbc
