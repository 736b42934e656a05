#pragma once

#include <string>

#include "finding.hpp"

namespace weir::replication {

/// Holds a connection's configuration against its connector's schema (the profile of the SDK) and
/// collects what does not fit; `at` is where it stands in the document. A value that holds a
/// reference ("${env:PORT}") fits every type, since it is put in later. The values of writeOnly
/// members are never quoted.
void check_config(Json const& config, Json const& schema, std::string const& at,
                  Findings& findings);

}  // namespace weir::replication
