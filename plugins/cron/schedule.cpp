#include "schedule.hpp"

#include <algorithm>
#include <weir/cpp/error.hpp>

#include "spelling.hpp"

namespace weir::cron {

namespace {

constexpr char const* words_text = "every-business-hour, every-weekend";

Error bad(std::string message, std::string suggestion = {}, std::string where = "/schedule") {
    return Error{WEIR_E_CONFIG, std::move(message), std::move(where)}
        .coded("cron.bad_schedule")
        .suggest(std::move(suggestion));
}

std::size_t fields_in(std::string const& text) {
    std::size_t count = 0;
    bool was_blank = true;
    for (char const c : text) {
        bool const is_blank = c == ' ' || c == '\t';
        count += was_blank && !is_blank;
        was_blank = is_blank;
    }
    return count;
}

/// The one member of `json` beside "type"; throws when there is another one.
std::string only_member(Json const& json, std::vector<std::string> const& known) {
    std::string const* found = nullptr;
    for (auto const& [name, value] : json.items()) {
        if (name == "type") continue;
        auto const is = std::find(known.begin(), known.end(), name);
        if (is == known.end())
            throw bad("a schedule has no member " + in_quotes(name), nearest(name, known),
                      "/schedule/" + name);
        if (found) throw bad("a schedule takes one of " + *found + " and " + *is + ", not both");
        found = &*is;
    }
    if (!found) throw bad("the schedule lacks " + in_quotes(known.front()), known.front());
    return *found;
}

}  // namespace

Gap gap_named(std::string const& name) {
    if (name == "run_after") return Gap::run_after;
    if (name == "skip") return Gap::skip;
    throw Error{WEIR_E_CONFIG, "dst_gap " + in_quotes(name) + " is not run_after or skip",
                "/dst_gap"}
        .coded("cron.bad_event")
        .suggest(nearest(name, {"run_after", "skip"}));
}

char const* name_of(Gap gap) { return gap == Gap::skip ? "skip" : "run_after"; }

Schedule Schedule::of(Json const& json) {
    if (json.is_string()) return of_text(json.get<std::string>());
    if (json.is_object()) return of_object(json);
    throw bad(
        "a schedule is a text like \"*/15 * * * *\" or \"15m\", or an object with a type, "
        "not " +
            std::string{json.type_name()},
        "15m");
}

Schedule Schedule::of_text(std::string const& text) {
    if (text.size() > schedule_chars_max)
        throw bad("the schedule is longer than " + std::to_string(schedule_chars_max) +
                  " characters");
    if (text == "@reboot") return Schedule{Reboot{}};
    std::size_t const fields = fields_in(text);
    if (fields == 0) throw bad("the schedule is empty", "15m, or */15 * * * *");
    if (fields > 1 || text.starts_with('@')) return Schedule{Pattern::parse(text)};
    if (text == "every-business-hour") return Schedule{Pattern::parse("0 9-16 * * 1-5")};
    if (text == "every-weekend") return Schedule{Pattern::parse("0 9 * * 6")};
    if (text.starts_with("every-"))
        throw bad("there is no schedule " + in_quotes(text) + "; the words are " + words_text,
                  nearest(text, {"every-business-hour", "every-weekend"}));
    if (std::optional<Millis> const step_ms = read_interval(text))
        return Schedule{Interval{*step_ms}};
    if (text[0] >= '0' && text[0] <= '9')
        throw bad("the interval " + in_quotes(text) +
                      " is not whole numbers with the units s m h d w, from 1s to 366d",
                  "15m, 1h30m");
    throw bad("the schedule " + in_quotes(text) +
                  " is no cron expression, interval or word; an expression has 5 fields, an "
                  "interval looks like 15m, the words are " +
                  words_text,
              nearest(text, {"@hourly", "@daily", "@weekly", "@monthly", "@yearly",
                             "every-business-hour", "every-weekend"}));
}

Schedule Schedule::of_object(Json const& json) {
    if (!json.contains("type")) {
        only_member(json, {"at"});
        Json const& at = json["at"];
        std::optional<Millis> const time =
            at.is_string() ? read_time(at.get<std::string>()) : std::nullopt;
        if (!time)
            throw bad("at " + at.dump() + " is no time like 2026-01-01T00:00:00Z", {},
                      "/schedule/at");
        return Schedule{Instant{*time}};
    }
    Json const& type = json["type"];
    if (type == "cron") {
        only_member(json, {"expression"});
        Json const& text = json["expression"];
        if (!text.is_string())
            throw bad("the expression of a schedule is a text", {}, "/schedule/expression");
        return of_text(text.get<std::string>());
    }
    if (type != "interval")
        throw bad("the type of a schedule is cron or interval, not " + type.dump(), "cron",
                  "/schedule/type");
    std::string const unit = only_member(json, {"minutes", "seconds", "hours", "days"});
    Millis const size_ms = unit == "seconds"   ? second_ms
                           : unit == "minutes" ? minute_ms
                           : unit == "hours"   ? hour_ms
                                               : day_ms;
    Json const& count = json[unit];
    bool const is_whole = count.is_number_integer() && count.get<double>() >= 1 &&
                          count.get<double>() <= static_cast<double>(interval_ms_max / size_ms);
    if (!is_whole)
        throw bad("an interval of " + count.dump() + " " + unit + " is not from 1s to 366d", {},
                  "/schedule/" + unit);
    return Schedule{Interval{count.get<Millis>() * size_ms}};
}

std::optional<Millis> Schedule::next(Millis after_ms, Zone const& zone, Gap gap) const {
    if (is_reboot()) return std::nullopt;
    if (Instant const* at = instant())
        return at->at_ms > after_ms ? std::optional{at->at_ms} : std::nullopt;
    after_ms = std::max<Millis>(after_ms, -1);
    if (Interval const* grid = interval()) {
        Millis const ticks = after_ms < 0 ? -1 : after_ms / grid->step_ms;
        return (ticks + 1) * grid->step_ms;
    }
    Seconds const after = after_ms < 0 ? -1 : after_ms / second_ms;
    std::optional<Seconds> const found = next_match(*pattern(), zone, gap, after);
    return found ? std::optional{*found * second_ms} : std::nullopt;
}

}  // namespace weir::cron
