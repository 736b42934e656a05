#include "host/cli/common_options.hpp"

namespace weir::host {

void add_switch(CLI::App& app, char const* names, bool& value, char const* help) {
    app.add_flag(names, value, help)->disable_flag_override();
}

void add_voice(CLI::App& app, Voice& voice) {
    add_switch(app, "--json", voice.json, "The last line of standard output is one JSON object");
    add_switch(app, "-q,--quiet", voice.quiet, "No progress and no summary");
    add_switch(app, "-v,--verbose", voice.verbose, "Also what connectors log and count");
}

void add_plugins(CLI::App& app, PluginOptions& plugins) {
    auto const limit = [&app](char const* name, std::optional<std::int64_t>& value,
                              char const* help, char const* unit) {
        app.add_option(name, value, help)
            ->check(CLI::Range(std::int64_t{1}, PluginLimits::most))
            ->type_name(unit);
    };
    app.add_option("--connector-dir", plugins.directories, "Look for connectors here too")
        ->check(CLI::ExistingDirectory)
        ->type_name("DIR")
        ->allow_extra_args(false);
    app.add_option("--in-process", plugins.in_process,
                   "Run this plugin in this process, though it did not come with Weir")
        ->type_name("ID")
        ->allow_extra_args(false);
    limit("--call-ms", plugins.limits.call_ms,
          "End the process of a plugin when one call takes longer, and tell of one in this "
          "process; default: an hour",
          "MS");
    limit("--plugin-memory-mb", plugins.limits.memory_mb,
          "End the process of a plugin when it holds more; default: 4096", "MIB");
}

void add_lock(CLI::App& app, std::string& file) {
    app.add_option("--plugins-lock", file, "Load only libraries that stand in it: weir plugin lock")
        ->type_name("FILE");
}

Error not_here(std::string const& what) {
    return Error{WEIR_E_UNSUPPORTED, "copy.unsupported",
                 what + " is not supported by this version of Weir", what};
}

}  // namespace weir::host
