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
class PluginWatch {
public:
    /// `changed` runs on the watch's own thread.
    PluginWatch(std::vector<std::filesystem::path> directories,
                std::function<void(std::filesystem::path const& library)> changed);
    PluginWatch(PluginWatch const&) = delete;
    PluginWatch& operator=(PluginWatch const&) = delete;
    ~PluginWatch();

private:
    using Stamps = std::map<std::filesystem::path, std::string>;
    Stamps look() const;
    void run(Stamps told);

    std::vector<std::filesystem::path> const directories_;
    std::function<void(std::filesystem::path const&)> const changed_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool is_over_ = false;
    std::thread thread_;
};

}  // namespace weir::host
