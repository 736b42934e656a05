#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/core/error.hpp"

namespace weir::host::http {

/// A request that passed the guard, was authenticated, and whose body was read and checked.
struct Request {
    std::string method;                          ///< "GET"; HEAD arrives as GET
    std::string path;                            ///< decoded, without query
    std::string query;                           ///< as it came, without '?'
    std::map<std::string, std::string> params;   ///< {name} of the route's path, decoded
    std::map<std::string, std::string> headers;  ///< lower-case names
    std::string body;
    nlohmann::json json;    ///< of a JSON body; null: none came
    std::string principal;  ///< {"id","scope"}
    std::string request_id;

    /// A parameter of the query, decoded; nothing when absent.
    std::optional<std::string> query_param(std::string_view name) const;
};

struct Response {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string content_type = "application/json";
};

/// One thing that is wrong with a request, in the Contract's fields.
struct Finding {
    std::string pointer, code, detail, suggestion;
};

Response json_response(unsigned status, nlohmann::json const& body);
/// problem+json of RFC 9457 with the Contract's fields; the status is the code's: E_NOT_FOUND 404,
/// E_CONFLICT 409, E_CONFIG 422, E_BUSY 503, and so on (problem.cpp has the table).
Response problem(Error const& error, std::vector<Finding> const& errors = {});
Response problem(unsigned status, std::string const& code, std::string const& title,
                 std::string const& detail);

enum class Scope { none, read, run, write, admin };

/// What one method of one path does.
struct Route {
    std::string method, path;  ///< "POST", "/replication/jobs/{id}/run"
    Scope scope = Scope::read;
    std::string owner;                 ///< "host", or a plugin's id
    std::string summary;               ///< one line for people
    nlohmann::json request, response;  ///< JSON Schemas; null: none
    std::size_t body_bytes_max = 1u << 20;
    /// On a worker thread; may block. What it throws is 500 "host.bug".
    std::function<Response(Request const&)> handler;
};

/// The live routes. Thread-safe; a lookup takes a snapshot and sees all or nothing of a change.
class Router {
public:
    Router();
    ~Router();

    /// All or none; E_CONFLICT "plugin.route_conflict" names both when a method and path are taken.
    Result<void> add(std::vector<Route> routes);
    /// Takes away all routes of `owner`; requests that are being handled end undisturbed.
    void remove(std::string const& owner);

    struct Match {
        std::shared_ptr<Route const> route;  ///< null: 404, or 405 when `allow` is not empty
        std::map<std::string, std::string> params;
        std::string allow;  ///< "GET, HEAD, POST"
    };
    /// `path` as it came, still percent-encoded. Literal segments win over {name}.
    Match find(std::string_view method, std::string_view path) const;
    std::vector<std::shared_ptr<Route const>> routes() const;

private:
    struct Table;
    std::shared_ptr<Table const> table() const;
    std::shared_ptr<Table const> table_;
};

}  // namespace weir::host::http
