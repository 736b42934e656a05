#include "config_state.hpp"

#include <cstdio>

#include "connection.hpp"

namespace weir::replication {
namespace {

bool flag(Json const& in, char const* name) { return in.value(name, false); }

Error no_revision(std::uint64_t wanted) {
    return Error{WEIR_E_NOT_FOUND,
                 "there is no revision " + std::to_string(wanted) + " of the configuration",
                 "/revision"}
        .coded("config.revision_not_found")
        .suggest("GET /config/revisions");
}

/// In the order of their numbers, newest first.
std::string key_of(std::uint64_t revision) {
    char key[24];
    std::snprintf(key, sizeof key, "%020llu",
                  static_cast<unsigned long long>(UINT64_MAX - revision));
    return key;
}

template <class See>
void for_all(Call const& call, Context const& context, char const* collection, See see) {
    constexpr std::size_t page_max = 1'000;
    std::string after;
    for (bool more = true; more;) {
        std::vector<Document> const page =
            context.host.store().list(call, collection, {}, after, page_max);
        for (Document const& document : page) see(document);
        more = page.size() == page_max;
        if (more) after = page.back().key;
    }
}

}  // namespace

Json plain(Json const& record) {
    Json doc = record["doc"];
    doc.erase("id");
    if (!doc.value("paused", false)) doc.erase("paused");
    return doc;
}

ConfigState::Managed ConfigState::managed(Call const& call) const {
    Managed out;
    if (auto const found = context_.host.store().get(call, config, applied))
        for (auto const& [collection, ids] : found->json["managed"].items())
            out[collection] = ids.get<std::set<std::string>>();
    return out;
}

bool Origins::owns(char const* collection, std::string const& id) const {
    Json const ids = applied_.value("managed", Json::object()).value(collection, Json::array());
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

std::string Origins::owner() const {
    std::string file = text_of(applied_, "from");
    file.erase(0, file.rfind('/') + 1);  // no path of the host leaves it
    return file.empty() || file == "api" ? "the configuration" : file;
}

std::string Origins::of(char const* collection, Json const& record) const {
    std::string const id = record["doc"]["id"];
    if (owns(collection, id)) {
        Json const lines = applied_.value("lines", Json::object());
        int const line = lines.value(collection, Json::object()).value(id, 0);
        return owner() + (line > 0 ? ":" + std::to_string(line) : "");
    }
    std::string const origin = record.value("origin", "api");
    bool const is_said = origin == "api" && record.contains("by");
    return is_said ? origin + ":" + text_of(record, "by") : origin;
}

Origins ConfigState::origins(Call const& call) const {
    auto const found = context_.host.store().get(call, config, applied);
    return Origins{found ? found->json : Json::object()};
}

bool ConfigState::owns(Call const& call, char const* collection, std::string const& id) const {
    return origins(call).owns(collection, id);
}

void ConfigState::refuse_owned(Call const& call, char const* collection, std::string const& id,
                               Json const& wish) const {
    if (!owns(call, collection, id)) return;
    std::string const place = std::string{collection} + "/" + id;
    Problems owned{WEIR_E_CONFLICT};
    std::string const paste = std::string{collection} + ": " + Json{{id, wish}}.dump();
    owned.add(Finding{{},
                      "config.file_owned",
                      place + " belongs to " + origins(call).owner() +
                          ", which would bring it back: change it there, apply it",
                      wish.is_null() ? "take " + place + " out of it, and apply it with prune"
                                     : paste});
    throw owned;
}

void ConfigState::refuse_owned(Call const& call, ConfigPlan const& plan) const {
    Managed const held = managed(call);
    Problems owned{WEIR_E_CONFLICT};
    for (Step const& step : plan.steps) {
        auto const ids = held.find(step.collection);
        if (ids == held.end() || !ids->second.contains(step.id)) continue;
        std::string const place = step.collection + "/" + step.id;
        owned.add(Finding{"/" + place, "config.file_owned",
                          place + " belongs to " + origins(call).owner() +
                              ", which would bring it back: change it there, apply it",
                          "leave " + place + " out of what is imported"});
    }
    owned.check();
}

Json ConfigState::plan(Call const& call, Json const& in) {
    return ConfigPlanner{call, context_, jobs_}
        .plan(in.value("configuration", Json::object()), managed(call), flag(in, "prune"))
        .json();
}

// A run that ends, or somebody who pauses a job, may come between look and leap: then it is looked
// at anew.
Json ConfigState::looking_again(std::function<Json()> const& work) {
    constexpr int tries_max = 10;
    std::lock_guard const lock{mutex_};
    for (int i = 1;; ++i) {
        try {
            return work();
        } catch (Error const& error) {
            if (error.code != "store.conflict" || i == tries_max) throw;
        }
    }
}

Json ConfigState::apply(Call const& call, Json const& in) {
    return looking_again([&] { return apply_once(call, in); });
}

Json ConfigState::apply_once(Call const& call, Json const& in) {
    ConfigPlan plan = ConfigPlanner{call, context_, jobs_}.plan(
        in.value("configuration", Json::object()), managed(call), flag(in, "prune"));
    if (std::string const wanted = in.value("hash", ""); !wanted.empty() && wanted != plan.hash)
        throw Error{WEIR_E_CONFLICT,
                    "something changed since the plan " + wanted + " was made; it is " + plan.hash +
                        " now"}
            .coded("plan.stale")
            .suggest("look at the plan again: POST /config/plan");
    return commit(call, std::move(plan), in, true);
}

Json ConfigState::import(Call const& call, Json const& in) {
    Json const wanted = in.value("configuration", Json::object());
    return looking_again([&] {
        ConfigPlan plan = ConfigPlanner{call, context_, jobs_}.plan(wanted, {}, false);
        refuse_owned(call, plan);
        return commit(call, std::move(plan), in, false);
    });
}

Json ConfigState::commit(Call const& call, ConfigPlan plan, Json const& in, bool holds) {
    std::vector<std::string> losing;
    for (Step const& step : plan.steps)
        if (step.needs_reset) losing.push_back(step.id);
    if (!losing.empty() && !flag(in, "allow_reset"))
        throw Error{WEIR_E_CONFLICT,
                    "the position of " + listed(losing) + " would mean something else; with a "
                    "reset the next run reads everything"}
            .coded("replication.needs_reset")
            .suggest("allow_reset=true, --allow-reset");
    std::set<std::string> paused;
    Json out;
    try {
        prepare_resets(call, plan, paused);
        out = store(call, plan, in, holds);
    } catch (Error const&) {
        for (std::string const& id : paused) jobs_.set_paused(call, id, false);
        throw;
    }
    for (Step const& step : plan.steps)
        if (step.collection == Jobs::jobs && step.action != "delete") jobs_.align(call, step.id);
    for (Step const& step : plan.steps)
        if (step.action == "delete") remove(call, step);
    return out;
}

/// The old position goes while the old document still says where it lies, and no run makes another.
void ConfigState::prepare_resets(Call const& call, ConfigPlan& plan,
                                 std::set<std::string>& paused) {
    for (Step& step : plan.steps) {
        if (!step.needs_reset) continue;
        Json record = step.next.before;
        if (!record["doc"].value("paused", false)) {
            record["doc"]["paused"] = true;
            step.next.revision = context_.host.store().put(call, Jobs::jobs, step.id, record,
                                                           step.next.revision);
            paused.insert(step.id);
            jobs_.align(call, step.id);
        }
        runs_.end_all(call, step.id, "its position is reset by a new configuration");
        jobs_.reset(call, step.id);
    }
}

Json ConfigState::store(Call const& call, ConfigPlan& plan, Json const& in, bool holds) {
    Store const store = context_.host.store();
    auto const last = store.get(call, config, applied);
    std::uint64_t const revision = (last ? last->json.value("revision", std::uint64_t{0}) : 0) + 1;
    Json out = plan.json();
    Json held = Json::object(), kept = Json::object();
    for (auto const& [collection, ids] : plan.managed) held[collection] = ids;
    Json const lines = in.value("lines", Json::object());
    bool const is_same = plan.steps.empty() && last && last->json["managed"] == held;
    out["revision"] = revision - (is_same || !holds ? 1 : 0);
    if (is_same && holds && last->json.value("lines", Json::object()) != lines) {
        Json moved = last->json;
        moved["lines"] = lines;
        store.put(call, config, applied, moved, last->revision);
    }
    if (is_same || (!holds && plan.steps.empty())) return out;
    Changes changes;
    for (Step& step : plan.steps) {
        if (step.action == "delete") continue;
        keep_secrets(call, context_, step.secrets, step.next.saved.record);
        changes.put(step.collection, step.id, step.next.saved.record, step.next.revision);
    }
    if (holds) {
        for (auto const& [collection, ids] : plan.managed)
            for (std::string const& id : ids) {
                auto const step = std::find_if(
                    plan.steps.begin(), plan.steps.end(), [&](Step const& each) {
                        return each.collection == collection && each.id == id;
                    });
                auto const found = step == plan.steps.end() ? store.get(call, collection, id)
                                                            : std::nullopt;
                kept[collection][id] =
                    plain(found ? found->json : step->next.saved.record);
            }
        changes.put(config, applied, {{"revision", revision},
                                      {"managed", held},
                                      {"lines", lines},
                                      {"from", in.value("from", Json())}});
        changes.put(revisions_, key_of(revision),
                    {{"revision", revision},
                     {"at", context_.now()},
                     {"by", in.value("by", Json())},
                     {"from", in.value("from", Json())},
                     {"hash", plan.hash},
                     {"actions", out["actions"]},
                     {"configuration", std::move(kept)}});
        if (revision > revisions_max) changes.del(revisions_, key_of(revision - revisions_max));
    }
    store.apply(call, changes);
    return out;
}

void ConfigState::remove(Call const& call, Step const& step) {
    if (step.collection != Jobs::jobs) {
        connections_.remove(call, step.collection.c_str(), step.id);
        return;
    }
    runs_.end_all(call, step.id, "the job is gone from the configuration");
    jobs_.forget(call, step.id);
}

Json ConfigState::everything(Call const& call) const {
    Json out{{"version", 1}};
    for (char const* const collection :
         {Connections::integrations, Connections::connections, Jobs::jobs})
        for_all(call, context_, collection, [&](Document const& each) {
            out[collection][each.key] = plain(each.json);
        });
    return out;
}

Json ConfigState::revisions(Call const& call, Json const& in) const {
    auto const limit = in.value("limit", std::uint32_t{50});
    std::vector<Document> const found = context_.host.store().list(
        call, revisions_, {}, in.value("cursor", ""), limit + 1);
    Json items = Json::array(), next;
    for (Document const& each : found) {
        if (items.size() == limit) {
            next = found[limit - 1].key;
            break;
        }
        Json item = each.json;
        item.erase("configuration");
        items.push_back(std::move(item));
    }
    return {{"items", std::move(items)}, {"next", std::move(next)}};
}

Json ConfigState::rollback(Call const& call, Json const& in) {
    auto const revision = in.value("revision", std::uint64_t{0});
    auto const found = context_.host.store().get(call, revisions_, key_of(revision));
    if (!found) throw no_revision(revision);
    Json request = in;
    request["configuration"] = found->json["configuration"];
    request["from"] = "revision " + std::to_string(revision);
    return apply(call, request);
}

}  // namespace weir::replication
