#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <mutex>
#include <set>

#include "host/abi/own_threads.hpp"

namespace weir::host {

/// In the child: which threads of this process are weir-runner's own, and whether the library
/// leaves ever more of its own behind. Thread-safe.
class RunnerThreads {
public:
    /// The thread that calls it is the runner's.
    RunnerThreads();
    /// Runs `work` on a thread that is the runner's.
    void start(std::function<void()> work);

    void instance_began();
    /// See Lives::note, of the threads of the library.
    std::size_t instance_ended();
    /// The same of a reader or writer.
    void reader_began();
    std::size_t reader_ended();

private:
    std::size_t ended(Lives& lives);
    std::size_t others() const;

    std::mutex mutex_;
    std::set<pid_t> own_;
    Lives instances_, readers_;
};

}  // namespace weir::host
