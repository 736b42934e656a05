#include "host/run/run_figures.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace weir::host {

namespace {

constexpr std::array duration_bounds{0.01, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0, 1'800.0, 7'200.0};
constexpr std::array delay_bounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 60.0};
constexpr std::array known_triggers{"cron", "user", "retry", "replay", "webhook", "api"};
constexpr std::array end_words{"succeeded", "partial", "failed", "cancelled", "skipped"};

constexpr char runs_prefix[] = "runs_", run_seconds[] = "run_seconds";

struct MovedSeries {
    char const *name, *help;
    std::uint64_t RunCounts::*member;
    char const* growth;
};
constexpr std::array moved_series{
    MovedSeries{"weir_records_read_total", "Records read.", &RunCounts::read,
                "records_read"},
    MovedSeries{"weir_records_written_total", "Records written.", &RunCounts::written,
                "records_written"},
    MovedSeries{"weir_records_filtered_total", "Records left out by rule.", &RunCounts::filtered,
                "records_filtered"},
    MovedSeries{"weir_records_rejected_total", "Records refused.", &RunCounts::rejected,
                "records_rejected"},
    MovedSeries{"weir_records_deleted_total", "Records deleted in sinks.", &RunCounts::deleted,
                "records_deleted"},
    MovedSeries{"weir_bytes_read_total", "Bytes of records read.", &RunCounts::bytes,
                "bytes_read"}};

}  // namespace

RunFigures::RunFigures() : delay_{delay_bounds} {}
RunFigures::OfJob::OfJob() : duration{duration_bounds} {}

void RunFigures::OfJob::add(OfJob const& other) {
    for (auto const& [key, count] : other.runs) runs[key] += count;
    duration.add(other.duration);
    for (MovedSeries const& each : moved_series) moved.*each.member += other.moved.*each.member;
    missed += other.missed;
}

std::string RunFigures::trigger_of(std::string const& trigger_json) {
    nlohmann::json const trigger = nlohmann::json::parse(trigger_json, nullptr, false);
    if (!trigger.is_object() || !trigger.contains("by") || !trigger["by"].is_string())
        return "other";
    std::string const by = trigger["by"];
    return std::ranges::find(known_triggers, by) == known_triggers.end() ? "other" : by;
}

RunFigures::OfJob& RunFigures::of(std::string const& job) {
    if (auto const found = jobs_.find(job); found != jobs_.end()) return found->second;
    if (jobs_.size() >= jobs_max) are_too_many_ = true;
    return are_too_many_ ? rest_ : jobs_[job];
}

void RunFigures::ended(std::string const& job, std::string const& status,
                       std::string const& trigger, std::optional<double> seconds) {
    std::lock_guard const lock{mutex_};
    OfJob& figures = of(job);
    ++figures.runs[{status, trigger}];
    grow(std::string{runs_prefix} + status, job, 1);
    if (!seconds) return;
    figures.duration.add(*seconds);
    grow(run_seconds, job, *seconds);
}

void RunFigures::moved(std::string const& job, RunCounts const& before, RunCounts const& now) {
    std::lock_guard const lock{mutex_};
    OfJob& figures = of(job);
    // What did not reach the sink is taken out of a run's counts; a counter only grows.
    for (MovedSeries const& each : moved_series) {
        std::uint64_t const more =
            std::max(now.*each.member, before.*each.member) - before.*each.member;
        figures.moved.*each.member += more;
        grow(each.growth, job, static_cast<double>(more));
    }
}

/// With the mutex held.
void RunFigures::grow(std::string name, std::string const& job, double value) {
    if (value <= 0) return;
    growth_[{std::move(name), growth_.size() < growth_max ? job : ""}] += value;
}

RunFigures::Growth RunFigures::take_growth() {
    std::lock_guard const lock{mutex_};
    return std::exchange(growth_, {});
}

std::vector<std::string> RunFigures::growth_names() {
    std::vector<std::string> names;
    for (MovedSeries const& each : moved_series) names.emplace_back(each.growth);
    for (char const* status : end_words) names.push_back(std::string{runs_prefix} + status);
    names.emplace_back(run_seconds);
    return names;
}

void RunFigures::ticked(std::string const& job, double delay_s, std::uint64_t missed) {
    std::lock_guard const lock{mutex_};
    delay_.add(std::max(delay_s, 0.0));
    of(job).missed += missed;
}

void RunFigures::forget(std::string const& job) {
    std::lock_guard const lock{mutex_};
    auto const found = jobs_.find(job);
    if (found == jobs_.end()) return;
    rest_.add(found->second);
    jobs_.erase(found);
}

/// Everything by job, or all of it under "" when jobs are too many to be told apart.
RunFigures::ByJob RunFigures::snapshot(std::vector<Job> const& jobs, bool& is_folded) const {
    ByJob all;
    {
        std::lock_guard const lock{mutex_};
        is_folded = are_too_many_ || jobs.size() > jobs_max;
        if (!is_folded) all = jobs_;
        if (is_folded) {
            OfJob& sum = all[""];
            sum.add(rest_);
            for (auto const& [job, figures] : jobs_) sum.add(figures);
        }
    }
    for (Job const& job : jobs) {
        OfJob& figures = all[is_folded ? "" : job.id];
        for (char const* status : end_words) {
            figures.runs[{status, "user"}];
            if (job.has_schedule) figures.runs[{status, "cron"}];
        }
    }
    return all;
}

void RunFigures::write(PrometheusText& out, std::vector<Job> const& jobs) const {
    bool is_folded = false;
    ByJob const all = snapshot(jobs, is_folded);
    auto const labels = [&](std::string const& job) {
        return is_folded ? PrometheusText::Labels{} : PrometheusText::Labels{{"job", job}};
    };
    out.family("weir_runs_total", "counter", "Runs that ended.");
    for (auto const& [job, figures] : all)
        for (auto const& [key, count] : figures.runs) {
            PrometheusText::Labels all_of = labels(job);
            all_of.emplace_back("status", key.first);
            all_of.emplace_back("trigger", key.second);
            out.sample(all_of, static_cast<double>(count));
        }
    out.family("weir_run_duration_seconds", "histogram", "From a run's first claim to its end.");
    for (auto const& [job, figures] : all) out.sample(labels(job), figures.duration);
    for (MovedSeries const& each : moved_series) {
        out.family(each.name, "counter", each.help);
        for (auto const& [job, figures] : all)
            out.sample(labels(job), static_cast<double>(figures.moved.*each.member));
    }
    out.family("weir_schedule_missed_total", "counter", "Ticks that were left out.");
    for (auto const& [job, figures] : all)
        out.sample(labels(job), static_cast<double>(figures.missed));
    write_host(out);
}

/// What belongs to no job.
void RunFigures::write_host(PrometheusText& out) const {
    out.family("weir_schedule_delay_seconds", "histogram",
               "From the instant of a tick to its run being stored.");
    {
        std::lock_guard const lock{mutex_};
        out.sample({}, delay_);
    }
    out.single("weir_fenced_total", "counter", "Runs that a newer one of the same job ended.",
               static_cast<double>(fenced.load()));
    out.single("weir_log_lines_dropped_total", "counter", "Lines of runs that came too fast.",
               static_cast<double>(log_lines_left_out.load()));
}

}  // namespace weir::host
