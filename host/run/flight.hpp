#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "host/core/limits.hpp"
#include "host/run/circuits.hpp"
#include "host/run/copy.hpp"
#include "host/run/run_figures.hpp"
#include "host/run/run_log.hpp"
#include "host/run/run_plan.hpp"
#include "host/run/warm_instances.hpp"
#include "host/store/letters.hpp"
#include "host/store/runs.hpp"

namespace weir::host {

/// What every flight needs; borrowed.
struct FlightPorts {
    Runs& runs;
    Letters& letters;
    WarmInstances& instances;
    SinkGates& gates;
    Circuits& circuits;
    Registry& registry;
    HostServices const& services;
    Limits const& limits;
    RunFigures& figures;
};

/// One claimed task at work. run() is called once, on a worker's thread; end() and watch() by
/// others meanwhile.
class Flight final : public Progress {
public:
    /// Why it is to end before its time.
    enum class End { none, cancelled, drained, handed_over, late };

    Flight(FlightPorts const& ports, ClaimedTask task);

    std::string const& run_id() const { return task_.run_id; }
    std::string const& job() const { return task_.job; }

    /// Whether `connector` is one of its two.
    bool uses(std::string const& connector) const;

    /// With the end of the task the next one was looked for; `next`: and there was one.
    struct Landing {
        bool has_looked = false;
        std::optional<ClaimedTask> next;
    };
    /// Runs the task and stores what became of it.
    Landing run();
    /// Ends it after the batch in hand; what is committed stays. The first reason counts.
    void end(End why);
    /// Ends the batch in hand as well.
    void abandon();
    /// Enforces the deadline; each `watch_ms` stores counts and log lines, and hears whether the
    /// run was cancelled. Called by the keeper alone, often enough.
    void watch();
    static constexpr std::int64_t watch_ms = 250;
    /// How long a flight that was ended may take for its batch in hand.
    static constexpr std::int64_t end_ms_max = 500;
    /// Tries without progress beyond the plan's retries: the task ends whoever runs it.
    static constexpr int deaths_max = 20;

    void begin(std::string const& stream, std::optional<std::uint64_t> rows_expected) override;
    void advance(std::string const& stream, Counts const& counts) override;
    void end(StreamReport const& report) override;
    void say(std::string const& sentence) override;

private:
    CopyReport copy();
    CopyReport copy_where_it_is_up();
    CopyReport copy_between(WarmInstances::Lent& source, WarmInstances::Lent& sink);
    CopyReport move(CopyPorts const& ports, Instance& source, Instance& sink);
    Result<WarmInstances::Lent> lend(ConnectorConfig const& connector, std::uint32_t role);
    TaskOutcome outcome_of(CopyReport const& report);
    void tell_circuits(CopyReport const& report);
    void settle_failure(TaskOutcome& outcome, Error const& error);
    bool is_poisoned() const;
    void store_log();
    Landing finish(TaskOutcome const& outcome);
    void count_moved(RunCounts const& now);
    void count_end(std::string const& status, TaskOutcome const& outcome);
    bool pause_before_storing_again();
    std::uint64_t most_batches(std::uint64_t batches);

    FlightPorts ports_;
    ClaimedTask task_;
    RunPlan plan_;
    RunLog log_;
    Stop stop_;
    std::optional<Circuits::Pass> reads_, writes_;  // run()'s thread
    std::atomic<End> end_{End::none};
    std::atomic<std::int64_t> ended_ns_{0};
    std::int64_t began_ns_;
    std::int64_t watched_ns_ = 0;  // the keeper's alone
    std::atomic<bool> host_stops_{false};
    std::condition_variable stopped_;
    std::mutex mutex_;  // guards what follows
    Counts ended_streams_;
    std::map<std::string, Counts> streams_;  // at work
    RunCounts counted_;  // in the figures
    bool is_changed_ = false;
    std::uint64_t batches_max_;
};

}  // namespace weir::host
