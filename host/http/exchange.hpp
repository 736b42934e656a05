#pragma once

#include <memory>
#include <string>

#include "host/http/admission.hpp"
#include "host/http/guard.hpp"
#include "host/http/path_locks.hpp"

namespace weir::host::http {

/// Who is at the other end of a connection, and where it came in.
struct Peer {
    std::string address;  ///< empty: a Unix socket
    bool is_secure = false;
    std::uint16_t local_port = 0;
};

/// What the exchanges of one server share.
struct Shared {
    Server::Ports const& ports;
    Admission& admission;  ///< I/O thread
    PathLocks& locks;
};

/// Whether `address` (empty: a Unix socket) is one of `proxies`, as of Server::Ports.
bool is_trusted(std::vector<std::string> const& proxies, std::string const& address);

/// One request and its answer, without the socket: what is decided between the bytes.
class Exchange {
public:
    Exchange(Head head, Peer const& peer, Shared const& shared);

    /// Framing, route, token, scope: all from the head alone. Nothing: the body may be read. I/O
    /// thread.
    std::optional<Refusal> refuse();
    /// Checks the body and runs the handler, on the thread that calls. Throws nothing.
    Response handle(std::string body);

    Framing const& framing() const { return framing_; }
    /// How many bytes of body the route takes.
    std::size_t body_bytes_max() const { return route_->body_bytes_max; }
    bool waits() const { return route_->waits; }
    bool is_head() const { return head_.method == "HEAD"; }
    bool is_1_1() const { return head_.is_1_1; }
    std::string const& request_id() const { return request_.request_id; }
    /// For the metrics: no path of a stranger, no method that is none.
    std::string metric_method() const;
    std::string metric_route() const { return route_ ? route_->path : std::string{}; }

private:
    std::optional<Refusal> find_route();
    std::optional<Refusal> authorise();
    std::optional<Refusal> identify();
    std::optional<Refusal> admit();
    Refusal refused(Response answer) const;
    Response run(std::string body);

    Head head_;
    Peer const& peer_;
    Shared const& shared_;
    Server::Ports const& ports_;
    Framing framing_;
    Request request_;
    Router::Match match_;
    std::shared_ptr<Route const> route_;
};

/// How an answer ends and who it is for.
struct Ending {
    std::string request_id;
    bool is_head = false, is_1_1 = true, keeps_open = true;
    std::int64_t now_unix_us = 0;
};

/// Makes what a handler answered fit to be sent: a known status, clean fields, no body where none
/// belongs; what cannot be sent becomes 500 "host.bug", and the sentence for the log is returned.
std::string mend(Response& answer);

/// The first line and the fields of `answer`, to the empty line.
std::string render_head(Response const& answer, Ending const& ending);

}  // namespace weir::host::http
