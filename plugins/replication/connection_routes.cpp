#include "catalog.hpp"
#include "connection.hpp"
#include "service.hpp"

namespace weir::replication {
namespace {

/// The document that the path names; one that names another id is refused.
Json at_path(Http const& http, Json document) {
    std::string const id = http.param("id");
    if (!document.contains("id") || document["id"].is_null()) document["id"] = id;
    if (document["id"] != id)
        throw Error{WEIR_E_CONFIG,
                    "the id in the document is not the one in the path, \"" + id + "\"", "/id"}
            .coded("replication.other_id");
    return document;
}

}  // namespace

void Replication::save_config(Call const& call, Http& http, char const* collection,
                              Json const& document, Save save) {
    Findings findings;
    bool const is_connection = collection == Connections::connections;
    Json const doc =
        is_connection ? read_connection(document, findings) : read_integration(document, findings);
    Connectors const connectors{call, context_};
    SplitConfig const split = connections_.check(call, connectors, collection, doc, {}, findings,
                                                 reach_of(http));
    findings.check();
    std::string origin = "api";
    if (save == Save::replace)  // a job's connection may be edited, and stays the job's
        if (auto const found = context_.host.store().get(call, collection, doc["id"]))
            origin = found->json.value("origin", "api");
    Saved const saved =
        connections_.save(call, collection, doc, split, save, origin, http.is_dry_run());
    if (saved.status() == 201)
        http.header("location",
                    std::string{"/replication/"} + collection + "/" + doc["id"].get<std::string>());
    http.tag(content_of(saved.record));
    http.reply(saved.status(), connections_.answer(connectors, saved.record));
}

void Replication::refuse_if_used(Call const& call, char const* collection, std::string const& id) {
    std::vector<std::string> users;
    Store const store = context_.host.store();
    if (collection == Connections::integrations) {
        for (Document const& each : store.list(call, Connections::connections))
            if (each.json["doc"].value("integration", "") == id)
                users.push_back("connection " + each.key);
    } else {
        for (Document const& each : store.list(call, Jobs::jobs))
            for (char const* const side : {"source", "destination"})
                if (each.json["doc"][side].value("connection", "") == id)
                    users.push_back("job " + each.key);
    }
    if (users.empty()) return;
    throw Error{WEIR_E_CONFLICT, "\"" + id + "\" is used by " + listed(users)}.coded(
        "replication.in_use");
}

/// With whether it answers; an integration that is not there yet leaves that out.
Json Replication::connection_answer(Call const& call, Connectors const& connectors,
                                    Json const& record) {
    Json out = connections_.answer(connectors, record);
    Json const& doc = record["doc"];
    std::string const base = doc.value("integration", "");
    if (base.empty() || context_.host.store().get(call, Connections::integrations, base))
        out["circuit"] = circuit_of(call, context_, connections_.endpoint(call, doc["id"]));
    return out;
}

void Replication::list_connections(Call const& call, Http& http) {
    Connectors const connectors{call, context_};
    Page const page = Page::of(http);
    Json answer = list_page(
        call, context_, Connections::connections, page,
        [&](Document const& each) { return connection_answer(call, connectors, each.json); });
    if (page.cursor.empty())
        answer["items"].insert(
            answer["items"].begin(),
            connection_answer(call, connectors, connections_.find(call, Connections::local)));
    http.reply(200, answer);
}

void Replication::create_connection(Call const& call, Http& http) {
    save_config(call, http, Connections::connections, object_body(http), Save::create);
}

void Replication::get_connection(Call const& call, Http& http) {
    Json const record = connections_.find(call, http.param("id"));
    http.tag(content_of(record));
    http.reply(200, connection_answer(call, Connectors{call, context_}, record));
}

void Replication::put_connection(Call const& call, Http& http) {
    save_config(call, http, Connections::connections, at_path(http, object_body(http)),
                Save::replace);
}

void Replication::patch_connection(Call const& call, Http& http) {
    Json document =
        connections_.answer(Connectors{call, context_}, connections_.find(call, http.param("id")));
    document.merge_patch(object_body(http));
    save_config(call, http, Connections::connections, at_path(http, document), Save::replace);
}

void Replication::delete_connection(Call const& call, Http& http) {
    std::string const id = http.param("id");
    if (id == Connections::local)
        throw Error{WEIR_E_CONFLICT, "the connection local is the host's own and stays"}.coded(
            "replication.connection_builtin");
    connections_.find(call, id);
    refuse_if_used(call, Connections::connections, id);
    if (!http.is_dry_run()) connections_.remove(call, Connections::connections, id);
    http.reply(204);
}

void Replication::check_connection(Call const& call, Http& http) {
    http.reply(200, connections_.try_out(call, http.param("id")));
}

void Replication::discover_connection(Call const& call, Http& http) {
    Endpoint const place = connections_.endpoint(call, http.param("id"));
    Json request{{"type", place.connector}, {"config", place.config}};
    Json const body = http.json();
    if (body.is_object() && body.contains("pattern")) request["pattern"] = body["pattern"];
    http.reply(200, context_.ask(call, "connectors/1", "discover", request));
}

void Replication::list_integrations(Call const& call, Http& http) {
    Connectors const connectors{call, context_};
    http.reply(200, list_page(call, context_, Connections::integrations, Page::of(http),
                              [&](Document const& document) {
                                  return connections_.answer(connectors, document.json);
                              }));
}

void Replication::create_integration(Call const& call, Http& http) {
    save_config(call, http, Connections::integrations, object_body(http), Save::create);
}

void Replication::get_integration(Call const& call, Http& http) {
    Json const record = connections_.find_integration(call, http.param("id"));
    http.tag(content_of(record));
    http.reply(200, connections_.answer(Connectors{call, context_}, record));
}

void Replication::put_integration(Call const& call, Http& http) {
    save_config(call, http, Connections::integrations, at_path(http, object_body(http)),
                Save::replace);
}

void Replication::delete_integration(Call const& call, Http& http) {
    std::string const id = http.param("id");
    connections_.find_integration(call, id);
    refuse_if_used(call, Connections::integrations, id);
    if (!http.is_dry_run()) connections_.remove(call, Connections::integrations, id);
    http.reply(204);
}

}  // namespace weir::replication
