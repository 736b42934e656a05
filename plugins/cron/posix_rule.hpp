#pragma once

#include <optional>
#include <string_view>

#include "pattern.hpp"

namespace weir::cron {

// rule := name offset [name [offset] "," date ["/" time] "," date ["/" time]]
// date := "M" month "." week "." weekday | "J" day | day        name := letters | "<" any ">"
/// When the clocks of a zone change in all years to come: "CET-1CEST,M3.5.0,M10.5.0/3", as POSIX
/// and the last line of a file of the zone database have it. A value.
class PosixRule {
public:
    /// Nothing when `text` is no such rule.
    static std::optional<PosixRule> parse(std::string_view text);

    /// A stretch of UTC [begin, end) in which wall clocks are ahead of UTC by `offset` seconds.
    struct Stretch {
        Seconds begin, end, offset;
    };
    Stretch at(Seconds utc) const;

private:
    struct Date {
        char form = 'M';  ///< 'M', 'J': without leap days, from 1; 'n': with them, from 0
        int month = 0, week = 0, day = 0;
        Seconds time = 2 * 3600;  ///< of the wall clock before the change
        Seconds in(int year) const;
    };
    class Reader;

    Seconds offset_ = 0, summer_offset_ = 0;
    bool has_summer_ = false;
    Date summer_begins_, summer_ends_;
};

}  // namespace weir::cron
