#include "config_plan.hpp"

#include <sodium/crypto_generichash.h>

#include <array>
#include <cstdio>

#include "connection.hpp"
#include "job.hpp"

namespace weir::replication {
namespace {

char const* const in_order[] = {Connections::integrations, Connections::connections, Jobs::jobs};

std::string kind_of(std::string const& collection) {
    return collection.substr(0, collection.size() - 1);
}

/// Everything but the id and what tells of its life.
Json differences_in(Step const& step) {
    Json out = Json::array();
    if (step.action != "update" && step.action != "pause") return out;
    Json const &before = step.next.before["doc"], &after = step.next.saved.record["doc"];
    for (Json const& change : Json::diff(before, after)) {
        Json::json_pointer const place{change["path"].get<std::string>()};
        Json difference{{"pointer", change["path"]}};
        if (before.contains(place)) difference["before"] = before[place];
        if (change.contains("value")) difference["after"] = change["value"];
        out.push_back(std::move(difference));
    }
    if (out.empty()) out.push_back({{"pointer", "/config"}, {"secret", true}});
    return out;
}

std::string hash_of(Json const& json) {
    std::string const text = json.dump();
    std::array<unsigned char, 16> hash;
    crypto_generichash(hash.data(), hash.size(),
                       reinterpret_cast<unsigned char const*>(text.data()), text.size(), nullptr,
                       0);
    std::string out;
    for (unsigned char const byte : hash) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", byte);
        out += digits;
    }
    return out;
}

/// Whom a connection or an integration is named by in `doc`.
bool uses(Json const& doc, std::string const& collection, std::string const& id) {
    if (collection == Connections::integrations) return doc.value("integration", "") == id;
    for (char const* const side : {"source", "destination"})
        if (doc.contains(side) && doc[side].value("connection", "") == id) return true;
    return false;
}

}  // namespace

Json ConfigPlan::json() const {
    Json actions = Json::array();
    for (Step const& step : steps) {
        Json action{
            {"action", step.action}, {"kind", kind_of(step.collection)}, {"id", step.id}};
        if (step.action == "update") action["effect"] = step.needs_reset ? "needs_reset"
                                                                         : "in_place";
        if (Json places = differences_in(step); !places.empty())
            action["differences"] = std::move(places);
        actions.push_back(std::move(action));
    }
    return {{"hash", hash}, {"unchanged", unchanged}, {"actions", std::move(actions)}};
}

void ConfigPlanner::add(Step step) {
    plan_.managed[step.collection].insert(step.id);
    if (step.next.saved.how == Saved::How::unchanged) {
        ++plan_.unchanged;
        return;
    }
    step.action = step.next.saved.how == Saved::How::created ? "create" : "update";
    plan_.steps.push_back(std::move(step));
}

void ConfigPlanner::take(char const* collection, std::string const& id, Json document) {
    bool const is_connection = collection == std::string{Connections::connections};
    std::string const place = std::string{"/"} + collection + "/" + pointer_part(id);
    if (document.is_object()) document["id"] = id;
    Findings found;
    Json const doc =
        is_connection ? read_connection(document, found) : read_integration(document, found);
    SplitConfig split;
    if (found.empty())
        split = drafts_.check(call_, connectors_, collection, doc, {}, found, Reach::all);
    for (Finding finding : found.findings()) {
        finding.pointer = place + finding.pointer;
        findings_.add(std::move(finding));
    }
    if (!found.empty()) return;
    auto const before = context_.host.store().get(call_, collection, id);
    Origin const origin{before ? before->json.value("origin", "api") : "api", {}};
    Candidate next = drafts_.candidate(call_, collection, doc, split, Save::replace, origin);
    pending_[{collection, id}] = next.saved.record;
    secrets_.insert(split.secrets.begin(), split.secrets.end());
    add({{}, collection, id, std::move(next), split.secrets});
}

