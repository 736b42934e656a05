#pragma once

#include <string>
#include <string_view>

namespace weir::host {

/// `text` without what a terminal would obey: control characters but newline and tab as "\x1b".
std::string harmless(std::string_view text);

}  // namespace weir::host
