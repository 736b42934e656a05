#include "plan.hpp"

#include "job.hpp"

namespace weir::replication {
namespace {

Json part(Json const& job, char const* name) {
    return job.contains(name) ? job[name] : Json::object();
}

/// stop, skip or dead_letter.
std::string reject_rule(Json const& job) {
    Json const handling = part(job, "errorHandling");
    std::string const strategy = handling.value("strategy", "");
    std::string const said =
        handling.value("onItemError", job["destination"].value("onError", std::string{}));
    if (said == "skip") return "skip";
    if (said == "dead_letter" || said == "log_and_continue") return "dead_letter";
    return said.empty() && strategy == "partial_success" ? "dead_letter" : "stop";
}

/// How often the whole run is tried again, and when.
Json retry_rule(Json const& job) {
    Json const handling = part(job, "errorHandling"), retry = part(job["source"], "retry");
    // Whoever asks for a run and waits ten seconds hears how it ended.
    Json out{{"delay_ms", 1000}};
    if (handling.value("strategy", "") == "fail_fast") out["retries"] = 0;
    if (retry.contains("attempts")) out["retries"] = retry["attempts"].get<std::int64_t>() - 1;
    if (retry.contains("delay")) out["delay_ms"] = retry["delay"];
    if (retry.contains("backoff")) out["backoff"] = retry["backoff"];
    if (handling.contains("maxRetries")) out["retries"] = handling["maxRetries"];
    if (handling.contains("retryDelay")) out["delay_ms"] = handling["retryDelay"];
    return out;
}

Json streams_of(Json const& source) {
    if (source.contains("streams")) return source["streams"];
    return source.contains("stream") ? Json::array({source["stream"]}) : Json::array();
}

Json key_of(Json const& job) {
    if (job["source"].contains("key")) return job["source"]["key"];
    return job["destination"].value("key", Json());
}

}  // namespace

Json compile(Json const& job, Endpoint const& source, Endpoint const& sink,
             std::string const& asked_mode) {
    Json const &from = job["source"], &to = job["destination"];
    Json read{
        {"connector", source.connector}, {"config", source.config}, {"streams", streams_of(from)}};
    if (from.contains("cursor")) read["tracking"] = from["cursor"];
    if (from.contains("lookback"))
        read["lookback_ms"] = lookback_ms_of(from["lookback"].get<std::string>()).value_or(0);
    if (Json const key = key_of(job); !key.is_null()) read["key"] = key;
    if (from.contains("fields")) read["fields"] = from["fields"];
    Json write{{"connector", sink.connector}, {"config", sink.config}};
    if (to.contains("table")) write["target"] = to["table"];
    if (to.contains("mode")) write["write"] = to["mode"];
    if (to.contains("drift")) write["drift"] = to["drift"];
    if (to.contains("with")) write["with"] = to["with"];
    if (to.contains("deleted_at")) write["deleted_at"] = to["deleted_at"];
    std::string const mode = asked_mode.empty() ? job.value("mode", "") : asked_mode;
    Json task{{"task", "copy"},
              {"op", "copy"},
              {"source", std::move(read)},
              {"sink", std::move(write)},
              {"rejects", {{"record", reject_rule(job)}}}};
    if (mode == "reconcile") {
        task["op"] = mode;
        Json rules = part(job, "reconcile");
        rules.erase("schedule");
        task["reconcile"] = std::move(rules);
    } else if (!mode.empty()) {
        task["mode"] = mode;
    }
    task["retry"] = retry_rule(job);
    Json limits = Json::object();
    if (from.contains("batchSize")) limits["batch_rows_max"] = from["batchSize"];
    if (from.contains("rowBytesMax")) limits["row_bytes_max"] = from["rowBytesMax"];
    Json const performance = part(job, "performance");
    if (performance.contains("timeout")) limits["deadline_ms"] = performance["timeout"];
    if (performance.contains("concurrency")) limits["streams"] = performance["concurrency"];
    if (performance.contains("parts")) limits["parts"] = performance["parts"];
    if (!limits.empty()) task["limits"] = std::move(limits);
    return {{"plan", 1}, {"job", job["id"]}, {"tasks", Json::array({std::move(task)})}};
}

Json position_terms(Json const& job) {
    Json const &from = job["source"], &to = job["destination"];
    return {{"source", from.value("connection", from.value("url", ""))},
            {"streams", streams_of(from)},
            {"cursor", from.value("cursor", "")},
            {"key", key_of(job)},
            {"destination", to.value("connection", to.value("url", ""))},
            {"table", to.value("table", "")}};
}

}  // namespace weir::replication
