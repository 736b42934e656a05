// Includes Asio: only session.cpp and server.cpp may.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "host/http/server.hpp"
#include "host/http/traffic.hpp"
#include "host/http/worker_pool.hpp"

namespace weir::host::http {

class Session;

/// What the sessions of one server share. Its members are for the I/O thread, but for the pools and
/// the traffic.
struct Sessions {
    explicit Sessions(Server::Ports given)
        : ports{std::move(given)},
          workers{ports.limits.workers, ports.limits.queue_max},
          waiters{ports.limits.waiters, 0} {}

    Server::Ports ports;
    WorkerPool workers, waiters;
    Traffic traffic;
    bool is_draining = false;
    std::list<Session*> all, idle;  ///< idle: the longest first
    std::function<void()> on_room;  ///< a session ended, or became idle
};

/// Serves one connection to its end, one request after the other; throws nothing.
boost::asio::awaitable<void> serve(Sessions& sessions, boost::asio::ip::tcp::socket socket);

/// Cuts a session: what it waits for ends at once. I/O thread.
void cut(Session& session);
/// Ends an answer that would go on by itself. I/O thread.
void end_stream(Session& session);

}  // namespace weir::host::http
