#pragma once

#include <string>
#include <vector>

#include "database.hpp"

namespace weir::sqlite {

/// Adds to a loaded table those of `indexes` (weir_target's structure) that are of plain columns
/// and that it has not; with `dry_run`, or without a database, only says which. What is left out is
/// said too. Throws
/// E_SCHEMA with the name of one that cannot be made.
std::vector<std::string> add_indexes(Database* db, std::string const& table, Json const& indexes,
                                     bool dry_run);

}  // namespace weir::sqlite
