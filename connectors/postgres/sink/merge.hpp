#pragma once

#include <string>

#include "fit.hpp"

// Rows that lie in a temporary table, brought into the target so that only what differs is touched.
namespace weir::postgres {

/// The column that says which row of its batch, or of all, a staged row was.
inline constexpr char row_column[] = "\"_weir_row\"";

/// "a", "b" with `before` ahead of each.
std::string column_list(Fit const& fit, std::string const& before = "");
/// t."k" = s."k" AND … of the key
std::string same_key_sql(Fit const& fit);

/// The condition of a row `t` that a merge changes into `s`.
std::string changes_sql(Fit const& fit);

/// Whether rows differ in the binary image of a column that is no part of the key.
std::string differs_sql(Fit const& fit, std::string const& there, std::string const& here);

/// Makes the temporary table `name`, gone with the transaction, with the columns of the landings,
/// and row_column if `numbered`.
std::string temporary_sql(std::string const& name, Place const& place, Fit const& fit,
                          bool numbered);

/// UPDATE of the rows that are there and differ, INSERT of those that are not. Looking comes first:
/// a row that is the same is not even locked. `from`: SQL that stands for the rows, one per key.
/// With `inserts_first` the other way round.
std::string merge_sql(Place const& place, Fit const& fit, std::string const& from,
                      bool inserts_first = false);
std::string insert_sql(Place const& place, Fit const& fit, std::string const& from);

/// Of the rows of one key in the numbered table `name`: the greatest version, and of these the
/// last.
std::string last_of_key_sql(Fit const& fit, std::string const& name);

/// SELECT of the rows of `name` whose row in the target has a greater version: number, key, version
/// here and there.
std::string newer_sql(Place const& place, Fit const& fit, std::string const& name);

}  // namespace weir::postgres
