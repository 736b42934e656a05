#pragma once

#include <string>
#include <vector>

#include "connectors/postgres/connection.hpp"
#include "fit.hpp"

namespace weir::postgres {

/// How rows that are to change give up what is unique in them before others take it: a <-> b. A
/// value.
struct GiveWay {
    enum class How { not_at_all, by_null, by_leaving } how = How::not_at_all;
    std::vector<std::string> columns;  ///< of by_null: those that become null meanwhile
};

/// What the target allows: nulls where each unique index but the key's has a column that takes
/// them; else rows may leave and come again, where nobody sees it: no columns of others, no foreign
/// key to the table, no triggers.
GiveWay give_way(Connection& connection, Place const& place, Fit const& fit, Wait const& wait);

/// The statement that stands ahead of a merge from `from`, with its semicolon; empty: not at all.
std::string give_way_sql(GiveWay const& way, Place const& place, Fit const& fit,
                         std::string const& from);

}  // namespace weir::postgres
