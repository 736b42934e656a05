#pragma once

#include <string>
#include <vector>
#include <weir/cpp/sink.hpp>

#include "connectors/postgres/connection.hpp"
#include "fit.hpp"

namespace weir::postgres {

/// Makes what a table needs before it can be made, of what Target::structure has: its schema, and
/// those of the "types" (see ../own_types.hpp) that are not there; enums get the labels that they
/// lack. Outside of any transaction: another stream that needs them too would wait for the end of
/// ours. Throws where there is no schema. A type that the server refuses is told in a sentence, and
/// costs no row: its columns are text.
std::vector<std::string> make_surroundings(Connection& connection, Target const& target,
                                           Place const& place, Wait const& wait);

}  // namespace weir::postgres
