#include "host/run/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "host/core/caught.hpp"
#include "host/core/log_level.hpp"
#include "host/run/job_words.hpp"
#include "host/run/record_text.hpp"
#include "host/run/report_json.hpp"
#include "host/run/run_json.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds idle_pause{30'000};
constexpr std::int64_t store_pause_us = 1'000'000;
constexpr std::size_t page_max = 1'000;

Result<Json> worded(Result<Json> result, std::string const& job) {
    if (result) return result;
    return in_job_words(result.error(), job);
}

}  // namespace

Engine::Engine(EnginePorts const& ports)
    : ports_{ports},
      instances_{ports.registry, ports.services, ports.secrets},
      circuits_{ports.services.clock},
      inspector_{ports.registry, ports.services, ports.limits, instances_, gates_, circuits_} {}

Engine::~Engine() { stop(0); }

Result<std::size_t> Engine::start(std::size_t workers) {
    Result<std::size_t> taken_up = ports_.runs.recover();
    if (!taken_up) return taken_up;
    std::lock_guard const lock{mutex_};
    if (std::exchange(is_started_, true)) return taken_up;
    is_ready_ = true;
    for (std::size_t i = 0; i < std::clamp<std::size_t>(workers, 1, workers_max); ++i)
        threads_.emplace_back([this] { work(); });
    threads_.emplace_back([this] { keep(); });
    return taken_up;
}

void Engine::stop(std::int64_t drain_ms) {
    Lock lock{mutex_};
    is_stopping_ = true;
    work_.notify_all(), keeper_.notify_all(), ended_.notify_all();
    for (auto const& flight : flights_) flight->end(Flight::End::drained);
    ended_.wait_for(lock, milliseconds{drain_ms}, [this] { return flights_.empty(); });
    for (auto const& flight : flights_) flight->abandon();
    std::vector<std::thread> threads = std::exchange(threads_, {});
    lock.unlock();
    for (std::thread& thread : threads) thread.join();
}

void Engine::wake() {
    std::lock_guard const lock{mutex_};
    is_ready_ = true;
    work_.notify_one();
}

void Engine::work() {
    for (;;) {
        Lock lock{mutex_};
        work_.wait(lock, [this] { return is_ready_ || is_stopping_; });
        if (is_stopping_) return;
        is_ready_ = false;
        lock.unlock();
        while (fly_some()) {
        }
    }
}

/// Claims a task and runs it, and those that it claims in turn; false: there is no more.
bool Engine::fly_some() {
    {
        std::lock_guard const lock{mutex_};
        if (is_stopping_) return false;
    }
    Result<std::vector<ClaimedTask>> claimed = caught([this] { return ports_.runs.claim(1); });
    if (claimed && !claimed->empty()) {
        Flight::Landing landed{true, std::move(claimed->front())};
        while (landed.next) {
            wake();  // there may be more than one
            landed = fly(std::move(*landed.next));
        }
        if (!landed.has_looked) return true;
    }
    if (claimed) {
        look_for_sleepers();
        return false;
    }
    ports_.services.log.log(level_error, "engine",
                            "no task can be claimed, trying again: " + claimed.error().message);
    std::lock_guard const lock{mutex_};
    due_us_ = ports_.services.clock.unix_us() + store_pause_us;
    keeper_.notify_all();
    return false;
}

void Engine::look_for_sleepers() {
    Result<std::int64_t> due = ports_.runs.next_due_us();
    std::lock_guard const lock{mutex_};
    due_us_ = due ? *due : ports_.services.clock.unix_us() + store_pause_us;
    keeper_.notify_all();
}

/// Ends a task that cannot even begin: its plan is of a version that this one does not know.
void Engine::refuse(Named const& task, Error const& error) {
    TaskOutcome outcome;
    outcome.status = "failed";
    outcome.error_json = to_json(error).dump();
    Result<Finished> done = ports_.runs.finish(task.run_id, task.task, outcome);
    if (!done) ports_.services.log.log(level_error, "engine", done.error().message);
    if (done)
        figures_.ended(task.job, done->status, RunFigures::trigger_of(task.trigger_json),
                       std::nullopt);
    std::lock_guard const lock{mutex_};
    ++ends_;
    ended_.notify_all();
}

