#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "host/run/circuits.hpp"
#include "host/run/flight.hpp"
#include "host/run/inspector.hpp"
#include "host/run/run_plan.hpp"
#include "host/run/sink_turn.hpp"
#include "host/run/warm_instances.hpp"

namespace weir::host {

/// What an engine needs; borrowed, all of it outlives the engine.
struct EnginePorts {
    Runs& runs;
    Letters& letters;
    Registry& registry;
    HostServices const& services;
    SecretLookup& secrets;
    Limits const& limits;
};

/// Runs plans durably: what is submitted is stored, and whatever dies on the way, the next engine
/// on the same store goes on where the sinks stand.
///
/// Workers claim tasks, one each; a thread of its own, the keeper, wakes them when a retry is due,
/// mirrors what runs four times a second, and enforces deadlines. Everything is thread-safe, and
/// may be called before start() and after stop(): then it is about what is stored.
class Engine {
public:
    static constexpr std::size_t workers_max = 256;
    static constexpr std::int64_t wait_ms_max = 600'000;

    explicit Engine(EnginePorts const& ports);
    Engine(Engine const&) = delete;
    Engine& operator=(Engine const&) = delete;
    /// stop(0)
    ~Engine();

    /// Takes up what a host that died left behind, and begins to work. Once. Answers how many tasks
    /// that were. E_IO: the store.
    Result<std::size_t> start(std::size_t workers);
    /// Claims nothing more; what runs ends at its next commit and is given back, for the next
    /// start. After `drain_ms` the batch in hand is given up. On return nothing runs.
    void stop(std::int64_t drain_ms);

    /// Checks the plan, stores the run and lets a worker have it. The error of a plan that does not
    /// hold is error_of(check(plan)).
    Result<SubmittedRun> submit(SubmitRun const& request);
    std::vector<Finding> check(nlohmann::json const& plan) const;
    /// Answers {"run_id","status"}. What runs ends within a second.
    Result<nlohmann::json> cancel(std::string const& run_id, std::string const& reason);
    Result<SubmittedRun> retry(std::string const& run_id);
    /// Another generation serves as `connector`: its idle connections are dropped, and tasks that
    /// use it end at their next commit and go on behind it with the new one; no try is counted.
    void hand_over(std::string const& connector);
    /// Runs at work now that use `connector`.
    std::vector<std::string> runs_with(std::string const& connector);
    /// The job is deleted: its runs are cancelled, its connections dropped.
    Result<void> forget(std::string const& job);

    /// The run, see run_json.hpp; `with_tasks` adds "tasks". E_NOT_FOUND "run.not_found".
    Result<nlohmann::json> query(std::string const& run_id, bool with_tasks = false);
    /// {"items":[run…],"next":run_id|null}; newest first, `next` goes into Filter::before.
    Result<nlohmann::json> list(Runs::Filter const& filter);
    Result<nlohmann::json> logs(std::string const& run_id, std::int64_t after, std::size_t limit);
    /// Blocks until the run has ended, `ms` are over or the engine stops; answers the run.
    Result<nlohmann::json> wait(std::string const& run_id, std::int64_t ms);

    /// Looks that need no run, see Inspector. `owner` is the plugin whose secrets the plan names.
    Result<nlohmann::json> preview(std::string const& owner, nlohmann::json const& plan,
                                   std::int64_t limit);
    Result<nlohmann::json> position(std::string const& owner, nlohmann::json const& plan);
    /// E_CONFLICT "run.active" while a run of the job has not ended.
    Result<nlohmann::json> reset(std::string const& owner, nlohmann::json const& plan);
    /// Whether a connection of `owner` answers, see Circuits::state().
    nlohmann::json circuit(std::string const& owner, ConnectorConfig const& connector) {
        return circuits_.state(Circuits::key_of(owner, connector));
    }
    Inspector& inspector() { return inspector_; }
    WarmInstances& instances() { return instances_; }
    /// What runs did since the start; feeds /metrics and /series.
    RunFigures& figures() { return figures_; }

private:
    using Lock = std::unique_lock<std::mutex>;
    void work();
    bool fly_some();
    Flight::Landing fly(ClaimedTask task);
    void keep();
    void watch(Lock& lock);
    void tidy_up();
    void wake();
    void look_for_sleepers();
    Result<RunPlan> checked(nlohmann::json const& plan) const;
    void end_flights(std::function<bool(Flight const&)> const& is_meant);
    struct Named {
        std::string run_id, task, job, trigger_json;
    };
    void refuse(Named const& task, Error const& error);
    void count_submitted(SubmitRun const& request, SubmittedRun const& run);
    std::vector<RunRow> sleeping_runs(std::string const& job);
    void count_cancelled(std::vector<RunRow> const& runs);

    EnginePorts ports_;
    WarmInstances instances_;
    SinkGates gates_;
    Circuits circuits_;
    Inspector inspector_;
    RunFigures figures_;
    std::mutex mutex_;
    std::condition_variable work_, keeper_, ended_;
    std::list<std::shared_ptr<Flight>> flights_;
    std::vector<std::thread> threads_;
    std::int64_t due_us_ = 0;  // when the next retry is; 0: none
    std::uint64_t ends_ = 0;   // counts runs that ended, for wait()
    bool is_ready_ = false;    // there may be a task to claim
    bool is_stopping_ = false, is_started_ = false;
};

}  // namespace weir::host
