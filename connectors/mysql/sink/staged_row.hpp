#pragma once

#include <string>
#include <vector>
#include <weir/cpp/batch.hpp>

#include "connectors/mysql/connection.hpp"
#include "fit.hpp"

namespace weir::mysql {

/// SELECT of rows of the stage, for records_of() and words_of(): their columns as text. `from`: the
/// table, as `s`, and which rows of it.
std::string staged_rows_sql(Fit const& fit, std::vector<FieldView> const& fields,
                            std::string const& from);
/// Of one row of the numbered table `from`.
std::string staged_row_sql(Fit const& fit, std::vector<FieldView> const& fields,
                           std::string const& from, std::int64_t number);

/// The rows whole, as a batch; values print as they did when they came.
Batch records_of(Answer const& rows, Fit const& fit, std::vector<FieldView> const& fields);

/// "id 5": the key of the row, or its first values.
std::string words_of(Answer const& row, Fit const& fit);

}  // namespace weir::mysql
