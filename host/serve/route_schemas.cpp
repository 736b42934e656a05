#include "host/serve/route_schemas.hpp"

#include "host/abi/definitions.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

// By method and path: query, document and bodies (what a body holds, and its types), response,
// answers (statuses, 200 unless said), media. Answers name all
// their members: the tests compare them with real ones.
constexpr char table[] = R"json({
"definitions": {
  "text_or_null": {"type": ["string", "null"]},
  "error_or_null": {"type": ["object", "null"], "properties": {
    "code": {"type": "string"}, "message": {"type": "string"}, "where": {"type": "string"},
    "suggestion": {"type": "string"}, "class": {"type": "string"},
    "remedy": {"type": "string"}}},
  "count": {"type": "integer", "minimum": 0},
  "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50},
  "cursor": {"type": "string", "description": "next of the page before"},
  "page": {"type": "object", "properties": {
    "limit": {"$ref": "#/definitions/limit"}, "cursor": {"$ref": "#/definitions/cursor"}}},
  "stream_report": {"type": "object", "properties": {
    "stream": {"type": "string"}, "target": {"type": "string"},
    "read": {"$ref": "#/definitions/count"}, "written": {"$ref": "#/definitions/count"},
    "filtered": {"$ref": "#/definitions/count"}, "rejected": {"$ref": "#/definitions/count"},
    "deleted": {"$ref": "#/definitions/count"}, "batches": {"$ref": "#/definitions/count"},
    "checked": {"$ref": "#/definitions/count"}, "missing": {"$ref": "#/definitions/count"},
    "extra": {"$ref": "#/definitions/count"}, "drifted": {"type": ["integer", "null"],
      "description": "of a reconcile; null: values were not compared"},
    "bytes": {"$ref": "#/definitions/count"}, "seconds": {"type": "number"},
    "cursor": {"$ref": "#/definitions/text_or_null"},
    "error": {"$ref": "#/definitions/error_or_null"},
    "notes": {"type": "array", "items": {"type": "string"}},
    "warnings": {"type": "array", "description": "what its connectors warned of",
      "items": {"type": "string"}},
    "cursor_before": {"$ref": "#/definitions/text_or_null"},
    "timing": {"$ref": "#/definitions/timing"}}},
  "timing": {"type": "object", "description": "reading and writing overlap", "properties": {
    "wait_ms": {"type": "number"}, "read_ms": {"type": "number"},
    "transform_ms": {"type": "number"}, "write_ms": {"type": "number"}}},
  "run": {"type": "object",
    "required": ["run_id", "job", "status", "read", "written", "error", "streams"],
    "properties": {
      "run_id": {"type": "string"}, "job": {"type": "string"}, "owner": {"type": "string"},
      "status": {"type": "string", "enum": ["queued", "running", "retrying", "succeeded",
        "partial", "failed", "cancelled", "skipped"]},
      "kind": {"type": "string", "enum": ["copy", "full", "delta", "reconcile", "replay"],
        "description": "copy: as its job is"},
      "trigger": {"type": "object"}, "scheduled_at": {"type": "string"},
      "created_at": {"$ref": "#/definitions/text_or_null"},
      "started_at": {"$ref": "#/definitions/text_or_null"},
      "finished_at": {"$ref": "#/definitions/text_or_null"},
      "read": {"$ref": "#/definitions/count"}, "written": {"$ref": "#/definitions/count"},
      "filtered": {"$ref": "#/definitions/count"}, "rejected": {"$ref": "#/definitions/count"},
      "deleted": {"$ref": "#/definitions/count"}, "batches": {"$ref": "#/definitions/count"},
      "bytes": {"$ref": "#/definitions/count"}, "attempts": {"$ref": "#/definitions/count"},
      "error": {"$ref": "#/definitions/error_or_null"},
      "streams": {"type": "array", "items": {"$ref": "#/definitions/stream_report"}},
      "success": {"type": "boolean"}, "recordsProcessed": {"$ref": "#/definitions/count"},
      "executionTime": {"type": "number"},
      "timestamp": {"$ref": "#/definitions/text_or_null"}}},
  "task": {"type": "object", "required": ["task", "status"], "properties": {
    "task": {"type": "string"}, "job": {"type": "string"}, "stream": {"type": "string"},
    "target": {"type": "string"}, "status": {"type": "string"},
    "attempt": {"$ref": "#/definitions/count"},
    "read": {"$ref": "#/definitions/count"}, "written": {"$ref": "#/definitions/count"},
    "filtered": {"$ref": "#/definitions/count"}, "rejected": {"$ref": "#/definitions/count"},
    "deleted": {"$ref": "#/definitions/count"}, "batches": {"$ref": "#/definitions/count"},
    "bytes": {"$ref": "#/definitions/count"},
    "cursor": {"$ref": "#/definitions/text_or_null"},
    "error": {"$ref": "#/definitions/error_or_null"},
    "streams": {"type": "array", "items": {"$ref": "#/definitions/stream_report"}},
    "run_at": {"$ref": "#/definitions/text_or_null"},
    "started_at": {"$ref": "#/definitions/text_or_null"},
    "finished_at": {"$ref": "#/definitions/text_or_null"}}},
  "log_line": {"type": "object", "properties": {
    "seq": {"type": "integer"}, "at": {"type": "string"}, "level": {"type": "string",
      "enum": ["trace", "debug", "info", "warning", "error"]}, "message": {"type": "string"}}},
  "started": {"type": "object", "required": ["run_id", "status"], "properties": {
    "run_id": {"type": "string"}, "status": {"type": "string"}}},
  "plugin": {"type": "object", "required": ["id", "file", "state"], "properties": {
    "id": {"type": "string"}, "version": {"type": "string"}, "abi": {"type": "string"},
    "file": {"type": "string"}, "sha256": {"type": "string"},
    "state": {"type": "string"}, "generation": {"type": "integer"},
    "enabled": {"type": "boolean"}, "parked": {"$ref": "#/definitions/count"},
    "placement": {"type": "string", "enum": ["host", "child"]},
    "pid": {"type": ["integer", "null"], "description": "of its process, where it has its own"},
    "routes": {"type": "array", "items": {"type": "string"}},
    "provides": {"type": "array", "items": {"type": "string"}},
    "requires": {"type": "array", "items": {"type": "string"}},
    "components": {"type": "array", "items": {"type": "string"}},
    "last_error": {"$ref": "#/definitions/error_or_null"}}},
  "connector": {"type": "object", "required": ["type", "roles", "config_schema"], "properties": {
    "type": {"type": "string"}, "title": {"type": "string"},
    "roles": {"type": "array", "items": {"type": "string", "enum": ["source", "sink"]}},
    "schemes": {"type": "array", "items": {"type": "string"}},
    "config_schema": {"type": "object", "description": "JSON Schema of the configuration"},
    "capabilities": {"type": "object"}}},
  "check": {"type": "object", "required": ["ok", "steps"], "properties": {
    "ok": {"type": "boolean"}, "error": {"$ref": "#/definitions/error_or_null"},
    "steps": {"type": "array", "items": {"type": "object", "properties": {
      "name": {"type": "string"}, "ok": {"type": "boolean"}, "ms": {"type": "number"},
      "detail": {"type": "string"}}}}}},
  "letter": {"type": "object", "properties": {
    "id": {"type": "string"}, "job": {"type": "string"}, "stream": {"type": "string"},
    "target": {"type": "string"}, "run_id": {"type": "string"}, "code": {"type": "string"},
    "message": {"type": "string"}, "where": {"type": "string"},
    "status": {"type": "string", "enum": ["waiting", "replayed", "discarded"]},
    "at": {"type": "string"}, "record": {"type": ["object", "null"]}}},
  "settled": {"type": "object", "required": ["items"], "properties": {
    "items": {"type": "array", "items": {"type": "object", "required": ["id", "status"],
      "properties": {"id": {"type": "string"}, "status": {"type": "string"},
        "run_id": {"type": "string"}, "error": {"$ref": "#/definitions/error_or_null"}}}},
    "has_more": {"type": "boolean", "description": "ask again for the next ones"}}},
  "token": {"type": "object", "required": ["scope"], "properties": {
    "id": {"type": "string"}, "name": {"type": "string"}, "scope": {"type": "string"},
    "jobs": {"$ref": "#/definitions/text_or_null"}, "created_at": {"type": "string"},
    "created_by": {"type": "string"}, "expires_at": {"$ref": "#/definitions/text_or_null"},
    "last_used_at": {"$ref": "#/definitions/text_or_null"},
    "token": {"type": "string", "description": "once, when it was made"}}},
  "session": {"type": "object", "required": ["id", "scope"], "properties": {
    "id": {"type": "string"}, "scope": {"type": "string"}, "jobs": {"type": "string"}}},
  "error_code": {"type": "object", "required": ["code", "title", "cause", "remedy"],
    "properties": {"code": {"type": "string"}, "title": {"type": "string"},
      "cause": {"type": "string"}, "remedy": {"type": "string"}, "type": {"type": "string"},
      "owner": {"type": "string", "description": "host, or the id of a library"}}},
  "logger": {"type": "object", "required": ["name", "level"], "properties": {
    "name": {"type": "string"}, "level": {"type": "string"},
    "own": {"type": "boolean", "description": "not the default's"},
    "until": {"$ref": "#/definitions/text_or_null"}}},
  "action": {"type": "object", "required": ["action", "kind", "id"], "properties": {
    "action": {"type": "string", "enum": ["create", "update", "pause", "delete"]},
    "kind": {"type": "string", "enum": ["integration", "connection", "job"]},
    "id": {"type": "string"}, "effect": {"type": "string", "enum": ["in_place", "needs_reset"]},
    "differences": {"type": "array", "items": {"type": "object", "required": ["pointer"],
      "properties": {"pointer": {"type": "string"}, "before": {}, "after": {},
        "secret": {"type": "boolean", "description": "a secret is another one"}}}}}},
  "config_plan": {"type": "object", "required": ["hash", "unchanged", "actions"], "properties": {
    "hash": {"type": "string"}, "unchanged": {"$ref": "#/definitions/count"},
    "revision": {"$ref": "#/definitions/count"},
    "actions": {"type": "array", "items": {"$ref": "#/definitions/action"}},
    "at_start": {"type": "array", "items": {"type": "string"},
      "description": "sections that count only when the host starts"}}},
  "weir_yaml": {"type": "object", "description": "weir.yaml; GET /config/schema has it in full",
    "properties": {
    "version": {"const": 1}, "host": {"type": "object"}, "http": {"type": "object"},
    "integrations": {"type": "object"}, "connections": {"type": "object"},
    "jobs": {"type": "object"}}, "additionalProperties": false},
  "from": {"type": "string", "description": "name of the document, for its places and revisions"},
  "health": {"type": "object", "required": ["status"], "properties": {
    "status": {"type": "string"},
    "checks": {"type": "array", "items": {"type": "object", "properties": {
      "name": {"type": "string"}, "ok": {"type": "boolean"}, "detail": {"type": "string"}}}}}}
},
"GET /": {"response": {"type": "string"}, "media": "text/html", "answers": [200],
  "query": {"type": "object", "properties": {"login": {"type": "string",
    "description": "the code of the link, once"}}}},
