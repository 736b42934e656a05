#pragma once

#include <map>
#include <optional>
#include <string>
#include <weir/cpp/json.hpp>

#include "connection.hpp"
#include "names.hpp"

namespace weir::postgres {

/// What stands around a table's rows and is not copied with them: the types that they need,
/// secondary indexes, foreign keys and inheritance. `relations` is SQL behind SELECT c.oid that
/// names the tables; its answers are for read_structure().
std::string structure_sql(std::string const& relations);
inline constexpr std::size_t structure_answers = 4;

/// By the table's number: {"indexes":[{"name","unique","columns"?,"definition"}],
/// "foreign_keys":[{"name","columns","stream","schema","target","references","behind"}],
/// "types": as read_own_types() tells them, "children": streams of all that inherit from it,
/// "parents":[{"stream","schema","target"}]}. `columns` of an index stand there where it is of
/// plain columns only, `definition` from USING on.
std::map<std::int64_t, Json> read_structure(std::vector<Result> const& answers, std::size_t from);

/// What stands in `sql` behind the first `words` outside of quotes; empty: they are not there.
std::string_view behind(std::string_view sql, std::string_view words);

}  // namespace weir::postgres
