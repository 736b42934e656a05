#include "host/serve/plugin_watch.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>

namespace weir::host {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds pause{500};

/// Tells one state of a file from another.
std::string stamp(fs::path const& file) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) return "-";
    return fmt::format("{}.{}.{}.{}", found.st_ino, found.st_size, found.st_mtim.tv_sec,
                       found.st_mtim.tv_nsec);
}

}  // namespace

PluginWatch::PluginWatch(std::vector<fs::path> directories,
                         std::function<void(fs::path const&)> changed)
    : directories_{std::move(directories)}, changed_{std::move(changed)} {
    // Here, not on the thread: what changes from now on is told, however late that begins.
    thread_ = std::thread{[this, told = look()] { run(told); }};
}

PluginWatch::~PluginWatch() {
    {
        std::lock_guard const lock{mutex_};
        is_over_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

PluginWatch::Stamps PluginWatch::look() const {
    Stamps stamps;
    for (fs::path const& directory : directories_) {
        std::error_code failed;
        for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
             at.increment(failed)) {
            if (at->path().extension() != ".so") continue;
            fs::path manifest = at->path();
            manifest.replace_extension(".json");
            stamps[at->path()] = stamp(at->path()) + "/" + stamp(manifest);
        }
    }
    return stamps;
}

void PluginWatch::run(Stamps told) {
    Stamps before = told;
    for (;;) {
        {
            std::unique_lock lock{mutex_};
            if (wake_.wait_for(lock, pause, [this] { return is_over_; })) return;
        }
        Stamps const now = look();
        for (auto const& [library, stamp] : now) {
            auto const last = before.find(library);
            if (last == before.end() || last->second != stamp || told[library] == stamp) continue;
            told[library] = stamp;
            changed_(library);
        }
        before = now;
    }
}

}  // namespace weir::host
