#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/core/error.hpp"
#include "host/store/session.hpp"

namespace weir::host {

/// A plan as it is kept: once, by its SHA-256, however many runs it has.
struct StoredPlan {
    struct Task {
        std::string task, stream, target;  ///< the last two for people
    };
    std::string sha256, body;
    std::vector<Task> tasks;

    /// E_CONFIG "plan.invalid", "plan.too_large". Reads of the plan what a queue has to know.
    static Result<StoredPlan> parse(std::string const& json);

    /// Its number; 0: it was never kept.
    std::int64_t find(Session& session) const;
    std::int64_t keep(Session& session) const;
};

/// The element of `plan`'s tasks that is called `task`; null when there is none.
nlohmann::json task_of(nlohmann::json const& plan, std::string const& task);

}  // namespace weir::host
