#include "host/run/run_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "host/core/log_level.hpp"
#include "host/core/secret.hpp"

namespace weir::host {

void RunLog::add(int level, std::string_view message) {
    std::lock_guard const lock{mutex_};
    if (lines_.size() < waiting_lines_max)
        lines_.push_back({0, clock_.unix_us(), level, mask_secrets(message)});
    else
        ++left_out_, ++all_left_out_;
}

void RunLog::warn(std::string_view message) {
    std::string masked = mask_secrets(message);
    std::lock_guard const lock{mutex_};
    bool const is_known = std::ranges::find(warnings_, masked) != warnings_.end();
    if (!is_known && warnings_.size() < warnings_max) warnings_.push_back(std::move(masked));
}

std::vector<std::string> RunLog::warnings() const {
    std::lock_guard const lock{mutex_};
    return warnings_;
}

std::uint64_t RunLog::left_out() const {
    std::lock_guard const lock{mutex_};
    return all_left_out_;
}

std::vector<Runs::LogLine> RunLog::take() {
    std::lock_guard const lock{mutex_};
    if (left_out_ > 0)
        lines_.push_back(
            {0, clock_.unix_us(), level_warning,
             fmt::format("{} lines came too fast and were left out", std::exchange(left_out_, 0))});
    return std::exchange(lines_, {});
}

void LogRoute::lead_to(RunLog* run) {
    std::lock_guard const lock{mutex_};
    run_ = run;
}

bool LogRoute::is_enabled(std::int32_t level) const {
    return level >= level_info || host_.is_enabled(level);
}

void LogRoute::log(std::int32_t level, std::string_view instance, std::string_view message) {
    if (host_.is_enabled(level)) host_.log(level, instance, message);
    if (level < level_info) return;
    std::lock_guard const lock{mutex_};
    if (!run_) return;
    run_->add(level, fmt::format("{}: {}", instance, message));
    if (level >= level_warning) run_->warn(message);
}

}  // namespace weir::host