"GET /livez": {"response": {"$ref": "#/definitions/health"}},
"GET /readyz": {"response": {"$ref": "#/definitions/health"},
  "query": {"type": "object", "properties": {"verbose": {"type": "string",
    "description": "each check, and for who signs in what is wrong"}}}},
"GET /metrics": {"response": {"type": "string"}, "media": "text/plain"},
"GET /version": {"response": {"type": "object", "properties": {
  "version": {"type": "string"}, "abi": {"type": "string"}}}},
"GET /openapi.json": {"response": {"type": "object"}},
"GET /endpoints": {"query": {"$ref": "#/definitions/page"}, "list": {"type": "object",
  "properties": {"method": {"type": "string"}, "path": {"type": "string"},
    "owner": {"type": "string"}, "scope": {"type": "string"}, "summary": {"type": "string"}}}},
"GET /errors": {"query": {"$ref": "#/definitions/page"},
  "list": {"$ref": "#/definitions/error_code"}},
"GET /errors/{code}": {"response": {"$ref": "#/definitions/error_code"}},
"GET /plugins": {"query": {"$ref": "#/definitions/page"},
  "list": {"$ref": "#/definitions/plugin"}},
"GET /plugins/{id}": {"response": {"$ref": "#/definitions/plugin"}},
"GET /plugins/{id}/routes": {"list": {"type": "object", "properties": {
  "method": {"type": "string"}, "path": {"type": "string"}, "scope": {"type": "string"},
  "summary": {"type": "string"}}}},
