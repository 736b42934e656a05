#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "weir/arrow.h"

namespace weir::host {

/// One record as JSON that keeps every value: integers beyond 2^53 and decimals are strings, times
/// ISO text, bytes "\\x…" in hex, JSON columns are embedded, NaN and infinities are strings.
nlohmann::ordered_json record_json(ArrowSchema const& schema, ArrowArray const& batch,
                                   std::int64_t row);

}  // namespace weir::host
