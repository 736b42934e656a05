#pragma once

#include "encode.hpp"

namespace weir::postgres {

/// How a value of the field becomes what the column's type reads as text, escaped for COPY.
EncodedColumn::Put text_put(FieldView const& field, TargetColumn const& column);

}  // namespace weir::postgres
