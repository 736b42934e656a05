#pragma once

#include <string>

#include "columns.hpp"
#include "fit.hpp"

namespace weir::sqlite {

/// SQL that is true where `there`, a column of the target, is a greater version than `here`, by the
/// order that the field has at its source. Where either is null nobody knows: false.
std::string is_newer_sql(Version const& version, std::string const& there,
                         std::string const& here);

/// SELECT of the rows of `batch` that the target has in a newer version: row, version there.
std::string newer_sql(Fit const& fit, BatchTable const& batch);

/// SELECT of the rows of `batch`, ascending, whose place another one of the same key takes: that of
/// the greatest version; of equal ones, and where nobody asked for versions, the last.
std::string superseded_sql(Fit const& fit, BatchTable const& batch);

/// Makes `_weir_is_newer(there, here, is_decimal)` known, which these call.
void define_is_newer(Database& db);

}  // namespace weir::sqlite
