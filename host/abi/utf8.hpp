#pragma once

#include <string>
#include <string_view>

#include "weir/cpp/utf8.hpp"

namespace weir::host {

/// `text` with every byte that is no UTF-8 replaced by U+FFFD.
std::string mend_utf8(std::string_view text);

}  // namespace weir::host
