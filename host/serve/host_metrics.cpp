#include "host/serve/host_metrics.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <map>

#include "host/run/record_text.hpp"
#include "weir/abi.h"

#ifndef WEIR_VERSION
#define WEIR_VERSION "0"
#endif

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr std::int64_t jobs_asked_ms_max = 2'000;

double file_bytes(std::filesystem::path const& path) {
    std::error_code failed;
    std::uintmax_t const size = std::filesystem::file_size(path, failed);
    return failed ? 0 : static_cast<double>(size);
}

void write_process(PrometheusText& out, std::int64_t started_us) {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    auto const seconds = [](timeval const& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    out.single("process_cpu_seconds_total", "counter", "Processor time, user and system.",
               seconds(used.ru_utime) + seconds(used.ru_stime));
    std::ifstream statm{"/proc/self/statm"};
    double virtual_pages = 0, resident_pages = 0;
    statm >> virtual_pages >> resident_pages;
    auto const page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
    out.single("process_resident_memory_bytes", "gauge", "Memory in use.",
               resident_pages * page_bytes);
    out.single("process_virtual_memory_bytes", "gauge", "Address space in use.",
               virtual_pages * page_bytes);
    std::error_code failed;
    std::filesystem::directory_iterator const open{"/proc/self/fd", failed};
    double const files =
        failed ? 0 : static_cast<double>(std::distance(begin(open), end(open)));
    out.single("process_open_fds", "gauge", "Open file descriptors.", files);
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    out.single("process_max_fds", "gauge", "File descriptors that may be open.",
               static_cast<double>(limit.rlim_cur));
    out.single("process_start_time_seconds", "gauge", "When the host started.",
               static_cast<double>(started_us) / 1e6);
}

/// Seconds since 1970 of an RFC 3339 time; 0: never.
double seconds_of(Json const& job, char const* name) {
    if (!job.contains(name) || !job[name].is_string()) return 0;
    auto const us = parse_timestamp(job[name].get_ref<std::string const&>(), true);
    return us ? static_cast<double>(*us) / 1e6 : 0;
}

void write_times(PrometheusText& out, Json const& jobs, char const* name, char const* help,
                 char const* member) {
    out.family(name, "gauge", help);
    for (Json const& job : jobs)
        out.sample({{"job", job["job"].get_ref<std::string const&>()}}, seconds_of(job, member));
}

}  // namespace

std::string HostMetrics::text() {
    std::lock_guard const lock{mutex_};
    auto const now = std::chrono::steady_clock::now();
    if (!text_.empty() && now - made_at_ < fresh_for) return text_ + ports_.http();
    PrometheusText out;
    write_host(out);
    write_plugins(out);
    write_jobs(out);
    made_at_ = now;
    text_ = std::move(out.text);
    return text_ + ports_.http();
}

void HostMetrics::write_host(PrometheusText& out) const {
    out.family("weir_build_info", "gauge", "The version that runs.");
    std::string const abi = fmt::format("{}.{}", WEIR_ABI_MAJOR, WEIR_ABI_MINOR);
    out.sample({{"version", WEIR_VERSION}, {"abi", abi}}, 1);
    write_process(out, ports_.started_us);
    std::filesystem::path log = ports_.state;
    log += "-wal";
    out.single("weir_state_size_bytes", "gauge", "The state on disk, its log included.",
               file_bytes(ports_.state) + file_bytes(log));
}

void HostMetrics::write_plugins(PrometheusText& out) const {
    std::map<std::string, int> states{{"active", 0}, {"failed", 0}, {"waiting", 0}};
    for (PluginLife::Status const& status : ports_.plugins.list()) ++states[status.state];
    out.family("weir_plugins", "gauge", "Services of plugins by state.");
    for (auto const& [state, count] : states) out.sample({{"state", state}}, count);
    for (Metrics::Value const& value : ports_.metrics.snapshot())
        out.single(value.name, value.kind == WEIR_METRIC_GAUGE ? "gauge" : "counter", value.help,
                   value.value);
}

/// What jobs there are is asked of who keeps them; without an answer only what ran is told.
void HostMetrics::write_jobs(PrometheusText& out) const {
    CallContext const call{ports_.clock, nullptr,
                           ports_.clock.monotonic_ns() + jobs_asked_ms_max * 1'000'000};
    MethodAnswer const answer =
        ports_.bus.invoke("host", "jobs/1", "figures", Json::object(), call);
    Json const items =
        answer.error ? Json::array() : answer.json.value("items", Json::array());
    std::vector<RunFigures::Job> jobs;
    std::map<std::string, int> states{{"idle", 0}, {"paused", 0}, {"scheduled", 0}};
    for (Json const& job : items) {
        jobs.push_back({job.value("job", ""), job.value("has_schedule", false)});
        ++states[job.value("state", "")];
    }
    out.family("weir_jobs", "gauge", "Jobs by state.");
    for (auto const& [state, count] : states) out.sample({{"state", state}}, count);
    ports_.runs.write(out, jobs);
    write_letters(out, jobs);
    if (jobs.size() > RunFigures::jobs_max) return;
    write_times(out, items, "weir_job_last_success_timestamp_seconds",
                "When a run last succeeded; 0: never.", "last_success");
    write_times(out, items, "weir_job_next_run_timestamp_seconds",
                "When the job is due; 0: it is not.", "next");
}

void HostMetrics::write_letters(PrometheusText& out,
                                std::vector<RunFigures::Job> const& jobs) const {
    Result<std::map<std::string, std::size_t>> waiting = ports_.letters.count_by_job();
    if (!waiting) return;
    for (RunFigures::Job const& job : jobs) (*waiting)[job.id];
    out.family("weir_dead_letters", "gauge", "Refused records that wait.");
    std::size_t sum = 0;
    bool const is_folded = waiting->size() > RunFigures::jobs_max;
    for (auto const& [job, count] : *waiting) {
        sum += count;
        if (!is_folded) out.sample({{"job", job}}, static_cast<double>(count));
    }
    if (is_folded) out.sample({}, static_cast<double>(sum));
}

}  // namespace weir::host
