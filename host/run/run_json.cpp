#include "host/run/run_json.hpp"

#include <algorithm>
#include <array>

#include "host/run/record_json.hpp"
#include "weir/cpp/calendar.hpp"

namespace weir::host {

namespace {

using Ordered = nlohmann::ordered_json;

Ordered time_json(std::int64_t unix_us) {
    return unix_us == 0 ? Ordered(nullptr) : Ordered(rfc3339(unix_us));
}

/// What was stored as text; `missing` where there is none.
Ordered parsed(std::string const& text, Ordered missing) {
    Ordered json = text.empty() ? std::move(missing) : Ordered::parse(text, nullptr, false);
    return json.is_discarded() ? Ordered(nullptr) : json;
}

void put_counts(Ordered& json, RunCounts const& counts) {
    json["read"] = counts.read;
    json["written"] = counts.written;
    json["filtered"] = counts.filtered;
    json["rejected"] = counts.rejected;
    json["deleted"] = counts.deleted;
    json["batches"] = counts.batches;
    json["bytes"] = counts.bytes;
}

double milliseconds_between(std::int64_t from_us, std::int64_t to_us) {
    return from_us == 0 || to_us == 0 ? 0 : static_cast<double>(to_us - from_us) / 1000;
}

}  // namespace

Ordered to_json(RunRow const& run) {
    Ordered const trigger = parsed(run.trigger_json, Ordered::object());
    Ordered json{{"run_id", run.run_id},
              {"job", run.job},
              {"owner", run.owner},
              {"status", run.status},
              {"kind", run.kind.empty() ? "copy" : run.kind},
              {"trigger", trigger}};
    if (trigger.is_object() && trigger.contains("scheduled_at"))
        json["scheduled_at"] = trigger["scheduled_at"];
    json["created_at"] = time_json(run.created_us);
    json["started_at"] = time_json(run.started_us);
    json["finished_at"] = time_json(run.finished_us);
    put_counts(json, run.counts);
    json["attempts"] = run.attempts;
    json["error"] = parsed(run.error_json, nullptr);
    json["streams"] = parsed(run.streams_json, Ordered::array());
    json["success"] = run.status == "succeeded";
    json["recordsProcessed"] = run.counts.written;
    json["executionTime"] = milliseconds_between(run.started_us, run.finished_us);
    json["timestamp"] = time_json(run.finished_us ? run.finished_us : run.created_us);
    return json;
}

Ordered to_json(TaskRow const& task) {
    Ordered json{{"task", task.task},     {"job", task.job},       {"stream", task.stream},
              {"target", task.target}, {"status", task.status}, {"attempt", task.attempt}};
    put_counts(json, task.counts);
    json["cursor"] = task.cursor.empty() ? Ordered(nullptr) : Ordered(task.cursor);
    json["error"] = parsed(task.error_json, nullptr);
    json["streams"] = parsed(task.streams_json, Ordered::array());
    if (task.status == "retrying") json["run_at"] = time_json(task.run_at_us);
    json["started_at"] = time_json(task.started_us);
    json["finished_at"] = time_json(task.finished_us);
    return json;
}

Ordered to_json(std::vector<Runs::LogLine> const& lines, std::size_t limit) {
    constexpr std::array levels{"trace", "debug", "info", "warning", "error"};
    Ordered items = Ordered::array();
    for (Runs::LogLine const& line : lines)
        items.push_back({{"seq", line.seq},
                         {"at", rfc3339(line.at_us)},
                         {"level", levels[static_cast<std::size_t>(std::clamp(line.level, 0, 4))]},
                         {"message", line.message}});
    bool const has_more = !lines.empty() && lines.size() >= limit;
    Ordered const next = has_more ? Ordered(lines.back().seq) : Ordered();
    return {{"items", std::move(items)}, {"next", next}};
}

bool is_ended(std::string_view status) {
    constexpr std::array ends{"succeeded", "partial", "failed", "cancelled", "skipped"};
    return std::ranges::find(ends, status) != ends.end();
}

}  // namespace weir::host
