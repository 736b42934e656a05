// What hangs on a connector: asked before one is unloaded or replaced.
#include <algorithm>
#include <map>
#include <set>

#include "service.hpp"

namespace weir::replication {

namespace {

std::set<std::string> connectors_of(Json const& plan) {
    std::set<std::string> used;
    for (Json const& task : plan["tasks"])
        for (char const* side : {"source", "sink"}) used.insert(task[side].value("connector", ""));
    return used;
}

std::set<std::string> texts(Json const& list) {
    std::set<std::string> all;
    for (Json const& each : list)
        if (each.is_string()) all.insert(each.get<std::string>());
    return all;
}

/// Each stored job, in order of the ids.
template <class Take>
void for_each_job(Call const& call, Store const& store, Take const& take) {
    constexpr std::uint32_t page = 1'000;
    for (std::string after;;) {
        std::vector<Document> const jobs = store.list(call, Jobs::jobs, {}, after, page);
        for (Document const& job : jobs) take(job);
        if (jobs.size() < page) return;
        after = jobs.back().key;
    }
}

}  // namespace

Json Replication::using_jobs(Call const& call, Json const& connectors) {
    std::set<std::string> const wanted = texts(connectors);
    auto const is_wanted = [&](Json const& doc) {
        if (wanted.empty()) return true;
        try {
            for (std::string const& used : connectors_of(jobs_.plan(call, doc)))
                if (wanted.contains(used)) return true;
        } catch (Error const&) {
            // It cannot run as it stands, so it misses nothing.
        }
        return false;
    };
    Json found = Json::array();
    for_each_job(call, context_.host.store(), [&](Document const& job) {
        if (!job.json["doc"].value("paused", false) && is_wanted(job.json["doc"]))
            found.push_back(job.key);
    });
    return {{"jobs", std::move(found)}};
}

Json Replication::configs_of(Call const& call, Json const& connectors, std::string const& after) {
    constexpr std::size_t bytes_max = 512 * 1024;  // half of what a method may answer
    std::set<std::string> const wanted = texts(connectors);
    std::map<std::string, Json> users;
    for_each_job(call, context_.host.store(), [&](Document const& job) {
        for (char const* const side : {"source", "destination"})
            users[job.json["doc"][side].value("connection", "")].push_back(job.key);
    });
    std::vector<std::string> ids = connections_.names(call, Connections::connections);
    std::sort(ids.begin(), ids.end());
    Json items = Json::array();
    std::size_t bytes = 0;
    for (auto id = std::upper_bound(ids.begin(), ids.end(), after); id != ids.end(); ++id) {
        Endpoint place;
        try {
            place = connections_.endpoint(call, *id);
        } catch (Error const&) {
            continue;  // gone meanwhile, or without its integration: it works with no connector
        }
        if (!wanted.contains(place.connector)) continue;
        Json item{{"connection", *id}, {"connector", place.connector}, {"config", place.config}};
        item["jobs"] = users.contains(*id) ? users[*id] : Json::array();
        bytes += item.dump().size();
        items.push_back(std::move(item));
        if (bytes > bytes_max) return {{"items", std::move(items)}, {"next", *id}};
    }
    return {{"items", std::move(items)}, {"next", nullptr}};
}

}  // namespace weir::replication