"POST /plugins": {"response": {"$ref": "#/definitions/plugin"}, "answers": [201, 200]},
"POST /plugins/scan": {"list": {"type": "object", "required": ["file", "state"], "properties": {
  "file": {"type": "string"}, "id": {"type": "string"}, "state": {"type": "string",
    "enum": ["new", "changed", "same", "bad", "gone"]},
  "error": {"$ref": "#/definitions/error_or_null"}}}},
"DELETE /plugins/{id}": {"answers": [204]},
"POST /plugins/{id}/reload": {"response": {"$ref": "#/definitions/plugin"}},
"POST /plugins/{id}/disable": {"response": {"$ref": "#/definitions/plugin"}},
"POST /plugins/{id}/enable": {"response": {"$ref": "#/definitions/plugin"}},
"GET /connectors": {"query": {"$ref": "#/definitions/page"},
  "list": {"$ref": "#/definitions/connector"}},
"GET /connectors/{type}": {"response": {"$ref": "#/definitions/connector"}},
"POST /connectors/{type}/check": {"response": {"$ref": "#/definitions/check"}},
"POST /connectors/{type}/discover": {"response": {"type": "object", "properties": {
  "streams": {"type": "array", "items": {"type": "object",
    "required": ["stream"], "description": "and what the connector says of it",
    "properties": {"stream": {"type": "string"}, "fields": {"type": "array",
      "items": {"type": "object"}}}, "x-open": true}}}}},
