#include "runs.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <weir/cpp/nearest.hpp>

#include "state.hpp"

namespace weir::replication {
namespace {

constexpr char replay_word[] = "replay";

/// A source that refused the login is asked no more until somebody did something.
bool refused_login(Json const& error) { return text_of(error, "code").ends_with("login_refused"); }

/// The runner's words for a status in anybody's words.
Json stored_words(std::string const& said) {
    static std::map<std::string, Json> const others{{"completed", {"succeeded"}},
                                                    {"success", {"succeeded"}},
                                                    {"error", {"partial", "failed"}}};
    static std::vector<std::string> const own{"queued",  "running", "retrying",  "succeeded",
                                              "partial", "failed",  "cancelled", "skipped"};
    if (auto const found = others.find(said); found != others.end()) return found->second;
    if (std::find(own.begin(), own.end(), said) != own.end()) return Json::array({said});
    throw Error{WEIR_E_CONFIG, "status=" + said + " is not one of " + listed(own), "/status"}
        .coded("request.bad_parameter")
        .suggest(nearest(said, own));
}

constexpr char last_event[] = "last_event";

}  // namespace

Json Runs::submit(Call const& call, std::string const& id, Json const& trigger,
                  std::string const& idempotency_key, std::string const& overlap, bool force,
                  std::string const& mode) const {
    Json const doc = jobs_.find(call, id)["doc"];
    Json request{{"plan", jobs_.plan(call, doc, mode)},
                 {"job", id},
                 {"overlap", overlap},
                 {"trigger", trigger}};
    if (force) request["plan"]["tasks"][0]["force"] = true;
    if (!idempotency_key.empty()) request["idempotency_key"] = idempotency_key;
    if (!mode.empty()) request["kind"] = mode;
    if (mode.empty() && doc.contains("mode")) request["kind"] = doc["mode"];
    return context_.ask(call, "runner/1", "submit", request);
}

Json Runs::replay(Call const& call, std::string const& id, Json const& letters) const {
    Json plan = jobs_.plan(call, jobs_.find(call, id)["doc"]);
    Json& task = plan["tasks"][0];
    task["task"] = task["op"] = replay_word;
    task["letters"] = letters;
    return context_.ask(call, "runner/1", "submit",
                        {{"plan", plan},
                         {"job", id},
                         {"overlap", "buffer_one"},
                         {"kind", replay_word},
                         {"trigger", {{"by", replay_word}}}});
}

Json Runs::run(Call const& call, std::string const& run_id) const {
    return context_.ask(call, "runner/1", "query", {{"run_id", run_id}});
}

Json Runs::unfinished(Call const& call, std::string const& id, std::uint32_t limit) const {
    return context_
        .ask(call, "runner/1", "list",
             {{"job", id}, {"status", {"running", "retrying", "queued"}}, {"limit", limit}})
        .value("items", Json::array());
}

Json Runs::active(Call const& call, std::string const& id) const {
    // The newest may wait for the one that runs.
    Json const runs = unfinished(call, id, 100);
    for (Json const& run : runs)
        if (run.value("status", "") != "queued") return run;
    return runs.empty() ? Json() : runs.back();
}

Json Runs::cancel(Call const& call, std::string const& id, std::string const& reason) const {
    Json ids = Json::array();
    // Newest first, so that one that waits does not start when the one before it ends.
    for (Json const& run : unfinished(call, id, 100)) {
        try {
            context_.ask(call, "runner/1", "cancel",
                         {{"run_id", run["run_id"]}, {"reason", reason}});
            ids.push_back(run["run_id"]);
        } catch (Error const& error) {
            if (error.code != "run.finished") throw;
        }
    }
    return ids;
}

void Runs::end_all(Call const& call, std::string const& id, std::string const& reason) {
    using std::chrono::milliseconds;
    constexpr std::int64_t margin_ms = 500, look_ms = 100, patience_ms = 30'000;
    std::int64_t const give_up_ns = context_.host.monotonic_ns() + patience_ms * 1'000'000;
    cancel(call, id, reason);
    std::unique_lock lock{mutex_, std::defer_lock};
    for (Json run = active(call, id); !run.is_null(); run = active(call, id)) {
        if (call.cancelled() || call.remaining_ms() < margin_ms ||
            context_.host.monotonic_ns() > give_up_ns)
            throw Error{WEIR_E_CONFLICT,
                        "the run " + text_of(run, "run_id") + " of job \"" + id +
                            "\" is being cancelled and has not ended yet; try again"}
                .coded("run.active");
        lock.lock();
        ended_.wait_for(lock, milliseconds{look_ms});
        lock.unlock();
    }
}

void Runs::fired(Call const& call, Json const& event) const {
    std::string const name = text_of(event, "name"), at = text_of(event, "scheduled_at");
    bool const is_reconcile = name.starts_with(Jobs::reconcile_event_of(""));
    if (!is_reconcile && !name.starts_with(Jobs::event_of(""))) return;
    std::string const id = name.substr(name.find(':') + 1);
    auto const record = jobs_.look_for(call, id);
    if (!record || (*record)["doc"].value("paused", false)) return;
    try {
        if (!is_reconcile) tell_if_late(call, *record, at);
    } catch (Error const&) {
        // Its run does not wait for that; the next tick tells.
    }
    Json const& source = (*record)["doc"]["source"];
    if (source.contains("connection")) {
        auto const connection =
            context_.host.store().get(call, Connections::connections, source["connection"]);
        if (connection && connection->json.value("status", "") == "error") return;
    }
    Json trigger{{"by", "cron"}, {"scheduled_at", at}};
    if (event.contains("missed")) trigger["missed"] = event["missed"];
    try {
        // A reconcile waits for the run beside it: skipped, it would be away for a day.
        if (is_reconcile)
            submit(call, id, trigger, id + "@reconcile@" + at, "buffer_one", false, "reconcile");
        else
            submit(call, id, trigger, id + "@" + at, "skip");
    } catch (Error const& error) {
        bool const time_may_cure =
            error.status == WEIR_E_IO || error.status == WEIR_E_BUSY ||
            error.status == WEIR_E_TIMEOUT || error.status == WEIR_E_CANCELLED ||
            error.status == WEIR_E_NOMEM || (error.flags & WEIR_ERR_RETRYABLE) != 0;
        if (time_may_cure) throw;
        context_.host.warn("job " + id + " could not start at " + at + ": " + error.message);
        auto state = context_.host.store().get(call, Jobs::states, id);
        Json json = state ? state->json : Json::object();
        Json why{{"code", error.code}, {"message", error.message}};
        if (!error.suggestion.empty()) why["suggestion"] = error.suggestion;
        json = moved_on_by_refusal(std::move(json), is_reconcile, at, why);
        // Where a run's end came between, the event comes again.
        context_.host.store().put(call, Jobs::states, id, json,
                                  state ? state->revision : Store::absent);
    }
}

/// At the third tick without a success between them the last one is older than two intervals.
void Runs::tell_if_late(Call const& call, Json const& record, std::string const& at) const {
    constexpr std::size_t late_ticks = 3;
    Json const& doc = record["doc"];
    auto const found = context_.host.store().get(call, Jobs::states, doc["id"]);
    Json state = found ? found->json : Json::object();
    if (is_late(state) || !doc.contains("schedule")) return;
    std::string const success = text_of(state, "last_success");
    Json request{{"schedule", doc["schedule"]},
                 {"count", late_ticks},
                 {"from", success.empty() ? text_of(record, "createdAt") : success}};
    if (doc.contains("timezone")) request["timezone"] = doc["timezone"];
    Json const ticks =
        context_.ask(call, "cron/1", "explain", request).value("next", Json::array());
    if (ticks.size() < late_ticks || ticks[late_ticks - 1].get<std::string>() > at) return;
    set_late(state);
    context_.host.store().put(call, Jobs::states, doc["id"], state,
                              found ? found->revision : Store::absent);
    context_.host.bus().publish(
        call, "job.late",
        {{"job", doc["id"]}, {"lastSuccess", state.value("last_success", Json())}});
}

/// What the run says of its job's connection, added to `changes`.
void Runs::settle_connection(Call const& call, Json const& job, Json const& run,
                             Changes& changes) const {
    std::string const id = job["doc"]["source"].value("connection", "");
    auto const connection =
        id.empty() ? std::nullopt : context_.host.store().get(call, Connections::connections, id);
    if (!connection) return;
    std::string const status = text_of(run, "status");
    Json record = connection->json;
    if (status == "succeeded") {
        record["lastSyncAt"] = run.value("finished_at", Json());
        record["status"] = "active";
        record.erase("error");
    }
    // What began before the connection was changed says nothing of how it is now.
    bool const is_old = text_of(run, "created_at") < text_of(record, "updatedAt");
    if (status == "failed" && !is_old && refused_login(run.value("error", Json()))) {
        record["status"] = "error";
        record["error"] = run["error"];
    }
    if (record == connection->json) return;
    changes.put(Connections::connections, id, std::move(record), connection->revision);
}

void Runs::changed(Call const& call, Event const& told) {
    Json const& event = told.data;
    std::string const id = text_of(event, "job"), status = text_of(event, "status");
    if (!is_over(status)) return;
    ended_.notify_all();
    // It read no source: it says nothing of how fresh the job is.
    if (event.value("trigger", Json::object()).value("by", "") == replay_word) return;
    // Somebody may change the connection, or the job's state, between look and leap.
    constexpr int tries_max = 10;
    for (int i = 1;; ++i) {
        try {
            return keep(call, told);
        } catch (Error const& error) {
            if (error.code != "store.conflict" || i == tries_max) throw;
        }
    }
}

void Runs::keep(Call const& call, Event const& told) {
    Json const& event = told.data;
    std::string const id = text_of(event, "job");
    auto const job = jobs_.look_for(call, id);
    if (!job) return;
    auto const before = context_.host.store().get(call, Jobs::states, id);
    Json state = before ? before->json : Json::object();
    // The last events, not only the very last one, may come again.
    if (told.number() <= state.value(last_event, std::uint64_t{0})) return;
    state[last_event] = told.number();
    Json const run = this->run(call, event["run_id"]);
    Changes changes;
    settle_connection(call, *job, run, changes);
    changes.put(Jobs::states, id, moved_on(std::move(state), run),
                before ? before->revision : Store::absent);
    // Once, until it was compared: what is appended finds it so again and again.
    Json const fallen = regressed_in(run);
    if (!fallen.empty() && !(before && is_regressed(before->json)))
        changes.publish("job.regressed", text_of(event, "run_id"),
                        {{"job", id}, {"run_id", event["run_id"]}, {"streams", fallen}});
    if (text_of(event, "status") != "skipped") {
        Json callback = log_line(run);
        callback.erase("created_at");
        changes.publish(callback_topic, text_of(event, "run_id"), std::move(callback));
    }
    context_.host.store().apply(call, changes);
}

Json Runs::history(Call const& call, std::string const& id, std::string const& status,
                   Page const& page) const {
    Json request{{"limit", page.limit}};
    if (!id.empty()) request["job"] = id;
    if (!page.cursor.empty()) request["cursor"] = page.cursor;
    if (!status.empty()) request["status"] = stored_words(status);
    return context_.ask(call, "runner/1", "list", request);
}

Json Runs::metrics(Call const& call, std::string const& id, std::int64_t period_us) const {
    Json request{{"job", id}, {"limit", 200}};
    request["since_us"] = context_.host.unix_us() - period_us;
    Json runs = Json::array(), next;
    do {
        Json const answer = context_.ask(call, "runner/1", "list", request);
        for (Json const& run : answer.value("items", Json::array()))
            if (is_over(text_of(run, "status"))) runs.push_back(run);
        next = answer.value("next", Json());
        if (next.is_string()) request["cursor"] = next;
    } while (next.is_string());
    return metrics_of(runs);
}

}  // namespace weir::replication
