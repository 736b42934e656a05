#include "host/cli/environment.hpp"

#include <filesystem>
#include <system_error>

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

Environment::Environment(Clock const& its_clock, Limits const& its_limits, Voice const& voice,
                         std::vector<std::string> const& more_dirs, char const* kind,
                         std::string const& plugins_lock)
    : clock{its_clock},
      limits{its_limits},
      progress{clock, ProgressLine::style_here(voice.quiet), voice.verbose},
      watchdog{clock},
      signals{stop, limits.drain_ms,
              [this] {
                  watchdog.nudge();
                  progress.say("stopping after the batch in hand; again to end at once");
              }},
      services{clock, progress, metrics, watchdog},
      registry{library_directories(kind, more_dirs), nullptr,
               PluginsLock{plugins_lock, !plugins_lock.empty()}} {}

void Environment::tell_refusals() {
    for (Refusal const& refusal : registry.refusals())
        progress.log(3, refusal.path.filename().string(), refusal.error.message);
}

}  // namespace weir::host
