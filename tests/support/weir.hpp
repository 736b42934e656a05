#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "support/process.hpp"

namespace weir::test {

using Json = nlohmann::json;

/// How one run of the command line ended.
struct Ran {
    ExitCode code = -1;
    std::string out, err;
    std::int64_t peak_kib = 0;  ///< its greatest resident size
    Json json;  ///< the last line of `out`; null when that is no object

    Json const& stream(std::size_t index = 0) const { return json.at("streams").at(index); }
    std::string error_code() const;  ///< of the report; empty: none
};

/// For GoogleTest's messages.
std::ostream& operator<<(std::ostream& out, Ran const& ran);

/// What `process`, a run of the command line, came to.
Ran finish(Process& process);

/// Runs the built binary to its end.
Ran weir(std::vector<std::string> const& arguments, ProcessOptions const& options = {});

/// The command line for Process.
std::vector<std::string> weir_command(std::vector<std::string> const& arguments);

}  // namespace weir::test
