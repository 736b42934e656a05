#pragma once

#include <functional>
#include <map>
#include <string>

#include "connections.hpp"
#include "context.hpp"

namespace weir::replication {

/// Jobs as they are kept: the native document, in the collection `jobs`, as
/// {"doc", "marks"?, "owns_connection"?, "sight", "createdAt", "updatedAt"}; what their runs left
/// behind in the collection `states`. `sight` is sight_of(), and "of", what it was asked of. Each
/// job with a schedule has one event on cron. Thread-safe.
class Jobs {
public:
    static constexpr char jobs[] = "jobs", states[] = "states";

    Jobs(Context const& context, Connections const& connections)
        : context_{context}, connections_{connections} {}

    /// Throws E_NOT_FOUND "replication.job_not_found" with the nearest name.
    Json find(Call const& call, std::string const& id) const;
    std::optional<Json> look_for(Call const& call, std::string const& id) const;

    struct Unsaved {
        Endpoint endpoint;
        std::map<std::string, std::string> secrets;
    };
    struct Draft {
        Json doc;
        SplitConfig source, destination;  ///< of sides that are given by URL
        Json sight;
        std::string by = {};  ///< id of the token that makes it; "": no token does
    };
    /// What only others can say of a document: whether its connections are there, and when its
    /// schedule fires, and whether its source has what it names. Findings stand at the native
    /// document's places. `connection`: of a source whose connection is not stored yet. A source is
    /// asked only when something is new since the last answer.
    Draft check(Call const& call, Json const& doc, Findings& findings, Reach reach,
                Unsaved const* connection = nullptr) const;
    /// Stores it and tells cron. `owns_connection`: its connection goes with it. Throws E_CONFLICT
    /// "replication.job_exists" for another document when `save` is create, and
    /// "replication.needs_reset" when the position in the sink would mean something else. `is_dry`:
    /// says what would come of it.
    Saved save(Call const& call, Draft const& draft, Save save, bool owns_connection,
               bool is_dry = false) const;

    /// Throws E_CONFLICT "replication.needs_reset" when the job has a position that would mean
    /// something else with `after` in its place; `moved`: what else of its source is another.
    void check_position(Call const& call, Json const& before, Json const& after,
                        std::string const& moved) const;

    /// Whether the job has a position that would mean something else with `after` in its place.
    bool loses_position(Call const& call, Json const& before, Json const& after) const;

    /// What save() would store, wherever its position is. Throws as it does.
    Candidate candidate(Call const& call, Draft const& draft, Save save,
                        bool owns_connection) const;

    Json set_paused(Call const& call, std::string const& id, bool paused,
                    bool is_dry = false) const;
    /// Its event, its runs, its position, the connection that it owns; the rows stay.
    void forget(Call const& call, std::string const& id) const;
    void reset(Call const& call, std::string const& id) const;

    /// Where a job reads. Throws what is in the way.
    Endpoint source_of(Call const& call, Json const& doc) const;
    /// Whether its source answers, see circuit_of(); null when nobody can say.
    Json circuit(Call const& call, Json const& doc) const;
    /// The plan of a job as it stands now. Throws what is in the way.
    Json plan(Call const& call, Json const& doc, std::string const& mode = {}) const;
    /// Makes cron's event what the job says, until both agree.
    void align(Call const& call, std::string const& id) const;
    /// Makes cron's events those of the jobs, both ways.
    void align_all(Call const& call) const;

    /// What the host tells of all jobs in its metrics: {"items":[{"job", "state", "has_schedule",
    /// "next", "last_success"}]}.
    Json figures(Call const& call) const;

    static std::string event_of(std::string const& id) { return "job:" + id; }
    /// Of its reconcile beside its own schedule.
    static std::string reconcile_event_of(std::string const& id) { return "reconcile:" + id; }

private:
    void for_each(Call const& call, char const* collection,
                  std::function<void(Document const&)> const& see) const;
    /// When cron fires each job that it knows next.
    /// Of the events whose names begin with `prefix`, by the rest of the name.
    std::map<std::string, Json> due_times(Call const& call, std::string const& prefix) const;
    /// For who listens at /events; nothing depends on it.
    void tell(Call const& call, char const* topic, std::string const& id,
              Json more = Json::object()) const;
    Endpoint side(Call const& call, Connectors const* connectors, Json const& side) const;
    std::string connector_of(Call const& call, Connectors const& connectors,
                             Json const& side) const;
    SplitConfig check_side(Call const& call, Connectors const& connectors, Json& doc,
                           char const* name, Findings& findings, Reach reach) const;
    void check_reconcile(Call const& call, Connectors const& connectors, Json const& doc,
                         Findings& findings) const;
    Json look(Call const& call, Draft const& draft, Unsaved const* connection,
              Findings& findings) const;
    bool has_position(Call const& call, Json const& doc) const;
    void check_schedule(Call const& call, Json const& doc, Findings& findings) const;

    Context const& context_;
    Connections const& connections_;
};

/// Member of a job's record: what paused it, when no person did.
inline constexpr char paused_by[] = "paused_by";

/// "paused", "scheduled" or "idle".
std::string state_of(Json const& doc);

}  // namespace weir::replication
