#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <weir/cpp/source.hpp>

#include "connection.hpp"
#include "names.hpp"

namespace weir::mysql {

/// What stands around the rows of the tables that match `pattern`, by database and table, as `meta`
/// of a stream has it: `structure`, and `references` by which streams are put in order.
///
/// An index has `columns` where it is of whole columns in a tree, and always `parts`, which only
/// this connector knows: [{"column":"a", "length"?:10, "descending"?:true}], with its `type`.
std::map<std::pair<std::string, std::string>, Json> read_structure(
    Connection& connection, std::optional<NamePattern> const& pattern, Wait const& wait);

}  // namespace weir::mysql