Flight::Landing Engine::fly(ClaimedTask task) {
    FlightPorts const ports{ports_.runs, ports_.letters,  instances_,       gates_,
                            circuits_,   ports_.registry, ports_.services, ports_.limits,
                            figures_};
    Named const named{task.run_id, task.task.is_object() ? task.task.value("task", "") : "",
                      task.job, task.trigger_json};
    std::shared_ptr<Flight> flight;
    Result<void> made = caught([&]() -> Result<void> {
        flight = std::make_shared<Flight>(ports, std::move(task));
        return {};
    });
    if (!made) {
        refuse(named, made.error());
        return {};
    }
    {
        std::lock_guard const lock{mutex_};
        flights_.push_back(flight);
        if (is_stopping_) flight->end(Flight::End::drained);
        if (flights_.size() == 1) keeper_.notify_all();  // while there is one it looks by itself
    }
    Flight::Landing landed;
    Result<void> flown = caught([&]() -> Result<void> {
        landed = flight->run();
        return {};
    });
    if (!flown) refuse(named, flown.error());
    std::lock_guard const lock{mutex_};
    flights_.remove(flight);
    ++ends_;
    ended_.notify_all();
    if (is_stopping_ && flights_.empty()) keeper_.notify_all();
    return landed;
}

// The keeper: what comes with time.
void Engine::keep() {
    auto tidied = std::chrono::steady_clock::now();
    Lock lock{mutex_};
    while (!is_stopping_ || !flights_.empty()) {
        std::int64_t const now_us = ports_.services.clock.unix_us();
        if (due_us_ != 0 && due_us_ <= now_us) {
            due_us_ = 0;
            is_ready_ = true;
            work_.notify_one();
        }
        milliseconds pause = idle_pause;
        if (due_us_ != 0) pause = std::min(pause, milliseconds{(due_us_ - now_us) / 1000 + 1});
        if (!flights_.empty()) pause = std::min(pause, milliseconds{Flight::watch_ms});
        keeper_.wait_for(lock, pause);
        watch(lock);
        if (std::chrono::steady_clock::now() - tidied < idle_pause) continue;
        lock.unlock();
        tidy_up();
        lock.lock();
        tidied = std::chrono::steady_clock::now();
    }
}

void Engine::watch(Lock& lock) {
    std::vector<std::shared_ptr<Flight>> const flying{flights_.begin(), flights_.end()};
    lock.unlock();
    for (auto const& flight : flying) {
        Result<void> seen = caught([&]() -> Result<void> {
            flight->watch();
            return {};
        });
        if (!seen) ports_.services.log.log(level_warning, "engine", seen.error().message);
    }
    lock.lock();
}

void Engine::tidy_up() {
    instances_.expire();
    Result<void> done = caught([this] { return ports_.runs.retain(); });
    if (done) done = caught([this] { return ports_.letters.retain(); });
    if (!done)
        ports_.services.log.log(level_warning, "engine",
                                "old runs could not be deleted: " + done.error().message);
}

std::vector<Finding> Engine::check(Json const& plan) const {
    return check_plan(plan, ports_.registry);
}