"GET /runs": {"list": {"$ref": "#/definitions/run"}, "query": {"type": "object", "properties": {
  "job": {"type": "string"},
  "q": {"type": "string", "description": "part of the job's id"},
  "since": {"type": "string", "format": "date-time", "description": "created then or later"},
  "until": {"type": "string", "format": "date-time", "description": "created before"},
  "status": {"type": "array", "items": {"type": "string"}, "description": "one or more"},
  "limit": {"$ref": "#/definitions/limit"}, "cursor": {"$ref": "#/definitions/cursor"}}}},
"GET /runs/{id}": {"response": {"$ref": "#/definitions/run"}},
"GET /runs/{id}/tasks": {"list": {"$ref": "#/definitions/task"}},
"GET /runs/{id}/logs": {"list": {"$ref": "#/definitions/log_line"},
  "query": {"$ref": "#/definitions/page"}},
"GET /runs/{id}/timeline": {"response": {"type": "object",
  "required": ["run_id", "status", "spans"], "properties": {
    "run_id": {"type": "string"}, "job": {"type": "string"}, "status": {"type": "string"},
    "created_at": {"$ref": "#/definitions/text_or_null"},
    "started_at": {"$ref": "#/definitions/text_or_null"},
    "finished_at": {"$ref": "#/definitions/text_or_null"},
    "queued_ms": {"type": ["number", "null"]},
    "error": {"$ref": "#/definitions/error_or_null"},
    "spans": {"type": "array", "items": {"type": "object", "properties": {
      "task": {"type": "string"}, "stream": {"type": "string"}, "target": {"type": "string"},
      "status": {"type": "string"}, "tries": {"$ref": "#/definitions/count"},
      "retries": {"$ref": "#/definitions/count"},
      "started_at": {"$ref": "#/definitions/text_or_null"},
      "finished_at": {"$ref": "#/definitions/text_or_null"},
      "wait_ms": {"type": ["number", "null"]}, "read_ms": {"type": ["number", "null"]},
      "transform_ms": {"type": ["number", "null"]}, "write_ms": {"type": ["number", "null"]},
      "read": {"$ref": "#/definitions/count"}, "written": {"$ref": "#/definitions/count"},
      "filtered": {"$ref": "#/definitions/count"}, "rejected": {"$ref": "#/definitions/count"},
      "deleted": {"$ref": "#/definitions/count"}, "batches": {"$ref": "#/definitions/count"},
      "bytes": {"$ref": "#/definitions/count"},
      "cursor_before": {"$ref": "#/definitions/text_or_null"},
      "cursor_after": {"$ref": "#/definitions/text_or_null"},
      "error": {"$ref": "#/definitions/error_or_null"}}}}}}},
"GET /loggers": {"list": {"$ref": "#/definitions/logger"},
  "query": {"$ref": "#/definitions/page"}},
