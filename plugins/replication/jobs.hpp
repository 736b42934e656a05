#pragma once

#include <string>

#include "connections.hpp"
#include "context.hpp"

namespace weir::replication {

/// Jobs as they are kept: the native document, in the collection `jobs`, as
/// {"doc", "marks"?, "owns_connection"?, "createdAt", "updatedAt"}; what their runs left behind in
/// the collection `states`. Each job with a schedule has one event on cron. Thread-safe.
class Jobs {
public:
    static constexpr char jobs[] = "jobs", states[] = "states";

    Jobs(Context const& context, Connections const& connections)
        : context_{context}, connections_{connections} {}

    /// Throws E_NOT_FOUND "replication.job_not_found" with the nearest name.
    Json find(Call const& call, std::string const& id) const;
    std::optional<Json> look_for(Call const& call, std::string const& id) const;

    struct Draft {
        Json doc;
        SplitConfig source, destination;  ///< of sides that are given by URL
    };
    /// What only others can say of a document: whether its connections are there, and when its
    /// schedule fires. Findings stand at the native document's places.
    Draft check(Call const& call, Json const& doc, Findings& findings) const;
    /// Stores it and tells cron. `owns_connection`: its connection goes with it. Throws E_CONFLICT
    /// "replication.job_exists" for another document when `save` is create, and
    /// "replication.needs_reset" when the position in the sink would mean something else.
    Saved save(Call const& call, Draft const& draft, Save save, bool owns_connection) const;

    Json set_paused(Call const& call, std::string const& id, bool paused) const;
    /// Its event, its runs, its position, the connection that it owns; the rows stay.
    void forget(Call const& call, std::string const& id) const;
    void reset(Call const& call, std::string const& id) const;

    /// The plan of a job as it stands now. Throws what is in the way.
    Json plan(Call const& call, Json const& doc) const;
    /// Makes cron's event what the job says, until both agree.
    void align(Call const& call, std::string const& id) const;
    /// Makes cron's events those of the jobs, both ways.
    void align_all(Call const& call) const;

    static std::string event_of(std::string const& id) { return "job:" + id; }

private:
    /// For who listens at /events; nothing depends on it.
    void tell(Call const& call, char const* topic, std::string const& id,
              Json more = Json::object()) const;
    Endpoint side(Call const& call, Connectors const* connectors, Json const& side) const;
    SplitConfig check_side(Call const& call, Connectors const& connectors, Json& doc,
                           char const* name, Findings& findings) const;
    void check_schedule(Call const& call, Json const& doc, Findings& findings) const;
    void check_position(Call const& call, Json const& before, Json const& after) const;

    Context const& context_;
    Connections const& connections_;
};

}  // namespace weir::replication
