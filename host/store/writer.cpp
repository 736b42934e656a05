#include "host/store/writer.hpp"

#include <sqlite3.h>

#include <chrono>

#include "host/core/failpoint.hpp"
#include "host/store/failure.hpp"

namespace weir::host {

namespace {

/// So long without a write, and what lies in the WAL moves into the database.
constexpr std::chrono::seconds idle{1};

}  // namespace

Writer::Writer(std::unique_ptr<Session> session, Topics const& topics)
    : session_{std::move(session)}, topics_{topics}, thread_{[this] { loop(); }} {}

Writer::~Writer() {
    {
        std::lock_guard const lock{mutex_};
        is_stopping_ = true;
    }
    queued_.notify_all();
    thread_.join();
}

Store::Figures Writer::figures() const {
    std::lock_guard const lock{mutex_};
    return {commits_.load(), writes_.load(), queue_.size()};
}

Result<void> Writer::write(Store::Work const& work) {
    Job job{work, {}, false, {}};
    std::unique_lock lock{mutex_};
    queue_.push_back(&job);
    if (queue_.size() == 1) queued_.notify_one();
    job.done.wait(lock, [&] { return job.is_done; });
    return std::move(job.outcome);
}

void Writer::loop() {
    for (Batch batch = next_batch(); !batch.empty(); batch = next_batch()) {
        commit(batch);
        answer(batch);
        if (std::exchange(session_->has_published, false)) topics_.tell_published();
    }
}

Writer::Batch Writer::next_batch() {
    std::unique_lock lock{mutex_};
    auto const has_work = [&] { return is_stopping_ || !queue_.empty(); };
    if (has_frames_ && !queued_.wait_for(lock, idle, has_work)) {
        lock.unlock();
        sqlite3_wal_checkpoint_v2(session_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                                  nullptr);
        has_frames_ = false;
        lock.lock();
    }
    queued_.wait(lock, has_work);
    Batch batch;
    while (!queue_.empty() && batch.size() < batch_works_max) {
        batch.push_back(queue_.front());
        queue_.pop_front();
    }
    return batch;
}

/// When what they share does not commit, each gets a transaction of its own: a work that is too
/// large for the disk takes no other along.
void Writer::commit(Batch const& batch) {
    if (try_commit(batch) || batch.size() == 1) return;
    for (Job* job : batch) try_commit({job});
}

/// Every job of `batch` has its outcome afterwards; false: none of them is kept.
bool Writer::try_commit(Batch const& batch) {
    try {
        session_->run("BEGIN IMMEDIATE");
        bool is_any_kept = false;
        for (Job* job : batch) {
            job->outcome = run(*job, batch.size() == 1);
            is_any_kept = is_any_kept || job->outcome;
            // Some errors make SQLite take back all that the transaction did.
            if (!session_->is_in_transaction()) return false;
        }
        if (!is_any_kept) {
            take_back();
            return true;
        }
        failpoint("store.before_commit");
        session_->run("COMMIT");
        failpoint("store.after_commit");
    } catch (std::exception const& thrown) {
        Error const why = store_failure(thrown, *session_);
        take_back();
        for (Job* job : batch) job->outcome = why;
        return false;
    }
    ++commits_;
    has_frames_ = true;
    return true;
}

Result<void> Writer::run(Job& job, bool is_alone) {
    if (!is_alone) session_->run("SAVEPOINT work");
    Result<void> outcome;
    try {
        outcome = job.work(*session_);
    } catch (std::exception const& thrown) {
        outcome = store_failure(thrown, *session_);
    }
    if (is_alone || !session_->is_in_transaction()) return outcome;
    if (!outcome) session_->run("ROLLBACK TO work");
    session_->run("RELEASE work");
    return outcome;
}

void Writer::take_back() {
    if (!session_->is_in_transaction()) return;
    sqlite3_exec(session_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Writer::answer(Batch const& batch) {
    writes_ += batch.size();
    // Notified under the lock: as soon as a waiter may look, its job may be gone.
    std::lock_guard const lock{mutex_};
    for (Job* job : batch) {
        job->is_done = true;
        job->done.notify_one();
    }
}

}  // namespace weir::host
