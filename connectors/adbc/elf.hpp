#pragma once

#include <string>

namespace weir::adbc {

/// Why the file is no whole shared library for this machine, "is cut off: …", looked at without
/// loading it: the loader dies of a file that ends too early. Empty: it may be one.
std::string no_library(std::string const& path);

}  // namespace weir::adbc
