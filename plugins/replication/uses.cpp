// Which jobs would miss a connector: asked before one is unloaded.
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

}  // namespace

Json Replication::using_jobs(Call const& call, Json const& connectors) {
    std::set<std::string> wanted;
    for (Json const& name : connectors)
        if (name.is_string()) wanted.insert(name.get<std::string>());
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
    constexpr std::uint32_t page = 1'000;
    Store const store = context_.host.store();
    for (std::string after;;) {
        std::vector<Document> const jobs = store.list(call, Jobs::jobs, {}, after, page);
        for (Document const& job : jobs)
            if (!job.json["doc"].value("paused", false) && is_wanted(job.json["doc"]))
                found.push_back(job.key);
        if (jobs.size() < page) return {{"jobs", std::move(found)}};
        after = jobs.back().key;
    }
}

}  // namespace weir::replication
