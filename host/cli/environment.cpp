#include "host/cli/environment.hpp"

#include <filesystem>
#include <system_error>

#include "host/child/contained_library.hpp"

namespace weir::host {

std::vector<std::filesystem::path> library_directories(char const* kind,
                                                       std::vector<std::string> const& more) {
    std::vector<std::filesystem::path> all{more.begin(), more.end()};
    std::error_code failed;
    auto const self = std::filesystem::read_symlink("/proc/self/exe", failed);
    if (!failed) all.push_back(self.parent_path().parent_path() / "lib/weir" / kind);
    return all;
}

std::filesystem::path runner_path() {
    std::error_code failed;
    auto const self = std::filesystem::read_symlink("/proc/self/exe", failed);
    return self.parent_path().parent_path() / "lib/weir/weir-runner";
}

Placement placement_here(PluginOptions const& plugins) {
    Placement placement;
    for (char const* const kind : {"connectors", "plugins"})
        for (std::filesystem::path const& each : library_directories(kind, {})) {
            std::error_code ignored;
            placement.own_directories.push_back(std::filesystem::weakly_canonical(each, ignored));
        }
    placement.in_process = plugins.in_process;
    placement.limits = plugins.limits;
    placement.contain = [runner = runner_path()](std::filesystem::path const& library,
                                                 PluginLimits const& limits,
                                                 OnLoss const& on_loss) {
        return ContainedLibrary::load(runner, library, limits, on_loss);
    };
    return placement;
}

Environment::Environment(Clock const& its_clock, Limits const& its_limits, Voice const& voice,
                         PluginOptions const& plugins, std::string const& plugins_lock,
                         char const* kind)
    : clock{its_clock},
      limits{its_limits},
      progress{clock, ProgressLine::style_here(voice.quiet), voice.verbose},
      watchdog{clock, plugins.limits},
      signals{stop, limits.drain_ms,
              [this] {
                  watchdog.nudge();
                  progress.say("stopping after the batch in hand; again to end at once");
              }},
      services{clock, progress, metrics, watchdog},
      registry{library_directories(kind, plugins.directories), nullptr,
               LoadRules{PluginsLock{plugins_lock, !plugins_lock.empty()},
                         placement_here(plugins)}} {}

void Environment::tell_refusals() {
    for (Refusal const& refusal : registry.refusals())
        progress.log(3, refusal.path.filename().string(), refusal.error.message);
    for (std::string const& sentence : registry.trusted_in_vain())
        progress.log(3, "--in-process", sentence);
}

}  // namespace weir::host
