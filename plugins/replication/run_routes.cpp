#include "service.hpp"

namespace weir::replication {
namespace {

/// The runner's word for what happens beside an active run.
std::string overlap_of(Http const& http) {
    auto const said = http.query_param("onActive").value_or("queue");
    if (said == "queue") return "buffer_one";
    if (said == "join" || said == "reject") return said;
    throw Error{WEIR_E_CONFIG, "onActive=" + said + " is not one of queue, join, reject",
                "/onActive"}
        .coded("request.bad_parameter")
        .suggest("queue");
}

/// W3C: version, trace, span and flags in lower-case hexadecimal; the trace is not all zeros.
bool is_trace(std::string const& text) {
    constexpr std::size_t size = 55, trace_at = 3, span_at = 36, flags_at = 53;
    if (text.size() != size || text.starts_with("ff")) return false;
    for (std::size_t i = 0; i < size; ++i) {
        bool const is_between = i + 1 == trace_at || i + 1 == span_at || i + 1 == flags_at;
        bool const is_digit = std::string_view{"0123456789abcdef"}.find(text[i]) != text.npos;
        if (is_between ? text[i] != '-' : !is_digit) return false;
    }
    return text.find_first_not_of('0', trace_at) != span_at - 1;
}

bool is_forced(Http const& http) {
    auto const said = http.query_param("force").value_or("false");
    if (said == "true" || said == "false") return said == "true";
    throw Error{WEIR_E_CONFIG, "force=" + said + " is neither true nor false", "/force"}.coded(
        "request.bad_parameter");
}

/// Empty: as the job says.
std::string mode_of(Http const& http) {
    auto const said = http.query_param("mode").value_or("");
    if (said.empty() || said == "reconcile") return said;
    throw Error{WEIR_E_CONFIG, "mode=" + said + " is not reconcile, the one that can be asked for",
                "/mode"}
        .coded("request.bad_parameter")
        .suggest("reconcile");
}

Problems is_at_work(std::string const& job, Json const& active) {
    std::string const run = active.value("run_id", "");
    Problems busy{WEIR_E_CONFLICT};
    busy.message = "job \"" + job + "\" has an active run, " + run + ": wait for it, or cancel it";
    busy.code = "run.active";
    busy.suggestion = "POST /replication/jobs/" + job + "/cancel";
    busy.block({"run", run});
    return busy;
}

}  // namespace

void Replication::start_run(Call const& call, Http& http, std::string const& id) {
    std::string const key = http.header("idempotency-key").value_or("");
    Json trigger{{"by", "user"}, {"principal", http.principal().id}};
    if (std::string const trace = http.header("traceparent").value_or(""); is_trace(trace))
        trigger["traceparent"] = trace;
    Json run;
    try {
        run = runs_.submit(call, id, trigger, key.empty() ? "" : id + "#" + key, overlap_of(http),
                           is_forced(http), mode_of(http));
    } catch (Error const& error) {
        Json const active = error.code == "run.active" ? runs_.active(call, id) : Json();
        if (active.is_null()) throw;
        throw is_at_work(id, active);
    }
    std::string const run_id = run.at("run_id");
    http.header("location", "/runs/" + run_id);
    http.reply(202, {{"run_id", run_id},
                     {"status", run.value("status", Json())},
                     {"existing", run.value("existing", false)}});
}

void Replication::run_job(Call const& call, Http& http) { start_run(call, http, http.param("id")); }

void Replication::pause_job(Call const& call, Http& http) {
    reply_job(call, http, 200,
              jobs_.set_paused(call, http.param("id"), true, http.is_dry_run()));
}

void Replication::resume_job(Call const& call, Http& http) {
    reply_job(call, http, 200,
              jobs_.set_paused(call, http.param("id"), false, http.is_dry_run()));
}

void Replication::cancel_job(Call const& call, Http& http) {
    std::string const id = http.param("id");
    jobs_.find(call, id);
    http.reply(202, {{"job", id},
                     {"cancelled", runs_.cancel(call, id, "cancelled by " + http.principal().id)}});
}

void Replication::reset_job(Call const& call, Http& http) {
    std::string const id = http.param("id");
    jobs_.find(call, id);
    Json const active = runs_.active(call, id);
    if (!active.is_null()) throw is_at_work(id, active);
    if (!http.is_dry_run()) jobs_.reset(call, id);
    http.reply(200, {{"job", id}, {"reset", true}});
}

void Replication::preview_job(Call const& call, Http& http) {
    Json const record = jobs_.find(call, http.param("id"));
    std::int64_t const limit = number_param(http, "limit", 20, 1, 1000);
    http.reply(200, context_.ask(call, "runner/1", "preview",
                                 {{"plan", jobs_.plan(call, record["doc"])}, {"limit", limit}}));
}

void Replication::job_status(Call const& call, Http& http) {
    std::string const id = http.param("id");
    Json const record = jobs_.find(call, id);
    Json const job = job_answer(call, record), run = runs_.active(call, id);
    Json out{{"job", id},
             {"state", run.is_null() ? job["state"] : run.value("status", job["state"])},
             {"paused", job["paused"]}};
    for (char const* const name :
         {"isActive", "nextRun", "lastRun", "lastSuccess", "lastError", "last_status",
          "last_run_at", "last_error", "rows_synced", "consecutiveFailures", "late",
          "lastReconcile", "sees", "guarantee", "warnings"})
        out[name] = job[name];
    out["run_id"] = run.is_null() ? Json() : run.value("run_id", Json());
    out["attempt"] = run.is_null() ? Json() : run.value("attempts", Json());
    out["error"] = run.is_null() ? Json() : run.value("error", Json());
    out["circuit"] = jobs_.circuit(call, record["doc"]);
    Json progress;
    if (!run.is_null())
        for (char const* const name : {"read", "written", "filtered", "rejected", "bytes"})
            progress[name] = run.value(name, Json(0));
    if (!run.is_null()) progress["records"] = run.value("read", Json(0));
    out["progress"] = progress;
    Json streams = Json::array(), cursor;
    try {
        streams =
            context_.ask(call, "runner/1", "position", {{"plan", jobs_.plan(call, record["doc"])}})
                .value("streams", Json::array());
    } catch (Error const& error) {
        // The sink holds the position; when it cannot be asked, all else is still true.
        out["position_error"] = {{"code", error.code}, {"message", error.message}};
    }
    if (streams.size() == 1) cursor = streams[0].value("cursor", Json());
    out["cursor"] = cursor;
    out["streams"] = std::move(streams);
    http.reply(200, out);
}

void Replication::job_history(Call const& call, Http& http) {
    std::string const id = http.param("id");
    jobs_.find(call, id);
    http.reply(200,
               runs_.history(call, id, http.query_param("status").value_or(""), Page::of(http)));
}

void Replication::job_metrics(Call const& call, Http& http) {
    std::string const id = http.param("id");
    jobs_.find(call, id);
    std::string const period = http.query_param("period").value_or("7d");
    auto const us = period_us_of(period);
    if (!us)
        throw Error{WEIR_E_CONFIG, "period=" + period + " is not a time like 1h or 7d", "/period"}
            .coded("request.bad_parameter")
            .suggest("7d");
    Json out = runs_.metrics(call, id, *us);
    out["job"] = id;
    out["period"] = period;
    http.reply(200, out);
}

void Replication::job_next(Call const& call, Http& http) {
    std::string const id = http.param("id");
    Json const doc = jobs_.find(call, id)["doc"];
    auto const count = static_cast<std::size_t>(number_param(http, "count", 5, 1, 1000));
    Json items = Json::array();
    if (doc.contains("schedule") && !doc.value("paused", false)) {
        Json request{{"schedule", doc["schedule"]}, {"count", count}};
        if (doc.contains("timezone")) request["timezone"] = doc["timezone"];
        // Where the clock was set back, the timer holds a later tick than the clock asks for.
        if (Json const next = next_of(call, Jobs::event_of(id)); next.is_string()) {
            request["from"] = next;
            items.push_back({{"at", next}});
        }
        Json const answer = context_.ask(call, "cron/1", "explain", request);
        for (Json const& at : answer.value("next", Json::array())) {
            if (items.size() == count) break;
            items.push_back({{"at", at}});
        }
    }
    http.reply(200, {{"items", std::move(items)}, {"next", nullptr}});
}

}  // namespace weir::replication
