#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/source_proxy.hpp"
#include "host/core/limits.hpp"
#include "host/run/request.hpp"

namespace weir::host {

/// One stream of a copy, settled against the source's catalog. A value.
struct Task {
    std::string stream, target;
    std::vector<std::string> key;         ///< in the sink: as asked for, else the stream's own
    std::vector<std::string> unique_key;  ///< the key a read may go on by; empty: one pass only
    std::optional<std::uint64_t> rows_expected;
    nlohmann::json meta;  ///< as the source gave it
    std::string schema = {};  ///< that was named for the target by hand; empty: none was
    std::string remark = {};  ///< what a person should hear of it; empty: nothing
    std::string reads = {};  ///< the name that it is read by: `stream`, or without its children
    /// What the sink makes for the target where it is not there, as it says it can: {"schema"?,
    /// "types"?, "alone"?, "parents"?}; see weir_target.
    nlohmann::json surroundings = nlohmann::json::object();
};

/// A stream that cannot be copied as things are.
struct LeftStream {
    std::string stream;
    Error why;
};

/// What a plan is made for; borrowed.
struct PlanPorts {
    SourceProxy& source;
    CallContext const& call;
    Limits const& limits;
    nlohmann::json const& sink;  ///< as it describes itself
    /// Takes those streams that are not there, or not as the request wants them; null, or if there
    /// are no others: the first one fails the plan.
    std::vector<LeftStream>* left = nullptr;
};

/// Finds the streams that the request names and checks its fields, key and cursor against them.
/// Nothing is opened. What does not exist is E_NOT_FOUND with the nearest name.
Result<std::vector<Task>> make_plan(CopyRequest const& request, PlanPorts const& ports);

/// The checkpoint's job: the same for the same source, sink, stream and target, however they were
/// spelled.
std::string job_of(std::string const& source_identity, std::string const& sink_identity,
                   Task const& task);

}  // namespace weir::host
