#pragma once

#include <string>

#include "host/core/error.hpp"

namespace CLI {
class App;
}

namespace weir::host {

/// Wrong usage: `sentence` about the option or word `where`.
Error usage(std::string sentence, std::string where = {});

/// Why `app` could not read the arguments: the first word it does not know with the nearest that it
/// does, a switch that was given a value, or else `sentence`, which is CLI11's own.
Error misread(CLI::App const& app, std::string sentence, int argc, char const* const* argv);

}  // namespace weir::host