"GET /loggers/{name}": {"response": {"$ref": "#/definitions/logger"}},
"PUT /loggers/{name}": {"response": {"$ref": "#/definitions/logger"}},
"POST /runs/{id}/cancel": {"response": {"$ref": "#/definitions/started"}},
"POST /runs/{id}/retry": {"response": {"$ref": "#/definitions/started"}, "answers": [202]},
"GET /dead-letters": {"list": {"$ref": "#/definitions/letter"}, "query": {"type": "object",
  "properties": {"job": {"type": "string"}, "run": {"type": "string"},
    "code": {"type": "string"}, "status": {"type": "string",
      "enum": ["waiting", "replayed", "discarded"], "default": "waiting"},
    "limit": {"$ref": "#/definitions/limit"}, "cursor": {"$ref": "#/definitions/cursor"}}}},
"GET /dead-letters/{id}": {"response": {"$ref": "#/definitions/letter"}},
"POST /dead-letters/replay": {"response": {"$ref": "#/definitions/settled"}},
"POST /dead-letters/discard": {"response": {"$ref": "#/definitions/settled"}},
"GET /tokens": {"list": {"$ref": "#/definitions/token"}, "query": {"$ref": "#/definitions/page"}},
"POST /tokens": {"response": {"$ref": "#/definitions/token"}, "answers": [201]},
"GET /tokens/{id}": {"response": {"$ref": "#/definitions/token"}},
"DELETE /tokens/{id}": {"answers": [204]},
"POST /session": {"response": {"$ref": "#/definitions/session"}, "answers": [201]},
"GET /session": {"response": {"$ref": "#/definitions/session"}},
"DELETE /session": {"answers": [204]},
"GET /audit": {"list": {"type": "object", "properties": {
    "seq": {"type": "integer"}, "at": {"type": "string"}, "principal": {"type": "string"},
    "address": {"type": "string"}, "request_id": {"type": "string"}, "action": {"type": "string"},
    "object": {"type": "string"}, "result": {"type": "string"},
    "difference": {"type": ["array", "null"], "items": {"type": "object"}}}},
  "query": {"type": "object", "properties": {"principal": {"type": "string"},
    "action": {"type": "string"}, "object": {"type": "string"},
    "limit": {"$ref": "#/definitions/limit"}, "cursor": {"$ref": "#/definitions/cursor"}}}},
"GET /audit/verification": {"response": {"type": "object", "required": ["ok", "rows"],
  "properties": {"ok": {"type": "boolean"}, "rows": {"$ref": "#/definitions/count"},
    "broken_at": {"type": "integer"}, "why": {"type": "string"}}}},
"GET /secrets": {"query": {"$ref": "#/definitions/page"}, "list": {"type": "object",
  "properties": {"name": {"type": "string"}, "set_at": {"type": "string"}}}},
"PUT /secrets/{name}": {"answers": [200, 201], "response": {"type": "object",
  "properties": {"name": {"type": "string"}}}},
"DELETE /secrets/{name}": {"answers": [204]},
"POST /secrets/rotate": {"response": {"type": "object", "required": ["secrets"], "properties": {
  "secrets": {"$ref": "#/definitions/count"}, "damaged": {"$ref": "#/definitions/count"},
  "key_id": {"type": "string"}, "previous_key_id": {"type": "string"}}}},
"GET /config": {"query": {"type": "object", "properties": {"pointer": {"type": "string",
  "description": "JSON Pointer of a part"}}}, "response": {"type": "object", "properties": {
  "version": {"type": "integer"}, "integrations": {"type": "object", "x-open": true},
  "connections": {"type": "object", "x-open": true}, "jobs": {"type": "object", "x-open": true}}}},
"GET /config/schema": {"response": {"type": "object",
  "description": "a JSON Schema, for editors", "x-open": true}},
"GET /config/revisions": {"query": {"$ref": "#/definitions/page"}, "list": {"type": "object",
  "required": ["revision", "at"], "properties": {"revision": {"$ref": "#/definitions/count"},
    "at": {"type": "string"}, "by": {"type": ["string", "null"]},
    "from": {"type": ["string", "null"]}, "hash": {"type": "string"},
    "actions": {"type": "array", "items": {"$ref": "#/definitions/action"}}}}},
