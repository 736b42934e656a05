#pragma once

#include <optional>
#include <string>
#include <variant>
#include <weir/cpp/config.hpp>

#include "pattern.hpp"
#include "times.hpp"
#include "zone.hpp"

namespace weir::cron {

/// What happens to a fixed hour that the clocks jump over. `run_after`: the first skipped time
/// fires once, read with the offset before the change; a repeated time fires at its first pass;
/// patterns of every hour follow elapsed time. `skip`, OCPS to the letter: skipped times vanish and
/// repeated ones count once, for every pattern.
enum class Gap { run_after, skip };

/// Throws E_CONFIG at /dst_gap.
Gap gap_named(std::string const& name);
char const* name_of(Gap gap);

/// When something is due. A value; thread-safe; reads no clock.
///
/// JSON: "*/15 * * * *", "@daily", "15m", "every-weekend", {"type":"cron","expression"},
/// {"type":"interval","seconds"|"minutes"|"hours"|"days"}, {"at":"2026-01-01T00:00:00Z"}.
class Schedule {
public:
    struct Interval {
        Millis step_ms;
    };  ///< a grid from the Unix epoch: neither restarts nor run times move it
    struct Instant {
        Millis at_ms;
    };
    struct Reboot {};  ///< at each start of the host

    /// Throws E_CONFIG "cron.bad_schedule" or "cron.bad_pattern" at /schedule.
    static Schedule of(Json const& json);

    /// The first time later than `after_ms`; nothing: never again.
    std::optional<Millis> next(Millis after_ms, Zone const& zone, Gap gap) const;

    bool is_reboot() const { return std::holds_alternative<Reboot>(kind_); }
    Interval const* interval() const { return std::get_if<Interval>(&kind_); }
    Instant const* instant() const { return std::get_if<Instant>(&kind_); }
    Pattern const* pattern() const { return std::get_if<Pattern>(&kind_); }

private:
    using Kind = std::variant<Pattern, Interval, Instant, Reboot>;
    explicit Schedule(Kind kind) : kind_{std::move(kind)} {}
    static Schedule of_text(std::string const& text);
    static Schedule of_object(Json const& json);

    Kind kind_;
};

/// The first time later than `after` at which wall clocks in `zone` match, with the rules of `gap`.
std::optional<Seconds> next_match(Pattern const& pattern, Zone const& zone, Gap gap, Seconds after);

}  // namespace weir::cron
