#include "connections.hpp"

#include <weir/cpp/nearest.hpp>

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

}  // namespace

Json Connections::local_record() const {
    return {{"doc",
             {{"id", local}, {"connector", "sqlite"}, {"config", {{"url", context_.local_url}}}}},
            {"origin", "host"},
            {"status", "active"}};
}

std::optional<Json> Connections::look_for(Call const& call, char const* collection,
                                          std::string const& id) const {
    if (pending_)
        if (auto const found = pending_->find({collection, id}); found != pending_->end())
            return found->second.is_null() ? std::nullopt : std::optional{found->second};
    auto const stored = context_.host.store().get(call, collection, id);
    return stored ? std::optional{stored->json} : std::nullopt;
}

std::vector<std::string> Connections::names(Call const& call, char const* collection) const {
    std::vector<std::string> names;
    if (!is_integration(collection)) names.emplace_back(local);
    for (Document const& each : context_.host.store().list(call, collection))
        names.push_back(each.key);
    if (pending_)
        for (auto const& [key, record] : *pending_)
            if (key.first == collection) names.push_back(key.second);
    return names;
}

Json Connections::record_in(Call const& call, char const* collection,
                            std::string const& id) const {
    if (auto found = look_for(call, collection, id)) return std::move(*found);
    throw Error{WEIR_E_NOT_FOUND,
                std::string{"there is no "} + noun(collection) + " \"" + id + "\""}
        .coded(std::string{"replication."} + noun(collection) + "_not_found")
        .suggest(nearest(id, names(call, collection)));
}

Json Connections::find(Call const& call, std::string const& id) const {
    return id == local ? local_record() : record_in(call, connections, id);
}

bool Connections::exists(Call const& call, std::string const& id) const {
    return id == local || (!id.empty() && look_for(call, connections, id));
}

Json Connections::find_integration(Call const& call, std::string const& id) const {
    return record_in(call, integrations, id);
}

std::string Connections::connector_of(Call const& call, Json const& doc) const {
    if (doc.contains("connector")) return doc["connector"];
    auto const integration = look_for(call, integrations, doc.value("integration", ""));
    return integration ? (*integration)["doc"].value("connector", "") : std::string{};
}

SplitConfig Connections::check(Call const& call, Connectors const& connectors,
                               char const* collection, Json const& doc, std::string const& at,
                               Findings& findings, Reach reach) const {
    std::string const id = doc.value("id", "");
    if (!is_integration(collection) && id == local)
        findings.add({at + "/id", "replication.connection_builtin",
                      "the connection local is the host's own and stays as it is"});
    std::string const type = connector_of(call, doc);
    if (doc.contains("connector")) connectors.check(type, type, at + "/connector", findings);
    Json const schema = connectors.schema(type);
    std::string const place = at + "/config";
    Json const whole = whole_config(call, doc);
    // An integration may leave to its connections what the schema requires.
    Json shape = schema;
    if (is_integration(collection)) shape.erase("required");
    if (connectors.has(type)) check_config(whole, shape, place, findings);
    auto const found = id.empty() ? std::nullopt : context_.host.store().get(call, collection, id);
    Json const before = found ? found->json["doc"] : Json();
    Json const stored = found ? before["config"] : Json();
    bool const is_moved = found && address_in(whole) != address_in(whole_config(call, before));
    SplitConfig split = split_secrets(doc["config"], schema, stored, secret_prefix(collection, id),
                                      place, findings, is_moved);
    if (reach == Reach::all) return split;
    bool const is_same_kind = found && connector_of(call, before) == type;
    check_files(call, context_, type, split.config, is_same_kind ? stored : Json(), place,
                findings);
    check_kept(call, doc, before, place, findings);
    return split;
}

/// Over its integration's, when that is there.
Json Connections::whole_config(Call const& call, Json const& doc) const {
    auto const base = doc.contains("integration")
                          ? look_for(call, integrations, doc["integration"])
                          : std::nullopt;
    return base ? merged_config((*base)["doc"]["config"], doc["config"]) : doc["config"];
}

