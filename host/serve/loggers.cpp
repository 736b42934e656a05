#include "host/serve/loggers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "host/core/text.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

constexpr std::array level_names{"trace", "debug", "info", "warning", "error"};

}  // namespace

std::optional<std::int32_t> level_named(std::string_view name) {
    if (name == "warn") return 3;
    auto const at = std::find(level_names.begin(), level_names.end(), name);
    if (at == level_names.end()) return std::nullopt;
    return static_cast<std::int32_t>(at - level_names.begin());
}

char const* level_name(std::int32_t level) {
    constexpr auto last = static_cast<std::int32_t>(level_names.size()) - 1;
    return level_names[static_cast<std::size_t>(std::clamp(level, 0, last))];
}

Loggers::Loggers(Clock const& clock, Say say, std::int32_t level)
    : clock_{clock},
      say_{std::move(say)},
      lowest_{level},
      default_{level},
      names_{default_name, "host", "http", "store", "engine"} {}

bool Loggers::is_enabled(std::int32_t level) const { return level >= lowest_; }

void Loggers::log(std::int32_t level, std::string_view name, std::string_view message) {
    {
        std::lock_guard const lock{mutex_};
        std::string const key{name};
        if (names_.size() < names_max) names_.insert(key);
        if (level < level_of(key)) return;
    }
    say_(level, name, message);
}

/// Asked without the lock: who answers may log.
void Loggers::look_around() {
    if (!others_) return;
    std::vector<std::string> const others = others_();
    std::lock_guard const lock{mutex_};
    for (std::string const& name : others)
        if (names_.size() < names_max) names_.insert(name);
}

std::vector<Loggers::Setting> Loggers::list() {
    look_around();
    std::lock_guard const lock{mutex_};
    std::vector<Setting> all;
    for (std::string const& name : names_) all.push_back(setting_of(name));
    return all;
}

Result<Loggers::Setting> Loggers::get(std::string const& name) {
    look_around();
    std::lock_guard const lock{mutex_};
    if (names_.contains(name)) return setting_of(name);
    return Error{WEIR_E_NOT_FOUND, "log.unknown_logger",
                 fmt::format("nobody logs as \"{}\"", name)}
        .suggest(did_you_mean(nearest(name, {names_.begin(), names_.end()}), "GET /loggers"));
}

Result<Loggers::Setting> Loggers::set(std::string const& name, std::int32_t level,
                                      std::int64_t ttl_seconds) {
    if (Result<Setting> there = get(name); !there) return there;
    std::lock_guard const lock{mutex_};
    if (name == default_name && ttl_seconds == 0) {
        default_ = level;
        levels_.erase(name);
    } else {
        std::int64_t const ttl_us = ttl_seconds * 1'000'000;
        levels_[name] = {level, ttl_us == 0 ? 0 : clock_.unix_us() + ttl_us};
    }
    look_at_levels();
    return setting_of(name);
}

Loggers::Setting Loggers::setting_of(std::string const& name) {
    std::int32_t const level = level_of(name);
    auto const own = levels_.find(name);
    if (own == levels_.end()) return {name, level, name == default_name, 0};
    return {name, level, true, own->second.until_us};
}

/// Under the lock. What was set for a time that is over is forgotten.
std::int32_t Loggers::level_of(std::string const& name) {
    for (std::string const& each : {name, std::string{default_name}}) {
        auto const own = levels_.find(each);
        if (own == levels_.end()) continue;
        if (own->second.until_us == 0 || own->second.until_us > clock_.unix_us())
            return own->second.level;
        levels_.erase(own);
        look_at_levels();
    }
    return default_;
}

void Loggers::look_at_levels() {
    std::int32_t lowest = default_;
    for (auto const& [name, own] : levels_) lowest = std::min(lowest, own.level);
    lowest_ = lowest;
}

}  // namespace weir::host
