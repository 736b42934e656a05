#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace weir::host {

/// Looks at files twice a second and tells which have changed, once they have stopped changing: a
/// build that is still writing is left alone. A library counts together with its manifest.
class FileWatch {
public:
    /// Of the libraries in `directories`, and of `files`. `changed` runs on the watch's own thread.
    FileWatch(std::vector<std::filesystem::path> directories,
              std::vector<std::filesystem::path> files,
              std::function<void(std::filesystem::path const& file)> changed);
    FileWatch(FileWatch const&) = delete;
    FileWatch& operator=(FileWatch const&) = delete;
    ~FileWatch();

private:
    using Stamps = std::map<std::filesystem::path, std::string>;
    Stamps look() const;
    void run(Stamps told);

    std::vector<std::filesystem::path> const directories_, files_;
    std::function<void(std::filesystem::path const&)> const changed_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool is_over_ = false;
    std::thread thread_;
};

}  // namespace weir::host
