#pragma once

#include <cstdint>

namespace weir::host {

/// How much a line of the log matters, as in weir_log.
constexpr std::int32_t level_info = 2, level_warning = 3, level_error = 4;

}  // namespace weir::host
