#include "host/serve/timeline_routes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "weir/cpp/calendar.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;

Json at_or_null(std::int64_t unix_us) {
    return unix_us == 0 ? Json(nullptr) : Json(rfc3339(unix_us));
}

Json kept_json(std::string const& text) {
    Json json = text.empty() ? Json(nullptr) : Json::parse(text, nullptr, false);
    return json.is_discarded() ? Json(nullptr) : json;
}

/// What all spans of a task have.
Json span_of(TaskRow const& task) {
    return {{"task", task.task},
            {"stream", task.stream},
            {"target", task.target},
            {"status", task.status},
            {"tries", task.tries},
            {"retries", std::max(0, task.tries - 1)},
            {"started_at", at_or_null(task.started_us)},
            {"finished_at", at_or_null(task.finished_us)},
            {"read", task.counts.read},
            {"written", task.counts.written},
            {"filtered", task.counts.filtered},
            {"rejected", task.counts.rejected},
            {"deleted", task.counts.deleted},
            {"batches", task.counts.batches},
            {"bytes", task.counts.bytes},
            {"cursor_before", nullptr},
            {"cursor_after", task.cursor.empty() ? Json(nullptr) : Json(task.cursor)},
            {"wait_ms", nullptr},
            {"read_ms", nullptr},
            {"transform_ms", nullptr},
            {"write_ms", nullptr},
            {"error", kept_json(task.error_json)}};
}

/// The same, of one stream of a try that has ended.
Json span_of(TaskRow const& task, Json const& stream) {
    Json span = span_of(task);
    for (char const* name : {"stream", "target", "read", "written", "filtered", "rejected",
                             "deleted", "batches", "bytes", "cursor_before", "error"})
        if (stream.contains(name)) span[name] = stream[name];
    span["cursor_after"] = stream.value("cursor", Json(nullptr));
    Json const timing = stream.value("timing", Json::object());
    for (auto const& [name, ms] : timing.items()) span[name] = ms;
    return span;
}

Response timeline(Runs& runs, std::string const& id) {
    Result<std::optional<RunRow>> const run = runs.find(id);
    if (!run) return http::problem(run.error());
    if (!*run)
        return http::problem(
            Error{WEIR_E_NOT_FOUND, "run.not_found", fmt::format("there is no run {}", id), id});
    Result<std::vector<TaskRow>> const tasks = runs.tasks(id);
    if (!tasks) return http::problem(tasks.error());
    Json spans = Json::array();
    for (TaskRow const& task : *tasks) {
        Json const streams = kept_json(task.streams_json);
        if (!streams.is_array() || streams.empty()) spans.push_back(span_of(task));
        if (streams.is_array())
            for (Json const& stream : streams) spans.push_back(span_of(task, stream));
    }
    RunRow const& row = **run;
    Json const queued =
        row.started_us == 0
            ? Json(nullptr)
            : Json(static_cast<double>(row.started_us - row.created_us) / 1'000);
    return http::json_response(200, {{"run_id", row.run_id},
                                     {"job", row.job},
                                     {"status", row.status},
                                     {"created_at", at_or_null(row.created_us)},
                                     {"started_at", at_or_null(row.started_us)},
                                     {"finished_at", at_or_null(row.finished_us)},
                                     {"queued_ms", queued},
                                     {"error", kept_json(row.error_json)},
                                     {"spans", std::move(spans)}});
}

}  // namespace

std::vector<http::Route> timeline_routes(Runs& runs) {
    http::Route route;
    route.id = "run_timeline";
    route.method = "GET";
    route.path = "/runs/{id}/timeline";
    route.scope = http::Scope::read;
    route.owner = "host";
    route.summary = "Where the time of a run went, stream by stream";
    route.job_of = [&runs](Request const& in) -> std::optional<std::string> {
        Result<std::optional<RunRow>> const run = runs.find(in.params.at("id"));
        return run && *run ? std::optional{(*run)->job} : std::nullopt;
    };
    route.handler = [&runs](Request const& in) { return timeline(runs, in.params.at("id")); };
    return {std::move(route)};
}

}  // namespace weir::host
