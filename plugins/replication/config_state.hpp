#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "config_plan.hpp"
#include "runs.hpp"

namespace weir::replication {

/// A record's document as a configuration has it: without the id and what is state.
Json plain(Json const& record);

/// Where each document comes from, as of one moment.
class Origins {
public:
    /// `applied`: the record of what was applied, null when nothing was.
    explicit Origins(Json applied) : applied_(std::move(applied)) {}

    bool owns(char const* collection, std::string const& id) const;
    /// Name of the file that was applied; "the configuration" where it came by the API.
    std::string owner() const;
    /// "weir.yaml:12", file and line; else "api:TOKEN" with the id of the token that made it,
    /// "job:ID" of a job's own connection, "host".
    std::string of(char const* collection, Json const& record) const;

private:
    Json applied_;
};

/// config/1: whole configurations, planned, applied, remembered and brought back. What a revision
/// keeps are the documents as stored: with references where secrets were. Thread-safe; one is
/// applied at a time.
class ConfigState {
public:
    /// Remembered; older ones are dropped.
    static constexpr std::uint64_t revisions_max = 100;

    ConfigState(Context const& context, Connections const& connections, Jobs const& jobs,
                Runs& runs)
        : context_{context}, connections_{connections}, jobs_{jobs}, runs_{runs} {}

    /// {"configuration","prune"?} → ConfigPlan::json(). Throws Problems.
    Json plan(Call const& call, Json const& in);
    /// {"configuration","hash"?,"prune"?,"allow_reset"?,"by"?,"from"?,
    /// "lines"?:{collection:{id:n}}} → that and "revision". All of it or nothing; what is deleted
    /// goes last. E_CONFLICT "plan.stale": what it would do is not what the hash stands for;
    /// "replication.needs_reset": positions would be lost.
    Json apply(Call const& call, Json const& in);
    /// Over what is there: nothing is paused, deleted or held from now on. E_CONFLICT
    /// "config.file_owned", a finding each: what was applied holds what it would change.
    Json import(Call const& call, Json const& in);
    /// {} → {"version","integrations","connections","jobs"}: what is there, as apply() takes it.
    Json everything(Call const& call) const;
    /// {"limit"?,"cursor"?} → {"items":[{"revision","at","by","from","hash","actions"}],"next"},
    /// newest first.
    Json revisions(Call const& call, Json const& in) const;
    /// apply() with the configuration of {"revision"}.
    Json rollback(Call const& call, Json const& in);

    /// Throws E_CONFLICT "config.file_owned" when what was applied holds the document: it is
    /// changed there. `wish`: what it should become, told as the YAML to paste; null: it should go.
    void refuse_owned(Call const& call, char const* collection, std::string const& id,
                      Json const& wish) const;
    bool owns(Call const& call, char const* collection, std::string const& id) const;
    Origins origins(Call const& call) const;

private:
    using Managed = std::map<std::string, std::set<std::string>>;
    static constexpr char config[] = "config", applied[] = "applied",
                          revisions_[] = "config_revisions";

    Managed managed(Call const& call) const;
    void refuse_owned(Call const& call, ConfigPlan const& plan) const;
    Json apply_once(Call const& call, Json const& in);
    Json looking_again(std::function<Json()> const& work);
    void prepare_resets(Call const& call, ConfigPlan& plan, std::set<std::string>& paused);
    Json store(Call const& call, ConfigPlan& plan, Json const& in, bool holds);
    void remove(Call const& call, Step const& step);
    Json commit(Call const& call, ConfigPlan plan, Json const& in, bool holds);

    Context const& context_;
    Connections const& connections_;
    Jobs const& jobs_;
    Runs& runs_;
    std::mutex mutex_;
};

}  // namespace weir::replication
