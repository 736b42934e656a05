#include "explain.hpp"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "spelling.hpp"

namespace weir::cron {

namespace {

using Words = std::vector<std::string>;

std::string joined(Words const& words, char const* last) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 == words.size() ? std::string{" "} + last + " " : ", ";
        out += words[i];
    }
    return out;
}

/// "Monday to Friday, Sunday": runs of three and more become a range.
template <class Name>
Words runs_of(std::uint64_t mask, Name name) {
    Words out;
    for (int i = 0; i < 64; ++i) {
        if (!((mask >> i) & 1u)) continue;
        int end = i;
        while (end < 63 && ((mask >> (end + 1)) & 1u)) ++end;
        if (end - i >= 2) {
            out.push_back(name(i) + " to " + name(end));
            i = end;
        } else {
            out.push_back(name(i));
        }
    }
    return out;
}

std::string number(int value) { return std::to_string(value); }

std::string ordinal(int value) {
    bool const is_teen = value / 10 == 1;
    int const last = value % 10;
    char const* suffix = is_teen     ? "th"
                         : last == 1 ? "st"
                         : last == 2 ? "nd"
                         : last == 3 ? "rd"
                                     : "th";
    return std::to_string(value) + suffix;
}

/// The n of "every n from 0 on, without a break over the hour"; 0: something else.
int even_step(std::uint64_t mask, int size) {
    for (int step = 1; step <= size / 2; ++step) {
        if (size % step != 0) continue;
        std::uint64_t grid = 0;
        for (int i = 0; i < size; i += step) grid |= std::uint64_t{1} << i;
        if (grid == mask) return step;
    }
    return 0;
}

std::string every(int step, char const* unit) {
    return step == 1 ? std::string{"every "} + unit : "every " + number(step) + " " + unit + "s";
}

/// "09:00 and 17:30:15" for few fixed times; empty when there are many.
std::string clock_times(Pattern const& pattern) {
    constexpr int listed_max = 6;
    if (std::popcount(pattern.hours) * std::popcount(pattern.minutes) *
            std::popcount(pattern.seconds) >
        listed_max)
        return {};
    Words times;
    for (int time = 0; time < day_seconds; ++time) {
        bool const matches = ((pattern.hours >> (time / 3600)) & 1u) &&
                             ((pattern.minutes >> (time / 60 % 60)) & 1u) &&
                             ((pattern.seconds >> (time % 60)) & 1u);
        if (!matches) continue;
        char text[16];
        std::snprintf(text, sizeof text, "%02d:%02d", time / 3600, time / 60 % 60);
        times.emplace_back(text);
        if (pattern.seconds != 1) {
            std::snprintf(text, sizeof text, ":%02d", time % 60);
            times.back() += text;
        }
    }
    return joined(times, "and");
}

std::string time_text(Pattern const& pattern) {
    if (std::string const times = clock_times(pattern); !times.empty()) return "at " + times;
    int const seconds = even_step(pattern.seconds, 60), minutes = even_step(pattern.minutes, 60);
    int const hours = even_step(pattern.hours, 24);
    std::string out;
    bool const is_each_minute = minutes == 1;
    if (pattern.seconds != 1) {
        out = seconds ? every(seconds, "second")
                      : "at second " + joined(runs_of(pattern.seconds, number), "and");
        if (is_each_minute && pattern.has_every_hour()) return out;
        out += ", ";
    }
    if (minutes) {
        out += every(minutes, "minute");
        if (pattern.has_every_hour()) return out;
    } else if (pattern.has_every_hour() && pattern.minutes == 1) {
        return out + "every hour";
    } else if (hours && pattern.minutes == 1) {
        return out + every(hours, "hour");
    } else {
        out += "at minute " + joined(runs_of(pattern.minutes, number), "and");
    }
    if (hours) return out + " of " + every(hours, "hour");
    char const* noun = std::popcount(pattern.hours) == 1 ? " of hour " : " of hours ";
    return out + noun + joined(runs_of(pattern.hours, number), "and");
}

std::string days_text(Pattern const& pattern) {
    Words parts;
    if (pattern.days) {
        char const* noun = std::popcount(pattern.days) == 1 ? "day " : "days ";
        parts.push_back(noun + joined(runs_of(pattern.days, number), "and"));
    }
    if (pattern.nearest_weekday)
        parts.push_back("the weekday nearest to the " + ordinal(pattern.nearest_weekday));
    if (pattern.has_last_day) parts.emplace_back("the last day");
    return "on " + joined(parts, "and") + " of the month";
}

