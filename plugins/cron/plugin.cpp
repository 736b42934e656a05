#include <weir/cpp/module.hpp>

#include "cron.hpp"
#include "errors.hpp"

namespace {

constexpr char config_schema[] =
    R"({"type": "object", "properties": {}, "additionalProperties": false})";

// The plugin looks at the bodies itself, so that all that is wrong with one comes in one answer;
// `document` says for people and programs what they hold.
constexpr char meta[] = R"({
    "mounts": ["/cron"],
    "definitions": {
      "schedule": {"title": "Schedule", "anyOf": [
        {"type": "string", "examples": ["15m", "@daily", "*/15 * * * *"]},
        {"type": "object", "required": ["type", "expression"], "properties": {
          "type": {"const": "cron"}, "expression": {"type": "string"}}},
        {"type": "object", "required": ["type"], "properties": {"type": {"const": "interval"},
          "seconds": {"type": "integer"}, "minutes": {"type": "integer"},
          "hours": {"type": "integer"}, "days": {"type": "integer"}}}]},
      "time": {"type": ["string", "null"], "format": "date-time"},
      "event": {"type": "object", "required": ["owner", "name", "enabled", "next"], "x-open": true,
        "x-computed": ["next", "last_scheduled_at", "last_fired_at", "missed", "last_error"],
        "description": "and its schedule, as it was given", "properties": {
        "owner": {"type": "string"}, "name": {"type": "string"}, "timezone": {"type": "string"},
        "payload": {"type": "object"}, "misfire": {"type": "string"},
        "catchup_window": {"type": "string"}, "dst_gap": {"type": "string"},
        "jitter_ms": {"type": "integer"}, "enabled": {"type": "boolean"},
        "next": {"$ref": "#/definitions/time"},
        "last_scheduled_at": {"$ref": "#/definitions/time"},
        "last_fired_at": {"$ref": "#/definitions/time"},
        "missed": {"type": "integer", "minimum": 0}, "last_error": {"type": ["string", "null"]}}},
      "owner": {"type": "object", "properties": {"owner": {"type": "string",
        "description": "whose event; user unless said, others need the scope admin"}}}
    },
    "routes": [
      {"id": "list_events", "method": "GET", "path": "/cron/events", "scope": "read",
       "summary": "The events on the one timer",
       "query": {"type": "object", "properties": {"owner": {"type": "string"},
       "prefix": {"type": "string", "description": "of the names"},
       "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50},
       "cursor": {"type": "string", "description": "next of the page before"}}},
       "response": {"type": "object", "required": ["items", "next"], "properties": {
       "items": {"type": "array", "items": {"$ref": "#/definitions/event"}},
       "next": {"type": ["string", "null"]}}}},
      {"id": "add_event", "method": "POST", "path": "/cron/events", "scope": "write",
       "summary": "Adds an event", "body_bytes_max": 131072,
       "request": {"type": "object"},
       "document": {"type": "object", "required": ["name", "schedule"],
         "additionalProperties": false, "properties": {
           "schedule": {"$ref": "#/definitions/schedule"},
           "name": {"type": "string", "title": "Name", "minLength": 1, "maxLength": 128},
           "timezone": {"type": "string", "title": "Time zone", "examples": ["Europe/Berlin"]},
           "payload": {"type": "object", "title": "Payload"},
           "misfire": {"type": "string", "title": "When it is late",
             "enum": ["fire_once", "skip", "fire_all"]},
           "catchup_window": {"type": "string", "title": "Never later than", "examples": ["24h"]},
           "dst_gap": {"type": "string", "title": "Skipped hours", "enum": ["run_after", "skip"]},
           "jitter_ms": {"type": "integer", "title": "Delay by chance", "minimum": 0,
             "maximum": 3600000},
           "enabled": {"type": "boolean", "title": "Enabled"}}}, "dry_run": true,
       "response": {"$ref": "#/definitions/event"},
       "answers": [201, 200]},
      {"id": "get_event", "method": "GET", "path": "/cron/events/{name}", "scope": "read",
       "summary": "An event",
       "query": {"$ref": "#/definitions/owner"},
       "response": {"$ref": "#/definitions/event"}},
      {"id": "change_event", "method": "PATCH", "path": "/cron/events/{name}", "scope": "write",
       "summary": "Changes, pauses or resumes an event", "body_bytes_max": 131072,
       "request": {"type": "object"},
       "document": {"type": "object", "additionalProperties": false, "properties": {
           "schedule": {"$ref": "#/definitions/schedule"},
           "timezone": {"type": "string", "title": "Time zone", "examples": ["Europe/Berlin"]},
           "payload": {"type": "object", "title": "Payload"},
           "misfire": {"type": "string", "title": "When it is late",
             "enum": ["fire_once", "skip", "fire_all"]},
           "catchup_window": {"type": "string", "title": "Never later than", "examples": ["24h"]},
           "dst_gap": {"type": "string", "title": "Skipped hours", "enum": ["run_after", "skip"]},
           "jitter_ms": {"type": "integer", "title": "Delay by chance", "minimum": 0,
             "maximum": 3600000},
           "enabled": {"type": "boolean", "title": "Enabled"}}}, "dry_run": true,
       "query": {"$ref": "#/definitions/owner"},
       "response": {"$ref": "#/definitions/event"}},
      {"id": "remove_event", "method": "DELETE", "path": "/cron/events/{name}", "scope": "write",
       "summary": "Removes an event", "dry_run": true,
       "query": {"$ref": "#/definitions/owner"},
       "answers": [204]},
      {"id": "fire_event", "method": "POST", "path": "/cron/events/{name}/fire", "scope": "run",
       "summary": "Fires an event by hand, beside its schedule",
       "query": {"$ref": "#/definitions/owner"},
       "response": {"type": "object", "properties": {"owner": {"type": "string"},
       "name": {"type": "string"}, "scheduled_at": {"type": "string"},
       "fired_at": {"type": "string"}, "missed": {"type": "integer"},
       "payload": {"type": "object"}}}, "answers": [202]},
      {"id": "explain", "method": "POST", "path": "/cron/explain", "scope": "read",
       "summary": "What a schedule means, and when it is due next", "body_bytes_max": 16384,
       "request": {"type": "object"},
       "document": {"type": "object", "required": ["schedule"],
         "additionalProperties": false, "properties": {
           "schedule": {"$ref": "#/definitions/schedule"},
           "timezone": {"type": "string", "title": "Time zone"},
           "from": {"type": "string", "title": "Later than", "format": "date-time"},
           "count": {"type": "integer", "title": "How many", "minimum": 1, "maximum": 1000},
           "dst_gap": {"type": "string", "enum": ["run_after", "skip"]}}},
       "response": {"type": "object", "required": ["text", "next"], "x-open": true, "properties": {
       "text": {"type": "string"}, "next": {"type": "array", "items": {"type": "string"}}}}}],
    "methods": [
      {"service": "cron/1", "method": "add_event"},
      {"service": "cron/1", "method": "remove_event"},
      {"service": "cron/1", "method": "list"},
      {"service": "cron/1", "method": "forget"},
      {"service": "cron/1", "method": "explain"}],
    "provides": ["cron/1"],
    "requires": ["weir.store/1", "weir.timer/1"],
    "timer": true})";

}  // namespace

WEIR_PLUGIN("dev.weir.cron", "0.1.0",
            weir::service<weir::cron::Cron>({"cron", "Schedules", config_schema, meta,
                                                      weir::cron::errors}))
