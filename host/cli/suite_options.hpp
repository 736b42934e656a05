#pragma once

#include <string>
#include <vector>

#include "host/cli/options.hpp"
#include "host/core/error.hpp"

namespace weir::host {

/// What was typed behind `weir connector test`.
struct SuiteOptions {
    std::string file, config, url, component, make, content, drop, stream, cursor, junit, only;
    std::vector<std::string> key, broken, secrets;
    double case_s = 60;
    Voice voice;
};

/// What weir-conformance is told, as sdk/testkit/conformance/README.md has it: the options that lie
/// beside the library, and over them those that were typed. E_CONFIG "usage": not what they can be.
Result<std::string> specification(SuiteOptions const& suite);

}  // namespace weir::host
