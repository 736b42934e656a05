#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "runs.hpp"

namespace weir::replication {
namespace {

double duration_ms(Json const& run) {
    Json const time = run.value("executionTime", Json());
    if (time.is_number()) return time.get<double>();
    auto const text = [&](char const* name) {
        return run.contains(name) && run[name].is_string() ? run[name].get<std::string>() : "";
    };
    auto const from = unix_us_of(text("started_at")), to = unix_us_of(text("finished_at"));
    return from && to ? static_cast<double>(*to - *from) / 1000 : 0;
}

/// The nearest-rank percentile.
Json percentile(std::vector<double> const& sorted, double share) {
    if (sorted.empty()) return nullptr;
    auto const rank = static_cast<std::size_t>(std::ceil(share * double(sorted.size())));
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::uint64_t count_of(Json const& run, char const* name) {
    Json const value = run.value(name, Json());
    if (value.is_number_unsigned()) return value.get<std::uint64_t>();
    return value.is_number_integer() && value.get<std::int64_t>() > 0
               ? static_cast<std::uint64_t>(value.get<std::int64_t>())
               : 0;
}

}  // namespace

bool is_over(std::string const& status) {
    static constexpr std::array words{"succeeded", "partial", "failed", "cancelled", "skipped"};
    return std::find(words.begin(), words.end(), status) != words.end();
}

Json log_line(Json const& run) {
    std::string const status = text_of(run, "status");
    bool const is_bad = status == "failed" || status == "partial";
    Json const error = run.value("error", Json());
    Json message;
    std::uint64_t const rejected = count_of(run, "rejected");
    if (status == "partial")
        message = rejected == 1 ? "1 record was rejected"
                                : std::to_string(rejected) + " records were rejected";
    if (error.is_object()) message = text_of(error, "message");
    return {{"config_name", run.value("job", Json())},
            {"status", is_bad                  ? "error"
                       : status == "succeeded" ? "success"
                                               : status},
            {"records_processed", count_of(run, "written")},
            {"sync_duration_ms", duration_ms(run)},
            {"error_message", message},
            {"created_at", run.contains("finished_at") && !run["finished_at"].is_null()
                               ? run["finished_at"]
                               : run.value("created_at", Json())},
            {"run_id", run.value("run_id", Json())}};
}

std::optional<std::int64_t> period_us_of(std::string const& text) {
    std::int64_t count = 0;
    auto const [at, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (failed != std::errc{} || at + 1 != text.data() + text.size()) return std::nullopt;
    std::int64_t const minutes = *at == 'm' ? 1 : *at == 'h' ? 60 : *at == 'd' ? 1440 : 0;
    if (minutes == 0 || count < 1 || count > 527'040 / minutes) return std::nullopt;
    return count * minutes * 60'000'000;
}

Json metrics_of(Json const& runs) {
    std::map<std::string, std::uint64_t> by_status;
    std::uint64_t read = 0, written = 0, rejected = 0, deleted = 0, bytes = 0;
    std::vector<double> times;
    double total_ms = 0;
    for (Json const& run : runs) {
        std::string const status = text_of(run, "status");
        ++by_status[status];
        read += count_of(run, "read");
        written += count_of(run, "written");
        rejected += count_of(run, "rejected");
        deleted += count_of(run, "deleted");
        bytes += count_of(run, "bytes");
        if (status != "succeeded" && status != "partial" && status != "failed") continue;
        times.push_back(duration_ms(run));
        total_ms += times.back();
    }
    std::sort(times.begin(), times.end());
    Json rate, average, per_second;
    if (!times.empty()) {
        rate = double(by_status["succeeded"]) / double(times.size());
        average = total_ms / double(times.size());
        if (total_ms > 0) per_second = double(written) * 1000 / total_ms;
    }
    return {{"successRate", rate},
            {"averageDuration", average},
            {"p50", percentile(times, 0.5)},
            {"p95", percentile(times, 0.95)},
            {"p99", percentile(times, 0.99)},
            {"runs", runs.size()},
            {"succeeded", by_status["succeeded"]},
            {"partial", by_status["partial"]},
            {"failed", by_status["failed"]},
            {"cancelled", by_status["cancelled"]},
            {"skipped", by_status["skipped"]},
            {"read", read},
            {"written", written},
            {"rejected", rejected},
            {"deleted", deleted},
            {"bytes", bytes},
            {"recordsPerSecond", per_second}};
}

}  // namespace weir::replication
