#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/http/router.hpp"
#include "host/run/engine.hpp"
#include "host/run/file_reach.hpp"
#include "host/serve/letter_replay.hpp"

namespace weir::host {

/// /runs…, /connectors… and /dead-letters…; what they look at outlives them.
/// `await_run` waits for the end of a run: the finished run, or nothing.
using AwaitRun =
    std::function<std::optional<nlohmann::json>(std::string const& run_id, int wait_s)>;
std::vector<http::Route> run_routes(Engine& engine, AwaitRun const& await_run);
std::vector<http::Route> connector_routes(Engine& engine, FileReach const& reach);
std::vector<http::Route> letter_routes(LetterPorts const& ports);

}  // namespace weir::host
