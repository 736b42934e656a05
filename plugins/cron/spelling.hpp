#pragma once

#include <string>
#include <string_view>
#include <vector>
#include <weir/cpp/nearest.hpp>
#include <weir/cpp/problems.hpp>

namespace weir::cron {

/// `text` as it may stand in a message: shortened, without control characters.
std::string in_quotes(std::string_view text);

/// Adds the members of `body` that are not among `known`, with the nearest name, to `problems`.
void check_members(Json const& body, std::vector<std::string> const& known, Problems& problems);

}  // namespace weir::cron