"POST /config/validate": {"document": {"$ref": "#/definitions/weir_yaml"},
  "bodies": ["application/yaml", "application/json"],
  "response": {"$ref": "#/definitions/config_plan"}, "query": {
  "type": "object", "properties": {"from": {"$ref": "#/definitions/from"}}}},
"POST /config/plan": {"document": {"$ref": "#/definitions/weir_yaml"},
  "bodies": ["application/yaml", "application/json"],
  "response": {"$ref": "#/definitions/config_plan"}, "query": {
  "type": "object", "properties": {"from": {"$ref": "#/definitions/from"},
    "prune": {"type": "boolean"}}}},
"POST /config/apply": {"document": {"$ref": "#/definitions/weir_yaml"},
  "bodies": ["application/yaml", "application/json"],
  "response": {"$ref": "#/definitions/config_plan"}, "query": {
  "type": "object", "properties": {"from": {"$ref": "#/definitions/from"},
    "plan_hash": {"type": "string"},
    "prune": {"type": "boolean"}, "allow_reset": {"type": "boolean"}}}},
"POST /config/import": {"document": {"$ref": "#/definitions/weir_yaml"},
  "bodies": ["application/yaml", "application/json"],
  "response": {"$ref": "#/definitions/config_plan"}, "query": {
  "type": "object", "properties": {"from": {"$ref": "#/definitions/from"},
    "allow_reset": {"type": "boolean"}}}},
"POST /config/rollback/{revision}": {"response": {"$ref": "#/definitions/config_plan"}, "query": {
  "type": "object", "properties": {"prune": {"type": "boolean"},
    "allow_reset": {"type": "boolean"}}}},
"GET /series": {"query": {"type": "object", "required": ["name"], "properties": {
    "name": {"type": "string", "description": "records_read, runs_failed, run_seconds, …"},
    "job": {"type": "string", "description": "of one; else the sum of all"},
    "from": {"type": "string", "format": "date-time", "description": "default: an hour before to"},
    "to": {"type": "string", "format": "date-time", "description": "default: now"},
    "step": {"type": "string", "enum": ["10s", "1m", "1h"],
      "description": "default: the finest that is kept from there on"}}},
  "response": {"type": "object", "required": ["name", "job", "step", "points"], "properties": {
    "name": {"type": "string"}, "job": {"$ref": "#/definitions/text_or_null"},
    "step": {"type": "string"}, "points": {"type": "array", "items": {"type": "object",
      "required": ["at", "value"], "properties": {"at": {"type": "string"},
        "value": {"type": "number"}}}}}}},
"POST /backup": {"answers": [201], "response": {"type": "object",
  "required": ["file", "bytes", "at"], "properties": {"file": {"type": "string"},
    "bytes": {"$ref": "#/definitions/count"}, "at": {"type": "string"}}}},
"GET /events": {"response": {"type": "string"}, "media": "text/event-stream",
  "query": {"type": "object", "properties": {
    "types": {"type": "string", "description": "run.*,job.state, …"},
    "job": {"type": "array", "items": {"type": "string"}},
    "run": {"type": "array", "items": {"type": "string"}},
    "after": {"type": "string", "description": "number of the last event that is known"},
    "limit": {"$ref": "#/definitions/limit"}, "cursor": {"$ref": "#/definitions/cursor"}}}}
})json";

Json list_of(Json const& item) {
    return {{"type", "object"},
            {"required", {"items", "next"}},
            {"properties",
             {{"items", {{"type", "array"}, {"items", item}}},
              {"next", {{"type", {"string", "null"}}}}}}};
}

Json const& schemas() {
    static Json const all = with_definitions(Json::parse(table)).value();
    return all;
}

}  // namespace

void add_schemas(std::vector<http::Route>& routes) {
    for (http::Route& route : routes) {
        auto const found = schemas().find(route.method + " " + route.path);
        if (found == schemas().end()) continue;
        if (found->contains("document")) route.document = (*found)["document"];
        if (found->contains("bodies"))
            route.bodies = (*found)["bodies"].get<std::vector<std::string>>();
        if (found->contains("query")) route.query = (*found)["query"];
        if (found->contains("response")) route.response = (*found)["response"];
        if (found->contains("list")) route.response = list_of((*found)["list"]);
        if (found->contains("answers"))
            route.answers = (*found)["answers"].get<std::vector<unsigned>>();
        route.media = found->value("media", route.media);
    }
}

}  // namespace weir::host
