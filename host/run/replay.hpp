#pragma once

#include <string>
#include <vector>

#include "host/run/copy.hpp"
#include "host/run/run_plan.hpp"
#include "host/store/letters.hpp"

namespace weir::host {

/// For whom letters are replayed; borrowed.
struct ReplayRun {
    Letters& letters;
    std::string run_id;
    SinkGates* gates = nullptr;  ///< as in CopyRun
};

/// Writes the dead letters that `plan` names into its sink, oldest first, as a run of its job would
/// write those records now: into the stream's target, by its key and write mode, in the types that
/// the source has today. A letter that is written is settled as "replayed". One whose record does
/// not fit, or that the sink refuses again, stays and gets the new reason; it counts as rejected.
/// So does, in an upsert by a job with a tracking field, one whose row is newer there by now.
///
/// Nothing is lost and nothing comes twice, wherever the process dies (I1, I5). The sink commits,
/// with the rows of a batch, which letters they came from, under a checkpoint of the stream's own;
/// only then are these settled, and only then does the next batch begin. So at most one batch is
/// written and not settled, the sink knows which, and whoever comes next settles it before it
/// writes. What a run has tried stands there too: taken up again, it tries no letter twice.
///
/// Never throws; the report says how it ended.
CopyReport replay_letters(RunPlan const& plan, CopyPorts const& ports, Instance& source,
                          Instance& sink, ReplayRun const& run);

/// The checkpoint's stream for the letters of `stream`.
std::string replay_stream(std::string const& stream);

}  // namespace weir::host
