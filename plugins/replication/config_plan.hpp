#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "connectors.hpp"
#include "jobs.hpp"

namespace weir::replication {

/// {"integrations"?: {ID: document}, "connections"?: …, "jobs"?: …}, each document without its id.
/// The names of the three are those of the collections.
using Configuration = Json;

/// One thing to do. `action`: "create", "update", "pause" or "delete".
struct Step {
    std::string action, collection, id;
    Candidate next;
    std::map<std::string, std::string> secrets;  ///< by name; not for printing
    bool needs_reset = false;
};

/// What it takes to make the state what a configuration says. A value.
struct ConfigPlan {
    std::vector<Step> steps;  ///< in the order they have to happen
    std::size_t unchanged = 0;
    std::map<std::string, std::set<std::string>> managed;  ///< ids by collection, afterwards
    std::string hash;  ///< of the configuration, the steps and the revisions they start from

    /// {"hash","unchanged","actions":[{"action","kind","id","effect"?,"differences"?:[{"pointer",
    /// "before"?,"after"?}]}]}; no secret is in it.
    Json json() const;
};

/// Looks at all of a configuration together: a job may name a connection that comes with it.
class ConfigPlanner {
public:
    ConfigPlanner(Call const& call, Context const& context, Jobs const& jobs)
        : call_{call}, context_{context}, jobs_{jobs}, connectors_{call, context} {}

    /// `managed`: what the configuration applied last held; what of it is gone from this one is
    /// paused, or deleted with `prune`. Throws Problems with every finding, at "/jobs/ID/…".
    ConfigPlan plan(Configuration const& wanted,
                    std::map<std::string, std::set<std::string>> const& managed, bool prune);

private:
    void take(char const* collection, std::string const& id, Json document);
    void take_job(std::string const& id, Json document);
    void add(Step step);
    void leave(std::string const& collection, std::string const& id, bool prune);
    void refuse_used(Step const& step);

    Call const& call_;
    Context const& context_;
    Jobs const& jobs_;
    Connectors const connectors_;
    Configuration wanted_;
    Findings findings_;
    Pending pending_;
    Connections const drafts_{context_, &pending_};
    Jobs const draft_jobs_{context_, drafts_};
    std::map<std::string, std::string> secrets_;
    ConfigPlan plan_;
};

}  // namespace weir::replication
