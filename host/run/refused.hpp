#pragma once

#include <string>
#include <vector>

#include "host/core/error.hpp"
#include "weir/arrow.h"

namespace weir::host {

/// Records that their source refuses, being too large or no text: a batch of their own, whose last
/// field says why, without the values that nobody should hold (sdk/README.md).
bool holds_refused(ArrowSchema const& schema);

/// The same without that field: a view.
ArrowSchema without_reason(ArrowSchema const& schema);
ArrowArray without_reason(ArrowArray const& batch);

/// Names a refused record by its key (or not, where that is empty) and the field at fault, with its
/// size where that is the reason, else with the source's own code and sentence.
Error why_refused(ArrowSchema const& schema, ArrowArray const& batch, std::int64_t row,
                  std::string const& stream, std::vector<std::string> const& key,
                  std::uint64_t row_bytes_max);

inline constexpr char too_large_code[] = "source.row_too_large";

}  // namespace weir::host
