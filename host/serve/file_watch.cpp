#include "host/serve/file_watch.hpp"

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

FileWatch::FileWatch(std::vector<fs::path> directories, std::vector<fs::path> files,
                     std::function<void(fs::path const&)> changed)
    : directories_{std::move(directories)},
      files_{std::move(files)},
      changed_{std::move(changed)} {
    // Here, not on the thread: what changes from now on is told, however late that begins.
    thread_ = std::thread{[this, told = look()] { run(told); }};
}

FileWatch::~FileWatch() {
    {
        std::lock_guard const lock{mutex_};
        is_over_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

FileWatch::Stamps FileWatch::look() const {
    Stamps stamps;
    for (fs::path const& file : files_) stamps[file] = stamp(file);
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

void FileWatch::run(Stamps told) {
    Stamps before = told;
    for (;;) {
        {
            std::unique_lock lock{mutex_};
            if (wake_.wait_for(lock, pause, [this] { return is_over_; })) return;
        }
        Stamps const now = look();
        for (auto const& [file, stamp] : now) {
            auto const last = before.find(file);
            if (last == before.end() || last->second != stamp || told[file] == stamp) continue;
            told[file] = stamp;
            changed_(file);
        }
        before = now;
    }
}

}  // namespace weir::host
