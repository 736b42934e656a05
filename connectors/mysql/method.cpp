#include "method.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "tracking.hpp"

namespace weir::mysql {
namespace {

using Lookback = std::optional<std::int64_t>;

constexpr std::int64_t foreign_clock_ms = 10 * 60'000;
constexpr std::int64_t summer_time_ms = 65 * 60'000;
constexpr std::int64_t unseen_ms = 10 * 60'000;

Rule refused(std::string why) { return {.guarantee = "unproven", .refusal = std::move(why)}; }

Rule fenced(Lookback asked) { return {.lookback_ms = asked.value_or(0), .guarantee = "settled"}; }

Rule looked_back(std::int64_t ms, std::string caveat = {}) {
    return {.lookback_ms = ms,
            .guarantee = ms > 0 ? "lookback " + duration_text(ms) : "unproven",
            .caveat = std::move(caveat)};
}

/// Why nobody can tell here who writes; empty: the server can.
std::string blindness(Table const& table) {
    // Those whose statements show among those at work, and whose transactions in InnoDB's list or
    // nowhere.
    static constexpr std::array<std::string_view, 4> known{"InnoDB", "Aria", "MyISAM", "MEMORY"};
    if (table.writers.are_elsewhere) return "rows come from another server";
    if (!table.is_view && std::ranges::find(known, table.engine) == known.end())
        return "its engine is " + table.engine;
    return {};
}

Rule by_time(Table const& table, SourceField const& field, Lookback asked) {
    if (!set_by_server(table, field))
        return looked_back(asked.value_or(foreign_clock_ms),
                           "its times are set by applications, whose clocks differ");
    if (type_of(field.type) != Type::instant && table.writers.have_summer_time)
        return looked_back(asked.value_or(summer_time_ms),
                           "it has no time zone, and that of the server has summer time: an hour "
                           "comes twice a year");
    return fenced(asked);
}

Rule by_number(Table const& table, SourceField const& field, Lookback asked) {
    std::int64_t const step = table.writers.id_step;
    if (field.is_counted() && step != 1) {
        if (asked.value_or(0) > 0) return looked_back(*asked);
        return refused("auto_increment_increment of the server is " + std::to_string(step) +
                       ": lower ids are used later by others");
    }
    if (field.is_counted()) return fenced(asked);
    if (asked) return looked_back(*asked);
    Rule rule = fenced(asked);
    rule.guarantee = "unproven";
    rule.caveat = "its values are set by applications: one that is used late is missed";
    return rule;
}

/// Without the right to look who is at work.
Rule by_the_clock(Rule rule) {
    Rule out = looked_back(
        rule.lookback_ms,
        "the user may not see who is at work, so a transaction that is open for longer is missed: "
        "GRANT PROCESS ON *.* makes it settled");
    out.method = Method::lookback;
    return out;
}

}  // namespace

Rule rule_of(Table const& table, SourceField const& field, Lookback asked) {
    if (std::string const why = blindness(table); !why.empty()) {
        if (asked.value_or(0) <= 0) return refused(why + ": its writers are not visible here");
        Rule rule = looked_back(*asked);
        rule.method = Method::lookback;
        return rule;
    }
    Rule rule = is_time(field) ? by_time(table, field, asked) : by_number(table, field, asked);
    if (!rule.refusal.empty() || table.writers.are_visible) return rule;
    rule.method = Method::lookback;
    if (!asked) rule.lookback_ms = std::max(rule.lookback_ms, unseen_ms);
    if (rule.guarantee != "settled") return rule;
    return by_the_clock(std::move(rule));
}

std::string duration_text(std::int64_t ms) {
    if (ms % 60'000 == 0) return std::to_string(ms / 60'000) + "m";
    if (ms % 1'000 == 0) return std::to_string(ms / 1'000) + "s";
    return std::to_string(ms) + "ms";
}

void check_rule(Rule const& rule, Table const& table, SourceField const& field) {
    if (rule.refusal.empty()) return;
    std::string suggestion;
    for (Candidate const& candidate : candidates_of(table))
        if (suggestion.empty() && candidate.field->name != field.name &&
            rule_of(table, *candidate.field).refusal.empty())
            suggestion = "--cursor " + candidate.field->name + ", ";
    throw Error{WEIR_E_CONFIG,
                "a delta of " + table.stream() + " by \"" + field.name +
                    "\" could lose rows: " + rule.refusal,
                field.name}
        .coded("source.cursor_unsafe")
        .suggest(suggestion + "--lookback 10m, or copy without --cursor");
}

}  // namespace weir::mysql
