#include <algorithm>

#include "schedule.hpp"

namespace weir::cron {

namespace {

// Clocks changed by a day at most (Samoa, 2011), so what happened longer ago than twice that has no
// part in what a wall clock shows now.
constexpr Seconds shift_max = 26 * 3600;

/// Walks the stretches of a zone and keeps the earliest time found that is later than `after`.
class Walk {
public:
    Walk(Pattern const& pattern, Zone const& zone, Gap gap, Seconds after)
        : pattern_{pattern},
          zone_{zone},
          follows_elapsed_time_{gap == Gap::run_after && pattern.has_every_hour()},
          fills_gaps_{gap == Gap::run_after && !pattern.has_every_hour()},
          after_{after} {}

    std::optional<Seconds> find() {
        Zone::Stretch stretch = zone_.at(after_ - 2 * shift_max);
        Seconds shown = stretch.begin + stretch.offset;  // wall clocks have shown all before it
        while (true) {
            Seconds const begin_local = stretch.begin + stretch.offset;
            if (fills_gaps_ && begin_local > shown)
                take_skipped(shown, begin_local, stretch.begin - shown);
            Seconds const from = follows_elapsed_time_ ? begin_local : std::max(begin_local, shown);
            std::optional<Seconds> const local =
                pattern_.next(std::max(from, after_ + 1 + stretch.offset) - 1);
            if (local && *local - stretch.offset < stretch.end) take(*local - stretch.offset);
            if (best_ && *best_ < stretch.end) return best_;
            if (!local) return best_;  // and no later stretch shows a matching time
            shown = std::max(shown, stretch.end + stretch.offset);
            stretch = zone_.at(stretch.end);
        }
    }

private:
    void take(Seconds found) {
        if (found > after_ && (!best_ || found < *best_)) best_ = found;
    }
    /// Of all skipped times of a gap one fires, as if the clocks had not changed.
    void take_skipped(Seconds from_local, Seconds to_local, Seconds minus_offset) {
        std::optional<Seconds> const first = pattern_.next(from_local - 1);
        if (first && *first < to_local) take(*first + minus_offset);
    }

    Pattern const& pattern_;
    Zone const& zone_;
    bool const follows_elapsed_time_, fills_gaps_;
    Seconds const after_;
    std::optional<Seconds> best_;
};

}  // namespace

std::optional<Seconds> next_match(Pattern const& pattern, Zone const& zone, Gap gap,
                                  Seconds after) {
    return Walk{pattern, zone, gap, after}.find();
}

}  // namespace weir::cron