void ConfigPlanner::take_job(std::string const& id, Json document) {
    if (document.is_object()) document["id"] = id;
    Findings found;
    Json const doc = read_job(document, found);
    Json const source = doc.value("source", Json::object());
    std::string const from = text_of(source, "connection");
    bool const is_new = pending_.contains({Connections::connections, from});
    Jobs::Draft draft;
    if (found.empty()) {
        Jobs::Unsaved unsaved;
        if (is_new) unsaved = {drafts_.endpoint(call_, from), secrets_};
        draft = draft_jobs_.check(call_, doc, found, Reach::all, is_new ? &unsaved : nullptr);
    }
    for (Finding finding : found.findings()) {
        // Of a connection that comes with it and is wrong itself, more was said above.
        bool const is_told =
            finding.code == "replication.connection_not_found" &&
            wanted_.value(Connections::connections, Json::object())
                .contains(text_of(doc[finding.pointer.starts_with("/source") ? "source"
                                                                             : "destination"],
                                  "connection"));
        finding.pointer = "/jobs/" + pointer_part(id) + finding.pointer;
        if (!is_told) findings_.add(std::move(finding));
    }
    if (!found.empty()) return;
    auto const before = jobs_.look_for(call_, id);
    bool const owns = before && before->value("owns_connection", false) && from == id;
    Step step{{}, Jobs::jobs, id, draft_jobs_.candidate(call_, draft, Save::replace, owns), {}};
    if (Json& record = step.next.saved.record; record.contains(paused_by)) {
        // It is back, and nobody but a configuration without it had paused it.
        record.erase(paused_by);
        if (!doc.contains("paused")) record["doc"]["paused"] = false;
        step.next.saved.how = Saved::How::replaced;
    }
    for (SplitConfig const* side : {&draft.source, &draft.destination})
        step.secrets.insert(side->secrets.begin(), side->secrets.end());
    step.needs_reset =
        before && jobs_.loses_position(call_, (*before)["doc"], step.next.saved.record["doc"]);
    add(std::move(step));
}

/// What the configuration held before and holds no more.
void ConfigPlanner::leave(std::string const& collection, std::string const& id, bool prune) {
    auto const there = context_.host.store().get(call_, collection, id);
    if (!there) return;
    Step step;
    step.action = "delete";
    step.collection = collection;
    step.id = id;
    step.next.before = step.next.saved.record = there->json;
    step.next.revision = there->revision;
    if (!prune) {
        plan_.managed[collection].insert(id);
        if (collection != Jobs::jobs || there->json["doc"].value("paused", false)) return;
        step.action = "pause";
        step.next.saved.record["doc"]["paused"] = true;
        step.next.saved.record[paused_by] = "configuration";
    }
    plan_.steps.push_back(std::move(step));
}

/// Nothing that stays may name what goes.
void ConfigPlanner::refuse_used(Step const& step) {
    if (step.action != "delete" || step.collection == Jobs::jobs) return;
    std::string const by = step.collection == Connections::integrations ? Connections::connections
                                                                        : Jobs::jobs;
    std::map<std::string, Json> records;
    for (std::string after;;) {
        std::vector<Document> const page = context_.host.store().list(call_, by, {}, after);
        for (Document const& each : page) records[each.key] = each.json;
        if (page.size() < 1'000) break;
        after = page.back().key;
    }
    for (Step const& other : plan_.steps) {
        if (other.collection != by) continue;
        if (other.action == "delete")
            records.erase(other.id);
        else
            records[other.id] = other.next.saved.record;
    }
    for (auto const& [id, record] : records)
        if (uses(record["doc"], step.collection, step.id))
            findings_.add({"/" + step.collection + "/" + pointer_part(step.id),
                           "replication.in_use",
                           kind_of(step.collection) + " \"" + step.id +
                               "\" cannot be deleted: " + kind_of(by) + " \"" + id + "\" uses it"});
}

ConfigPlan ConfigPlanner::plan(Configuration const& wanted,
                               std::map<std::string, std::set<std::string>> const& managed,
                               bool prune) {
    wanted_ = wanted;
    for (char const* const collection : in_order) {
        Json const section = wanted.value(collection, Json::object());
        for (auto const& [id, document] : section.items())
            if (collection == std::string{Jobs::jobs})
                take_job(id, document);
            else
                take(collection, id, document);
    }
    findings_.check();
    // What uses others goes before them.
    for (char const* const collection : {in_order[2], in_order[1], in_order[0]})
        if (auto const held = managed.find(collection); held != managed.end())
            for (std::string const& id : held->second)
                if (!plan_.managed[collection].contains(id)) leave(collection, id, prune);
    for (Step const& step : plan_.steps) refuse_used(step);
    findings_.check();
    Json from = Json::array();
    for (Step const& step : plan_.steps)
        from.push_back({step.action, step.collection, step.id, step.next.revision});
    plan_.hash = hash_of({{"configuration", wanted}, {"steps", from}});
    return std::move(plan_);
}

}  // namespace weir::replication
