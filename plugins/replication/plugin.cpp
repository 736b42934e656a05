#include <weir/cpp/module.hpp>

#include "service.hpp"

namespace {

constexpr char config_schema[] = R"({
  "type": "object",
  "properties": {
    "local_url": {"type": "string", "title": "URL of the connection local",
                  "examples": ["sqlite:/var/lib/weir/local.db"]}
  },
  "required": ["local_url"],
  "additionalProperties": false
})";

// Bodies are looked at by the service, which tells all that is wrong with them at once.
constexpr char meta[] = R"({
  "mounts": ["/replication", "/data-replication"],
  "requires": ["weir.store/1", "weir.secrets/1", "weir.bus/1", "cron/1"],
  "provides": ["jobs/1"],
  "methods": [{"service": "jobs/1", "method": "using"},
              {"service": "jobs/1", "method": "replay"},
              {"service": "jobs/1", "method": "figures"}],
  "topics": [{"topic": "cron/1:dev.weir.replication/*", "durable": true},
             {"topic": "runner/1:run", "durable": true}],
  "routes": [
    {"id": "list_connections", "method": "GET", "path": "/replication/connections",
     "scope": "read", "summary": "Connections"},
    {"id": "create_connection", "method": "POST", "path": "/replication/connections",
     "scope": "write", "summary": "Adds a connection", "request": {"type": "object"}},
    {"id": "get_connection", "method": "GET", "path": "/replication/connections/{id}",
     "scope": "read", "summary": "A connection, without its secrets"},
    {"id": "put_connection", "method": "PUT", "path": "/replication/connections/{id}",
     "scope": "write", "summary": "Replaces a connection", "request": {"type": "object"}},
    {"id": "patch_connection", "method": "PATCH", "path": "/replication/connections/{id}",
     "scope": "write", "summary": "Changes a connection by a merge patch",
     "request": {"type": "object"}},
    {"id": "delete_connection", "method": "DELETE", "path": "/replication/connections/{id}",
     "scope": "write", "summary": "Deletes a connection that no job uses"},
    {"id": "check_connection", "method": "POST", "path": "/replication/connections/{id}/check",
     "scope": "read", "summary": "Tries a connection, step by step"},
    {"id": "discover_connection", "method": "POST",
     "path": "/replication/connections/{id}/discover", "scope": "read",
     "summary": "Streams, fields, keys and cursor candidates of a connection"},
    {"id": "list_integrations", "method": "GET", "path": "/replication/integrations",
     "scope": "read", "summary": "Integrations"},
    {"id": "create_integration", "method": "POST", "path": "/replication/integrations",
     "scope": "write", "summary": "Adds an integration", "request": {"type": "object"}},
    {"id": "get_integration", "method": "GET", "path": "/replication/integrations/{id}",
     "scope": "read", "summary": "An integration, without its secrets"},
    {"id": "put_integration", "method": "PUT", "path": "/replication/integrations/{id}",
     "scope": "write", "summary": "Replaces an integration", "request": {"type": "object"}},
    {"id": "delete_integration", "method": "DELETE", "path": "/replication/integrations/{id}",
     "scope": "write", "summary": "Deletes an integration that no connection uses"},
    {"id": "list_jobs", "method": "GET", "path": "/replication/jobs", "scope": "read",
     "summary": "Jobs with their state, of one ?connection= or all"},
    {"id": "create_job", "method": "POST", "path": "/replication/jobs", "scope": "write",
     "summary": "Adds a job: the native document, or the short form",
     "request": {"type": "object"}},
    {"id": "get_job", "method": "GET", "path": "/replication/jobs/{id}", "scope": "read",
     "summary": "A job with its state"},
    {"id": "put_job", "method": "PUT", "path": "/replication/jobs/{id}", "scope": "write",
     "summary": "Replaces a job", "request": {"type": "object"}},
    {"id": "patch_job", "method": "PATCH", "path": "/replication/jobs/{id}", "scope": "write",
     "summary": "Changes a job by a merge patch; is_active pauses and resumes",
     "request": {"type": "object"}},
    {"id": "delete_job", "method": "DELETE", "path": "/replication/jobs/{id}", "scope": "write",
     "summary": "Deletes a job with its event and position; the rows stay"},
    {"id": "run_job", "method": "POST", "path": "/replication/jobs/{id}/run", "scope": "run",
     "summary": "Starts a job now; ?force=true lets an empty source empty its target",
     "waits": true},
    {"id": "pause_job", "method": "POST", "path": "/replication/jobs/{id}/pause", "scope": "run",
     "summary": "Fires a job no more"},
    {"id": "resume_job", "method": "POST", "path": "/replication/jobs/{id}/resume",
     "scope": "run", "summary": "Fires a job again, from now on"},
    {"id": "cancel_job", "method": "POST", "path": "/replication/jobs/{id}/cancel",
     "scope": "run", "summary": "Cancels the runs of a job; what is committed stays"},
    {"id": "reset_job", "method": "POST", "path": "/replication/jobs/{id}/reset", "scope": "run",
     "summary": "Forgets the position of a job: the next run reads everything"},
    {"id": "preview_job", "method": "POST", "path": "/replication/jobs/{id}/preview",
     "scope": "read", "summary": "The first records of a job, and nothing written"},
    {"id": "job_status", "method": "GET", "path": "/replication/jobs/{id}/status",
     "scope": "read", "summary": "State, progress, position of a job"},
    {"id": "job_history", "method": "GET", "path": "/replication/jobs/{id}/history",
     "scope": "read", "summary": "Runs of a job, newest first"},
    {"id": "job_metrics", "method": "GET", "path": "/replication/jobs/{id}/metrics",
     "scope": "read", "summary": "Figures of a job over a ?period="},
    {"id": "job_next", "method": "GET", "path": "/replication/jobs/{id}/next", "scope": "read",
     "summary": "The next times a job fires"},
    {"id": "configure", "method": "POST", "path": "/data-replication/configure",
     "scope": "write", "summary": "Creates or replaces a replication configuration",
     "request": {"type": "object"}},
    {"id": "deconfigure", "method": "DELETE", "path": "/data-replication/configure/{name}",
     "scope": "write", "summary": "Removes a replication configuration; the rows stay"},
    {"id": "start_config", "method": "POST", "path": "/data-replication/start/{name}",
     "scope": "run", "summary": "Starts replication of a configuration"},
    {"id": "stop_config", "method": "POST", "path": "/data-replication/stop/{name}",
     "scope": "run", "summary": "Stops replication of a configuration"},
    {"id": "sync_config", "method": "POST", "path": "/data-replication/sync/{name}",
     "scope": "run", "summary": "Syncs a configuration now", "waits": true},
    {"id": "all_status", "method": "GET", "path": "/data-replication/status", "scope": "read",
     "summary": "All replication configurations and their status"},
    {"id": "all_logs", "method": "GET", "path": "/data-replication/logs", "scope": "read",
     "summary": "Syncs that ended, newest first"}
  ]
})";

}  // namespace

WEIR_PLUGIN("dev.weir.replication", "0.1.0",
            weir::service<weir::replication::Replication>({"replication", "Replication",
                                                           config_schema, meta}))
