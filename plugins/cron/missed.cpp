#include "missed.hpp"

#include <algorithm>

namespace weir::cron {

namespace {

/// Times in (after_ms, to_ms], at most `most`.
std::vector<Millis> times_between(Schedule const& schedule, Zone const& zone, Gap gap,
                                  Millis after_ms, Millis to_ms, std::size_t most) {
    std::vector<Millis> out;
    for (auto time = schedule.next(after_ms, zone, gap);
         time && *time <= to_ms && out.size() < most; time = schedule.next(*time, zone, gap))
        out.push_back(*time);
    return out;
}

}  // namespace

Missed missed_times(Schedule const& schedule, Zone const& zone, Gap gap, Millis first_ms,
                    Millis now_ms, std::size_t keep, std::uint64_t counted_max) {
    Missed out;
    std::vector<Millis> times =
        times_between(schedule, zone, gap, first_ms - 1, now_ms, counted_max);
    out.count = times.size();
    bool const is_cut = times.size() == counted_max;
    if (Schedule::Interval const* grid = schedule.interval())
        out.count = static_cast<std::uint64_t>((now_ms - first_ms) / grid->step_ms + 1);
    // Looking back further and further finds the last ones of very many.
    for (Millis span_ms = minute_ms; is_cut; span_ms *= 4) {
        Millis const after_ms = std::max(first_ms - 1, now_ms - span_ms);
        times = times_between(schedule, zone, gap, after_ms, now_ms, SIZE_MAX);
        if (times.size() >= keep || after_ms < first_ms) break;
    }
    if (times.empty()) times = {first_ms};  // the rules of the zone have moved it since
    std::size_t const kept = std::min(keep, times.size());
    out.latest.assign(times.end() - static_cast<std::ptrdiff_t>(kept), times.end());
    out.count = std::max<std::uint64_t>(out.count, kept);
    return out;
}

}  // namespace weir::cron
