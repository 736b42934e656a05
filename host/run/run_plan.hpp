#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/registry.hpp"
#include "host/core/finding.hpp"
#include "host/run/request.hpp"
#include "host/run/retry.hpp"

namespace weir::host {

/// One end of a task: `config` as it was written, its references unresolved.
struct ConnectorConfig {
    std::string connector;
    nlohmann::json config;
};

/// What a run has to do, read from its plan; see README.md for the JSON. A value.
struct RunPlan {
    static constexpr std::size_t plan_bytes_max = 4u << 20;
    static constexpr std::size_t letters_max = 10'000;

    std::string job, task;
    ConnectorConfig source, sink;
    CopyRequest request;  ///< without URLs
    RetryPolicy retry;
    std::optional<std::int64_t> deadline_ms;
    std::vector<std::string> letters;  ///< ids of dead letters: they are read instead of the source

    bool is_replay() const { return !letters.empty(); }
};

/// Everything that is wrong in `plan`, findings_max at most; empty: it can be submitted. Connectors
/// are looked up and their roles checked; nothing is connected.
std::vector<Finding> check_plan(nlohmann::json const& plan, Registry& registry);

/// Reads a plan that check_plan() found nothing in.
RunPlan read_plan(nlohmann::json const& plan);

/// All findings as one error: E_CONFIG with the code and place of the first.
Error error_of(std::vector<Finding> const& findings);

/// Whether `id` may name a job: `[A-Za-z0-9][A-Za-z0-9_-]{0,62}`.
bool is_job_id(std::string_view id);

}  // namespace weir::host
