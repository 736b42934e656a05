#pragma once

#include <string>
#include <string_view>
#include <vector>
#include <weir/cpp/view.hpp>

#include "connectors/postgres/connection.hpp"
#include "target.hpp"

namespace weir::postgres {

/// Whether `text` is nothing but the name of a type as format_type() prints it: words, identifiers,
/// modifiers of letters and digits, brackets. It stands in SQL as it is.
bool is_type_name(std::string_view text);

/// "numeric(10,2)" is numeric.
std::string without_modifiers(std::string_view type);

/// The type that a column made for each field has: that of the source where it is one of
/// PostgreSQL's and known here, else the one that holds all values of the field; of an array of
/// what is not known, text[].
std::vector<std::string> column_types(Connection& connection, std::vector<FieldView> const& fields,
                                      Wait const& wait);

/// Why `column` would change a value of `field`, or refuse every one; empty: it takes them as they
/// are. `own_type`: what column_types() says of the field.
std::string misfit(FieldView const& field, TargetColumn const& column, std::string const& own_type);

}  // namespace weir::postgres
