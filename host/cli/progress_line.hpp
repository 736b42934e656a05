#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "host/abi/host_services.hpp"
#include "host/core/clock.hpp"
#include "host/run/progress.hpp"

namespace weir::host {

/// Shows on standard error how a copy goes on: a line for each stream at work, which is redrawn on
/// a terminal, otherwise each 10 s; and what connectors log. Owns the thread that draws.
class ProgressLine final : public Progress, public LogSink {
public:
    enum class Style { none, terminal, lines };
    /// `terminal` when standard error is one.
    static Style style_here(bool quiet);

    /// `is_verbose`: what connectors log for developers shows too.
    ProgressLine(Clock const& clock, Style style, bool is_verbose);
    ~ProgressLine() override;

    void begin(std::string const& stream, std::optional<std::uint64_t> rows_expected) override;
    void advance(std::string const& stream, Counts const& counts) override;
    void end(StreamReport const& report) override;
    void say(std::string const& sentence) override;

    bool is_enabled(std::int32_t level) const override { return level >= level_; }
    void log(std::int32_t level, std::string_view instance, std::string_view message) override;

private:
    /// One stream at work.
    struct Shown {
        std::string stream;
        std::optional<std::uint64_t> expected;
        Counts counts;
        std::int64_t sampled_ns = 0;
        std::uint64_t sampled_rows = 0;
        double rate = 0;
    };

    void draw_loop();
    void draw();
    void erase();
    std::string line(Shown const& shown, double rows_per_s, bool is_active) const;
    double rate(Shown& shown);
    Shown* find(std::string const& stream);

    Clock const& clock_;
    Style style_;
    std::int32_t level_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Shown> active_;  ///< in the order in which they began
    std::size_t drawn_lines_ = 0;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace weir::host
