#include "host/http/worker_pool.hpp"

#include <system_error>

namespace weir::host::http {

WorkerPool::WorkerPool(unsigned threads_max, std::size_t queue_max)
    : threads_max_{threads_max}, queue_max_{queue_max} {}

WorkerPool::~WorkerPool() { stop(); }

bool WorkerPool::post(std::function<void()> job) {
    std::lock_guard const lock{mutex_};
    if (is_stopped_) return false;
    if (idle_ <= queue_.size() && threads_.size() < threads_max_) {
        try {
            threads_.emplace_back([this] { work(); });
        } catch (std::system_error const&) {
            if (threads_.empty()) return false;
        }
        queue_.push_back(std::move(job));
    } else {
        if (queue_.size() >= queue_max_ + idle_) return false;
        queue_.push_back(std::move(job));
    }
    changed_.notify_one();
    return true;
}

void WorkerPool::stop() {
    std::vector<std::thread> threads;
    {
        std::lock_guard const lock{mutex_};
        is_stopped_ = true;
        threads.swap(threads_);
    }
    changed_.notify_all();
    for (std::thread& thread : threads) thread.join();
}

void WorkerPool::work() {
    std::unique_lock lock{mutex_};
    while (true) {
        ++idle_;
        changed_.wait(lock, [&] { return !queue_.empty() || is_stopped_; });
        --idle_;
        if (queue_.empty()) return;
        std::function<void()> job = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        job();
        job = nullptr;  // what it owns is gone before the next one waits
        lock.lock();
    }
}

}  // namespace weir::host::http
