#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carry.hpp"

namespace weir::adbc {

/// Values of the columns that order a read: tracking, then key.
using Position = std::vector<Value>;

/// cursor := {"of": what is read and by which order, "at": position}
std::string cursor_of(std::string const& of, Position const& at);

/// Throws E_CONFLICT "source.cursor_mismatch" when it is no cursor of this read.
Position position_of(std::string_view cursor, std::string const& of,
                     std::vector<Type> const& types);

/// The condition that a row of `columns` (expressions) comes behind `at`, and its parameters. A
/// null of the first one comes before all else. `casts`: what is written for each parameter.
std::string behind(std::vector<std::string> const& columns, std::vector<std::string> const& casts,
                   Position const& at, std::vector<Value>& parameters);

}  // namespace weir::adbc
