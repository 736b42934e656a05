#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/core/error.hpp"

namespace weir::host {

/// What moved. `read = written + filtered + rejected` (I2).
struct Counts {
    std::uint64_t read = 0, written = 0, filtered = 0, rejected = 0, deleted = 0;
    std::uint64_t batches = 0, bytes = 0;
};

/// What a reconcile found.
struct Reconciled {
    std::uint64_t checked = 0;  ///< records of the source
    std::uint64_t target = 0;   ///< rows of the target, before
    std::uint64_t missing = 0, extra = 0, drifted = 0;
    bool compares_values = false;  ///< else nothing is known of `drifted`
};

/// Where the time of a stream went; reading and writing overlap.
struct Timing {
    std::int64_t read_ns = 0;   ///< in calls of the source
    std::int64_t write_ns = 0;  ///< in calls of the sink
    std::int64_t wait_ns = 0;   ///< for the sink's turn, and between tries
};

/// How one stream ended.
struct StreamReport {
    std::string stream, target;
    Counts counts;
    double seconds = 0;
    Timing timing;
    std::string cursor;                ///< the tracking value reached, for people; may be empty
    std::string cursor_before;         ///< the one that it began behind
    std::vector<std::string> notes;    ///< what a person should know
    std::vector<std::string> actions;  ///< of a dry run: what the sink would do
    std::string plan;                  ///< of a dry run: how it would be read and written
    std::optional<Reconciled> reconciled;
    bool shows_at_end = false;         ///< all at once, so one that is cut off starts over
    bool shares_view = false;          ///< read at one moment with others
    std::optional<Error> error;
};

/// How a copy ended. `error` is the first stream's that failed, or what kept all from starting.
struct CopyReport {
    std::string run_id;
    std::vector<StreamReport> streams;
    std::optional<Error> error;
    bool dry_run = false;
    std::string dead_letters;  ///< the file, when it holds letters of this run

    /// "succeeded", "partial" or "failed".
    std::string status() const;
};

}  // namespace weir::host
