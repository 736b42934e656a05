#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "host/abi/host_services.hpp"
#include "host/store/runs.hpp"

namespace weir::host {

/// The lines of one run until they are stored. Passwords that a line quotes are masked.
/// Thread-safe.
class RunLog {
public:
    static constexpr std::size_t waiting_lines_max = 1'000, warnings_max = 20;

    explicit RunLog(Clock const& clock) : clock_{clock} {}
    /// Beyond waiting_lines_max the newest are left out, and how many is said in their place.
    void add(int level, std::string_view message);
    /// What a connector warned of; each once, warnings_max at most.
    void warn(std::string_view message);
    std::vector<std::string> warnings() const;
    /// What has come since the last call.
    std::vector<Runs::LogLine> take();
    /// Of all that came.
    std::uint64_t left_out() const;

private:
    Clock const& clock_;
    mutable std::mutex mutex_;
    std::vector<Runs::LogLine> lines_;
    std::vector<std::string> warnings_;
    std::size_t left_out_ = 0;  // since they were said last
    std::uint64_t all_left_out_ = 0;
};

/// Where an instance logs to: the host's log always, and the run that it works for. Thread-safe.
class LogRoute final : public LogSink {
public:
    explicit LogRoute(LogSink& host) : host_{host} {}

    /// Null: none. On return nothing more goes to the run before.
    void lead_to(RunLog* run);

    bool is_enabled(std::int32_t level) const override;
    void log(std::int32_t level, std::string_view instance, std::string_view message) override;

private:
    LogSink& host_;
    std::mutex mutex_;
    RunLog* run_ = nullptr;
};

}  // namespace weir::host
