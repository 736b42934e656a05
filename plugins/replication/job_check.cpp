#include <functional>
#include <weir/cpp/nearest.hpp>

#include "catalog.hpp"
#include "job.hpp"
#include "jobs.hpp"

namespace weir::replication {
namespace {

/// What an answer of the source depends on; a secret is not in it.
std::string asked_of(Json const& doc, Endpoint const& source) {
    Json const terms{doc["source"], doc["destination"], doc.value("mode", ""),
                     doc.value("reconcile", Json()),
                     doc.contains("schedule"), source.connector, source.config};
    return std::to_string(std::hash<std::string>{}(terms.dump()));
}

/// Whether the source of `doc` is said well enough to be asked.
bool can_be_asked(Json const& doc) {
    for (char const* const side : {"source", "destination"})
        if (!doc.contains(side) || !doc[side].is_object()) return false;
    Json const& source = doc["source"];
    bool const names_stream = !source.value("stream", "").empty() || source.contains("streams");
    return source.contains("url") || (source.contains("connection") && names_stream);
}

}  // namespace

/// Empty: nobody knows, which is another finding.
std::string Jobs::connector_of(Call const& call, Connectors const& connectors,
                               Json const& side) const {
    if (side.contains("url")) return connectors.for_url(side["url"]);
    try {
        return connections_.endpoint(call, side.value("connection", "")).connector;
    } catch (Error const&) {
        return {};
    }
}

SplitConfig Jobs::check_side(Call const& call, Connectors const& connectors, Json& doc,
                             char const* name, Findings& findings, Reach reach) const {
    if (!doc.contains(name)) return {};
    Json& side = doc[name];
    std::string const at = std::string{"/"} + name;
    if (side.contains("connection") && !connections_.exists(call, side["connection"])) {
        std::string const said = side["connection"];
        findings.add({at + "/connection", "replication.connection_not_found",
                      "there is no connection \"" + said + "\"",
                      nearest(said, connections_.names(call, Connections::connections))});
    }
    std::string const role = name == std::string{"source"} ? "source" : "sink";
    std::string const type = connector_of(call, connectors, side);
    if (connectors.lacks(type, role))
        findings.add({at + (side.contains("url") ? "/url" : "/connection"), "connector.role",
                      "the connector \"" + type + "\" is no " + role, {}});
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
    if (reach == Reach::narrow)
        check_files(call, context_, connectors.for_url(url), split.config, stored, at, findings);
    return split;
}

void Jobs::check_schedule(Call const& call, Json const& doc, Findings& findings) const {
    if (Json reconcile = doc.value("reconcile", Json::object()); reconcile.contains("schedule")) {
        Findings own;
        if (doc.contains("timezone")) reconcile["timezone"] = doc["timezone"];
        check_schedule(call, reconcile, own);
        for (Finding finding : own.findings()) {
            if (!finding.pointer.starts_with("/schedule")) continue;  // told of the job's own
            finding.pointer.insert(0, "/reconcile");
            findings.add(std::move(finding));
        }
    }
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

/// What is known before the first tick is told before it.
void Jobs::check_reconcile(Call const& call, Connectors const& connectors, Json const& doc,
                           Findings& findings) const {
    if (!compares(doc) || !doc.contains("destination")) return;
    Json const& side = doc["destination"];
    std::string const type = connector_of(call, connectors, side);
    if (!connectors.cannot_reconcile(call, type)) return;
    findings.add({std::string{"/destination/"} + (side.contains("url") ? "url" : "connection"),
                  "reconcile.sink_cannot",
                  "the connector \"" + type +
                      "\" cannot compare a target with its source, so the job cannot reconcile",
                  "leave reconcile out; destination.mode replace makes the target what the source "
                  "is"});
}

Json Jobs::look(Call const& call, Draft const& draft, Unsaved const* connection,
                Findings& findings) const {
    if (!can_be_asked(draft.doc)) return nullptr;
    Unsaved from;
    try {
        from = connection ? *connection : Unsaved{source_of(call, draft.doc), draft.source.secrets};
    } catch (Error const&) {
        return nullptr;  // a finding already: there is no such connection, or no connector
    }
    std::string const of = asked_of(draft.doc, from.endpoint);
    std::string const id = draft.doc.value("id", "");
    auto const before = id.empty() ? std::nullopt : look_for(call, id);
    Json const known = before ? before->value("sight", Json()) : Json();
    if (known.is_object() && known.value("of", "") == of && known.value("asked", false))
        return known;
    Json sight = sight_of(
        draft.doc, ask_catalog(call, context_, draft.doc, from.endpoint, from.secrets), findings);
    sight["of"] = of;
    return sight;
}

Jobs::Draft Jobs::check(Call const& call, Json const& doc, Findings& findings, Reach reach,
                        Unsaved const* connection) const {
    Connectors const connectors{call, context_};
    Draft draft{doc, {}, {}, {}};
    draft.source = check_side(call, connectors, draft.doc, "source", findings, reach);
    draft.destination = check_side(call, connectors, draft.doc, "destination", findings,
                                   reach);
    check_schedule(call, doc, findings);
    check_reconcile(call, connectors, draft.doc, findings);
    draft.sight = look(call, draft, connection, findings);
    return draft;
}

Json Jobs::circuit(Call const& call, Json const& doc) const {
    try {
        return circuit_of(call, context_, source_of(call, doc));
    } catch (Error const&) {
        return nullptr;  // its connection is not whole: a run will say so
    }
}

/// Whether the sink holds a position of the job. What cannot be asked now is known from its runs.
bool Jobs::has_position(Call const& call, Json const& doc) const {
    Json answer;
    try {
        answer = context_.ask(call, "runner/1", "position", {{"plan", plan(call, doc)}});
    } catch (Error const&) {
        auto const state = context_.host.store().get(call, states, doc["id"]);
        return state && state->json.value("has_position", false);
    }
    for (Json const& stream : answer.value("streams", Json::array()))
        if (!text_of(stream, "cursor").empty()) return true;
    return false;
}

bool Jobs::loses_position(Call const& call, Json const& before, Json const& after) const {
    return position_terms(before) != position_terms(after) && has_position(call, before);
}

void Jobs::check_position(Call const& call, Json const& before, Json const& after,
                          std::string const& moved) const {
    std::string places = differences(position_terms(before), position_terms(after));
    if (!moved.empty()) places += (places.empty() ? "" : ", ") + moved;
    if (places.empty() || !has_position(call, before)) return;
    std::string const id = before["id"];
    throw Error{WEIR_E_CONFLICT,
                "the job \"" + id + "\" has a position that would mean something else with " +
                    places + " changed",
                "/source"}
        .coded("replication.needs_reset")
        .suggest("POST /replication/jobs/" + id + "/reset");
}

}  // namespace weir::replication
