#pragma once

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/abi/watchdog.hpp"
#include "host/core/clock.hpp"
#include "host/run/engine.hpp"
#include "host/store/store.hpp"

namespace weir::test {

/// The value of `result`; throws what is wrong.
template <class T>
T must(host::Result<T> result) {
    if (!result) throw std::runtime_error{result.error().code + ": " + result.error().message};
    return std::move(*result);
}
inline void must(host::Result<void> const& result) {
    if (!result) throw std::runtime_error{result.error().code + ": " + result.error().message};
}

/// The machine's clock, moved on by `ahead_us`.
class MovedClock final : public host::Clock {
public:
    std::int64_t unix_us() const override { return clock_.unix_us() + ahead_us; }
    std::int64_t monotonic_ns() const override { return clock_.monotonic_ns(); }
    std::atomic<std::int64_t> ahead_us{0};

private:
    host::SystemClock clock_;
};

class KnownSecrets final : public host::SecretLookup {
public:
    host::Result<std::optional<std::string>> find(std::string const& owner,
                                                  std::string const& name) override {
        auto const found = values.find(owner + "/" + name);
        if (found == values.end()) return std::optional<std::string>{};
        return std::optional{found->second};
    }
    std::map<std::string, std::string> values;
};

class QuietLog final : public host::LogSink {
public:
    bool is_enabled(std::int32_t) const override { return true; }
    void log(std::int32_t, std::string_view instance, std::string_view message) override {
        std::lock_guard const lock{mutex_};
        lines_ += std::string{instance} + ": " + std::string{message} + "\n";
    }
    std::string lines() const {
        std::lock_guard const lock{mutex_};
        return lines_;
    }

private:
    mutable std::mutex mutex_;
    std::string lines_;
};

/// What the composition root of a server has, on a state in `directory`: built in order, torn down
/// in reverse.
struct Host {
    explicit Host(std::string const& directory)
        : store{must(host::Store::open(directory + "/state.db", clock))} {}

    MovedClock clock;
    QuietLog log;
    host::Metrics metrics;
    host::Watchdog watchdog{clock};
    host::HostServices services{clock, log, metrics, watchdog};
    host::Registry registry{{WEIR_CONNECTOR_DIRECTORY, ENGINE_PLUGINS}};
    KnownSecrets secrets;
    std::unique_ptr<host::Store> store;
    host::Runs runs{*store};
    host::Letters letters{*store};
    host::Limits limits;
    host::Engine engine{{runs, letters, registry, services, secrets, limits}};
};

using Json = nlohmann::json;

/// A plan that appends `source` to a table in the SQLite file `sink`, seven rows per commit.
inline Json plan_of(std::string const& job, Json source, std::string const& sink,
                    std::string const& target) {
    return {{"plan", 1},
            {"job", job},
            {"tasks",
             {{{"task", "copy"},
               {"op", "copy"},
               {"source", std::move(source)},
               {"sink",
                {{"connector", "sqlite"},
                 {"config", {{"path", sink}}},
                 {"target", target},
                 {"write", "append"}}},
               {"limits", {{"batch_rows_max", 7}}}}}}};
}

inline Json generator(std::string const& options) {
    return {{"connector", "generator"}, {"config", {{"url", "generator:" + options}}}};
}

inline host::SubmitRun request_of(Json const& plan) {
    host::SubmitRun request;
    request.owner = "test";
    request.job = plan.value("job", "");
    request.plan_json = plan.dump();
    request.trigger_json = R"({"by":"test","scheduled_at":"2026-01-01T00:00:00Z"})";
    return request;
}

}  // namespace weir::test
