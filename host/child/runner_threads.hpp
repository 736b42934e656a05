#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <mutex>
#include <set>

namespace weir::host {

/// In the child: which threads of this process are weir-runner's own, and whether the library
/// leaves ever more of its own behind. Thread-safe.
class RunnerThreads {
public:
    /// A language's own runtime starts threads in some lives; what instances leave shows in all.
    static constexpr int rises_max = 10;

    /// The thread that calls it is the runner's.
    RunnerThreads();
    /// Runs `work` on a thread that is the runner's.
    void start(std::function<void()> work);

    void instance_began();
    /// How many threads of the library are there, when they were more at the end of each of the
    /// last `rises_max` lives than at the end of the one before; else 0. A life ends when no
    /// instance is left.
    std::size_t instance_ended();

private:
    std::size_t others() const;

    std::mutex mutex_;
    std::set<pid_t> own_;
    std::size_t instances_ = 0, others_ = 0;
    int rises_ = 0;
};

}  // namespace weir::host
