#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weir::host::http {

/// Threads that run handlers, made when they are needed and kept. Thread-safe.
class WorkerPool {
public:
    WorkerPool(unsigned threads_max, std::size_t queue_max);
    ~WorkerPool();  ///< as stop()

    /// Runs `job`, which throws nothing, on a thread of the pool. False: as many wait as may.
    bool post(std::function<void()> job);
    /// Runs what was posted to its end and takes nothing more.
    void stop();

private:
    void work();

    unsigned const threads_max_;
    std::size_t const queue_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> queue_;
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0;
    bool is_stopped_ = false;
};

}  // namespace weir::host::http
