#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "weir/arrow.h"

namespace weir::host {

/// One record as JSON that keeps every value: integers beyond 2^53 and decimals are strings, times
/// ISO text, bytes "\\x…" in hex, JSON columns are embedded, NaN and infinities are strings. A text
/// that is no UTF-8 is {"no_utf8":"\\x…"}, for people to see: no value comes back from that.
nlohmann::ordered_json record_json(ArrowSchema const& schema, ArrowArray const& batch,
                                   std::int64_t row);

inline constexpr char no_text_member[] = "no_utf8";

/// Whether a record has this in place of such a text.
bool is_no_text(nlohmann::ordered_json const& value);

}  // namespace weir::host
