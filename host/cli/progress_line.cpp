#include "host/cli/progress_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "host/cli/output.hpp"
#include "host/cli/steer.hpp"
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
    active_.push_back({stream, rows_expected, {}, clock_.monotonic_ns(), 0, 0});
    if (!thread_.joinable() && style_ != Style::none)
        thread_ = std::thread{[this] { draw_loop(); }};
}

void ProgressLine::advance(std::string const& stream, Counts const& counts) {
    std::lock_guard lock{mutex_};
    if (Shown* const shown = find(stream)) shown->counts = counts;
}

ProgressLine::Shown* ProgressLine::find(std::string const& stream) {
    auto const at = std::ranges::find(active_, stream, &Shown::stream);
    return at == active_.end() ? nullptr : &*at;
}

void ProgressLine::end(StreamReport const& report) {
    std::lock_guard lock{mutex_};
    erase();
    Shown shown;
    if (Shown* const found = find(report.stream)) {
        shown = std::move(*found);
        active_.erase(active_.begin() + (found - active_.data()));
    }
    shown.counts = report.counts;
    if (style_ == Style::none || report.error || !report.plan.empty()) return;
    Counts const& counts = report.counts;
    double const per_s =
        report.seconds > 0 ? static_cast<double>(counts.read) / report.seconds : 0;
    if (style_ == Style::terminal) shown.expected = counts.read;
    std::string const cursor = report.cursor.empty() ? "" : "  cursor " + report.cursor;
    tell(line(shown, per_s, false) + cursor + "\n");
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
        draw();
}

void ProgressLine::draw() {
    erase();
    bool const is_terminal = style_ == Style::terminal;
    for (std::size_t i = 0; i < active_.size(); ++i)
        tell(line(active_[i], rate(active_[i]), true) +
             (is_terminal && i + 1 == active_.size() ? "" : "\n"));
    if (is_terminal) drawn_lines_ = active_.size();
}

void ProgressLine::erase() {
    for (; drawn_lines_ > 0; --drawn_lines_)
        tell_steered(drawn_lines_ > 1 ? "\r\x1b[K\x1b[1A" : "\r\x1b[K", {});
}

/// Of the last seconds, not since the beginning: a stall must show.
double ProgressLine::rate(Shown& shown) {
    std::int64_t const now = clock_.monotonic_ns();
    double const passed = seconds_since(shown.sampled_ns, now);
    std::uint64_t const read = shown.counts.read;
    if (read < shown.sampled_rows) shown.sampled_rows = read;  // tried again from a commit
    if (passed >= 1 || shown.rate == 0) {
        if (passed > 0) shown.rate = static_cast<double>(read - shown.sampled_rows) / passed;
        if (passed >= 1) shown.sampled_ns = now, shown.sampled_rows = read;
    }
    return shown.rate;
}

std::string ProgressLine::line(Shown const& shown, double rows_per_s, bool is_active) const {
    Counts const& counts = shown.counts;
    std::string text = fmt::format("  {}  ", shown.stream);
    if (style_ == Style::terminal && shown.expected) text += bar(counts.read, *shown.expected);
    // Nothing may have come yet because somebody holds a lock: no figures then, they look like a
    // result.
    if (is_active && counts.read == 0) return text + "waiting for the first rows";
    return text + fmt::format("{} rows  {} rows/s  {}", with_commas(counts.read),
                              with_commas(static_cast<std::uint64_t>(rows_per_s)),
                              human_bytes(counts.bytes));
}

}  // namespace weir::host
