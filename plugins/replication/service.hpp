#pragma once

#include <string>

#include "config_state.hpp"
#include "connections.hpp"
#include "context.hpp"
#include "jobs.hpp"
#include "runs.hpp"

namespace weir::replication {

/// The plugin: routes, cron's events, the runner's events. See README.md.
class Replication final : public Service {
public:
    Replication(Host const& host, Config const& config);

    /// Mends cron's events against the jobs, both ways.
    void start(Call const& call) override;
    void on_http(Call const& call, std::string_view route, Http& http) override;
    void on_event(Call const& call, Event const& event) override;
    /// jobs/1: replay {"job","letters":[id]} → {"run_id","status","existing"}; figures {} →
    /// {"items":[{"job","state","has_schedule","next","last_success"}]}; using {"connectors"?:[…]}
    /// → {"jobs":[…]}, those that are not paused and use one of them, or all that are not paused;
    /// configs {"connectors":[…],"after"?} → {"items":[{"connection","connector","config","jobs"}],
    /// "next"}, the connections with one of them, secrets as references.
    Json on_invoke(Call const& call, Invoke const& invoke) override;

private:
    using Handler = void (Replication::*)(Call const&, Http&);
    static Handler handler_of(std::string_view route);

    // connection_routes.cpp
    void list_connections(Call const& call, Http& http);
    void create_connection(Call const& call, Http& http);
    void get_connection(Call const& call, Http& http);
    void put_connection(Call const& call, Http& http);
    void patch_connection(Call const& call, Http& http);
    void delete_connection(Call const& call, Http& http);
    void check_connection(Call const& call, Http& http);
    void discover_connection(Call const& call, Http& http);
    void list_integrations(Call const& call, Http& http);
    void create_integration(Call const& call, Http& http);
    void get_integration(Call const& call, Http& http);
    void put_integration(Call const& call, Http& http);
    void delete_integration(Call const& call, Http& http);
    void save_config(Call const& call, Http& http, char const* collection, Json const& document,
                     Save save);
    Json config_answer(Call const& call, Connectors const& connectors, char const* collection,
                       Json const& record);
    Json connection_answer(Call const& call, Connectors const& connectors, Json const& record);
    void refuse_if_used(Call const& call, char const* collection, std::string const& id);

    // job_routes.cpp
    void list_jobs(Call const& call, Http& http);
    void create_job(Call const& call, Http& http);
    void get_job(Call const& call, Http& http);
    void put_job(Call const& call, Http& http);
    void patch_job(Call const& call, Http& http);
    void delete_job(Call const& call, Http& http);
    void save_native(Call const& call, Http& http, Json const& document, Save save);
    void refuse_owned(Call const& call, Jobs::Draft const& draft, Save save, bool owns);
    void reply_job(Call const& call, Http& http, std::uint32_t status, Json const& record);
    Json job_answer(Call const& call, Json const& record, Json const& state, Json const& next);
    Json job_answer(Call const& call, Json const& record);
    Json next_of(Call const& call, std::string const& event_name);
    Json reconcile_of(Call const& call, Json const& doc, Json const& state);

    // run_routes.cpp
    void run_job(Call const& call, Http& http);
    void pause_job(Call const& call, Http& http);
    void resume_job(Call const& call, Http& http);
    void cancel_job(Call const& call, Http& http);
    void reset_job(Call const& call, Http& http);
    void preview_job(Call const& call, Http& http);
    void job_status(Call const& call, Http& http);
    void job_history(Call const& call, Http& http);
    void job_metrics(Call const& call, Http& http);
    void job_next(Call const& call, Http& http);
    void start_run(Call const& call, Http& http, std::string const& id);

    /// config/1: see ConfigState.
    Json configure_all(Call const& call, std::string_view method, Json const& in);

    // uses.cpp
    Json using_jobs(Call const& call, Json const& connectors);
    Json configs_of(Call const& call, Json const& connectors, std::string const& after);

    // short_form_routes.cpp
    struct SavedForm {
        Saved connection, job;
    };
    void configure(Call const& call, Http& http);
    void deconfigure(Call const& call, Http& http);
    void start_config(Call const& call, Http& http);
    void stop_config(Call const& call, Http& http);
    void sync_config(Call const& call, Http& http);
    void all_status(Call const& call, Http& http);
    void all_logs(Call const& call, Http& http);
    Json configured(Call const& call, Connectors const& connectors, Json const& record);
    std::string moved_by(Call const& call, std::string const& id, Json const& config);
    /// Stores what a short form says, of the second kind when `configure`.
    SavedForm save_short_form(Call const& call, Http const& http, Json const& body,
                              bool configure);

    Context context_;
    Connections connections_{context_};
    Jobs jobs_{context_, connections_};
    Runs runs_{context_, jobs_};
    ConfigState configuration_{context_, connections_, jobs_, runs_};
};

}  // namespace weir::replication
