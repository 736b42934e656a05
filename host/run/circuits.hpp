#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "host/core/clock.hpp"
#include "host/core/error.hpp"
#include "host/run/run_plan.hpp"

namespace weir::host {

/// Keeps a system that does not answer from being asked by every job that needs it.
///
/// One circuit per connection. After failures_max transient failures in a row, of whatever runs, it
/// is open: one run at a time may try, after pauses growing from pause_ms_min to pause_ms_max, and
/// all others are told "run.connection_down" and when to come back. The first answer closes it. In
/// memory: what a restarted host does not know it finds out again. Thread-safe.
class Circuits {
public:
    static constexpr int failures_max = 5;
    static constexpr std::int64_t pause_ms_min = 1'000, pause_ms_max = 30'000;
    static constexpr std::size_t circuits_max = 10'000;  ///< what fails beyond them is not counted
    static constexpr char down[] = "run.connection_down";

    explicit Circuits(Clock const& clock) : clock_{clock} {}

    /// The connection: a connector with its configuration as it is written, and the plugin whose
    /// secrets that names.
    static std::string key_of(std::string const& owner, ConnectorConfig const& connector);

    class Pass;
    /// May this run ask now? E_IO `down`, with retry_after_ms: not yet.
    Result<Pass> enter(std::string const& key);
    /// The same for whoever only looks: E_IO `down` while the circuit is open.
    Result<void> look(std::string const& key);
    /// The system answered, or did not, to somebody who asked without a pass.
    void close(std::string const& key);
    void note(std::string const& key, Error const& error);
    /// {"state":"closed|open|probing","failures"}, and where it is not closed "since",
    /// "next_probe_at" and "error", the last failure.
    nlohmann::json state(std::string const& key);

private:
    struct Circuit {
        int failures = 0;
        bool is_open = false, is_probed = false;
        std::int64_t since_us = 0, pause_ms = 0, probe_ns = 0;
        Error last;
    };
    void fail(std::string const& key, Error const& error, bool is_probe);
    void give_back(std::string const& key);
    Error told(Circuit const& circuit) const;

    Clock const& clock_;
    std::mutex mutex_;
    std::map<std::string, Circuit> failing_;  // closed ones without failures are not in it
};

/// The right to ask, for one run on one thread. Whoever says nothing of it gives it back.
class Circuits::Pass {
public:
    Pass(Circuits& home, std::string key, bool is_probe)
        : home_{&home}, key_{std::move(key)}, is_probe_{is_probe} {}
    Pass(Pass&& other) noexcept;
    Pass& operator=(Pass&&) = delete;
    ~Pass();

    void answered();
    /// Counts what time may cure and is no sign of life: lost connections and time-outs, but not a
    /// server that is busy. All else is an answer.
    void failed(Error const& error);

private:
    Circuits* home_;
    std::string key_;
    bool is_probe_, has_answered_ = false;
};

}  // namespace weir::host
