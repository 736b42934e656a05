#pragma once

#include <string>

#include "finding.hpp"

namespace weir::replication {

/// One side of a copy, as the host makes an instance of it; `config` may hold references.
struct Endpoint {
    std::string connector;
    Json config;
};

/// The plan of a job, for runner/1: one task that copies. `job` as read_job() answers it. What the
/// job does not say is left to the host, but for what a job kept fresh needs.
Json compile(Json const& job, Endpoint const& source, Endpoint const& sink,
             std::string const& asked_mode = {});

/// What a stored position means is said by these parts of a job; where they differ, the position of
/// one is none of the other's.
Json position_terms(Json const& job);

}  // namespace weir::replication
