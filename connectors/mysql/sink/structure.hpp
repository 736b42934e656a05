#pragma once

#include <string>
#include <vector>
#include <weir/cpp/sink.hpp>

#include "connectors/mysql/connection.hpp"
#include "target.hpp"

namespace weir::mysql {

/// Adds what the source has around its rows and the table lacks, or says with `dry_run` what that
/// would be: one sentence each, also of what is left out. Throws E_SCHEMA `mysql.structure` where
/// the rows do not allow it.
std::vector<std::string> add_structure(Connection& connection, Seat const& seat,
                                       Json const& structure, bool dry_run, Wait const& wait);

}  // namespace weir::mysql
