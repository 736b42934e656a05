#include "method.hpp"

#include <algorithm>

#include "tracking.hpp"

namespace weir::postgres {
namespace {

constexpr std::int64_t foreign_clock_ms = 10 * 60'000;
constexpr std::int64_t summer_time_ms = 65 * 60'000;

Rule refused(std::string why) { return {.guarantee = "unproven", .refusal = std::move(why)}; }

Rule fenced() { return {.guarantee = "settled"}; }

Rule looked_back(Rule rule, std::int64_t ms, std::string caveat = {}) {
    rule.lookback_ms = ms;
    rule.guarantee = ms > 0 ? "lookback " + duration_text(ms) : "unproven";
    rule.caveat = std::move(caveat);
    return rule;
}

Rule by_xmin(Table const& table, Wishes const& wishes, std::string caveat = {}) {
    if (!table.has_xmin())
        return refused("its rows do not tell which transaction wrote them (a view or a foreign "
                       "table)");
    if (wishes.append)
        return refused("by xmin a row may come twice, which appending would double: name a field, "
                       "or a key to upsert by");
    return {.method = Method::xmin, .guarantee = "settled", .caveat = std::move(caveat)};
}

Rule by_time(Table const& table, SourceField const& field, Wishes const& wishes) {
    if (table.subscribed || !set_by_server(table, field))
        return looked_back(fenced(), wishes.lookback_ms.value_or(foreign_clock_ms),
                           table.subscribed
                               ? "its times are those of the server that it is subscribed to"
                               : "its times are set by applications, whose clocks differ");
    if (type_of(field.type) == Type::timestamp && table.summer_time)
        return looked_back(fenced(), wishes.lookback_ms.value_or(summer_time_ms),
                           "it has no time zone, and that of the server has summer time: an hour "
                           "comes twice a year");
    Rule rule = fenced();
    rule.lookback_ms = wishes.lookback_ms.value_or(0);
    return rule;
}

Rule by_number(Table const& table, SourceField const& field, Wishes const& wishes) {
    bool const drawn_ahead = field.sequence_cache > 1 || field.sequence_increment != 1;
    if (field.has_sequence && drawn_ahead) {
        if (wishes.lookback_ms) return looked_back(fenced(), *wishes.lookback_ms);
        return refused(field.sequence_cache > 1
                           ? "its sequence has a cache of " + std::to_string(field.sequence_cache) +
                                 ": sessions use lower values later"
                           : "its sequence goes in steps of " +
                                 std::to_string(field.sequence_increment) +
                                 ": values of a step are used later");
    }
    if (field.has_sequence) {
        Rule rule = fenced();
        rule.lookback_ms = wishes.lookback_ms.value_or(0);
        return rule;
    }
    if (wishes.lookback_ms) return looked_back(fenced(), *wishes.lookback_ms);
    if (is_counter(field.type) && set_by_server(table, field)) return fenced();
    if (!wishes.append && table.has_xmin())
        return by_xmin(table, wishes,
                       "it has no sequence, so each run looks at the whole table for rows of "
                       "transactions that were open at the last one");
    Rule rule = fenced();
    rule.guarantee = "unproven";
    rule.caveat = "its values are set by applications: one that is used late is missed";
    return rule;
}

}  // namespace

SourceField const& xmin_field() {
    static SourceField const field = [] {
        SourceField out;
        out.name = xmin_name;
        out.type.name = out.type.literal = out.type_text = "xid";
        return out;
    }();
    return field;
}

Rule rule_of(Table const& table, SourceField const& field, Wishes const& wishes) {
    if (field.name == xmin_name) return by_xmin(table, wishes);
    if (table.has_foreign || table.in_recovery) {
        char const* const where = table.in_recovery ? "the server is a standby" : "a foreign table";
        if (!wishes.lookback_ms || *wishes.lookback_ms == 0)
            return refused(std::string{where} + ": its writers are not visible here");
        Rule rule = looked_back(fenced(), *wishes.lookback_ms);
        rule.method = Method::lookback;
        return rule;
    }
    Rule rule = is_time(type_of(field.type)) ? by_time(table, field, wishes)
                                             : by_number(table, field, wishes);
    if (table.kind == 'm' && rule.method == Method::fence && rule.refusal.empty()) {
        rule.guarantee = "unproven";
        rule.caveat = "a refresh shows rows later than their transactions ended";
    }
    return rule;
}

std::string duration_text(std::int64_t ms) {
    if (ms % 60'000 == 0) return std::to_string(ms / 60'000) + "m";
    if (ms % 1'000 == 0) return std::to_string(ms / 1'000) + "s";
    return std::to_string(ms) + "ms";
}

void check_rule(Rule const& rule, Table const& table, SourceField const& field) {
    if (rule.refusal.empty()) return;
    std::string others;
    for (Candidate const& candidate : candidates_of(table))
        if (candidate.field->name != field.name &&
            rule_of(table, *candidate.field, {}).refusal.empty())
            others += (others.empty() ? "" : ", ") + candidate.field->name;
    std::string suggestion;
    if (field.name != xmin_name && table.has_xmin()) suggestion = "--cursor xmin, ";
    if (!others.empty()) suggestion += "--cursor " + others.substr(0, others.find(',')) + ", ";
    if (field.name != xmin_name) suggestion += "--lookback 10m";
    if (suggestion.ends_with(", ")) suggestion.resize(suggestion.size() - 2);
    throw Error{WEIR_E_CONFIG,
                "a delta of " + table.stream() + " by \"" + field.name +
                    "\" could lose rows: " + rule.refusal,
                field.name}
        .coded("source.cursor_unsafe")
        .suggest(suggestion.empty() ? "copy without --cursor" : suggestion);
}

}  // namespace weir::postgres
