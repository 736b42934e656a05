#include "job.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "fields.hpp"

// job         := {id, name?, source, destination, mode?, schedule?, timezone?, errorHandling?,
//                 performance?, reconcile?, paused?}
// reconcile   := {schedule?, on_delete?, max_delete_fraction?, compare?}
// source      := {connection | url | type:"database", stream | streams | table, cursor?,
//                 cursor_type?, lookback?, key?, fields?, batchSize?, rowBytesMax?, retry?}
// destination := {connection | url | type:"database", table?, mode?, key?, onError?, deleted_at?,
//                 drift?, with?}
namespace weir::replication {
namespace {

std::vector<std::string> const write_modes{"append", "upsert", "replace"};
std::vector<std::string> const read_modes{"full", "delta", "reconcile"};
std::vector<std::string> const error_words{"stop", "fail", "skip", "dead_letter",
                                           "log_and_continue"};
std::vector<std::string> const backoffs{"exponential", "linear", "fixed"};

template <class Value>
void keep(Json& into, char const* name, std::optional<Value> const& value) {
    if (value) into[name] = *value;
}

/// Where a side of the copy is: a connection, a URL, or the local database.
void read_place(Fields& side, Json& out) {
    auto const type = side.text("type");
    char const* const connection = side.spelling({"connection", "connectionId"});
    auto const id = side.id(connection);
    auto const url = side.text("url");
    if (type && *type != "database") {
        bool const later = *type == "api" || *type == "webhook_data";
        side.wrong("type", later ? "replication.not_available" : "replication.bad_value",
                   later ? "type \"" + *type + "\" is part of the job language, but this version " +
                               "of Weir cannot do it: use database, a connection or a url"
                         : "type is \"" + *type + "\"; use database, or name a connection",
                   "database");
    } else if (id && url) {
        side.wrong("url", "replication.said_twice", "give either a connection or a url, not both");
    } else if (id) {
        out["connection"] = *id;
    } else if (url) {
        out["url"] = *url;
    } else if (type) {
        out["connection"] = "local";
    } else if (!side.has(connection) && !side.has("url")) {
        side.wrong("connection", "replication.missing_field",
                   "connection is missing: name one, or give a url");
    }
}

void read_retry(Json const& retry, std::string const& at, Json& out, Findings& findings) {
    Fields fields{retry, at, findings};
    keep(out, "attempts", fields.integer("attempts", 1, retries_limit + 1));
    keep(out, "delay", fields.integer("delay", 0, delay_ms_limit));
    keep(out, "backoff", fields.one_of("backoff", backoffs));
    fields.finish();
}

void read_streams(Fields& source, bool is_local, Json& out) {
    char const* const name =
        source.spelling(is_local ? std::initializer_list<char const*>{"stream", "table"}
                                 : std::initializer_list<char const*>{"stream"});
    auto const many = source.names("streams");
    if (source.has(name) && source.has("streams"))
        source.wrong("streams", "replication.said_twice", "give either stream or streams");
    else if (many)
        out["streams"] = *many;
    else if (source.has(name) || !out.contains("url"))
        out["stream"] = source.needed_text(name);  // a URL may hold but one stream
}

/// A subset of the fields must hold what the copy needs to find its way.
void check_subset(Fields& source, Json const& out) {
    if (!out.contains("fields")) return;
    auto const fields = out["fields"].get<std::vector<std::string>>();
    std::vector<std::string> needed = out.value("key", std::vector<std::string>{});
    // Of xmin the source knows without a field.
    if (out.contains("cursor") && out["cursor"] != "xmin") needed.push_back(out["cursor"]);
    for (std::string const& name : needed)
        if (std::find(fields.begin(), fields.end(), name) == fields.end())
            source.wrong("fields", "replication.field_left_out",
                         "fields leaves out \"" + name + "\", which is the key or the cursor",
                         "add " + name);
}

Json read_source(Json const& document, std::string const& at, Findings& findings) {
    Json out = Json::object();
    Fields source{document, at, findings};
    read_place(source, out);
    read_streams(source, document.is_object() && document.value("type", Json{}) == "database", out);
    if (auto const cursor = source.text("cursor")) {
        if (cursor->empty()) source.wrong("cursor", "replication.bad_value", "cursor is empty");
        out["cursor"] = *cursor;
    }
    keep(out, "cursor_type", source.one_of("cursor_type", {"timestamp", "id", "text"}));
    if (out.contains("cursor_type") && !source.has("cursor"))
        source.wrong("cursor_type", "replication.cursor_missing",
                     "cursor_type says what the cursor is, but there is no cursor");
    if (auto const lookback = source.text("lookback")) {
        if (!lookback_ms_of(*lookback))
            source.wrong("lookback", "replication.bad_value",
                         "lookback is \"" + *lookback + "\", no time like 90s, 10m, 2h, 1d", "10m");
        else if (!source.has("cursor"))
            source.wrong("lookback", "replication.cursor_missing",
                         "lookback says how late a cursor's values appear, but there is no cursor");
        out["lookback"] = *lookback;
    }
    keep(out, "key", source.names("key"));
    keep(out, "fields", source.names("fields"));
    check_subset(source, out);
    keep(out, "batchSize", source.integer("batchSize", 1, batch_rows_limit));
    keep(out, "rowBytesMax", source.integer("rowBytesMax", 1, row_bytes_limit));
    keep(out, "mode", source.one_of("mode", read_modes));
    if (Json const* const retry = source.any("retry")) {
        out["retry"] = Json::object();
        read_retry(*retry, source.pointer("retry"), out["retry"], findings);
    }
    source.unavailable({"rateLimit", "pagination", "records", "parallel", "streaming", "method",
                        "headers", "query", "body", "payload", "connectionPool"});
    source.finish();
    return out;
}

Json read_destination(Json const& document, std::string const& at, Findings& findings) {
    Json out = Json::object();
    Fields destination{document, at, findings};
    read_place(destination, out);
    if (auto const table = destination.text("table")) {
        if (table->empty()) destination.wrong("table", "replication.bad_value", "table is empty");
        out["table"] = *table;
    }
    auto const mode = destination.text("mode");
    bool const later = mode && (*mode == "batch_insert" || *mode == "parallel_insert" ||
                                *mode == "streaming_insert");
    if (later)
        destination.wrong("mode", "replication.not_available",
                          "mode \"" + *mode + "\" is part of the job language, but this version " +
                              "of Weir cannot do it: use append, upsert or replace",
                          "append");
    else if (mode && *mode == "insert")
        out["mode"] = "append";
    else
        keep(out, "mode", destination.one_of("mode", write_modes));
    keep(out, "key", destination.names("key"));
    keep(out, "onError", destination.one_of("onError", error_words));
    if (auto const column = destination.text("deleted_at")) {
        if (column->empty())
            destination.wrong("deleted_at", "replication.bad_value", "deleted_at is empty");
        out["deleted_at"] = *column;
    }
    if (auto const with = destination.names("with")) {
        for (std::string const& part : *with)
            if (part != "indexes" && part != "foreign_keys")
                destination.wrong("with", "replication.bad_value",
                                  "with names \"" + part +
                                      "\"; it may name indexes and foreign_keys");
        out["with"] = *with;
    }
    keep(out, "drift", destination.one_of("drift", {"add", "ignore", "halt"}));
    destination.unavailable({"schema", "batchSize", "connectionPool"});
    destination.finish();
    return out;
}

Json read_error_handling(Json const& document, std::string const& at, Findings& findings) {
    Json out = Json::object();
    Fields handling{document, at, findings};
    keep(out, "strategy",
         handling.one_of("strategy", {"retry_with_backoff", "partial_success", "fail_fast"}));
    keep(out, "maxRetries", handling.integer("maxRetries", 0, retries_limit));
    keep(out, "retryDelay", handling.integer("retryDelay", 0, delay_ms_limit));
    keep(out, "onItemError", handling.one_of("onItemError", error_words));
    handling.unavailable({"onBatchError", "onFailure", "maxErrors", "maxErrorRate"});
    handling.finish();
    return out;
}

/// How often the job is compared with its source as well, and how far that may go.
Json read_reconcile(Json const& document, Findings& findings) {
    Json out = Json::object();
    Fields reconcile{document, "/reconcile", findings};
    if (Json const* const schedule = reconcile.any("schedule"))
        out["schedule"] = read_schedule(*schedule, "/reconcile/schedule", findings);
    keep(out, "on_delete", reconcile.one_of("on_delete", {"hard", "soft"}));
    keep(out, "compare", reconcile.one_of("compare", {"keys", "values"}));
    if (Json const* const most = reconcile.any("max_delete_fraction")) {
        bool const is_fraction = most->is_number() && *most >= 0 && *most <= 1;
        if (!is_fraction)
            reconcile.wrong("max_delete_fraction", "replication.bad_value",
                            "max_delete_fraction is a number from 0 to 1", "0.1");
        else
            out["max_delete_fraction"] = *most;
    }
    reconcile.finish();
    return out;
}

Json read_performance(Json const& document, std::string const& at, Findings& findings) {
    Json out = Json::object();
    Fields performance{document, at, findings};
    keep(out, "concurrency", performance.integer("concurrency", 1, concurrency_limit));
    keep(out, "parts", performance.integer("parts", 1, parts_limit));
    keep(out, "timeout", performance.integer("timeout", 1, timeout_ms_limit));
    performance.unavailable({"memoryLimit"});
    performance.finish();
    return out;
}

/// What source and destination must agree on.
void check_together(Fields& job, Json const& out, Findings& findings) {
    Json const &source = out["source"], &destination = out["destination"];
    bool const is_delta = out.value("mode", "") == "delta";
    if (is_delta && !source.contains("cursor"))
        job.wrong("mode", "replication.cursor_missing",
                  "mode is delta, but source names no cursor to read on from");
    if (is_delta && destination.value("mode", "") == "replace")
        findings.add({"/destination/mode", "replication.bad_value",
                      "mode replace writes everything anew, which a delta does not read",
                      "upsert"});
    std::string const write = destination.value("mode", "upsert");
    if (compares(out) && write != "upsert")
        findings.add({"/destination/mode", "replication.bad_value",
                      "mode " + write + " keeps no row per key, which reconcile compares by",
                      "upsert"});
    if (source.contains("key") && destination.contains("key") &&
        source["key"] != destination["key"])
        findings.add({"/destination/key",
                      "replication.said_twice",
                      "source and destination name different keys",
                      {}});
    if (source.contains("streams") && destination.contains("table"))
        findings.add({"/destination/table",
                      "replication.bad_value",
                      "several streams cannot share one table: leave table out, and each has the "
                      "last part of its name",
                      {}});
}

}  // namespace

bool compares(Json const& job) {
    return job.value("mode", "") == "reconcile" || job.contains("reconcile");
}

std::string read_schedule(Json const& schedule, std::string const& at, Findings& findings) {
    if (schedule.is_string()) return schedule;
    if (!schedule.is_object()) {
        findings.add({at, "replication.wrong_type",
                      "schedule must be text, or an object with a type", "15m"});
        return {};
    }
    Fields fields{schedule, at, findings};
    auto const type = fields.one_of("type", {"cron", "interval"});
    std::string out;
    if (!type && !fields.has("type"))
        fields.wrong("type", "replication.missing_field", "type is missing: cron or interval");
    if (type == "cron") out = fields.needed_text("expression");
    if (type == "interval") {
        static constexpr std::array units{"seconds", "minutes", "hours", "days"};
        static constexpr std::array<std::int64_t, 4> most{31'622'400, minutes_limit, 8'784, 366};
        for (std::size_t i = 0; i < units.size(); ++i) {
            auto const count = fields.integer(units[i], 1, most[i]);
            if (!count) continue;
            if (!out.empty())
                fields.wrong(units[i], "replication.said_twice",
                             "an interval takes exactly one of seconds, minutes, hours, days");
            out = std::to_string(*count) + units[i][0];
        }
        bool const has_unit = std::any_of(units.begin(), units.end(),
                                          [&](char const* unit) { return fields.has(unit); });
        if (!has_unit)
            fields.wrong("minutes", "replication.missing_field",
                         "an interval takes one of seconds, minutes, hours, days");
    }
    if (type) fields.finish();
    return out;
}

std::optional<std::int64_t> lookback_ms_of(std::string_view text) {
    constexpr std::int64_t most = 30LL * 86'400'000;
    std::int64_t count = 0;
    char const* const end = text.data() + text.size();
    auto const [at, failed] = std::from_chars(text.data(), end, count);
    if (failed != std::errc{} || at + 1 != end || count < 0 || count > most) return std::nullopt;
    std::int64_t const unit = *at == 's'   ? 1'000
                              : *at == 'm' ? 60'000
                              : *at == 'h' ? 3'600'000
                              : *at == 'd' ? 86'400'000
                                           : 0;
    if (unit == 0 || count > most / unit) return std::nullopt;
    return count * unit;
}

std::string last_name_part(std::string const& stream) {
    bool quoted = false;
    std::size_t start = 0;
    for (std::size_t i = 0; i < stream.size(); ++i) {
        if (stream[i] == '"') quoted = !quoted;
        if (stream[i] == '.' && !quoted) start = i + 1;
    }
    std::string const part = stream.substr(start);
    if (part.size() < 2 || part.front() != '"' || part.back() != '"') return part;
    std::string out;
    for (std::size_t i = 1; i + 1 < part.size(); ++i) {
        out += part[i];
        if (part[i] == '"' && part[i + 1] == '"') ++i;
    }
    return out;
}

Json read_job(Json const& document, Findings& findings) {
    Json out = Json::object();
    Fields job{document, "", findings};
    keep(out, "id", job.id("id"));
    if (!job.has("id")) job.needed_text("id");
    keep(out, "name", job.text("name"));
    for (char const* const side : {"source", "destination"}) {
        Json const* const value = job.any(side);
        if (!value)
            job.wrong(side, "replication.missing_field", std::string{side} + " is missing");
        else
            out[side] = std::string_view{side} == "source"
                            ? read_source(*value, "/source", findings)
                            : read_destination(*value, "/destination", findings);
    }
    char const* const mode = "mode";
    keep(out, mode, job.one_of(mode, read_modes));
    if (Json const said = out.contains("source") ? out["source"].value(mode, Json()) : Json();
        !said.is_null()) {
        if (out.contains(mode) && out[mode] != said)
            job.wrong(mode, "replication.said_twice", "mode says other than source.mode");
        out[mode] = said;
        out["source"].erase(mode);
    }
    if (Json const* const schedule = job.any("schedule"))
        out["schedule"] = read_schedule(*schedule, "/schedule", findings);
    keep(out, "timezone", job.text("timezone"));
    if (Json const* const handling = job.any("errorHandling"))
        out["errorHandling"] = read_error_handling(*handling, "/errorHandling", findings);
    if (Json const* const performance = job.any("performance"))
        out["performance"] = read_performance(*performance, "/performance", findings);
    if (Json const* const reconcile = job.any("reconcile"))
        out["reconcile"] = read_reconcile(*reconcile, findings);
    keep(out, "paused", job.flag("paused"));
    job.unavailable({"transform", "validation", "trigger", "steps", "rateLimit", "tests",
                     "errorAfter", "overlap", "misfire"});
    job.ignore({"state",
                "isActive",
                "createdAt",
                "updatedAt",
                "nextRun",
                "lastRun",
                "lastResult",
                "lastSuccess",
                "lastError",
                "last_run_at",
                "last_error",
                "rows_synced",
                "connectionId",
                "syncName",
                "next",
                "last_status",
                "consecutiveFailures",
                "late",
                "lastReconcile",
                "origin",
                "warnings",
                "sees",
                "guarantee"});
    job.finish();
    if (out.contains("source") && out.contains("destination")) check_together(job, out, findings);
    return out;
}

}  // namespace weir::replication
