#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/core/error.hpp"
#include "host/core/finding.hpp"
#include "host/http/principal.hpp"

namespace weir::host::http {

/// A request that passed the guard, was authenticated, and whose body was read and checked.
struct Request {
    std::string method;                          ///< "GET"; HEAD arrives as GET
    std::string path;                            ///< decoded, without query
    std::string query;                           ///< as it came, without '?'
    std::map<std::string, std::string> params;   ///< {name} of the route's path, decoded
    std::map<std::string, std::string> headers;  ///< lower-case names; never Authorization
    std::string body;
    nlohmann::json json;    ///< the body of a route with a `request`; null: none came
    Principal who;
    std::string request_id;
    std::string address;        ///< of who asks; empty: a Unix socket
    bool is_secure = false;     ///< came over TLS
    bool is_dry_run = false;    ///< ?dry_run=true: the same checks and answer, no effect

    /// A parameter of the query, decoded; nothing when absent.
    std::optional<std::string> query_param(std::string_view name) const;
};

/// The body of an answer that goes on, such as server-sent events. Thread-safe.
class Stream {
public:
    /// A reader that falls so far behind is cut.
    static constexpr std::size_t pending_bytes_max = 1u << 20;

    /// Sends `bytes` as soon as the reader takes them, in order. False: the reader is gone or was
    /// cut, and nothing will be sent any more.
    bool push(std::string_view bytes);
    /// Nothing more will be pushed; what was goes out, then the answer ends.
    void end();
    bool is_open() const;
    /// What was pushed and not yet taken.
    std::size_t pending_bytes() const;
    /// `taken` is called, on any thread and under a lock, when the reader took what waited; none
    /// for an empty one, and none runs any more when this returns.
    void on_taken(std::function<void()> taken);

    /// For the server: takes what waits; nothing once all was taken after end().
    std::optional<std::string> take();
    /// For the server: all that was pushed before end() was taken; nothing was cut.
    bool is_whole() const;
    /// For the server: `wake` is called, on any thread, when take() has something new to say.
    void attach(std::function<void()> wake);
    /// For the server: the reader is gone; `wake` is not called any more.
    void detach();

private:
    void changed();

    mutable std::mutex mutex_;
    std::string pending_;
    std::function<void()> wake_, taken_;
    bool is_ended_ = false, is_gone_ = false;
};

struct Response {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
    std::string content_type = "application/json";
    std::shared_ptr<Stream> stream = {};  ///< then `body` is what it begins with
};

Response json_response(unsigned status, nlohmann::json const& body);
/// problem+json of RFC 9457 with the Contract's fields; the status is the code's: E_NOT_FOUND 404,
/// E_CONFLICT 409, E_CONFIG 422, E_BUSY 503, and so on (problem.cpp has the table).
Response problem(Error const& error, std::vector<Finding> const& errors = {},
                 std::vector<Blocker> const& blocked_by = {});
Response problem(unsigned status, std::string const& code, std::string const& title,
                 std::string const& detail);

/// What one method of one path does.
struct Route {
    /// "POST", "/replication/jobs/{id}/run"; "{name*}" at the end takes all segments that are left.
    std::string method, path;
    Scope scope = Scope::read;
    std::string id;       ///< "get_run", for programs; empty: made of method and path
    std::string owner;    ///< "host", or a plugin's id
    std::string summary;  ///< one line for people
    /// JSON Schemas; null: none. With a `request` the body is JSON that fits it (none came: counts
    /// as {}) before `handler` sees it; without one the body is passed on as it came.
    nlohmann::json request, response;
    /// What a body holds, for people and their tools, where `request` is less than that; it is not
    /// checked here. null: `request` is all.
    nlohmann::json document;
    std::vector<std::string> bodies = {"application/json"};  ///< types of a body
    nlohmann::json query;                      ///< its parameters, as the schema of an object
    std::vector<unsigned> answers = {200};     ///< statuses of what went well
    std::string media = "application/json";    ///< of such an answer
    std::size_t body_bytes_max = 1u << 20;
    bool waits = false;  ///< may block for long: handled on threads of its own
    bool is_costly = false;     ///< reaches another system: fewer per second
    bool has_dry_run = false;   ///< heeds Request::is_dry_run; others refuse ?dry_run=true
    bool is_audited = false;    ///< what needs `write` or more is, in any case
    bool is_look = false;       ///< changes nothing, whatever its method: not audited
    /// Of an answer that lists what it changed, the member: what the trail keeps of it.
    std::string change_field;
    bool shows_secret = false;  ///< its answer is kept nowhere
    /// The job that a request is about: who is limited to other jobs gets 404. Nothing: there is
    /// no such thing, which the handler says.
    std::function<std::optional<std::string>(Request const&)> job_of;
    /// Of a list: the member of an item that names its job; items of other jobs are left out.
    std::string job_field;
    bool heeds_jobs = false;  ///< the handler itself looks at who.jobs
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
    /// In place of all that `owner` has: nobody meets a moment without. Fails as add() does, and
    /// nothing has changed then.
    Result<void> replace(std::string const& owner, std::vector<Route> routes);
    /// Takes away all routes of `owner`; requests that are being handled end undisturbed.
    void remove(std::string const& owner);

    struct Match {
        std::shared_ptr<Route const> route;  ///< null: 404, or 405 when `allow` is not empty
        std::map<std::string, std::string> params;
        std::string allow;     ///< "GET, HEAD, OPTIONS, POST"
        bool is_open = false;  ///< some method of the path needs no token
    };
    /// `path` as it came, still percent-encoded. Literal segments win over {name}.
    Match find(std::string_view method, std::string_view path) const;
    std::vector<std::shared_ptr<Route const>> routes() const;
    /// Another number whenever the routes have changed.
    std::uint64_t generation() const;

private:
    struct Table;
    std::shared_ptr<Table const> table() const;

    mutable std::mutex mutex_;
    std::shared_ptr<Table const> table_;
    std::uint64_t generation_ = 0;
};

}  // namespace weir::host::http
