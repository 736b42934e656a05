#pragma once

#include "encode.hpp"

namespace weir::postgres {

/// How a value of the field becomes the binary form that the column's type receives; null: that
/// form is not known here, or the types differ.
EncodedColumn::Put binary_put(FieldView const& field, TargetColumn const& column);

}  // namespace weir::postgres
