#pragma once

#include "finding.hpp"

namespace weir::replication {

// What the runs of a job leave behind, in the collection Jobs::states. Of runs that compare the job
// with its source the last is kept by itself: deltas come more often and would hide it.

/// The state, moved on by a run that ended.
Json moved_on(Json state, Json const& run);

/// The state when a run could not even be started; `at`: when it was due.
Json moved_on_by_refusal(Json state, bool compares, std::string const& at, Json const& error);

/// {"status","at","success","error","run_id"}: how the job was compared last; null: it never was.
Json last_reconcile(Json const& state);

/// Of the streams of a run those whose source was found behind their position:
/// [{"stream","detail"}].
Json regressed_in(Json const& run);

/// Whether one was found so, and nobody has compared the job since.
bool is_regressed(Json const& state);

/// What stands since and waits for somebody, as warnings of `job`, the document.
Json open_warnings(Json const& job, Json const& state);

/// A job with a schedule whose last success is older than two of its intervals.
bool is_late(Json const& state);
void set_late(Json& state);

}  // namespace weir::replication
