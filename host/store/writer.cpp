#include "host/store/writer.hpp"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <chrono>

#include "host/core/failpoint.hpp"
#include "host/store/failure.hpp"

namespace weir::host {

namespace {

/// So long without a write, and what lies in the WAL moves into the database: less than the time
/// between the ticks of a job that runs every second, or the WAL would only grow.
constexpr std::chrono::milliseconds idle{250};
/// So long for those who were just answered to come back with their next write.
constexpr std::chrono::microseconds gather{100};

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
    Job job{&work, {}, {}};
    std::future<Result<void>> outcome = job.answer.get_future();
    {
        std::lock_guard const lock{mutex_};
        queue_.push_back(std::move(job));
        if (queue_.size() == 1 || queue_.size() == wanted_) queued_.notify_one();
    }
    return outcome.get();
}

void Writer::loop() {
    for (Batch batch = next_batch(); !batch.empty(); batch = next_batch()) {
        commit(batch);
        writes_ += batch.size();
        for (Job& job : batch) job.answer.set_value(std::move(job.outcome));
        if (std::exchange(session_->has_published, false))
            topics_.tell_published(std::exchange(session_->published_to, {}));
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
    if (!queue_.empty()) {
        // Half of the writers queue while the other half commits; a commit for all of them costs
        // little more than one for half.
        wanted_ = queue_.size() + answered_;
        queued_.wait_for(lock, gather, [&] { return is_stopping_ || queue_.size() >= wanted_; });
        wanted_ = 0;
    }
    queued_.wait(lock, has_work);
    Batch batch;
    while (!queue_.empty() && batch.size() < batch_works_max) {
        batch.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    answered_ = batch.size();
    return batch;
}

/// Savepoints cost a fifth of the time and few works fail, so they are taken when one did. When
/// what the works share does not commit even so, each gets a transaction of its own: one that is
/// too large for the disk takes no other along.
void Writer::commit(Batch& batch) {
    if (try_commit(batch, Savepoints::none)) return;
    if (make_room(batch) && try_commit(batch, Savepoints::none)) return;
    if (batch.size() == 1 || try_commit(batch, Savepoints::each)) return;
    for (Job& job : batch) try_commit({&job, 1}, Savepoints::none);
}

/// On a full disk the log holds most of what could go: what is in it goes into the database, and it
/// becomes empty, unless readers need it for longer than one waits here.
bool Writer::make_room(Batch const& batch) {
    constexpr int patience_ms = 200, usual_ms = 5'000;
    bool const is_full = std::ranges::any_of(batch, [](Job const& job) {
        return !job.outcome && job.outcome.error().code == "store.disk_full";
    });
    if (!is_full) return false;
    sqlite3_busy_timeout(session_->handle(), patience_ms);
    int const done = sqlite3_wal_checkpoint_v2(session_->handle(), nullptr,
                                               SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(session_->handle(), usual_ms);
    return done == SQLITE_OK;
}

/// The log may take an eighth of the room that is left: on a small disk it would else take all of
/// it, and none would be there to move it into the database.
void Writer::limit_log() {
    constexpr std::uint64_t page_bytes = 4'096, least = 64, most = 4'000;
    struct ::statvfs disk{};
    char const* const file = sqlite3_db_filename(session_->handle(), "main");
    if (!file || ::statvfs(file, &disk) != 0) return;
    std::uint64_t const room = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    auto const pages = static_cast<int>(std::clamp(room / 8 / page_bytes, least, most));
    if (pages == log_pages_max_) return;
    log_pages_max_ = pages;
    sqlite3_wal_autocheckpoint(session_->handle(), pages);
}

/// Whether the outcomes stand; else nothing of it is kept.
bool Writer::try_commit(std::span<Job> jobs, Savepoints savepoints) {
    std::int64_t const before = session_->total_changes();
    try {
        session_->run("BEGIN IMMEDIATE");
        limit_log();
        if (!run_all(jobs, savepoints)) {
            take_back();
            return false;
        }
        failpoint("store.before_commit");
        session_->run("COMMIT");
        failpoint("store.after_commit");
    } catch (std::exception const& thrown) {
        Error const why = failure(thrown);
        take_back();
        for (Job& job : jobs) job.outcome = why;
        return false;
    }
    ++commits_;
    has_frames_ = true;
    if (session_->total_changes() != before) was_refused_ = false;
    return true;
}

/// False: the transaction holds changes of a work that failed, or is gone.
bool Writer::run_all(std::span<Job> jobs, Savepoints savepoints) {
    for (Job& job : jobs)
        if (!run(job, savepoints)) return false;
    return true;
}

bool Writer::run(Job& job, Savepoints savepoints) {
    if (savepoints == Savepoints::each) session_->run("SAVEPOINT work");
    std::int64_t const before = session_->total_changes();
    try {
        job.outcome = (*job.work)(*session_);
    } catch (std::exception const& thrown) {
        job.outcome = failure(thrown);
    }
    // Some errors make SQLite take back all that the transaction did.
    if (!session_->is_in_transaction()) return false;
    if (savepoints == Savepoints::none) return job.outcome || session_->total_changes() == before;
    if (!job.outcome) session_->run("ROLLBACK TO work");
    session_->run("RELEASE work");
    return true;
}

Error Writer::failure(std::exception const& thrown) {
    Error why = store_failure(thrown, *session_);
    if (why.status == WEIR_E_IO) was_refused_ = true;
    return why;
}

void Writer::take_back() {
    if (!session_->is_in_transaction()) return;
    sqlite3_exec(session_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace weir::host
