#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace weir::host {

/// Starts the program at the path that `command` begins with: nothing on its standard input,
/// `fds[i]` as its descriptor i + 1 and no other, no signal blocked or handled. Those of `fds` that
/// are beyond the standard ones are also beyond `fds.size()`. Answers 0, or why it did not start,
/// as errno does.
int spawn(std::vector<std::string> const& command, std::vector<int> const& fds,
          char* const* environment, pid_t& child);

}  // namespace weir::host
