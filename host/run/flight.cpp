#include "host/run/flight.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <chrono>

#include "host/abi/watchdog.hpp"
#include "host/core/caught.hpp"
#include "host/core/failpoint.hpp"
#include "host/core/log_level.hpp"
#include "host/run/job_words.hpp"
#include "host/run/letter_file.hpp"
#include "host/run/replay.hpp"
#include "host/run/report_json.hpp"
#include "host/run/run_json.hpp"
#include "host/run/side.hpp"
#include "host/run/stored_letters.hpp"

namespace weir::host {

namespace {

void add(Counts& sum, Counts const& more) {
    sum.read += more.read;
    sum.written += more.written;
    sum.filtered += more.filtered;
    sum.rejected += more.rejected;
    sum.deleted += more.deleted;
    sum.batches += more.batches;
    sum.bytes += more.bytes;
}

RunCounts stored(Counts const& counts) {
    return {counts.read,    counts.written, counts.filtered, counts.rejected,
            counts.deleted, counts.batches, counts.bytes};
}

/// Of a stream that is not transformed, in milliseconds.
nlohmann::ordered_json timing_json(Timing const& timing) {
    auto const ms = [](std::int64_t ns) { return static_cast<double>(ns) / 1e6; };
    return {{"wait_ms", ms(timing.wait_ns)},
            {"read_ms", ms(timing.read_ns)},
            {"transform_ms", 0.0},
            {"write_ms", ms(timing.write_ns)}};
}

/// The W3C trace context of who asked for the run; "": there was none.
std::string trace_of(std::string const& trigger_json) {
    if (trigger_json.find("traceparent") == trigger_json.npos) return {};
    nlohmann::json const trigger = nlohmann::json::parse(trigger_json, nullptr, false);
    nlohmann::json const trace =
        trigger.is_object() ? trigger.value("traceparent", nlohmann::json()) : nlohmann::json();
    return trace.is_string() ? trace.get<std::string>() : "";
}

std::string text_of(nlohmann::ordered_json const& json) {
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

double random_fraction() {
    constexpr std::uint32_t steps = 1u << 20;
    return static_cast<double>(randombytes_uniform(steps)) / steps;
}

/// What connectors warned of that is about `stream`; with the first one also what is about none.
nlohmann::ordered_json warnings_of(StreamReport const& stream, CopyReport const& report,
                                   std::vector<std::string> const& warnings,
                                   std::string const& job) {
    nlohmann::ordered_json out = nlohmann::ordered_json::array();
    for (std::string const& warning : warnings) {
        auto const is_about = [&](StreamReport const& each) {
            return warning.starts_with(each.stream + ": ");
        };
        bool const is_first = &stream == &report.streams.front();
        if (is_about(stream) || (is_first && std::ranges::none_of(report.streams, is_about)))
            out.push_back(in_job_words(warning, job));
    }
    return out;
}

/// The failure to go by: one that time may cure, if there is any, since the streams that ended well
/// are left alone by the next try.
Error const& deciding(CopyReport const& report) {
    for (StreamReport const& stream : report.streams)
        if (stream.error && time_may_cure(*stream.error)) return *stream.error;
    return *report.error;
}

}  // namespace

Flight::Flight(FlightPorts const& ports, ClaimedTask task)
    : ports_{ports},
      task_{std::move(task)},
      plan_{read_plan(task_.plan)},
      log_{ports.services.clock},
      began_ns_{ports.services.clock.monotonic_ns()},
      counted_{task_.counts},
      batches_max_{task_.counts.batches} {}

Flight::Landing Flight::run() {
    failpoint("engine.after_claim");
    if (std::string const trace = trace_of(task_.trigger_json); !trace.empty())
        log_.add(level_info, "traceparent " + trace);
    CopyReport report;
    Result<void> done = caught([&]() -> Result<void> {
        report = copy();
        return {};
    });
    if (!done) report.error = done.error();
    TaskOutcome const outcome = outcome_of(report);
    failpoint("engine.before_finish");
    return finish(outcome);
}

CopyReport Flight::copy() {
    CopyReport report;
    report.run_id = task_.run_id;
    if (is_poisoned()) {
        report.error = Error{WEIR_E_INTERNAL, "run.poisoned",
                             fmt::format("the host died {} times in a row while it ran task {}",
                                         task_.attempt - 1, plan_.task)};
        report.error->flags = WEIR_ERR_FINAL;
        return report;
    }
    report = copy_where_it_is_up();
    put_in_job_words(report, task_.job);
    tell_circuits(report);
    return report;
}

CopyReport Flight::copy_where_it_is_up() {
    CopyReport report;
    report.run_id = task_.run_id;
    for (auto const& [pass, end] :
         {std::pair{&reads_, &plan_.source}, std::pair{&writes_, &plan_.sink}}) {
        auto entered = ports_.circuits.enter(Circuits::key_of(task_.owner, *end));
        if (!entered) report.error = entered.error();
        if (!entered) return report;
        pass->emplace(std::move(*entered));
    }
    Result<WarmInstances::Lent> source = lend(plan_.source, WEIR_ROLE_SOURCE);
    if (!source) report.error = source.error();
    if (report.error) return report;
    Result<WarmInstances::Lent> sink = lend(plan_.sink, WEIR_ROLE_SINK);
    if (!sink) report.error = sink.error();
    return report.error ? report : copy_between(*source, *sink);
}

CopyReport Flight::copy_between(WarmInstances::Lent& source, WarmInstances::Lent& sink) {
    // The next try comes from the store: it outlives this process, and this one holds no worker.
    Limits limits = ports_.limits;
    limits.attempts_max = 1;
    CopyPorts const ports{ports_.registry,       ports_.services, *this,
                          ports_.services.clock, limits,          stop_};
    CopyReport report = move(ports, source.instance(), sink.instance());
    if (!report.error || report.error->status == WEIR_E_CANCELLED) {
        source.keep();
        sink.keep();
    }
    return report;
}

CopyReport Flight::move(CopyPorts const& ports, Instance& source, Instance& sink) {
    if (plan_.is_replay())
        return replay_letters(plan_, ports, source, sink,
                              {ports_.letters, task_.run_id, &ports_.gates});
    StoredLetters stored{ports_.letters, ports_.services.clock, task_.job, task_.run_id};
    LetterFile none{ports_.services.clock, "", task_.run_id};
    LetterBox* rejects = nullptr;
    if (plan_.request.on_error == OnError::dead_letter) rejects = &stored;
    if (plan_.request.on_error == OnError::skip) rejects = &none;
    return run_copy(plan_.request, ports, source, sink,
                    {task_.run_id, rejects, &ports_.gates, true});
}

Result<WarmInstances::Lent> Flight::lend(ConnectorConfig const& connector, std::uint32_t role) {
    return ports_.instances.lend({connector, task_.owner, role, task_.job}, &log_);
}

// Deaths are not told to the store: each claim counts as a try until a batch is committed.
bool Flight::is_poisoned() const { return task_.attempt > plan_.retry.retries + 1 + deaths_max; }

/// What the run found out about its two ends. Whatever goes wrong at the sink, the source had
/// answered before.
void Flight::tell_circuits(CopyReport const& report) {
    if (!reads_ || !writes_ || end_ != End::none) return;
    Error const* const error = report.error ? &deciding(report) : nullptr;
    if (error && error->flags & at_source) return reads_->failed(*error);
    if (error && !(error->flags & at_sink)) return;
    reads_->answered();
    error ? writes_->failed(*error) : writes_->answered();
}

TaskOutcome Flight::outcome_of(CopyReport const& report) {
    TaskOutcome outcome;
    outcome.status = report.status();
    Counts sum;
    nlohmann::ordered_json streams = nlohmann::ordered_json::array();
    std::vector<std::string> const warnings = log_.warnings();
    for (StreamReport const& stream : report.streams) {
        add(sum, stream.counts);
        nlohmann::ordered_json json(to_json(stream, false));
        json["cursor_before"] = stream.cursor_before.empty() ? nlohmann::ordered_json(nullptr)
                                                             : nlohmann::ordered_json(
                                                                   stream.cursor_before);
        json["timing"] = timing_json(stream.timing);
        if (auto own = warnings_of(stream, report, warnings, task_.job); !own.empty())
            json["warnings"] = std::move(own);
        streams.push_back(std::move(json));
        outcome.cursor = stream.cursor;
    }
    outcome.counts = stored(sum);
    outcome.streams_json = text_of(streams);
    if (report.error) settle_failure(outcome, deciding(report));
    if (!report.error)
        log_.add(level_info, fmt::format("{}: {} read, {} written, {} rejected", outcome.status,
                                         sum.read, sum.written, sum.rejected));
    return outcome;
}

void Flight::settle_failure(TaskOutcome& outcome, Error const& error) {
    if (error.status == WEIR_E_FENCED) ++ports_.figures.fenced;
    outcome.counts.batches = most_batches(outcome.counts.batches);
    bool const is_interrupted = end_ != End::none;
    Error told = error;
    if (is_interrupted && end_ == End::late) {
        told = Error{WEIR_E_TIMEOUT, "run.deadline",
                     fmt::format("the run took longer than its deadline of {} ms; what was "
                                 "committed stays, and the next run goes on behind it",
                                 plan_.deadline_ms.value_or(0))};
        outcome.status = "failed";
    } else if (is_interrupted && (end_ == End::drained || end_ == End::handed_over)) {
        outcome.status = "queued";
        return;
    } else if (is_interrupted) {
        told = Error{WEIR_E_CANCELLED, "run.cancelled", "the run was cancelled"};
        outcome.status = "cancelled";
    } else if (error.code == Circuits::down) {
        outcome.status = "retrying";
        outcome.was_try = false;
        outcome.counts = task_.counts;
        outcome.run_at_us = ports_.services.clock.unix_us() + error.retry_after_ms * 1000;
    } else {
        bool const has_moved = outcome.counts.batches > task_.counts.batches;
        auto const delay =
            retry_delay_ms(plan_.retry, error, has_moved ? 1 : task_.attempt, random_fraction());
        if (delay) {
            outcome.status = "retrying";
            outcome.run_at_us = ports_.services.clock.unix_us() + *delay * 1000;
            log_.add(level_warning,
                     fmt::format("{}: {}; trying again in {:.1f} s from the last commit",
                                 error.code, error.message, static_cast<double>(*delay) / 1000));
        }
    }
    if (outcome.status != "retrying")
        log_.add(level_error, fmt::format("{}: {}: {}", outcome.status, told.code, told.message));
    outcome.error_json = text_of(to_json(told));
}

// A full disk of the store is no reason to run a task again that has ended: it is told until it can
// be stored, or until the host stops, and then the next one asks the sink.
Flight::Landing Flight::finish(TaskOutcome const& outcome) {
    std::vector<Runs::LogLine> const lines = log_.take();
    for (bool is_told = false;; is_told = true) {
        Runs::Next const next = host_stops_ ? Runs::Next::none : Runs::Next::claim;
        Result<Finished> done =
            ports_.runs.finish(task_.run_id, plan_.task, outcome, lines, next);
        if (done) {
            count_end(done->status, outcome);
            return {next == Runs::Next::claim, std::move(done->next)};
        }
        if (!is_told)
            ports_.services.log.log(
                level_error, "engine",
                fmt::format("run {} ended as {}, and that could not be stored: {}", task_.run_id,
                            outcome.status, done.error().message));
        if (!time_may_cure(done.error()) || !pause_before_storing_again()) return {};
    }
}

void Flight::count_moved(RunCounts const& now) {
    std::lock_guard const lock{mutex_};
    ports_.figures.moved(task_.job, std::exchange(counted_, now), now);
}

void Flight::count_end(std::string const& status, TaskOutcome const& outcome) {
    count_moved(outcome.counts);
    ports_.figures.log_lines_left_out += log_.left_out();
    if (!is_ended(status)) return;
    double const us = static_cast<double>(ports_.services.clock.unix_us() - task_.started_us);
    ports_.figures.ended(task_.job, status, RunFigures::trigger_of(task_.trigger_json), us / 1e6);
}

/// False: the host stops.
bool Flight::pause_before_storing_again() {
    std::unique_lock lock{mutex_};
    constexpr std::chrono::seconds pause{1};
    return !stopped_.wait_for(lock, pause, [this] { return host_stops_.load(); });
}

bool Flight::uses(std::string const& connector) const {
    return plan_.source.connector == connector || plan_.sink.connector == connector;
}

void Flight::end(End why) {
    if (why == End::drained) {
        std::lock_guard const lock{mutex_};
        host_stops_ = true;
        stopped_.notify_all();
    }
    End none = End::none;
    if (!end_.compare_exchange_strong(none, why)) return;
    ended_ns_ = ports_.services.clock.monotonic_ns();
    stop_.reading = true;
    ports_.services.watchdog.nudge();
}

void Flight::abandon() {
    stop_.writing = true;
    ports_.services.watchdog.nudge();
}

void Flight::watch() {
    std::int64_t const now_ns = ports_.services.clock.monotonic_ns();
    if (plan_.deadline_ms && now_ns - began_ns_ >= *plan_.deadline_ms * 1'000'000) end(End::late);
    End const why = end_;
    if ((why == End::cancelled || why == End::late) && now_ns - ended_ns_ >= end_ms_max * 1'000'000)
        abandon();
    if (now_ns - watched_ns_ < watch_ms * 1'000'000) return;
    watched_ns_ = now_ns;
    store_log();
    std::unique_lock lock{mutex_};
    if (!std::exchange(is_changed_, false)) return;
    Counts sum = ended_streams_;
    for (auto const& [stream, counts] : streams_) add(sum, counts);
    lock.unlock();
    RunCounts counts = stored(sum);
    count_moved(counts);
    counts.batches = most_batches(counts.batches);
    Result<bool> cancelled = ports_.runs.mirror(task_.run_id, plan_.task, counts, std::string{});
    if (cancelled && *cancelled) end(End::cancelled);
}

// A staged load that fails begins at nothing again. Only what goes beyond every earlier try is
// progress, or it would be tried for ever.
std::uint64_t Flight::most_batches(std::uint64_t batches) {
    std::lock_guard const lock{mutex_};
    return batches_max_ = std::max(batches_max_, batches);
}

void Flight::store_log() {
    std::vector<Runs::LogLine> const lines = log_.take();
    if (lines.empty()) return;
    Result<void> kept = ports_.runs.log(task_.run_id, lines);
    if (!kept)
        ports_.services.log.log(level_error, "engine",
                                fmt::format("{} log lines of run {} could not be stored: {}",
                                            lines.size(), task_.run_id, kept.error().message));
}

void Flight::begin(std::string const&, std::optional<std::uint64_t>) {}

void Flight::advance(std::string const& stream, Counts const& counts) {
    std::lock_guard const lock{mutex_};
    streams_[stream] = counts;
    is_changed_ = true;
    if (counts.read > 0) reads_->answered();
    if (counts.written > 0) writes_->answered();
}

void Flight::end(StreamReport const& report) {
    std::lock_guard const lock{mutex_};
    add(ended_streams_, report.counts);
    streams_.erase(report.stream);
    is_changed_ = true;
}

void Flight::say(std::string const& sentence) { log_.add(level_info, sentence); }

}  // namespace weir::host
