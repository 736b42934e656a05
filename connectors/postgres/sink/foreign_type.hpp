#pragma once

#include <string>
#include <weir/cpp/view.hpp>

namespace weir::postgres {

/// The type that holds exactly what a type of MariaDB or MySQL does, where the batch alone asks for
/// a wider one; empty: there is none.
std::string mysql_type(FieldView const& field);

/// How many bits the text of a type has: "bit(9)"; 0: it is no such type.
unsigned bits_of(std::string_view type);

}  // namespace weir::postgres
