#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/store/store.hpp"

namespace weir::host {

/// A record that was refused, whole.
struct Letter {
    std::string id = {};  ///< given by add()
    std::string job, stream, target, run_id, code, message, where, record_json;
    std::string position;  ///< tells two rows of one read apart: a repeated batch repeats none
    std::int64_t at_us = 0;
    std::string status = "waiting";  ///< "waiting", "replayed", "discarded"
};

/// The records that were refused and wait for a person. They outlive their runs; those that were
/// settled go after `settled_days_max`. Each change publishes "dead_letter.added" or
/// "dead_letter.<status>" {job, run_id, count} per run in its transaction.
class Letters {
public:
    static constexpr std::size_t letters_per_job_max = 100'000;
    static constexpr std::int64_t settled_days_max = 90;

    explicit Letters(Store& store) : store_{store} {}

    /// Durable on return, all or none; one with the same (job, stream, run, position) is there
    /// once. E_IO "dead_letters.full" beyond letters_per_job_max waiting ones of a job.
    Result<void> add(std::vector<Letter> const& letters);
    struct Filter {
        std::string job = {}, stream = {}, run_id = {}, code = {};
        std::string jobs = {};              ///< "users_*": of those jobs alone; empty: of any
        std::string before = {};            ///< id of the last item of the page before
        std::vector<std::string> ids = {};  ///< empty: any
        std::string status = "waiting";     ///< empty: any
        bool oldest_first = false;
        bool with_record = true;
        std::size_t limit = 50;
        std::size_t bytes_max = 0;  ///< of the records of a page, but for its first; 0: any
    };
    /// Newest first, unless it says otherwise. E_NOT_FOUND "dead_letters.not_found" when there is
    /// no `before`.
    Result<std::vector<Letter>> list(Filter const& filter);
    /// E_NOT_FOUND "dead_letters.not_found".
    Result<Letter> find(std::string const& id);
    /// The streams of those of `ids`, waiting or not, sorted.
    Result<std::vector<std::string>> streams(std::vector<std::string> const& ids);
    /// Sets the status of those of `ids` that wait; answers which they were.
    Result<std::vector<std::string>> settle(std::vector<std::string> const& ids,
                                            std::string const& status);
    /// Why a letter could not be replayed: its reason from now on, while it waits.
    struct Refusal {
        std::string id, code, message, where;
    };
    Result<void> refuse_again(std::vector<Refusal> const& refusals);
    /// Of those that wait; an empty job: of all.
    Result<std::size_t> count(std::string const& job);
    /// The same by job. Counted anew only when letters came or were settled meanwhile.
    Result<std::map<std::string, std::size_t>> count_by_job();
    /// Deletes what was settled too long ago; to be called now and then.
    Result<void> retain();

private:
    Store& store_;
    std::atomic<std::uint64_t> changes_{1};
    std::mutex mutex_;  // guards what follows
    std::uint64_t counted_at_ = 0;
    std::map<std::string, std::size_t> counted_;
};

}  // namespace weir::host
