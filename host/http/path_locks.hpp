#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

namespace weir::host::http {

/// One change of a path at a time, so that what a precondition saw is what is changed. Thread-safe.
class PathLocks {
public:
    /// Holds a path until it ends.
    class Hold {
    public:
        Hold(PathLocks& locks, std::string path, std::chrono::milliseconds patience);
        Hold(Hold const&) = delete;
        Hold& operator=(Hold const&) = delete;
        ~Hold();
        /// False: somebody else held it all the time.
        bool is_held() const { return is_held_; }

    private:
        PathLocks& locks_;
        std::string path_;
        bool is_held_;
    };

private:
    std::mutex mutex_;
    std::condition_variable freed_;
    std::set<std::string> held_;
};

}  // namespace weir::host::http
