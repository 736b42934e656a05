#pragma once

#include <string>

#include "connection.hpp"
#include "query.hpp"

namespace weir::postgres {

/// Whether a partition, or a child, that the table of `query` was given by a transaction that was
/// not over when `xmin` was the oldest holds rows at or below `position`: a read of what lies above
/// would never see them. Asks each of them alone where it may, which costs one look at its index.
bool newcomers_hold_older(Query const& query, std::string const& xmin, Position const& position,
                          Connection& connection, Wait const& wait);

}  // namespace weir::postgres
