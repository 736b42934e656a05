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
    Origin origin{"api", http.principal().id};
    if (save == Save::replace)  // a job's connection may be edited, and stays the job's
        if (auto const found = context_.host.store().get(call, collection, doc["id"]))
            origin.owner = found->json.value("origin", "api");
    auto const store = [&](bool is_dry) {
        return connections_.save(call, collection, doc, split, save, origin, is_dry);
    };
    if (configuration_.owns(call, collection, doc["id"]))
        if (Saved const would = store(true); would.how == Saved::How::replaced)
            configuration_.refuse_owned(call, collection, doc["id"], plain(would.record));
    Saved const saved = store(http.is_dry_run());
    if (saved.status() == 201)
        http.header("location",
                    std::string{"/replication/"} + collection + "/" + doc["id"].get<std::string>());
    http.tag(content_of(saved.record));
    http.reply(saved.status(), config_answer(call, connectors, collection, saved.record));
}

void Replication::refuse_if_used(Call const& call, char const* collection, std::string const& id) {
    std::vector<Blocker> users;
    auto const look = [&](char const* kind, Document const& each, Json const& named) {
        if (named == id) users.push_back({kind, each.key});
    };
    Store const store = context_.host.store();
    if (collection == Connections::integrations) {
        for (Document const& each : store.list(call, Connections::connections))
            look("connection", each, each.json["doc"].value("integration", ""));
    } else {
        for (Document const& each : store.list(call, Jobs::jobs)) {
            Json const& doc = each.json["doc"];
            bool const is_source = doc["source"].value("connection", "") == id;
            look("job", each, doc[is_source ? "source" : "destination"].value("connection", ""));
        }
    }
    if (users.empty()) return;
    std::vector<std::string> names;
    for (Blocker const& each : users) names.push_back(each.kind + " " + each.id);
    Problems in_use{WEIR_E_CONFLICT};
    in_use.message = "\"" + id + "\" is used by " + listed(names);
    in_use.code = "replication.in_use";
    in_use.suggestion = "change or delete those first";
    for (Blocker& each : users) in_use.block(std::move(each));
    throw in_use;
}

/// With where it comes from.
Json Replication::config_answer(Call const& call, Connectors const& connectors,
                                char const* collection, Json const& record) {
    Json out = connections_.answer(connectors, record);
    out["origin"] = configuration_.origins(call).of(collection, record);
    return out;
}

/// With whether it answers; an integration that is not there yet leaves that out.
Json Replication::connection_answer(Call const& call, Connectors const& connectors,
                                    Json const& record) {
    Json out = config_answer(call, connectors, Connections::connections, record);
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
    configuration_.refuse_owned(call, Connections::connections, id, nullptr);
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
                                  return config_answer(call, connectors,
                                                       Connections::integrations, document.json);
                              }));
}

void Replication::create_integration(Call const& call, Http& http) {
    save_config(call, http, Connections::integrations, object_body(http), Save::create);
}

void Replication::get_integration(Call const& call, Http& http) {
    Json const record = connections_.find_integration(call, http.param("id"));
    http.tag(content_of(record));
    http.reply(200, config_answer(call, Connectors{call, context_}, Connections::integrations,
                                  record));
}

void Replication::put_integration(Call const& call, Http& http) {
    save_config(call, http, Connections::integrations, at_path(http, object_body(http)),
                Save::replace);
}

void Replication::delete_integration(Call const& call, Http& http) {
    std::string const id = http.param("id");
    connections_.find_integration(call, id);
    configuration_.refuse_owned(call, Connections::integrations, id, nullptr);
    refuse_if_used(call, Connections::integrations, id);
    if (!http.is_dry_run()) connections_.remove(call, Connections::integrations, id);
    http.reply(204);
}

}  // namespace weir::replication
