#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/store/runs.hpp"

namespace weir::host {

/// What makes two requests the same.
struct RunSpec {
    std::string kind, scope;
    std::int64_t plan = 0;
    bool operator==(RunSpec const&) const = default;
};

/// A run of the job that has not ended.
struct OpenRun {
    std::int64_t seq = 0;
    std::string run_id, status;
    bool is_cancelled = false;
    RunSpec spec;
};

enum class Verdict { add, join, skip, reject, queue_full };

/// What becomes of a request beside the `open` runs of its job, which stand in order of asking.
/// `joined`: which of them it gets. Pure.
struct Decision {
    Verdict verdict = Verdict::add;
    std::size_t joined = 0;
};
Decision decide(Overlap overlap, std::vector<OpenRun> const& open, RunSpec const& asked);

}  // namespace weir::host
