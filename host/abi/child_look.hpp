#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/core/error.hpp"

namespace weir::host {

/// How a child process ended, and what it wrote.
struct ChildEnd {
    int exit_code = -1;  ///< -1: by a signal, or not within its time
    int signal = 0;
    bool is_late = false;
    std::string out, err;  ///< 16 MiB and 64 KiB at most
};

/// Runs a program to its end, with nothing on standard input and no descriptor but the standard
/// ones; kills it after `ms_max`. E_IO "plugin.runner": it could not be started.
Result<ChildEnd> run_child(std::vector<std::string> const& command, std::int64_t ms_max);

/// The manifest of `library`, as JSON, which another process loads to see it. A sentence begins
/// with the library's path. E_CONFIG "plugin.hung": not within `ms_max`; "plugin.crashed",
/// "plugin.exited": it ended that process; or why weir-runner refuses it. E_IO "plugin.runner":
/// that is not there.
Result<std::string> look_in_child(std::filesystem::path const& runner,
                                  std::filesystem::path const& library, std::int64_t ms_max);

/// Why weir-runner refused a library, from what it wrote on standard error: "… is cut short
/// (plugin.damaged)" as an error with that code.
Error child_refusal(std::string said);

}  // namespace weir::host
