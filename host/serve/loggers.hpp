#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host/abi/host_services.hpp"
#include "host/core/clock.hpp"
#include "host/core/error.hpp"

namespace weir::host {

/// The log of the host, by who speaks: "host", "http", "store", "engine", and the instances of
/// plugins and connectors. A line is told when its level reaches its logger's, else the default's.
/// A level that was set for a time goes back by itself. Thread-safe.
class Loggers final : public LogSink {
public:
    static constexpr std::size_t names_max = 1'024;  ///< further ones go by the default
    static constexpr std::int64_t ttl_seconds_max = 86'400;
    /// The logger of all that have none of their own.
    static constexpr char default_name[] = "default";

    using Say = std::function<void(std::int32_t level, std::string_view name, std::string_view)>;
    Loggers(Clock const& clock, Say say, std::int32_t level);
    /// Once, before others ask: `others` tells who may speak and perhaps has not yet.
    void also(std::function<std::vector<std::string>()> others) { others_ = std::move(others); }

    bool is_enabled(std::int32_t level) const override;
    void log(std::int32_t level, std::string_view name, std::string_view message) override;

    struct Setting {
        std::string name;
        std::int32_t level = 0;  ///< in force now
        bool is_own = false;     ///< not the default's
        std::int64_t until_us = 0;  ///< 0: for good
    };
    std::vector<Setting> list();
    /// E_NOT_FOUND "log.unknown_logger" with the nearest name: nobody speaks by it.
    Result<Setting> get(std::string const& name);
    /// `ttl_seconds` 0: for good. Errors as of get().
    Result<Setting> set(std::string const& name, std::int32_t level, std::int64_t ttl_seconds);

private:
    struct Level {
        std::int32_t level = 0;
        std::int64_t until_us = 0;
    };
    Setting setting_of(std::string const& name);
    std::int32_t level_of(std::string const& name);
    void look_at_levels();
    void look_around();

    Clock const& clock_;
    Say const say_;
    std::function<std::vector<std::string>()> others_;
    std::atomic<std::int32_t> lowest_;
    std::mutex mutex_;
    std::int32_t default_;
    std::map<std::string, Level> levels_;
    std::set<std::string> names_;
};

/// "trace", "debug", "info", "warning", "error" as 0…4, and back; "warn" is known too.
std::optional<std::int32_t> level_named(std::string_view name);
char const* level_name(std::int32_t level);

}  // namespace weir::host
