#pragma once

#include <string>
#include <string_view>

#include "host/core/error.hpp"

namespace weir::host {

/// As print() and tell() of output.hpp, behind control sequences of our own for the terminal.
Result<void> print_steered(std::string_view control, std::string const& text);
void tell_steered(std::string_view control, std::string const& text);

}  // namespace weir::host
