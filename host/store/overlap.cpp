#include "host/store/overlap.hpp"

namespace weir::host {

namespace {

Decision join_or_add(std::vector<OpenRun> const& open, RunSpec const* asked) {
    for (std::size_t i = 0; i < open.size(); ++i) {
        if (open[i].is_cancelled) continue;
        // One that has begun to read may have passed what was written before the request.
        if (asked && (open[i].status != "queued" || open[i].spec != *asked)) continue;
        return {Verdict::join, i};
    }
    if (open.size() > Runs::waiting_per_job_max) return {Verdict::queue_full, 0};
    return {};
}

}  // namespace

Decision decide(Overlap overlap, std::vector<OpenRun> const& open, RunSpec const& asked) {
    if (open.empty()) return {};
    switch (overlap) {
        case Overlap::skip: return {Verdict::skip, 0};
        case Overlap::reject: return {Verdict::reject, 0};
        case Overlap::cancel_other: return {};
        case Overlap::join: return join_or_add(open, nullptr);
        case Overlap::buffer_one: break;
    }
    return join_or_add(open, &asked);
}

}  // namespace weir::host
