#pragma once

#include <string>
#include <string_view>
#include <vector>
#include <weir/cpp/problems.hpp>

namespace weir::cron {

/// The candidate with the fewest edits from `wanted`, case aside; empty when nothing is near.
std::string nearest(std::string_view wanted, std::vector<std::string> const& candidates);

/// `text` as it may stand in a message: shortened, without control characters.
std::string in_quotes(std::string_view text);

/// Adds the members of `body` that are not among `known`, with the nearest name, to `problems`.
void check_members(Json const& body, std::vector<std::string> const& known, Problems& problems);

}  // namespace weir::cron
