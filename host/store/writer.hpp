#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <span>
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
    /// The disk took something no more, and nothing since.
    bool was_refused() const { return was_refused_; }

private:
    /// A write that waits. The work lives where write() waits for its outcome.
    struct Job {
        Store::Work const* work;
        Result<void> outcome;
        std::promise<Result<void>> answer;
    };
    using Batch = std::vector<Job>;
    enum class Savepoints { none, each };

    /// Works of one transaction. More would let the first wait long for the last.
    static constexpr std::size_t batch_works_max = 256;

    void loop();
    Batch next_batch();
    void commit(Batch& batch);
    bool try_commit(std::span<Job> jobs, Savepoints savepoints);
    bool run_all(std::span<Job> jobs, Savepoints savepoints);
    bool run(Job& job, Savepoints savepoints);
    bool make_room(Batch const& batch);
    void limit_log();
    Error failure(std::exception const& thrown);
    void take_back();

    std::unique_ptr<Session> session_;
    Topics const& topics_;
    mutable std::mutex mutex_;
    std::condition_variable queued_;
    std::deque<Job> queue_;
    std::size_t wanted_ = 0;    // length of the queue that the thread waits for
    std::size_t answered_ = 0;  // works of the batch before
    bool is_stopping_ = false;
    bool has_frames_ = false;  // in the WAL, since the last checkpoint
    int log_pages_max_ = 0;    // beyond them a commit moves the WAL into the database
    std::atomic<bool> was_refused_{false};
    std::atomic<std::uint64_t> commits_{0}, writes_{0};
    std::thread thread_;
};

}  // namespace weir::host
