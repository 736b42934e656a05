#pragma once

#include <string>
#include <vector>
#include <weir/cpp/batch.hpp>

#include "fit.hpp"

namespace weir::postgres {

/// SELECT of one row of the stage, for record_of() and words_of(): its columns as text.
std::string staged_row_sql(Fit const& fit, std::int64_t number);

/// The row whole, as a batch of its own; values print as they did when they came.
Batch record_of(Result const& row, Fit const& fit, std::vector<FieldView> const& fields);

/// "id 5": the key of the row, or its first values.
std::string words_of(Result const& row, Fit const& fit);

}  // namespace weir::postgres
