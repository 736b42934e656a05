#pragma once

#include <string>
#include <vector>
#include <weir/cpp/batch.hpp>
#include <weir/cpp/sink.hpp>
#include <weir/cpp/view.hpp>

#include "database.hpp"

namespace weir::sqlite {

/// The row at hand, whose first columns are the staged values of `fields`, as a batch of one: each
/// value in a type that prints as the field's own would.
Batch record_of(Statement const& row, std::vector<FieldView> const& fields);

/// Hands on all rows of `rows`, like record_of(), those of the same types together.
void tell_keys(Statement& rows, std::vector<FieldView> const& fields, MissingKeys keys);

/// What a person would know the row by, `id 3` or `a 1, b x`: its `key`, places within `fields`, or
/// where there is none the first few fields.
std::string words_of(Statement const& row, std::vector<FieldView> const& fields,
                     std::vector<std::size_t> key);

}  // namespace weir::sqlite
