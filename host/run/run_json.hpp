#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "host/store/runs.hpp"

namespace weir::host {

/// A run as every API answers it: {"run_id","job","status","trigger","scheduled_at"?,"created_at",
/// "started_at","finished_at","read","written","filtered","rejected","deleted","bytes","attempts",
/// "error","streams","success","recordsProcessed","executionTime","timestamp"}. Times are RFC 3339
/// or null, executionTime is in milliseconds.
nlohmann::ordered_json to_json(RunRow const& run);

/// {"task","job","stream","target","status","attempt", counts, "cursor","error","streams",
///  "run_at"?,"started_at","finished_at"}
nlohmann::ordered_json to_json(TaskRow const& task);

/// {"items":[{"seq","at","level","message"}],"next":seq|null}
nlohmann::ordered_json to_json(std::vector<Runs::LogLine> const& lines, std::size_t limit);

/// Whether a run with this status has ended.
bool is_ended(std::string_view status);

}  // namespace weir::host
