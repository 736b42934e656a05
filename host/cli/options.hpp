#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/plugin_limits.hpp"
#include "host/cli/exit_code.hpp"
#include "host/core/error.hpp"
#include "host/run/request.hpp"

namespace weir::host {

/// How a command speaks.
struct Voice {
    bool json = false;     ///< the last line of standard output is one object
    bool quiet = false;    ///< no progress, no summary; errors always
    bool verbose = false;  ///< what connectors log and count as well
};

/// Which libraries a command may load beyond Weir's own, and what they may take.
struct PluginOptions {
    std::vector<std::string> directories, in_process;
    PluginLimits limits;
};

struct CopyCommand {
    CopyRequest request;
    Voice voice;
    PluginOptions plugins;
    std::string plugins_lock;  ///< empty: everything may be loaded
};

struct DiscoverCommand {
    std::string url, match;
    bool columns = false;
    Voice voice;
    PluginOptions plugins;
    std::string plugins_lock;  ///< empty: everything may be loaded
};

struct ServeCommand {
    std::string config, data_dir, listen, state, token_file;
    PluginOptions plugins;
    std::vector<std::string> plugin_dirs;
    std::string log_format, log_level;  ///< empty: by the file
    bool print_port = false;
    bool watch = false;
};

/// What the arguments ask for: one of them, or text to print (help, version). `verb` runs a command
/// that is a client of a host.
struct Command {
    enum class Kind { copy, discover, serve, verb, print } kind = Kind::print;
    CopyCommand copy;
    DiscoverCommand discover;
    ServeCommand serve;
    std::function<Exit()> verb;
    std::string text;
};

/// Reads the arguments. Wrong usage is E_CONFIG with code "usage" and, where one is near, the name
/// that was meant. Pure.
Result<Command> parse_arguments(int argc, char const* const* argv);

/// Whether the arguments ask for JSON, known even when they are wrong otherwise.
bool wants_json(int argc, char const* const* argv);

}  // namespace weir::host
