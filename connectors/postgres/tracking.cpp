#include "tracking.hpp"

#include <algorithm>

#include "method.hpp"
#include "times.hpp"

namespace weir::postgres {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

bool has_server_clock(SourceField const& field) {
    std::string const& now = field.default_expression;
    return contains(now, "now()") || contains(now, "CURRENT_TIMESTAMP") ||
           contains(now, "clock_timestamp()") || contains(now, "LOCALTIMESTAMP") ||
           contains(now, "CURRENT_DATE") || contains(now, "statement_timestamp()");
}

bool is_indexed(Table const& table, SourceField const& field) {
    return std::any_of(table.indexes.begin(), table.indexes.end(), [&](SourceIndex const& index) {
        return !index.columns.empty() && index.columns[0] == field.number;
    });
}

void judge_time(Table const& table, SourceField const& field, Candidate& candidate) {
    bool const server = has_server_clock(field);
    candidate.rank += type_of(field.type) == Type::instant ? 40 : 35;
    if (type_of(field.type) == Type::date) candidate.rank -= 25;
    for (char const* word : {"updat", "modif", "chang"})
        if (contains(field.name, word)) candidate.rank += 15;
    for (char const* word : {"creat", "insert"})
        if (contains(field.name, word)) candidate.rank -= 10;
    if (table.has_row_trigger)
        candidate.notes.push_back("a row trigger may set it");
    else if (server)
        candidate.notes.push_back(
            "set by the server when a row is inserted, by updates only if "
            "they name it");
    else
        candidate.notes.push_back("set by the application");
    candidate.rank += server || table.has_row_trigger ? 10 : 0;
    if (type_of(field.type) == Type::timestamp) candidate.notes.push_back("no time zone");
    if (type_of(field.type) == Type::date) candidate.notes.push_back("whole days only");
}

void judge_number(SourceField const& field, Candidate& candidate) {
    candidate.rank += field.has_sequence ? 25 : 5;
    candidate.notes.push_back("sees new rows, no updates");
    if (!field.has_sequence) candidate.notes.push_back("no sequence: set by the application");
    if (field.sequence_cache > 1) {
        candidate.notes.push_back("a sequence with a cache: sessions use lower values later");
        candidate.rank -= 15;
    }
    if (field.sequence_increment != 1) {
        candidate.notes.push_back("a sequence in steps of " +
                                  std::to_string(field.sequence_increment));
        candidate.rank -= 15;
    }
}

bool is_sorted_text(SourceField const& field) {
    return type_of(field.type) == Type::utf8 && field.type.kind != 'e' &&
           field.type.name != "xml" && field.type.name != "citext" && field.collation_is_c;
}

bool is_number(SourceField const& field) {
    Type const type = type_of(field.type);
    return type == Type::int64 || type == Type::numeric || is_counter(field.type);
}

/// Whether an update may be expected to give the field a new value.
bool sees_updates(Table const& table, SourceField const& field) {
    if (!is_time(type_of(field.type)))
        return is_number(field) && !field.has_sequence && !is_key_part(table, field);
    return !contains(field.name, "creat") && !contains(field.name, "insert");
}

/// Whether a number is worth naming: keys and counters, not amounts.
bool is_number_candidate(Table const& table, SourceField const& field) {
    if (type_of(field.type) != Type::int64 || field.type.name == "oid") return false;
    if (field.has_sequence) return true;
    auto const keys = keys_of(table);
    return std::any_of(keys.begin(), keys.end(),
                       [&](auto const& key) { return key.size() == 1 && key[0] == field.name; });
}

Json rule_json(Rule const& rule) {
    constexpr char const* names[] = {"fence", "lookback", "xmin"};
    Json out{{"method", names[static_cast<int>(rule.method)]}, {"guarantee", rule.guarantee}};
    if (rule.lookback_ms > 0) out["lookback_ms"] = rule.lookback_ms;
    if (!rule.caveat.empty()) out["caveat"] = rule.caveat;
    if (!rule.refusal.empty()) out["unsafe"] = rule.refusal;
    return out;
}

/// Both ways of writing, since a job may do either, and what a lookback makes of a refusal.
void add_rules(Table const& table, SourceField const& field, Json& out) {
    Json const rule = rule_json(rule_of(table, field, {}));
    out.update(rule);
    if (Json const append = rule_json(rule_of(table, field, {.append = true})); append != rule)
        out["append"] = append;
    out["nulls"] = table.has_xmin();
    out["lookback_helps"] = rule_of(table, field, {.lookback_ms = 60'000}).refusal.empty();
}

}  // namespace

bool is_time(Type type) {
    return type == Type::instant || type == Type::timestamp || type == Type::date;
}

bool is_counter(SourceType const& type) {
    return !type.element && (type.name == "xid8" || type.name == "pg_lsn");
}

bool is_key_part(Table const& table, SourceField const& field) {
    auto const keys = keys_of(table);
    return std::any_of(keys.begin(), keys.end(), [&](auto const& key) {
        return std::find(key.begin(), key.end(), field.name) != key.end();
    });
}

bool set_by_server(Table const& table, SourceField const& field) {
    if (table.has_row_trigger) return true;
    return is_time(type_of(field.type)) ? has_server_clock(field)
                                        : !field.default_expression.empty();
}

std::vector<Candidate> candidates_of(Table const& table) {
    std::vector<Candidate> out;
    for (SourceField const& field : table.fields) {
        Candidate candidate{&field, {}, 0};
        bool const txid = field.type.name == "xid8" && !field.type.element;
        if (is_time(type_of(field.type)))
            judge_time(table, field, candidate);
        else if (txid)
            candidate.rank += 60;
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
    std::stable_sort(out.begin(), out.end(),
                     [](Candidate const& a, Candidate const& b) { return a.rank > b.rank; });
    return out;
}

Json cursors_of(Table const& table) {
    Json out = Json::object();
    for (SourceField const& field : table.fields) {
        bool const time = is_time(type_of(field.type)), number = is_number(field);
        out[field.name] = nullptr;
        if (!time && !number && !is_sorted_text(field)) continue;
        out[field.name] = {{"kind", time ? "timestamp" : number ? "id" : "text"},
                           {"updates", sees_updates(table, field)},
                           {"indexed", is_indexed(table, field)}};
        add_rules(table, field, out[field.name]);
    }
    if (!table.find(xmin_name)) {
        out[xmin_name] = {{"kind", "id"}, {"updates", true}, {"indexed", true}};
        add_rules(table, xmin_field(), out[xmin_name]);
    }
    return out;
}

void check_tracking(Table const& table, SourceField const& field) {
    Type const type = type_of(field.type);
    if (is_time(type) || is_number(field) || is_sorted_text(field)) return;
    std::string names;
    for (Candidate const& candidate : candidates_of(table))
        names += (names.empty() ? "" : ", ") + candidate.field->name;
    std::string const why = type == Type::utf8
                                ? "a text that is not sorted by bytes (collation \"C\")"
                                : "no type whose new values come last";
    throw Error{WEIR_E_CONFIG,
                "field \"" + field.name + "\" of " + table.stream() + " is " + field.type_text +
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

// A statement takes its clock just before its transaction shows among those at work.
constexpr std::int64_t unseen_ms = 250;

/// The milliseconds of one step of the column: a later row may carry the same value and a smaller
/// key.
std::int64_t step_ms(SourceField const& field) {
    if (type_of(field.type) == Type::date) return 86'400'000 + unseen_ms;  // told by its end
    std::size_t const at = field.type_text.find('(');
    if (at == std::string::npos) return 0;
    std::int64_t step = 1000;
    for (char digits = field.type_text[at + 1]; digits > '0' && step > 0; --digits) step /= 10;
    return step;
}

Horizon::Horizon(SourceField const& tracking, std::int64_t server_us)
    : type_{type_of(tracking.type)},
      limit_us_{server_us + slack_us + (type_ == Type::instant ? 0 : zones_us)},
      gap_ms_{is_time(type_) ? std::max(unseen_ms, step_ms(tracking)) : 0} {}

std::string Horizon::old_enough(std::string const& column, std::int64_t lookback_ms) const {
    if (!is_time(type_)) return {};
    std::string const then = "(pg_catalog.statement_timestamp() - interval '" +
                             std::to_string(std::max(gap_ms_, lookback_ms)) + " milliseconds')";
    if (type_ == Type::instant) return column + " <= " + then;
    // The session's zone is UTC; those who write have the server's.
    std::string const local = "(" + then +
                              " AT TIME ZONE (SELECT z.reset_val FROM pg_catalog.pg_settings z"
                              " WHERE z.name = 'TimeZone'))";
    return column + " <= " + local + (type_ == Type::date ? "::date" : "");
}

bool Horizon::covers(std::string_view value) const {
    if (type_ == Type::numeric) return value != "NaN" && value != "Infinity";
    if (!is_time(type_) || value == "-infinity") return true;
    if (type_ == Type::date) {
        auto const days = days_of(value);
        return days && *days <= limit_us_ / 86'400'000'000;
    }
    auto const us = microseconds_of(value);
    return us && *us <= limit_us_;
}

std::string Horizon::condition(std::string const& column) const {
    std::string const limit =
        "pg_catalog.to_timestamp(" + std::to_string(limit_us_) + " / 1000000.0)";
    switch (type_) {
        // Beyond all but an absurd number of digits, and NaN is the greatest of all.
        case Type::numeric: return column + " < '1e131000'::numeric";
        case Type::instant: return column + " <= " + limit;
        // The session's zone is UTC.
        case Type::timestamp: return column + " <= " + limit + "::timestamp";
        case Type::date: return column + " <= " + limit + "::date";
        default: return {};
    }
}

}  // namespace weir::postgres
