#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "host/abi/call_context.hpp"
#include "host/run/ends.hpp"
#include "host/run/order.hpp"
#include "host/run/plan.hpp"
#include "host/run/progress.hpp"
#include "host/run/report.hpp"

namespace weir::host {

/// E_CONFIG `copy.unsupported` where the request wants more around the rows than the sink can make.
Result<void> check_structure(CopyRequest const& request, Ends const& ends);

/// Takes off the target foreign keys that --with foreign_keys makes again at the end, where streams
/// reference each other in a circle: no order of loading suits them.
Result<void> lift_circles(CopyRequest const& request, Ends& ends, CallContext const& call,
                          std::vector<Task> const& tasks, Order const& order, Progress& progress);

/// The places of streams that a foreign key between them kept from their end, since what is deleted
/// goes the other way round than what comes: all such keys are off now, and these may be tried once
/// more. None without --with foreign_keys, which is suggested then.
Result<std::vector<std::size_t>> lift_in_the_way(CopyRequest const& request, Ends& ends,
                                                 CallContext const& call,
                                                 std::vector<Task> const& tasks,
                                                 Order const& order, Progress& progress,
                                                 std::vector<std::optional<StreamReport>>& reports);

/// Adds to the targets that are loaded what the request wants around their rows: indexes of all
/// first, then foreign keys, which need them. What fails fails its stream; its rows stay.
/// `report.streams` end with those of the `tasks` in their order; before them stand left streams.
void add_structure(CopyRequest const& request, Ends& ends, CallContext const& call,
                   std::vector<Task> const& tasks, Progress& progress, CopyReport& report);

}  // namespace weir::host
