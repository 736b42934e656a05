#pragma once

#include <map>
#include <string>
#include <weir/cpp/json.hpp>

#include "connection.hpp"

namespace weir::postgres {

/// The enums and composite types that columns of certain tables need, however deep, as their
/// source has them. `relations` is SQL behind SELECT c.oid that names the tables; its answer is for
/// read_own_types().
std::string own_types_sql(std::string const& relations);

/// By the table's number: [{"schema","name","labels"|"attributes":[[name, type]…]}], those that
/// others are made of first. Domains are told by what they are below, since values are.
std::map<std::int64_t, Json> read_own_types(Result const& types);

}  // namespace weir::postgres
