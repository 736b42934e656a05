#pragma once

#include <string>

namespace weir::test {

/// The built library of a connector: connector_path("sqlite").
inline std::string connector_path(std::string const& name) {
    return std::string{WEIR_CONNECTOR_DIRECTORY "/"} + name + ".so";
}

/// The built command line.
inline std::string weir_path() { return WEIR_BINARY; }

}  // namespace weir::test
