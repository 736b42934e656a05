#include "tracking.hpp"

#include <algorithm>

#include "method.hpp"
#include "times.hpp"

namespace weir::mysql {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

bool is_number(SourceField const& field) {
    Form const form = form_of(field.type);
    return form == Form::integer || form == Form::number || form == Form::decimal ||
           form == Form::digits;
}

bool is_sorted_text(SourceField const& field) {
    return type_of(field.type) == Type::utf8 && !is_listed(field.type) && field.is_binary_sorted();
}

bool is_indexed(Table const& table, SourceField const& field) {
    return std::ranges::any_of(table.indexes, [&field](SourceIndex const& index) {
        return !index.columns.empty() && index.columns[0] == field.name;
    });
}

/// What the server itself puts there: the default or the bump, in either spelling.
bool has_server_clock(SourceField const& field) {
    // An expression of MySQL's is kept as it was written, in small letters.
    for (char const* name :
         {"current_timestamp", "CURRENT_TIMESTAMP", "curdate", "CURDATE", "now("})
        if (contains(field.default_expression, name)) return true;
    return field.is_bumped();
}

void judge_time(SourceField const& field, Candidate& candidate) {
    bool const server = has_server_clock(field);
    candidate.rank += type_of(field.type) == Type::instant ? 40 : 35;
    if (type_of(field.type) == Type::date) candidate.rank -= 25;
    for (char const* word : {"updat", "modif", "chang"})
        if (contains(field.name, word)) candidate.rank += 15;
    for (char const* word : {"creat", "insert"})
        if (contains(field.name, word)) candidate.rank -= 10;
    if (field.is_bumped())
        candidate.notes.push_back("set by the server when a row is inserted or changed");
    else if (server)
        candidate.notes.push_back(
            "set by the server when a row is inserted, by updates only if they name it");
    else
        candidate.notes.push_back("set by the application");
    candidate.rank += field.is_bumped() ? 20 : server ? 10 : 0;
    if (type_of(field.type) == Type::timestamp) candidate.notes.push_back("no time zone");
    if (type_of(field.type) == Type::date)
        candidate.notes.push_back("whole days only");
    else if (!contains(field.type.text, "("))
        candidate.notes.push_back("whole seconds only");
}

void judge_number(SourceField const& field, Candidate& candidate) {
    candidate.rank += field.is_counted() ? 25 : 5;
    candidate.notes.push_back("sees new rows, no updates");
    if (!field.is_counted())
        candidate.notes.push_back("no auto_increment: set by the application");
}

bool is_key_part(Table const& table, SourceField const& field) {
    auto const keys = keys_of(table);
    return std::ranges::any_of(keys, [&field](auto const& key) {
        return std::ranges::find(key, field.name) != key.end();
    });
}

/// Whether an update may be expected to give the field a new value.
bool sees_updates(Table const& table, SourceField const& field) {
    if (!is_time(field))
        return is_number(field) && !field.is_counted() && !is_key_part(table, field);
    return field.is_bumped() || !(contains(field.name, "creat") || contains(field.name, "insert"));
}

/// Whether a number is worth naming: keys and counters, not amounts.
bool is_number_candidate(Table const& table, SourceField const& field) {
    Form const form = form_of(field.type);
    if (form != Form::integer && form != Form::number) return false;
    if (field.is_counted()) return true;
    auto const keys = keys_of(table);
    return std::ranges::any_of(
        keys, [&field](auto const& key) { return key.size() == 1 && key[0] == field.name; });
}

Json rule_json(Table const& table, SourceField const& field) {
    Rule const rule = rule_of(table, field);
    Json out{{"method", rule.method == Method::fence ? "fence" : "lookback"},
             {"guarantee", rule.guarantee}};
    if (rule.lookback_ms > 0) out["lookback_ms"] = rule.lookback_ms;
    if (!rule.caveat.empty()) out["caveat"] = rule.caveat;
    if (!rule.refusal.empty()) out["unsafe"] = rule.refusal;
    out["nulls"] = false;
    out["lookback_helps"] = rule_of(table, field, 60'000).refusal.empty();
    return out;
}

}  // namespace

bool is_time(SourceField const& field) {
    Type const type = type_of(field.type);
    return type == Type::instant || type == Type::timestamp || type == Type::date;
}

bool set_by_server(Table const& table, SourceField const& field) {
    return table.has_row_trigger || has_server_clock(field);
}

std::vector<Candidate> candidates_of(Table const& table) {
    std::vector<Candidate> out;
    for (SourceField const& field : table.fields) {
        Candidate candidate{&field, {}, 0};
        if (is_time(field))
            judge_time(field, candidate);
        else if (is_number_candidate(table, field))
            judge_number(field, candidate);
        else
            continue;
        bool const indexed = is_indexed(table, field);
        candidate.notes.insert(candidate.notes.begin(), indexed ? "indexed" : "not indexed");
        candidate.notes.push_back(field.nullable ? "nullable" : "never null");
        candidate.rank += (indexed ? 10 : 0) + (field.nullable ? 0 : 5);
        out.push_back(std::move(candidate));
    }
    std::ranges::stable_sort(out, std::greater{}, &Candidate::rank);
    return out;
}

Json cursors_of(Table const& table) {
    Json out = Json::object();
    for (SourceField const& field : table.fields) {
        bool const time = is_time(field), number = is_number(field);
        out[field.name] = nullptr;
        if (!time && !number && !is_sorted_text(field)) continue;
        out[field.name] = {{"kind", time ? "timestamp" : number ? "id" : "text"},
                           {"updates", sees_updates(table, field)},
                           {"indexed", is_indexed(table, field)}};
        out[field.name].update(rule_json(table, field));
    }
    return out;
}

void check_tracking(Table const& table, SourceField const& field) {
    if (is_time(field) || is_number(field) || is_sorted_text(field)) return;
    std::string names;
    for (Candidate const& candidate : candidates_of(table))
        names += (names.empty() ? "" : ", ") + candidate.field->name;
    std::string const why = type_of(field.type) == Type::utf8
                                ? "a text that is not sorted by bytes (collation …_bin)"
                                : "no type whose new values come last";
    throw Error{WEIR_E_CONFIG,
                "field \"" + field.name + "\" of " + table.stream() + " is " + field.type.text +
                    ", " + why +
                    (names.empty() ? "; it has no field that a delta can go by"
                                   : "; a delta can go by " + names),
                field.name}
        .coded("source.cursor_unsuitable")
        .suggest(names.empty() ? "copy without --cursor"
                               : "--cursor " + names.substr(0, names.find(',')));
}

// Clocks of writers may be a little ahead. A local time may be 14 hours ahead of UTC besides.
constexpr std::int64_t slack_us = 5'000'000;
constexpr std::int64_t zones_us = 14 * 3'600'000'000LL;
// A statement takes its clock just before it shows among those at work.
constexpr std::int64_t unseen_ms = 250;

/// The milliseconds of one step of the column: a later row may carry the same value and a smaller
/// key. What lies between two steps is cut off.
std::int64_t step_ms(SourceField const& field) {
    if (type_of(field.type) == Type::date) return 86'400'000;
    std::size_t const at = field.type.text.find('(');
    std::int64_t step = 1000;
    if (at == std::string::npos) return step;
    for (char digits = field.type.text[at + 1]; digits > '0' && step > 0; --digits) step /= 10;
    return step;
}

Horizon::Horizon(SourceField const& tracking, std::int64_t server_us) {
    if (!is_time(tracking)) return;
    type_ = type_of(tracking.type);
    gap_ms_ = unseen_ms + step_ms(tracking);
    Moment const limit = moment_of(server_us + slack_us + (type_ == Type::instant ? 0 : zones_us));
    if (type_ == Type::date)
        print_date(limit, limit_);
    else
        print_datetime(limit, ' ', limit_);
}

std::string Horizon::condition(std::string const& column) const {
    return limit_.empty() ? std::string{} : column + " <= " + literal(limit_);
}

std::string Horizon::old_enough(std::string const& column, std::int64_t lookback_ms) const {
    if (gap_ms_ == 0) return {};
    // The session is in UTC; those who write have the server's zone.
    std::string const now =
        type_ == Type::instant ? "NOW(6)" : "CONVERT_TZ(NOW(6), '+00:00', @@global.time_zone)";
    std::string const then = now + " - INTERVAL " +
                             std::to_string(std::max(gap_ms_, lookback_ms) * 1000) +
                             " MICROSECOND";
    return column + " <= " + (type_ == Type::date ? "DATE(" + then + ")" : then);
}

}  // namespace weir::mysql