/// A secret of an integration goes where the integration says, and one of a connection where both
/// said when it was given: who may write only one of them sends it nowhere else.
void Connections::check_kept(Call const& call, Json const& doc, Json const& stored,
                             std::string const& place, Findings& findings) const {
    auto const refuse = [&](std::string const& whose, std::string const& secret) {
        findings.add({place, "replication.secret_needed",
                      "the " + secret + " of " + whose +
                          " is kept for its own address, and is sent to another one only when a "
                          "token of the scope admin says so",
                      {}});
    };
    if (stored.is_object() && address_in(doc["config"]) != address_in(stored["config"]))
        for (auto const& [name, value] : doc["config"].items())
            if (!kept_secret_in({{name, value}}).empty()) refuse("this document", name);
    std::string const base = doc.value("integration", "");
    if (auto const found = base.empty() ? std::nullopt : look_for(call, integrations, base)) {
        Json const& theirs = (*found)["doc"]["config"];
        Json kept = theirs;
        for (auto const& [name, value] : doc["config"].items()) kept.erase(name);
        Json const address = address_in(whole_config(call, doc));
        bool const is_as_before = stored.is_object() && stored.value("integration", "") == base &&
                                  address == address_in(whole_config(call, stored));
        if (std::string const secret = kept_secret_in(kept);
            !secret.empty() && !is_as_before && address != address_in(theirs))
            refuse("integration \"" + base + "\"", secret);
    }
    bool const is_integration = stored.is_object() && !doc.contains("integration") &&
                                !stored.contains("integration");
    if (!is_integration) return;
    for (Document const& each : context_.host.store().list(call, connections)) {
        Json const& other = each.json["doc"];
        if (other.value("integration", "") != doc.value("id", "")) continue;
        Json const before = merged_config(stored["config"], other["config"]);
        Json const after = merged_config(doc["config"], other["config"]);
        if (std::string const secret = kept_secret_in(other["config"]);
            !secret.empty() && address_in(before) != address_in(after))
            refuse("connection \"" + each.key + "\"", secret);
    }
}

void check_files(Call const& call, Context const& context, std::string const& connector,
                 Json const& config, Json const& stored, std::string const& at,
                 Findings& findings) {
    Json said = Json::object();
    for (auto const& [name, value] : config.items())
        if (!stored.is_object() || !stored.contains(name) || stored[name] != value)
            said[name] = value;
    try {
        context.ask(call, "connectors/1", "reach", {{"type", connector}, {"config", said}});
    } catch (Problems const& problems) {
        for (Finding finding : problems.findings()) {
            finding.pointer.insert(0, at);
            findings.add(std::move(finding));
        }
    }
}

// A run that ends writes when it was synced into the same record.
Saved Connections::save(Call const& call, char const* collection, Json const& doc,
                        SplitConfig const& split, Save save, Origin const& origin,
                        bool is_dry) const {
    constexpr int tries_max = 20;
    for (int i = 1;; ++i) {
        Candidate next = candidate(call, collection, doc, split, save, origin);
        if (is_dry || next.saved.how == Saved::How::unchanged) return std::move(next.saved);
        keep_secrets(call, context_, split.secrets, next.saved.record);
        try {
            context_.host.store().put(call, collection, doc["id"], next.saved.record,
                                      next.revision);
            return std::move(next.saved);
        } catch (Error const& error) {
            if (error.status != WEIR_E_CONFLICT || i == tries_max) throw;
        }
    }
}

Candidate Connections::candidate(Call const& call, char const* collection, Json const& doc,
                                 SplitConfig const& split, Save save,
                                 Origin const& origin) const {
    std::string const id = doc["id"];
    Json stored_doc = doc;
    stored_doc["config"] = split.config;
    auto const found = context_.host.store().get(call, collection, id);
    if (found) {
        Json const& before = found->json;
        bool const same =
            before["doc"] == stored_doc && same_secrets(split, before.value("marks", Json()));
        std::string const owner = before.value("origin", "api");
        if (owner != origin.owner)
            throw weir::replication::exists(collection, id, "it belongs to " + owner);
        if (same) return {{Saved::How::unchanged, before}, before, found->revision};
        if (save == Save::create)
            throw weir::replication::exists(
                collection, id, differ_in(before["doc"], stored_doc));
    }
    Json record = found ? found->json
                        : Json{{"origin", origin.owner}, {"createdAt", context_.now()}};
    if (!found && !origin.by.empty()) record["by"] = origin.by;
    record["doc"] = std::move(stored_doc);
    record["status"] = "active";
    record.erase("error");
    record["updatedAt"] = context_.now();
    return {{found ? Saved::How::replaced : Saved::How::created, std::move(record)},
            found ? found->json : Json(),
            found ? found->revision : Store::absent};
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
         {"status", "error", "lastSyncAt", "createdAt", "updatedAt"})
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
