#pragma once

#include <string>
#include <string_view>

namespace weir::host {

/// `text` with each %XX as the byte that it stands for, as connectors read the path of a URL; any
/// other % stays.
std::string percent_decoded(std::string_view text);

}  // namespace weir::host
