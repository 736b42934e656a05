#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/core/prometheus.hpp"
#include "host/store/runs.hpp"

namespace weir::host {

/// What runs did since this process started, by job, for /metrics. Only counts: nothing is read
/// back from the store. Jobs beyond jobs_max are counted together. Thread-safe.
class RunFigures {
public:
    /// Above so many jobs the label `job` is folded away.
    static constexpr std::size_t jobs_max = 1'000;

    RunFigures();

    struct Job {
        std::string id;
        bool has_schedule = false;
    };
    /// The word for who started a run, out of its trigger: cron, user, retry, replay, …; "other".
    static std::string trigger_of(std::string const& trigger_json);

    /// A run came to its end; `seconds` since it was first claimed, nothing when it never was.
    void ended(std::string const& job, std::string const& status, std::string const& trigger,
               std::optional<double> seconds);
    /// A run's counts went from `before` to `now`.
    void moved(std::string const& job, RunCounts const& before, RunCounts const& now);
    /// A tick became a run so late, and so many ticks before it were left out.
    void ticked(std::string const& job, double delay_s, std::uint64_t missed);
    /// The job is deleted: its series end.
    void forget(std::string const& job);

    /// By how much what grew, by name and job; beyond growth_max of those under the job "".
    using Growth = std::map<std::pair<std::string, std::string>, double>;
    static constexpr std::size_t growth_max = 10'000;
    /// "records_read", "runs_failed", "run_seconds", …
    static std::vector<std::string> growth_names();
    /// Since it was taken last.
    Growth take_growth();

    std::atomic<std::uint64_t> fenced{0}, log_lines_left_out{0};

    /// Writes every series, those of `jobs` that nothing happened to yet at 0.
    void write(PrometheusText& out, std::vector<Job> const& jobs) const;

private:
    struct OfJob {
        OfJob();
        void add(OfJob const& other);

        std::map<std::pair<std::string, std::string>, std::uint64_t> runs;  // status, trigger
        Histogram duration;
        RunCounts moved;
        std::uint64_t missed = 0;
    };
    using ByJob = std::map<std::string, OfJob, std::less<>>;
    OfJob& of(std::string const& job);
    void grow(std::string name, std::string const& job, double value);
    ByJob snapshot(std::vector<Job> const& jobs, bool& is_folded) const;
    void write_host(PrometheusText& out) const;

    mutable std::mutex mutex_;
    ByJob jobs_;
    OfJob rest_;  // of jobs that are gone, or were too many
    bool are_too_many_ = false;
    Growth growth_;
    Histogram delay_;
};

}  // namespace weir::host
