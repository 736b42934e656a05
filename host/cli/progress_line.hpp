#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "host/abi/host_services.hpp"
#include "host/core/clock.hpp"
#include "host/run/progress.hpp"

namespace weir::host {

/// Shows on standard error how a copy goes on: one line that is redrawn on a terminal, otherwise a
/// line every 10 s; and what connectors log. Owns the thread that draws.
class ProgressLine final : public Progress, public LogSink {
public:
    enum class Style { none, terminal, lines };
    /// `terminal` when standard error is one.
    static Style style_here(bool quiet);

    /// `is_verbose`: what connectors log for developers shows too.
    ProgressLine(Clock const& clock, Style style, bool is_verbose);
    ~ProgressLine() override;

    void begin(std::string const& stream, std::optional<std::uint64_t> rows_expected) override;
    void advance(Counts const& counts) override;
    void end(StreamReport const& report) override;
    void say(std::string const& sentence) override;

    bool is_enabled(std::int32_t level) const override { return level >= level_; }
    void log(std::int32_t level, std::string_view instance, std::string_view message) override;

private:
    void draw_loop();
    void draw();
    void erase();
    std::string line(double rows_per_s) const;
    double rate();

    Clock const& clock_;
    Style style_;
    std::int32_t level_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::string stream_;
    std::optional<std::uint64_t> expected_;
    Counts counts_;
    std::int64_t sampled_ns_ = 0;
    std::uint64_t sampled_rows_ = 0;
    double rate_ = 0;
    bool is_drawn_ = false, is_active_ = false, is_stopping_ = false;
    std::thread thread_;
};

}  // namespace weir::host