Result<SubmittedRun> Engine::submit(SubmitRun const& request) {
    Json const plan = Json::parse(request.plan_json, nullptr, false);
    if (plan.is_discarded())
        return Error{WEIR_E_CONFIG, "plan.json",
                     fmt::format("the plan of job {} is no JSON", request.job)};
    if (std::vector<Finding> const findings = check(plan); !findings.empty())
        return error_of(findings);
    if (plan["job"] != request.job)
        return Error{WEIR_E_CONFIG, "plan.job",
                     fmt::format("the plan is of job {}, not {}", plan["job"].get<std::string>(),
                                 request.job),
                     "/job"};
    bool const replaces = request.overlap == Overlap::cancel_other;
    std::vector<RunRow> const sleeping =
        replaces ? sleeping_runs(request.job) : std::vector<RunRow>{};
    Result<SubmittedRun> submitted = ports_.runs.submit(request);
    if (!submitted) return submitted;
    count_submitted(request, *submitted);
    if (replaces && !submitted->existing) {
        count_cancelled(sleeping);
        end_flights([&](Flight const& flight) {
            return flight.job() == request.job && flight.run_id() != submitted->run_id;
        });
    }
    wake();
    return submitted;
}

void Engine::count_submitted(SubmitRun const& request, SubmittedRun const& run) {
    if (run.existing) return;
    std::string const by = RunFigures::trigger_of(request.trigger_json);
    if (run.status == "skipped") figures_.ended(request.job, run.status, by, std::nullopt);
    if (by != "cron") return;
    Json const trigger = Json::parse(request.trigger_json);
    Json const at = trigger.value("scheduled_at", Json()), missed = trigger.value("missed", Json());
    auto const at_us =
        at.is_string() ? parse_timestamp(at.get<std::string>(), true) : std::nullopt;
    if (!at_us) return;
    double const late_us = static_cast<double>(ports_.services.clock.unix_us() - *at_us);
    figures_.ticked(request.job, late_us / 1e6,
                    missed.is_number_unsigned() ? missed.get<std::uint64_t>() : 0);
}

/// Those of the job that end at once when they are cancelled.
std::vector<RunRow> Engine::sleeping_runs(std::string const& job) {
    Runs::Filter filter;
    filter.job = job;
    filter.statuses = {"queued", "retrying"};
    Result<std::vector<RunRow>> runs = ports_.runs.list(filter);
    return runs ? std::move(*runs) : std::vector<RunRow>{};
}

void Engine::count_cancelled(std::vector<RunRow> const& runs) {
    for (RunRow const& run : runs)
        figures_.ended(run.job, "cancelled", RunFigures::trigger_of(run.trigger_json),
                       std::nullopt);
}

Result<SubmittedRun> Engine::retry(std::string const& run_id) {
    Result<SubmittedRun> submitted = ports_.runs.retry(run_id);
    if (submitted) wake();
    return submitted;
}

/// Those that are meant hear it now, not with the next look at the store.
void Engine::end_flights(std::function<bool(Flight const&)> const& is_meant) {
    std::lock_guard const lock{mutex_};
    for (auto const& flight : flights_)
        if (is_meant(*flight)) flight->end(Flight::End::cancelled);
    ++ends_;
    ended_.notify_all();
}

Result<Json> Engine::cancel(std::string const& run_id, std::string const& reason) {
    Result<std::string> status = ports_.runs.cancel(run_id, reason);
    if (!status) return status.error();
    if (is_ended(*status))
        if (Result<std::optional<RunRow>> run = ports_.runs.find(run_id); run && *run)
            count_cancelled({**run});
    end_flights([&](Flight const& flight) { return flight.run_id() == run_id; });
    wake();  // the job's next run may go
    return Json{{"run_id", run_id}, {"status", *status}};
}

void Engine::hand_over(std::string const& connector) {
    instances_.retire(connector);
    std::lock_guard const lock{mutex_};
    for (auto const& flight : flights_)
        if (flight->uses(connector)) flight->end(Flight::End::handed_over);
}

std::vector<std::string> Engine::runs_with(std::string const& connector) {
    std::lock_guard const lock{mutex_};
    std::vector<std::string> runs;
    for (auto const& flight : flights_)
        if (flight->uses(connector)) runs.push_back(flight->run_id());
    return runs;
}

Result<void> Engine::forget(std::string const& job) {
    if (Result<void> done = ports_.runs.forget(job); !done) return done;
    figures_.forget(job);
    end_flights([&](Flight const& flight) { return flight.job() == job; });
    instances_.forget(job);
    return {};
}

