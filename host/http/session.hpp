// Includes Asio: only session.cpp and server.cpp may.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "host/http/exchange.hpp"
#include "host/http/server.hpp"
#include "host/http/traffic.hpp"
#include "host/http/worker_pool.hpp"

namespace weir::host::http {

/// A connection as the server sees it. I/O thread.
class Session {
public:
    virtual ~Session() = default;
    /// What it waits for ends at once.
    virtual void cut() = 0;
    /// Ends an answer that would go on by itself.
    virtual void end_stream() = 0;
};

/// What the sessions of one server share. Its members are for the I/O thread, but for the pools and
/// the traffic.
struct Sessions {
    explicit Sessions(Server::Ports given)
        : ports{std::move(given)},
          workers{ports.limits.workers, ports.limits.queue_max},
          waiters{ports.limits.waiters, 0} {}

    Server::Ports ports;
    Admission admission{ports.limits, ports.clock};
    PathLocks locks;
    Shared shared{ports, admission, locks};
    WorkerPool workers, waiters;
    Traffic traffic;
    bool is_draining = false;
    std::list<Session*> all, idle;  ///< idle: the longest first
    std::function<void()> on_room;  ///< a session ended, or became idle
};

/// Serve one connection to its end, one request after the other; throw nothing. `tls` is the one
/// that was in use when the connection came.
boost::asio::awaitable<void> serve(Sessions& sessions, boost::asio::ip::tcp::socket socket,
                                   Peer peer);
boost::asio::awaitable<void> serve(Sessions& sessions,
                                   boost::asio::local::stream_protocol::socket socket, Peer peer);
boost::asio::awaitable<void> serve(Sessions& sessions, boost::asio::ip::tcp::socket socket,
                                   Peer peer, std::shared_ptr<boost::asio::ssl::context> tls);

}  // namespace weir::host::http
