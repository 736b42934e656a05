#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "host/store/session.hpp"
#include "host/store/store.hpp"

namespace weir::host {

/// The one thread that writes, and its connection.
class Writer {
public:
    Writer(std::unique_ptr<Session> session, Topics const& topics);
    Writer(Writer const&) = delete;
    Writer& operator=(Writer const&) = delete;
    ~Writer();

    Result<void> write(Store::Work const& work);
    Store::Figures figures() const;

private:
    /// A write that waits; lies on the stack of who waits for it.
    struct Job {
        Store::Work const& work;
        Result<void> outcome;
        bool is_done = false;
        std::condition_variable done;
    };
    using Batch = std::vector<Job*>;

    /// Works of one transaction. More would let the first wait long for the last.
    static constexpr std::size_t batch_works_max = 256;

    void loop();
    Batch next_batch();
    void commit(Batch const& batch);
    bool try_commit(Batch const& batch);
    Result<void> run(Job& job, bool is_alone);
    void take_back();
    void answer(Batch const& batch);

    std::unique_ptr<Session> session_;
    Topics const& topics_;
    mutable std::mutex mutex_;
    std::condition_variable queued_;
    std::deque<Job*> queue_;
    bool is_stopping_ = false;
    bool has_frames_ = false;  // in the WAL, since the last checkpoint
    std::atomic<std::uint64_t> commits_{0}, writes_{0};
    std::thread thread_;
};

}  // namespace weir::host
