#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/store/store.hpp"

namespace weir::host {

/// A record that was refused, whole.
struct Letter {
    std::string id, job, stream, target, run_id, code, message, where, record_json;
    std::string position;  ///< tells two rows of one read apart: a repeated batch repeats none
    std::int64_t at_us = 0;
    std::string status;  ///< "waiting", "replayed", "discarded"
};

class Letters {
public:
    static constexpr std::size_t letters_per_job_max = 100'000;

    explicit Letters(Store& store) : store_{store} {}

    /// Durable on return; one with the same (job, stream, run, position) is there once. E_IO
    /// "dead_letters.full" beyond letters_per_job_max waiting ones.
    Result<void> add(std::vector<Letter> const& letters);
    struct Filter {
        std::string job, run_id, code, before;
        std::vector<std::string> ids;
        std::string status = "waiting";
        std::size_t limit = 50;
    };
    /// Newest first.
    Result<std::vector<Letter>> list(Filter const& filter);
    Result<void> settle(std::vector<std::string> const& ids, std::string const& status);
    Result<std::size_t> count(std::string const& job);

private:
    Store& store_;
};

}  // namespace weir::host