std::string weekdays_text(Pattern const& pattern) {
    // People end a week with Sunday, so it comes last.
    std::uint64_t const week = (pattern.weekdays & 0x7Eu) | ((pattern.weekdays & 1u) << 7);
    Words parts = runs_of(week, [](int day) { return std::string{weekday_name(day)}; });
    static constexpr char const* counts[] = {"last", "first", "second", "third", "fourth", "fifth"};
    for (int day = 0; day < 7; ++day)
        for (int n = 0; n <= 5; ++n)
            if ((pattern.nth[static_cast<std::size_t>(day)] >> n) & 1u)
                parts.push_back(std::string{"the "} + counts[n] + " " + weekday_name(day) +
                                " of the month");
    return joined(parts, "and");
}

std::string date_text(Pattern const& pattern) {
    std::string out;
    if (!pattern.has_any_day && !pattern.has_any_weekday)
        out = days_text(pattern) + (pattern.needs_both ? " if it is " : " or on ") +
              weekdays_text(pattern);
    else if (!pattern.has_any_day)
        out = days_text(pattern);
    else if (!pattern.has_any_weekday)
        out = weekdays_text(pattern);
    if (pattern.months != 0x1FFE) {
        if (!out.empty()) out += ", ";
        auto const name = [](int month) { return std::string{month_name(month)}; };
        out += "in " + joined(runs_of(pattern.months, name), "and");
    }
    if (pattern.years.all()) return out;
    constexpr int listed_max = 5;
    Words years;
    for (int year = Pattern::year_min; year <= Pattern::year_max; ++year)
        if (pattern.years[static_cast<std::size_t>(year - Pattern::year_min)])
            years.push_back(number(year));
    if (!out.empty()) out += ", ";
    if (years.size() <= listed_max) return out + "in " + joined(years, "and");
    return out + "in " + number(static_cast<int>(years.size())) + " years from " + years.front() +
           " to " + years.back();
}

std::string interval_text(Millis step_ms) {
    struct Unit {
        Millis size_ms;
        char const* name;
    };
    static constexpr Unit units[] = {
        {day_ms, "day"}, {hour_ms, "hour"}, {minute_ms, "minute"}, {second_ms, "second"}};
    Words parts;
    for (Unit const& unit : units) {
        if (Millis const count = step_ms / unit.size_ms; count > 0)
            parts.push_back(std::to_string(count) + " " + unit.name + (count > 1 ? "s" : ""));
        step_ms %= unit.size_ms;
    }
    if (parts.size() == 1 && parts[0].starts_with("1 ")) return "every " + parts[0].substr(2);
    return "every " + joined(parts, "and");
}

/// Between the two, the second included.
Json clock_changes(Zone const& zone, Millis from_ms, Millis to_ms) {
    Json notes = Json::array();
    Zone::Stretch before = zone.at(from_ms / second_ms);
    while (before.end <= to_ms / second_ms && notes.size() < notes_max) {
        Zone::Stretch const after = zone.at(before.end);
        Seconds const by = after.offset - before.offset;
        if (by != 0)
            notes.push_back(std::string{"clocks in "} + zone.name() + " go " +
                            (by > 0 ? "forward" : "back") + " by " +
                            print_interval(std::abs(by) * second_ms) + " at " +
                            print_time(before.end * second_ms));
        before = after;
    }
    return notes;
}

}  // namespace

std::string describe(Schedule const& schedule) {
    if (schedule.is_reboot()) return "once at each start";
    if (auto const* grid = schedule.interval()) return interval_text(grid->step_ms);
    if (auto const* at = schedule.instant()) return "once, at " + print_time(at->at_ms);
    std::string const date = date_text(*schedule.pattern());
    return time_text(*schedule.pattern()) + (date.empty() ? "" : ", " + date);
}

Error never_due(Json const& schedule, Millis from_ms) {
    return Error{
        WEIR_E_CONFIG,
        "schedule " +
            in_quotes(schedule.is_string() ? schedule.get<std::string>() : schedule.dump()) +
            " has no occurrence after " + print_time(from_ms),
        "/schedule"}
        .coded("cron.never_due");
}

Json explain(Schedule const& schedule, Zone const& zone, Gap gap, Millis from_ms,
             std::size_t count) {
    Json next = Json::array();
    std::optional<Millis> time = from_ms, last_ms;
    while (next.size() < count && (time = schedule.next(*time, zone, gap))) {
        next.push_back(print_time(*time));
        last_ms = time;
    }
    Json notes = next.empty() ? Json::array() : clock_changes(zone, from_ms, *last_ms);
    Json out{{"text", describe(schedule)}, {"next", std::move(next)}};
    if (!notes.empty()) out["notes"] = std::move(notes);
    if (auto const* grid = schedule.interval()) out["interval_s"] = grid->step_ms / second_ms;
    return out;
}

}  // namespace weir::cron
