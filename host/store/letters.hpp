#pragma once

#include <cstdint>
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
        std::string job = {}, run_id = {}, code = {};
        std::string before = {};            ///< id of the last item of the page before
        std::vector<std::string> ids = {};  ///< empty: any
        std::string status = "waiting";     ///< empty: any
        std::size_t limit = 50;
    };
    /// Newest first. E_NOT_FOUND "dead_letters.not_found" when there is no `before`.
    Result<std::vector<Letter>> list(Filter const& filter);
    /// Sets the status of those of `ids` that wait; answers which they were.
    Result<std::vector<std::string>> settle(std::vector<std::string> const& ids,
                                            std::string const& status);
    /// Of those that wait; an empty job: of all.
    Result<std::size_t> count(std::string const& job);
    /// Deletes what was settled too long ago; to be called now and then.
    Result<void> retain();

private:
    Store& store_;
};

}  // namespace weir::host
