#pragma once

#include <vector>

#include "encode.hpp"

namespace weir::postgres {

/// Marks in `left_out` each row whose key, the landings at `key`, comes again further down in the
/// batch. Right where equal keys are equal bytes.
void leave_out_repeats(Encoder const& batch, std::vector<std::size_t> const& key, std::int64_t rows,
                       std::vector<bool>& left_out);

}  // namespace weir::postgres
