#include "host/cli/progress_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "host/cli/output.hpp"
#include "host/core/text.hpp"

namespace weir::host {

namespace {

constexpr std::chrono::milliseconds redraw_pause{100};
constexpr std::chrono::seconds line_pause{10};
constexpr std::uint64_t bar_cells = 24;

double seconds_since(std::int64_t from_ns, std::int64_t now_ns) {
    return static_cast<double>(now_ns - from_ns) / 1e9;
}

std::string bar(std::uint64_t done, std::uint64_t total) {
    // The total is an estimate: a bar that ran over stands at its end.
    std::uint64_t const cells = total ? std::min(bar_cells, done * bar_cells / total) : bar_cells;
    std::string text;
    for (std::uint64_t i = 0; i < bar_cells; ++i) text += i < cells ? "█" : "░";
    return text + "  ";
}

}  // namespace

ProgressLine::Style ProgressLine::style_here(bool quiet) {
    if (quiet) return Style::none;
    char const* term = std::getenv("TERM");
    bool const is_dumb = term && std::strcmp(term, "dumb") == 0;
    return isatty(STDERR_FILENO) && !is_dumb ? Style::terminal : Style::lines;
}

ProgressLine::ProgressLine(Clock const& clock, Style style, bool is_verbose)
    : clock_{clock},
      style_{style},
      level_{is_verbose             ? 1
             : style == Style::none ? 3
                                    : 2} {}

ProgressLine::~ProgressLine() {
    {
        std::lock_guard lock{mutex_};
        is_stopping_ = true;
        wake_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

void ProgressLine::begin(std::string const& stream, std::optional<std::uint64_t> rows_expected) {
    std::lock_guard lock{mutex_};
    stream_ = stream;
    expected_ = rows_expected;
    counts_ = {};
    sampled_ns_ = clock_.monotonic_ns();
    sampled_rows_ = 0;
    rate_ = 0;
    is_active_ = true;
    if (!thread_.joinable() && style_ != Style::none)
        thread_ = std::thread{[this] { draw_loop(); }};
}

void ProgressLine::advance(Counts const& counts) {
    std::lock_guard lock{mutex_};
    counts_ = counts;
}

void ProgressLine::end(StreamReport const& report) {
    std::lock_guard lock{mutex_};
    is_active_ = false;
    counts_ = report.counts;
    erase();
    if (style_ == Style::none || report.error || !report.plan.empty()) return;
    double const per_s =
        report.seconds > 0 ? static_cast<double>(counts_.read) / report.seconds : 0;
    if (style_ == Style::terminal) expected_ = counts_.read;
    std::string const cursor = report.cursor.empty() ? "" : "  cursor " + report.cursor;
    tell(line(per_s) + cursor + "\n");
}

void ProgressLine::say(std::string const& sentence) {
    std::lock_guard lock{mutex_};
    erase();
    if (style_ != Style::none) tell("  " + sentence + "\n");
}

void ProgressLine::log(std::int32_t level, std::string_view instance, std::string_view message) {
    std::lock_guard lock{mutex_};
    erase();
    tell(fmt::format("{} {}: {}\n", level >= 3 ? "⚠" : " ", instance, message));
}

void ProgressLine::draw_loop() {
    std::chrono::milliseconds const pause =
        style_ == Style::terminal ? redraw_pause : std::chrono::milliseconds{line_pause};
    std::unique_lock lock{mutex_};
    while (!wake_.wait_for(lock, pause, [this] { return is_stopping_; }))
        if (is_active_) draw();
}

void ProgressLine::draw() {
    std::string const text = line(rate());
    if (style_ == Style::terminal) {
        tell("\r\x1b[K" + text);
        is_drawn_ = true;
    } else {
        tell(text + "\n");
    }
}

void ProgressLine::erase() {
    if (is_drawn_) tell("\r\x1b[K");
    is_drawn_ = false;
}

/// Of the last seconds, not since the beginning: a stall must show.
double ProgressLine::rate() {
    std::int64_t const now = clock_.monotonic_ns();
    double const passed = seconds_since(sampled_ns_, now);
    if (counts_.read < sampled_rows_) sampled_rows_ = counts_.read;  // tried again from a commit
    if (passed >= 1 || rate_ == 0) {
        if (passed > 0) rate_ = static_cast<double>(counts_.read - sampled_rows_) / passed;
        if (passed >= 1) sampled_ns_ = now, sampled_rows_ = counts_.read;
    }
    return rate_;
}

std::string ProgressLine::line(double rows_per_s) const {
    std::string text = fmt::format("  {}  ", stream_);
    if (style_ == Style::terminal && expected_) text += bar(counts_.read, *expected_);
    // Nothing may have come yet because somebody holds a lock: no figures then, they look like a
    // result.
    if (is_active_ && counts_.read == 0) return text + "waiting for the first rows";
    return text + fmt::format("{} rows  {} rows/s  {}", with_commas(counts_.read),
                              with_commas(static_cast<std::uint64_t>(rows_per_s)),
                              human_bytes(counts_.bytes));
}

}  // namespace weir::host