Result<Json> Engine::query(std::string const& run_id, bool with_tasks) {
    Result<std::optional<RunRow>> run = ports_.runs.find(run_id);
    if (!run) return run.error();
    if (!*run)
        return Error{WEIR_E_NOT_FOUND, "run.not_found", fmt::format("there is no run {}", run_id),
                     run_id};
    Json json(to_json(**run));
    if (!with_tasks) return json;
    Result<std::vector<TaskRow>> tasks = ports_.runs.tasks(run_id);
    if (!tasks) return tasks.error();
    json["tasks"] = Json::array();
    for (TaskRow const& task : *tasks) json["tasks"].push_back(Json(to_json(task)));
    return json;
}

Result<Json> Engine::list(Runs::Filter const& filter) {
    Runs::Filter bounded = filter;
    bounded.limit = std::clamp<std::size_t>(filter.limit, 1, page_max);
    Result<std::vector<RunRow>> runs = ports_.runs.list(bounded);
    if (!runs) return runs.error();
    Json items = Json::array();
    for (RunRow const& run : *runs) items.push_back(Json(to_json(run)));
    Json const next = runs->size() < bounded.limit ? Json() : Json(runs->back().run_id);
    return Json{{"items", std::move(items)}, {"next", next}};
}

Result<Json> Engine::logs(std::string const& run_id, std::int64_t after, std::size_t limit) {
    std::size_t const bounded = std::clamp<std::size_t>(limit, 1, page_max);
    if (Result<Json> run = query(run_id); !run) return run.error();
    Result<std::vector<Runs::LogLine>> lines = ports_.runs.logs(run_id, after, bounded);
    if (!lines) return lines.error();
    return Json(to_json(*lines, bounded));
}

Result<Json> Engine::wait(std::string const& run_id, std::int64_t ms) {
    auto const until = std::chrono::steady_clock::now() +
                       milliseconds{std::clamp<std::int64_t>(ms, 0, wait_ms_max)};
    for (;;) {
        std::uint64_t seen = 0;
        {
            std::lock_guard const lock{mutex_};
            seen = ends_;
        }
        Result<Json> run = query(run_id);
        if (!run || is_ended((*run)["status"].get<std::string>())) return run;
        Lock lock{mutex_};
        bool const is_new =
            ended_.wait_until(lock, until, [&] { return ends_ != seen || is_stopping_; });
        if (!is_new || is_stopping_) return run;
    }
}

Result<RunPlan> Engine::checked(Json const& plan) const {
    if (std::vector<Finding> const findings = check(plan); !findings.empty())
        return error_of(findings);
    return read_plan(plan);
}

Result<Json> Engine::preview(std::string const& owner, Json const& plan, std::int64_t limit) {
    Result<RunPlan> read = checked(plan);
    if (!read) return read.error();
    return worded(caught([&] { return inspector_.preview(owner, *read, limit); }), read->job);
}

Result<Json> Engine::position(std::string const& owner, Json const& plan) {
    Result<RunPlan> read = checked(plan);
    if (!read) return read.error();
    return worded(caught([&] { return inspector_.position(owner, *read); }), read->job);
}

Result<Json> Engine::reset(std::string const& owner, Json const& plan) {
    Result<RunPlan> read = checked(plan);
    if (!read) return read.error();
    Runs::Filter open;
    open.job = read->job;
    open.statuses = {"queued", "running", "retrying"};
    Result<std::vector<RunRow>> runs = ports_.runs.list(open);
    if (!runs) return runs.error();
    if (!runs->empty())
        return Error{WEIR_E_CONFLICT, "run.active",
                     fmt::format("run {} of job {} has not ended; cancel it, or wait for its end",
                                 runs->front().run_id, read->job),
                     runs->front().run_id};
    return worded(caught([&] { return inspector_.reset(owner, *read); }), read->job);
}

}  // namespace weir::host
