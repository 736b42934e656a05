#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/error.hpp"

namespace weir::host {

// meta_json of a service := {"mounts":["/cron"], "routes":[route], "topics":[{"topic","durable"}],
// "methods":[{"service","method","request","response"}], "provides":["cron/1"],
// "requires":["weir.store/1"], "timer":true}; all optional.
// route := {"id", "method", "path", "scope", "summary", "query", "request", "response", "answers",
// "body_bytes_max", "waits", "job":["id"], "job_field":"job", "costly", "dry_run", "audit"}; the
// first four are required. A schema may be {"$ref":"#/definitions/NAME"} of
// "definitions":{NAME:schema} (definitions.hpp). "errors": see declared_errors.hpp.

struct DeclaredRoute {
    std::string id, method, path;      ///< "put_job", "PUT", "/replication/jobs/{id}"
    std::string scope;                 ///< none, read, run, write, admin
    std::string summary;               ///< one line for people
    nlohmann::json query;              ///< the query's parameters, as the schema of an object
    nlohmann::json request, response;  ///< JSON Schemas of the profile; null: none
    nlohmann::json document;           ///< any JSON Schema: what a body holds, for people
    std::vector<unsigned> answers;     ///< statuses of what went well; empty: 200
    std::size_t body_bytes_max = 1u << 20;
    bool waits = false;  ///< `Prefer: wait=N` waits for the run that a 202 answer names
    std::vector<std::string> job;  ///< parameters of the path or members of the body: which job
    std::string job_field;         ///< of a list: the member of an item that names its job
    bool is_costly = false;        ///< "costly": reaches another system
    bool has_dry_run = false;      ///< "dry_run": heeds ?dry_run=true
    bool is_audited = false;       ///< "audit": changes what people answer for

    /// "PUT /replication/jobs/{}": equal for routes that are one to a router.
    std::string shape() const;
};

struct DeclaredTopic {
    std::string topic;  ///< "runner/1:run"; `*` as last character: any rest
    bool durable = true;
};

struct DeclaredMethod {
    std::string service, method;
    nlohmann::json request, response;  ///< as in DeclaredRoute
};

/// What a service answers and needs, said before it is loaded.
struct Declared {
    static constexpr std::size_t entries_max = 256;  ///< of each list
    static constexpr std::size_t body_bytes_max_max = 16u << 20;

    std::vector<std::string> mounts;  ///< path prefixes that hold every route
    std::vector<DeclaredRoute> routes;
    std::vector<DeclaredTopic> topics;
    std::vector<DeclaredMethod> methods;
    std::vector<std::string> provides;  ///< services on the bus: "cron/1"
    std::vector<std::string> needs;     ///< "requires": tables of the host, services on the bus
    bool timer = false;

    bool needs_service(std::string_view id) const;
    bool provides_service(std::string_view id) const;
};

/// Reads and checks a service's meta_json. E_CONFIG "plugin.declaration" where it cannot be meant:
/// unknown or missing keys, a path outside the mounts, a method of a service that is not provided,
/// a table that the host does not have ("plugin.requires"); one sentence without the library's
/// name, "declares the route run whose path …".
Result<Declared> read_declared(nlohmann::json const& meta);

/// What both claim, as "the route GET /cron/events", "the service cron/1", "the timer" or "the
/// mount /cron"; empty: nothing. Mounts clash too when one lies below the other.
std::string clash(Declared const& one, Declared const& other);

}  // namespace weir::host
