#pragma once

#include <weir/cpp/module.hpp>

namespace notebook {

using weir::Json;

/// The field as the notebook keeps it: {"name","type","nullable"}. Throws E_SCHEMA for a type that
/// it does not keep.
Json kept_field(weir::FieldView const& field);
weir::Field field_of(Json const& kept);

/// The value as JSON; bytes in hex, dates and times as Arrow counts them, in days and microseconds.
/// Throws E_DATA where JSON has no word for it.
Json value_of(weir::ColumnView const& column, std::int64_t row);
/// The other way.
void append(weir::Column& column, weir::Field const& field, Json const& value);

}  // namespace notebook
