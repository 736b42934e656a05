#pragma once

#include <string>
#include <vector>

#include "fit.hpp"

// How the rows of one table, `from`, with alias `s`, come into the target, with alias `t`.
namespace weir::mysql {

/// `a`, `b`: the columns that are written, each after `before`.
std::string column_list(Fit const& fit, std::string const& before = {});

/// Whether a row of either is the other's, by the key.
std::string same_key_sql(Fit const& fit);

/// Whether a row of the target is none of `from`.
std::string lacking_sql(Fit const& fit, std::string const& from);

/// Whether a row of the target is other than its row of `from`, bit by bit.
std::string differs_sql(Fit const& fit);

/// The version as it is compared, after `before`.
std::string version_sql(Fit const& fit, std::string const& before);
/// Whether the row of the target is newer.
std::string is_newer_sql(Fit const& fit);

/// More of SET: what is written again is not gone. Empty: no column says that a row is.
std::string revive_sql(Fit const& fit, std::string const& before);

/// UPDATE of the rows of the target that `from` has by key, but for those of a newer version,
/// INSERT of those that it lacks. What is equal the server leaves alone.
std::vector<std::string> merge_sql(Seat const& seat, Fit const& fit, std::string const& from);

/// DELETE of the rows of the target that `from` lacks; without a key of all.
std::string remove_sql(Seat const& seat, Fit const& fit, std::string const& from);

}  // namespace weir::mysql
