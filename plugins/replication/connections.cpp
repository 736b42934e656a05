#include "connections.hpp"

#include "config_check.hpp"
#include "connection.hpp"

namespace weir::replication {
namespace {

bool is_integration(char const* collection) {
    return std::string_view{collection} == Connections::integrations;
}

char const* noun(char const* collection) {
    return is_integration(collection) ? "integration" : "connection";
}

std::string secret_prefix(char const* collection, std::string const& id) {
    return (is_integration(collection) ? "integ." : "conn.") + id;
}

/// The secrets are the same ones as those behind the marks.
bool same_secrets(SplitConfig const& split, Json const& marks) {
    for (auto const& [name, secret] : split.secrets)
        if (!has_mark(secret, marks.value(name, ""))) return false;
    return true;
}

std::string differ_in(Json const& before, Json const& after) {
    std::string const places = differences(before, after);
    return "they differ in " + (places.empty() ? "its secrets" : places);
}

Error exists(char const* collection, std::string const& id, std::string const& why) {
    return Error{WEIR_E_CONFLICT,
                 std::string{"there is another "} + noun(collection) + " \"" + id + "\": " + why,
                 "/id"}
        .coded(std::string{"replication."} + noun(collection) + "_exists")
        .suggest(std::string{"PUT replaces it"});
}

Error not_found(char const* collection, std::string const& id) {
    return Error{WEIR_E_NOT_FOUND,
                 std::string{"there is no "} + noun(collection) + " \"" + id + "\""}
        .coded(std::string{"replication."} + noun(collection) + "_not_found");
}

Json record_in(Call const& call, Context const& context, char const* collection,
               std::string const& id) {
    Store const store = context.host.store();
    if (auto const found = store.get(call, collection, id)) return found->json;
    std::vector<std::string> names;
    for (Document const& document : store.list(call, collection)) names.push_back(document.key);
    if (!is_integration(collection)) names.emplace_back(Connections::local);
    throw not_found(collection, id).suggest(nearest(id, names));
}

}  // namespace

Json Connections::local_record() const {
    return {{"doc",
             {{"id", local}, {"connector", "sqlite"}, {"config", {{"url", context_.local_url}}}}},
            {"origin", "host"},
            {"status", "active"}};
}

Json Connections::find(Call const& call, std::string const& id) const {
    return id == local ? local_record() : record_in(call, context_, connections, id);
}

bool Connections::exists(Call const& call, std::string const& id) const {
    return id == local || (!id.empty() && context_.host.store().get(call, connections, id));
}

Json Connections::find_integration(Call const& call, std::string const& id) const {
    return record_in(call, context_, integrations, id);
}

std::string Connections::connector_of(Call const& call, Json const& doc) const {
    if (doc.contains("connector")) return doc["connector"];
    auto const integration =
        context_.host.store().get(call, integrations, doc.value("integration", ""));
    return integration ? integration->json["doc"].value("connector", "") : std::string{};
}

SplitConfig Connections::check(Call const& call, Connectors const& connectors,
                               char const* collection, Json const& doc, std::string const& at,
                               Findings& findings) const {
    std::string const id = doc.value("id", "");
    if (!is_integration(collection) && id == local)
        findings.add({at + "/id", "replication.connection_builtin",
                      "the connection local is the host's own and stays as it is"});
    std::string const type = connector_of(call, doc);
    if (doc.contains("connector")) connectors.check(type, type, at + "/connector", findings);
    Json const schema = connectors.schema(type);
    std::string const place = at + "/config";
    Json whole = doc["config"];
    if (doc.contains("integration"))
        if (auto const base = context_.host.store().get(call, integrations, doc["integration"]))
            whole = merged_config(base->json["doc"]["config"], whole);
    // An integration may leave to its connections what the schema requires.
    Json shape = schema;
    if (is_integration(collection)) shape.erase("required");
    if (connectors.has(type)) check_config(whole, shape, place, findings);
    Json stored;
    if (!id.empty())
        if (auto const found = context_.host.store().get(call, collection, id))
            stored = found->json["doc"]["config"];
    return split_secrets(doc["config"], schema, stored, secret_prefix(collection, id), place,
                         findings);
}

Saved Connections::save(Call const& call, char const* collection, Json const& doc,
                        SplitConfig const& split, Save save, std::string const& origin,
                        bool is_dry) const {
    Store const store = context_.host.store();
    std::string const id = doc["id"];
    Json stored_doc = doc;
    stored_doc["config"] = split.config;
    auto const found = store.get(call, collection, id);
    if (found) {
        Json const& before = found->json;
        bool const same =
            before["doc"] == stored_doc && same_secrets(split, before.value("marks", Json()));
        std::string const owner = before.value("origin", "api");
        if (owner != origin)
            throw weir::replication::exists(collection, id, "it belongs to " + owner);
        if (same) return {Saved::How::unchanged, before};
        if (save == Save::create)
            throw weir::replication::exists(
                collection, id, differ_in(before["doc"], stored_doc));
    }
    auto const write = [&, now = context_.now()](Json& record) {
        record["doc"] = stored_doc;
        record["status"] = "active";
        record.erase("error");
        record["updatedAt"] = now;
    };
    Json record = found ? found->json : Json{{"origin", origin}, {"createdAt", context_.now()}};
    write(record);
    Saved::How const how = found ? Saved::How::replaced : Saved::How::created;
    if (is_dry) return {how, std::move(record)};
    Json marks;
    for (auto const& [name, secret] : split.secrets) {
        context_.host.secrets().put(call, name, secret);
        record["marks"][name] = marks[name] = secret_mark(secret);
    }
    if (found)  // what a run says of it meanwhile stays
        record = change(call, context_, collection, id, not_found(collection, id),
                        [&](Json& stored) {
                            write(stored);
                            if (!marks.is_null()) stored["marks"].update(marks);
                        })
                     .json;
    else
        store.put(call, collection, id, record, Store::absent);
    return {how, std::move(record)};
}

bool Connections::remove(Call const& call, char const* collection, std::string const& id) const {
    Store const store = context_.host.store();
    auto const found = store.get(call, collection, id);
    if (!found) return false;
    store.del(call, collection, id);
    Json const marks = found->json.value("marks", Json::object());
    for (auto const& [name, mark] : marks.items()) context_.host.secrets().del(call, name);
    return true;
}

Endpoint Connections::endpoint(Call const& call, std::string const& id) const {
    Json const doc = find(call, id)["doc"];
    if (!doc.contains("integration")) return {doc["connector"], doc["config"]};
    Json const base = find_integration(call, doc["integration"])["doc"];
    return {base["connector"], merged_config(base["config"], doc["config"])};
}

Json Connections::answer(Connectors const& connectors, Json const& record) const {
    Json out = record["doc"];
    Json const schema = out.contains("connector")
                            ? connectors.schema(out["connector"].get<std::string>())
                            : unknown_schema();
    out["config"] = mask_secrets(out["config"], schema);
    for (char const* const name :
         {"status", "error", "origin", "lastSyncAt", "createdAt", "updatedAt"})
        if (record.contains(name)) out[name] = record[name];
    return out;
}

Json Connections::try_out(Call const& call, std::string const& id) const {
    Endpoint const place = endpoint(call, id);
    Json const answer = context_.ask(call, "connectors/1", "check",
                                     {{"type", place.connector}, {"config", place.config}});
    if (id != local && answer.value("ok", false))
        change(call, context_, connections, id,
               Error{WEIR_E_NOT_FOUND, "there is no connection \"" + id + "\""}, [](Json& record) {
                   record["status"] = "active";
                   record.erase("error");
               });
    return answer;
}

}  // namespace weir::replication
