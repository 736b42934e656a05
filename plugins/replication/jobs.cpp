#include "jobs.hpp"

#include "job.hpp"

namespace weir::replication {
namespace {

Error no_job(std::string const& id) {
    return Error{WEIR_E_NOT_FOUND, "there is no job \"" + id + "\""}.coded(
        "replication.job_not_found");
}

/// The schedule that cron has to keep; empty: none.
std::string due_schedule(std::optional<Document> const& job) {
    if (!job || job->json["doc"].value("paused", false)) return {};
    return job->json["doc"].value("schedule", "");
}

Json add_event_request(Json const& doc) {
    Json request{{"name", Jobs::event_of(doc["id"])},
                 {"schedule", doc["schedule"]},
                 {"payload", {{"job", doc["id"]}}}};
    if (doc.contains("timezone")) request["timezone"] = doc["timezone"];
    return request;
}

bool same_marks(SplitConfig const& split, Json const& marks) {
    for (auto const& [name, secret] : split.secrets)
        if (!has_mark(secret, marks.value(name, ""))) return false;
    return true;
}

std::string places(Json const& before, Json const& after) {
    std::vector<std::string> out;
    for (Json const& change : Json::diff(before, after))
        out.push_back(change["path"].get<std::string>());
    return out.empty() ? "a secret" : listed(out);
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

SplitConfig Jobs::check_side(Call const& call, Connectors const& connectors, Json& doc,
                             char const* name, Findings& findings) const {
    if (!doc.contains(name)) return {};
    Json& side = doc[name];
    std::string const at = std::string{"/"} + name;
    if (side.contains("connection") && !connections_.exists(call, side["connection"])) {
        std::vector<std::string> names{Connections::local};
        for (Document const& each : context_.host.store().list(call, Connections::connections))
            names.push_back(each.key);
        std::string const said = side["connection"];
        findings.add({at + "/connection", "replication.connection_not_found",
                      "there is no connection \"" + said + "\"", nearest(said, names)});
    }
    if (!side.contains("url")) return {};
    std::string const url = side["url"];
    if (connectors.for_url(url).empty() && url.find("${") != 0)
        connectors.check(url.substr(0, url.find(':')), url.substr(0, url.find(':')), at + "/url",
                         findings);
    Json stored;
    std::string const id = doc.value("id", "");
    if (auto const before = id.empty() ? std::nullopt : look_for(call, id))
        stored = {{"url", (*before)["doc"][name].value("url", "")}};
    SplitConfig split = split_secrets({{"url", url}}, unknown_schema(), stored,
                                      "job." + id + "." + name, at, findings);
    side["url"] = split.config["url"];
    return split;
}

void Jobs::check_schedule(Call const& call, Json const& doc, Findings& findings) const {
    if (!doc.contains("schedule") && !doc.contains("timezone")) return;
    if (doc.value("schedule", "x").empty()) {
        // A schedule that could not be read is a finding already; one that is no text at all, here.
        if (findings.empty())
            findings.add({"/schedule", "replication.bad_value", "schedule is empty", "15m"});
        return;
    }
    Json request{{"schedule", doc.value("schedule", "1h")}, {"count", 1}};
    if (doc.contains("timezone")) request["timezone"] = doc["timezone"];
    try {
        context_.ask(call, "cron/1", "explain", request);
    } catch (Problems const& problems) {
        for (Finding const& finding : problems.findings()) findings.add(finding);
    } catch (Error const& error) {
        if (error.status != WEIR_E_CONFIG) throw;
        findings.add({error.where.empty() ? "/schedule" : error.where, error.code, error.message,
                      error.suggestion});
    }
}

Jobs::Draft Jobs::check(Call const& call, Json const& doc, Findings& findings) const {
    Connectors const connectors{call, context_};
    Draft draft{doc, {}, {}};
    draft.source = check_side(call, connectors, draft.doc, "source", findings);
    draft.destination = check_side(call, connectors, draft.doc, "destination", findings);
    check_schedule(call, doc, findings);
    return draft;
}

void Jobs::check_position(Call const& call, Json const& before, Json const& after) const {
    if (position_terms(before) == position_terms(after)) return;
    Json answer;
    try {
        answer = context_.ask(call, "runner/1", "position", {{"plan", plan(call, before)}});
    } catch (Error const&) {
        return;  // what cannot be asked has not been copied, or is told by the connectors
    }
    for (Json const& stream : answer.value("streams", Json::array()))
        if (stream.is_object() && stream.contains("cursor") && !stream["cursor"].is_null() &&
            stream["cursor"] != "")
            throw Error{WEIR_E_CONFLICT,
                        "the job \"" + before["id"].get<std::string>() +
                            "\" has a position that would mean something else with " +
                            places(position_terms(before), position_terms(after)) + " changed",
                        "/source"}
                .coded("replication.needs_reset")
                .suggest("POST /replication/jobs/" + before["id"].get<std::string>() + "/reset");
}

Saved Jobs::save(Call const& call, Draft const& draft, Save save, bool owns_connection) const {
    Store const store = context_.host.store();
    std::string const id = draft.doc["id"];
    auto const found = store.get(call, jobs, id);
    Json doc = draft.doc;
    // Whether it is paused is state: a document that says nothing leaves it.
    if (!doc.contains("paused")) doc["paused"] = found && found->json["doc"].value("paused", false);
    if (found) {
        Json const& before = found->json;
        Json const marks = before.value("marks", Json::object());
        if (before["doc"] == doc && same_marks(draft.source, marks) &&
            same_marks(draft.destination, marks)) {
            align(call, id);
            return {Saved::How::unchanged, before};
        }
        if (save == Save::create)
            throw Error{
                WEIR_E_CONFLICT,
                "there is another job \"" + id + "\": they differ in " + places(before["doc"], doc),
                "/id"}
                .coded("replication.job_exists")
                .suggest("PUT replaces it");
        check_position(call, before["doc"], doc);
    }
    Json record = found ? found->json : Json{{"createdAt", context_.now()}};
    record["doc"] = std::move(doc);
    record["owns_connection"] = owns_connection;
    record["updatedAt"] = context_.now();
    for (SplitConfig const* side : {&draft.source, &draft.destination})
        for (auto const& [name, secret] : side->secrets) {
            context_.host.secrets().put(call, name, secret);
            record["marks"][name] = secret_mark(secret);
        }
    store.put(call, jobs, id, record, found ? found->revision : Store::absent);
    tell(call, found ? "job.updated" : "job.created", id);
    align(call, id);
    return {found ? Saved::How::replaced : Saved::How::created, std::move(record)};
}

Json Jobs::set_paused(Call const& call, std::string const& id, bool paused) const {
    bool const was_paused = find(call, id)["doc"].value("paused", false);
    Document const job = change(call, context_, jobs, id, no_job(id),
                                [&](Json& record) { record["doc"]["paused"] = paused; });
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

Json Jobs::plan(Call const& call, Json const& doc) const {
    std::optional<Connectors> connectors;
    for (char const* const name : {"source", "destination"})
        if (doc[name].contains("url") && !connectors) connectors.emplace(call, context_);
    Connectors const* const known = connectors ? &*connectors : nullptr;
    return compile(doc, side(call, known, doc["source"]), side(call, known, doc["destination"]));
}

void Jobs::align(Call const& call, std::string const& id) const {
    constexpr int rounds_max = 10;
    Store const store = context_.host.store();
    // Another request may change the job while cron is told: whoever comes last sees both.
    for (int i = 0; i < rounds_max; ++i) {
        auto const before = store.get(call, jobs, id);
        if (due_schedule(before).empty())
            context_.ask(call, "cron/1", "remove_event", {{"name", event_of(id)}});
        else
            context_.ask(call, "cron/1", "add_event", add_event_request(before->json["doc"]));
        auto const after = store.get(call, jobs, id);
        if ((before ? before->revision : 0) == (after ? after->revision : 0)) return;
    }
}

void Jobs::align_all(Call const& call) const {
    Store const store = context_.host.store();
    std::string after;
    for (bool more = true; more;) {
        std::vector<Document> const page = store.list(call, jobs, {}, after);
        for (Document const& job : page) align(call, job.key);
        more = page.size() == 1'000;
        if (more) after = page.back().key;
    }
    std::vector<std::string> orphans;
    Json cursor;
    do {
        Json request{{"prefix", "job:"}, {"limit", 1000}};
        if (!cursor.is_null()) request["cursor"] = cursor;
        Json const answer = context_.ask(call, "cron/1", "list", request);
        for (Json const& event : answer.value("items", Json::array()))
            if (!store.get(call, jobs, event.value("name", "").substr(4)))
                orphans.push_back(event.value("name", ""));
        cursor = answer.value("next", Json());
    } while (!cursor.is_null());
    for (std::string const& name : orphans)
        if (name.starts_with("job:"))
            context_.ask(call, "cron/1", "remove_event", {{"name", name}});
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
}

void Jobs::forget(Call const& call, std::string const& id) const {
    Json const record = find(call, id);
    Json const& doc = record["doc"];
    context_.ask(call, "cron/1", "remove_event", {{"name", event_of(id)}});
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
