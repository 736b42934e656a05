#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "host/core/error.hpp"

namespace weir::host {

// crash-journal := a line "UNIX_SECONDS SIGNAL FILE.so ID CALL" for each crash; SIGNAL 0: exit()

/// What tells after a crash of the host which call of which plugin it was in: a handler of the
/// signals that end a process, and of exit() and _exit(), writes one line and lets it end. What a
/// process that a plugin forked does is no end of the host. Of the process; the first counts.
class CrashJournal {
public:
    static constexpr std::int64_t window_s = 600;
    static constexpr std::size_t crashes_max = 3;
    static constexpr std::size_t bytes_max = 64u << 10;  ///< of older lines that are kept

    static constexpr int exited = 0;

    struct Crash {
        std::int64_t at_s = 0;
        int signal = exited;  ///< `exited`: the plugin called exit() or _exit()
        std::string library, plugin, call;
    };

    /// What `file` tells, oldest first; lines that are none are left out.
    static std::vector<Crash> read(std::filesystem::path const& file);
    /// Libraries, by file name, that crashed `crashes_max` times in the window before `now_s`.
    static std::vector<std::string> repeated(std::vector<Crash> const& crashes, std::int64_t now_s);
    /// Writes to `file` from now on. E_IO "serve.data_dir": it cannot be opened.
    static Result<void> begin(std::filesystem::path const& file);
    /// Forgets what it tells: it was told.
    static void end(std::filesystem::path const& file);
};

}  // namespace weir::host
