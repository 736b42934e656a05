#pragma once

#include <string>
#include <vector>
#include <weir/cpp/json.hpp>

#include "connectors/postgres/connection.hpp"
#include "fit.hpp"

namespace weir::postgres {

/// Whether `structure` (Target::structure) has something for add_structure().
bool changes_structure(Json const& structure);

/// Adds to a loaded table the indexes and foreign keys that `structure` names and it has not, each
/// in a transaction of its own; with `dry_run` only says which. What refers to a table that is not
/// there is left out and said. Throws E_SCHEMA with the name of what the server refuses.
/// Those that are "lifted" are taken off.
std::vector<std::string> add_structure(Connection& connection, Place const& place,
                                       Json const& structure, bool dry_run, Wait const& wait);

/// The triggers and foreign keys of a table, in words: `foreign key users_fkey`.
std::vector<std::string> guards_of(Connection& connection, Place const& place, Wait const& wait);

/// Sets the sequences of columns that Weir writes behind their greatest value, so that whoever
/// writes the table next meets no value twice. Answers what could not be set, and why.
std::vector<std::string> raise_sequences(Connection& connection, Place const& place,
                                         std::vector<std::string> const& columns,
                                         Wait const& wait);

}  // namespace weir::postgres
