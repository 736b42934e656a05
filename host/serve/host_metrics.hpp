#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>

#include "host/abi/host_services.hpp"
#include "host/core/prometheus.hpp"
#include "host/run/run_figures.hpp"
#include "host/serve/bus.hpp"
#include "host/serve/plugin_life.hpp"
#include "host/store/letters.hpp"

namespace weir::host {

/// What /metrics looks at; outlives it.
struct MetricsPorts {
    PluginLife& plugins;
    Bus& bus;
    Letters& letters;
    RunFigures const& runs;
    Metrics& metrics;  ///< of plugins
    Clock const& clock;
    std::filesystem::path state;  ///< the database, with its log beside it
    std::int64_t started_us = 0;
    std::function<std::string()> http;  ///< the server's own figures
};

/// All figures of this host as Prometheus text. A scrape costs what the jobs are many, never what
/// their history is long; one that comes within fresh_for of the one before gets the same text,
/// since anybody may ask. Thread-safe.
class HostMetrics {
public:
    static constexpr std::chrono::milliseconds fresh_for{500};

    explicit HostMetrics(MetricsPorts ports) : ports_{std::move(ports)} {}
    std::string text();

private:
    void write_host(PrometheusText& out) const;
    void write_jobs(PrometheusText& out) const;
    void write_letters(PrometheusText& out, std::vector<RunFigures::Job> const& jobs) const;
    void write_plugins(PrometheusText& out) const;

    MetricsPorts ports_;
    std::mutex mutex_;  // guards what follows; who waits gets the text that another made
    std::chrono::steady_clock::time_point made_at_{};
    std::string text_;
};

}  // namespace weir::host
