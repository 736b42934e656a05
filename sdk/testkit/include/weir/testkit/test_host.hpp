#pragma once

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/host.h"

namespace weir::testkit {

/// What a call through the boundary answered in place of an outcome.
class Failure : public std::runtime_error {
public:
    Failure(weir_status why, weir_error const& error)
        : std::runtime_error{error.message},
          status{why},
          flags{error.flags},
          code{error.code},
          where{error.where},
          suggestion{error.suggestion},
          sqlstate{error.sqlstate} {}

    weir_status status;
    std::uint32_t flags;
    std::string code, where, suggestion, sqlstate;
};

/// The least a host offers: log, clock, metrics; it remembers all that a connector said, so that a
/// test can look for secrets in it. Thread-safe. Must outlive the instances made with it.
class TestHost {
public:
    struct Line {
        int level;
        std::string message;
    };

    TestHost() {
        host_.struct_size = sizeof host_;
        host_.abi_major = WEIR_ABI_MAJOR;
        host_.abi_minor = WEIR_ABI_MINOR;
        host_.version = "0.0.0-testkit";
        host_.instance = "testkit";
        host_.ctx = this;
        host_.service = service;
    }
    TestHost(TestHost const&) = delete;
    TestHost& operator=(TestHost const&) = delete;

    weir_host const* get() const { return &host_; }

    std::vector<Line> log() const {
        std::lock_guard const lock{mutex_};
        return log_;
    }
    /// Whether a line of the log contains `text`.
    bool logged(std::string_view text) const {
        std::lock_guard const lock{mutex_};
        for (Line const& line : log_)
            if (line.message.find(text) != std::string::npos) return true;
        return false;
    }
    /// Log lines and error texts, one per line.
    std::string everything_said() const {
        std::lock_guard const lock{mutex_};
        std::string all = errors_;
        for (Line const& line : log_) all += line.message + "\n";
        return all;
    }
    /// Lets go of all that was said.
    void forget() {
        std::lock_guard const lock{mutex_};
        std::vector<Line>{}.swap(log_);
        std::string{}.swap(errors_);
    }
    void heard(Failure const& failure) {
        std::lock_guard const lock{mutex_};
        errors_ += failure.code + " " + failure.where + " " + failure.what() + " " +
                   failure.suggestion + "\n";
    }
    /// 0 when the connector never recorded it.
    double metric(std::string const& name) const {
        std::lock_guard const lock{mutex_};
        auto const found = ids_.find(name);
        return found == ids_.end() ? 0 : values_[found->second - 1];
    }
    /// From here on the wall clock stands still at `unix_us`.
    void stop_clock_at(std::int64_t unix_us) { stopped_at_ = unix_us; }

private:
    static TestHost& of(weir_host const* host) { return *static_cast<TestHost*>(host->ctx); }

    static void const* service(weir_host const*, char const* id) {
        static weir_log const log{sizeof log, 0,
                                  [](weir_host const* host, std::int32_t level, char const* text) {
                                      TestHost& self = of(host);
                                      std::lock_guard const lock{self.mutex_};
                                      self.log_.push_back({level, text});
                                  },
                                  [](weir_host const*, std::int32_t) { return 1; }};
        static weir_clock const clock{sizeof clock, 0, unix_us, monotonic_ns, nullptr};
        static weir_metrics const metrics{sizeof metrics, 0, define, record};
        std::string_view const wanted{id};
        if (wanted == "weir.log/1") return &log;
        if (wanted == "weir.clock/1") return &clock;
        if (wanted == "weir.metrics/1") return &metrics;
        return nullptr;
    }
    static std::int64_t unix_us(weir_host const* host) {
        if (std::int64_t const stopped = of(host).stopped_at_) return stopped;
        using namespace std::chrono;
        return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
    }
    static std::int64_t monotonic_ns(weir_host const*) {
        using namespace std::chrono;
        return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
    }
    static weir_status define(weir_host const* host, std::uint32_t, char const* name, char const*,
                              std::uint64_t* id) {
        TestHost& self = of(host);
        std::lock_guard const lock{self.mutex_};
        auto const [at, added] = self.ids_.try_emplace(name, self.values_.size() + 1);
        if (added) self.values_.push_back(0);
        *id = at->second;
        return WEIR_OK;
    }
    static void record(weir_host const* host, std::uint64_t id, double value) {
        TestHost& self = of(host);
        std::lock_guard const lock{self.mutex_};
        if (id >= 1 && id <= self.values_.size()) self.values_[id - 1] += value;
    }

    weir_host host_{};
    mutable std::mutex mutex_;
    std::vector<Line> log_;
    std::string errors_;
    std::map<std::string, std::uint64_t> ids_;
    std::vector<double> values_;
    std::atomic<std::int64_t> stopped_at_{0};
};

/// A call that a test can cancel, from any thread, or give a deadline.
class TestCall {
public:
    TestCall() {
        call_.struct_size = sizeof call_;
        call_.ctx = this;
        call_.cancelled = [](weir_call const* call) {
            TestCall& self = *static_cast<TestCall*>(call->ctx);
            return std::int32_t{self.cancelled_ || ++self.looks_ > self.cancel_after_};
        };
        call_.remaining_ms = [](weir_call const* call) {
            TestCall& self = *static_cast<TestCall*>(call->ctx);
            return ++self.time_looks_ > self.late_after_ ? -1 : self.remaining();
        };
    }
    TestCall(TestCall const&) = delete;
    TestCall& operator=(TestCall const&) = delete;

    void cancel() { cancelled_ = true; }
    /// Cancelled once somebody has looked `looks` times and was told that it is not: in the middle
    /// of a call.
    void cancel_after(int looks) { cancel_after_ = looks; }
    /// The same for the deadline.
    void be_late_after(int looks) { late_after_ = looks; }
    void deadline_in_ms(std::int64_t ms) {
        deadline_ = std::chrono::steady_clock::now() + std::chrono::milliseconds{ms};
        has_deadline_ = true;
    }
    weir_call const* get() const { return &call_; }

private:
    std::int64_t remaining() const {
        using namespace std::chrono;
        if (!has_deadline_) return INT64_MAX;
        return duration_cast<milliseconds>(deadline_ - steady_clock::now()).count();
    }

    weir_call call_{};
    std::atomic<bool> cancelled_{false};
    std::atomic<int> looks_{0}, time_looks_{0};
    int cancel_after_ = INT_MAX, late_after_ = INT_MAX;
    bool has_deadline_ = false;
    std::chrono::steady_clock::time_point deadline_;
};

}  // namespace weir::testkit
