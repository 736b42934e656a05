#include "jobs.hpp"

#include <weir/cpp/nearest.hpp>

#include "job.hpp"

namespace weir::replication {
namespace {

Error no_job(std::string const& id) {
    return Error{WEIR_E_NOT_FOUND, "there is no job \"" + id + "\""}.coded(
        "replication.job_not_found");
}

/// The schedules that cron has to keep, by event; empty: none.
std::map<std::string, std::string> due_schedules(std::string const& id,
                                                 std::optional<Document> const& job) {
    std::map<std::string, std::string> due{{Jobs::event_of(id), {}},
                                           {Jobs::reconcile_event_of(id), {}}};
    if (!job || job->json["doc"].value("paused", false)) return due;
    Json const& doc = job->json["doc"];
    due[Jobs::event_of(id)] = doc.value("schedule", "");
    due[Jobs::reconcile_event_of(id)] =
        doc.value("reconcile", Json::object()).value("schedule", "");
    return due;
}

Json add_event_request(Json const& doc, std::string const& name, std::string const& schedule) {
    Json request{{"name", name}, {"schedule", schedule}, {"payload", {{"job", doc["id"]}}}};
    if (doc.contains("timezone")) request["timezone"] = doc["timezone"];
    return request;
}

bool same_marks(SplitConfig const& split, Json const& marks) {
    for (auto const& [name, secret] : split.secrets)
        if (!has_mark(secret, marks.value(name, ""))) return false;
    return true;
}

}  // namespace

std::optional<Json> Jobs::look_for(Call const& call, std::string const& id) const {
    auto const found = context_.host.store().get(call, jobs, id);
    return found ? std::optional{found->json} : std::nullopt;
}

Json Jobs::find(Call const& call, std::string const& id) const {
    if (auto const found = look_for(call, id)) return *found;
    std::vector<std::string> names;
    for (Document const& document : context_.host.store().list(call, jobs))
        names.push_back(document.key);
    throw no_job(id).suggest(nearest(id, names));
}

Saved Jobs::save(Call const& call, Draft const& draft, Save save, bool owns_connection,
                 bool is_dry) const {
    Candidate next = candidate(call, draft, save, owns_connection);
    std::string const id = draft.doc["id"];
    Json& record = next.saved.record;
    bool const is_same = next.saved.how == Saved::How::unchanged;
    if (!is_same && !next.before.is_null())
        check_position(call, next.before["doc"], record["doc"], {});
    if (is_dry) return std::move(next.saved);
    if (!is_same)
        for (SplitConfig const* side : {&draft.source, &draft.destination})
            keep_secrets(call, context_, side->secrets, record);
    if (record != next.before) context_.host.store().put(call, jobs, id, record, next.revision);
    if (!is_same) tell(call, next.before.is_null() ? "job.created" : "job.updated", id);
    align(call, id);
    return std::move(next.saved);
}

Candidate Jobs::candidate(Call const& call, Draft const& draft, Save save,
                          bool owns_connection) const {
    std::string const id = draft.doc["id"];
    auto const found = context_.host.store().get(call, jobs, id);
    Json const before = found ? found->json : Json();
    std::uint64_t const revision = found ? found->revision : Store::absent;
    Json doc = draft.doc;
    // Whether it is paused is state: a document that says nothing leaves it.
    if (!doc.contains("paused")) doc["paused"] = found && before["doc"].value("paused", false);
    Json record = found ? before : Json{{"createdAt", context_.now()}};
    if (!found && !draft.by.empty()) record["by"] = draft.by;
    record["sight"] = draft.sight;
    if (found) {
        Json const marks = before.value("marks", Json::object());
        if (before["doc"] == doc && same_marks(draft.source, marks) &&
            same_marks(draft.destination, marks))
            return {{Saved::How::unchanged, std::move(record)}, before, revision};
        std::string const places = differences(before["doc"], doc);
        if (save == Save::create)
            throw Error{WEIR_E_CONFLICT,
                        "there is another job \"" + id + "\": they differ in " +
                            (places.empty() ? "a secret" : places),
                        "/id"}
                .coded("replication.job_exists")
                .suggest("PUT replaces it");
    }
    record["doc"] = std::move(doc);
    record["owns_connection"] = owns_connection;
    record["updatedAt"] = context_.now();
    return {{found ? Saved::How::replaced : Saved::How::created, std::move(record)},
            before, revision};
}

Json Jobs::set_paused(Call const& call, std::string const& id, bool paused, bool is_dry) const {
    Json record = find(call, id);
    bool const was_paused = record["doc"].value("paused", false);
    if (is_dry) {
        record["doc"]["paused"] = paused;
        return record;
    }
    Document const job = change(call, context_, jobs, id, no_job(id),
                                [&](Json& stored) {
                                    stored["doc"]["paused"] = paused;
                                    stored.erase(paused_by);
                                });
    if (paused != was_paused)
        tell(call, "job.state", id, {{"state", paused ? "paused" : "active"}});
    align(call, id);
    return job.json;
}

Endpoint Jobs::side(Call const& call, Connectors const* connectors, Json const& side) const {
    if (side.contains("connection")) return connections_.endpoint(call, side["connection"]);
    std::string const url = side["url"];
    std::string const type = connectors->for_url(url);
    if (type.empty())
        throw Error{WEIR_E_CONFIG, "no connector that is loaded reads the URL of the job"}.coded(
            "connector.not_loaded");
    return {type, {{"url", url}}};
}

Endpoint Jobs::source_of(Call const& call, Json const& doc) const {
    if (!doc["source"].contains("url")) return side(call, nullptr, doc["source"]);
    Connectors const connectors{call, context_};
    return side(call, &connectors, doc["source"]);
}

Json Jobs::plan(Call const& call, Json const& doc, std::string const& mode) const {
    std::optional<Connectors> connectors;
    for (char const* const name : {"source", "destination"})
        if (doc[name].contains("url") && !connectors) connectors.emplace(call, context_);
    Connectors const* const known = connectors ? &*connectors : nullptr;
    return compile(doc, side(call, known, doc["source"]), side(call, known, doc["destination"]),
                   mode);
}

void Jobs::align(Call const& call, std::string const& id) const {
    constexpr int rounds_max = 10;
    Store const store = context_.host.store();
    // Another request may change the job while cron is told: whoever comes last sees both.
    for (int i = 0; i < rounds_max; ++i) {
        auto const before = store.get(call, jobs, id);
        for (auto const& [name, schedule] : due_schedules(id, before)) {
            if (schedule.empty())
                context_.ask(call, "cron/1", "remove_event", {{"name", name}});
            else
                context_.ask(call, "cron/1", "add_event",
                             add_event_request(before->json["doc"], name, schedule));
        }
        auto const after = store.get(call, jobs, id);
        if ((before ? before->revision : 0) == (after ? after->revision : 0)) return;
    }
}

void Jobs::for_each(Call const& call, char const* collection,
                    std::function<void(Document const&)> const& see) const {
    constexpr std::size_t page_max = 1'000;
    std::string after;
    for (bool more = true; more;) {
        std::vector<Document> const page = context_.host.store().list(call, collection, {}, after);
        for (Document const& document : page) see(document);
        more = page.size() == page_max;
        if (more) after = page.back().key;
    }
}

void Jobs::align_all(Call const& call) const {
    Store const store = context_.host.store();
    for_each(call, jobs, [&](Document const& job) { align(call, job.key); });
    std::vector<std::string> orphans;
    for (auto const& [id, next] : due_times(call, event_of("")))
        if (!store.get(call, jobs, id)) orphans.push_back(event_of(id));
    for (auto const& [id, next] : due_times(call, reconcile_event_of("")))
        if (!store.get(call, jobs, id)) orphans.push_back(reconcile_event_of(id));
    for (std::string const& name : orphans)
        context_.ask(call, "cron/1", "remove_event", {{"name", name}});
}

std::map<std::string, Json> Jobs::due_times(Call const& call, std::string const& prefix) const {
    std::map<std::string, Json> times;
    Json cursor;
    do {
        Json request{{"prefix", prefix}, {"limit", 1000}};
        if (!cursor.is_null()) request["cursor"] = cursor;
        Json const answer = context_.ask(call, "cron/1", "list", request);
        for (Json const& event : answer.value("items", Json::array()))
            if (std::string const name = event.value("name", ""); name.starts_with(prefix))
                times[name.substr(prefix.size())] = event.value("next", Json());
        cursor = answer.value("next", Json());
    } while (!cursor.is_null());
    return times;
}

Json Jobs::figures(Call const& call) const {
    std::map<std::string, Json> const times = due_times(call, event_of(""));
    std::map<std::string, Json> successes;
    for_each(call, states, [&](Document const& state) {
        successes[state.key] = state.json.value("last_success", Json());
    });
    Json items = Json::array();
    for_each(call, jobs, [&](Document const& job) {
        Json const& doc = job.json["doc"];
        auto const next = times.find(job.key);
        auto const success = successes.find(job.key);
        items.push_back(
            {{"job", job.key},
             {"state", state_of(doc)},
             {"has_schedule", doc.contains("schedule")},
             {"next", next == times.end() ? Json() : next->second},
             {"last_success", success == successes.end() ? Json() : success->second}});
    });
    return {{"items", std::move(items)}};
}

std::string state_of(Json const& doc) {
    if (doc.value("paused", false)) return "paused";
    return doc.contains("schedule") ? "scheduled" : "idle";
}

void Jobs::tell(Call const& call, char const* topic, std::string const& id, Json more) const {
    more["job"] = id;
    try {
        context_.host.bus().publish(call, topic, more);
    } catch (Error const& error) {
        context_.host.warn(std::string{topic} + " of job " + id + ": " + error.message);
    }
}

void Jobs::reset(Call const& call, std::string const& id) const {
    Json const doc = find(call, id)["doc"];
    context_.ask(call, "runner/1", "reset", {{"plan", plan(call, doc)}});
    if (context_.host.store().get(call, states, id))
        change(call, context_, states, id, no_job(id),
               [](Json& state) {
                   state["has_position"] = false;
                   state.erase("regressed");
               });
}

void Jobs::forget(Call const& call, std::string const& id) const {
    Json const record = find(call, id);
    Json const& doc = record["doc"];
    for (std::string const& name : {event_of(id), reconcile_event_of(id)})
        context_.ask(call, "cron/1", "remove_event", {{"name", name}});
    try {
        context_.ask(call, "runner/1", "reset", {{"plan", plan(call, doc)}});
    } catch (Error const& error) {
        if (error.status == WEIR_E_CONFLICT) throw;  // a run that began meanwhile
        context_.host.warn("job " + id + ": its position could not be removed: " + error.message);
    }
    context_.ask(call, "runner/1", "forget", {{"job", id}});
    Changes changes;
    changes.del(jobs, id).del(states, id);
    context_.host.store().apply(call, changes);
    tell(call, "job.deleted", id);
    Json const marks = record.value("marks", Json::object());
    for (auto const& [name, mark] : marks.items()) context_.host.secrets().del(call, name);
    if (record.value("owns_connection", false))
        connections_.remove(call, Connections::connections, doc["source"]["connection"]);
    align(call, id);
}

}  // namespace weir::replication
