#pragma once

#include <string>
#include <vector>

#include "fit.hpp"

namespace weir::sqlite {

/// `INSERT INTO … SELECT …` of all columns of a fit. `from` and `columns` are SQL, in the order of
/// the fields. With `is_upsert` a row whose key is there already changes it, if any mapped column
/// differs in a byte or a bit; other columns of the target stay.
struct InsertSource {
    std::string from;
    std::vector<std::string> columns;
};
std::string insert_sql(Fit const& fit, InsertSource const& source, bool is_upsert);

/// Whether a row differs in a byte or a bit of a field that is no part of the key: `one` and
/// `other` are SQL of its values, in the order of the fields. Empty: there is none but the key.
std::string differs_sql(Fit const& fit, std::vector<std::string> const& one,
                        std::vector<std::string> const& other);

/// Makes `_weir_differs(a, b)` known, which the upserts call.
void define_differs(Database& db);

}  // namespace weir::sqlite
