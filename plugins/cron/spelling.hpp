#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::cron {

/// The candidate with the fewest edits from `wanted`, case aside; empty when nothing is near.
std::string nearest(std::string_view wanted, std::vector<std::string> const& candidates);

/// `text` as it may stand in a message: shortened, without control characters.
std::string in_quotes(std::string_view text);

}  // namespace weir::cron
