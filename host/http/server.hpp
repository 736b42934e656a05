#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/core/clock.hpp"
#include "host/core/error.hpp"
#include "host/http/router.hpp"

namespace weir::host::http {

/// Limits of the guard; the table of defaults in host/http/README.md.
struct ServerLimits {
    std::size_t head_bytes_max = 8 * 1024, fields_max = 100, target_bytes_max = 4 * 1024;
    std::size_t body_bytes_max = 16u << 20;  ///< of the most generous route
    std::int64_t head_ms_max = 10'000, body_ms_max = 30'000, idle_ms_max = 60'000,
                 write_ms_max = 30'000;
    std::size_t connections_max = 0;                  ///< 0: 80 % of the descriptors
    std::size_t connections_per_address_max = 1'024;  ///< loopback is not counted
    std::size_t streams_max = 256;                    ///< answers that go on (Response::stream)
    unsigned workers = 8;         ///< threads that run handlers, made when they are needed
    unsigned waiters = 256;       ///< the same, of routes with `waits`
    std::size_t queue_max = 256;  ///< requests that wait for one; beyond: 503 with Retry-After
};

/// Who a bearer token stands for; decided before a body is read.
class Authenticator {
public:
    virtual ~Authenticator() = default;
    struct Principal {
        std::string id;
        Scope scope = Scope::none;
    };
    /// Nothing: no such token. Constant time in the token.
    virtual std::optional<Principal> find(std::string_view token) const = 0;
};

/// HTTP/1.1 on one address. Reads with one thread, handles on a pool.
class Server {
public:
    struct Ports {
        Router const& router;
        Authenticator const& authenticator;
        Clock const& clock;
        ServerLimits limits = {};
        /// A line of the log of the host, no secrets in it. Any thread.
        std::function<void(std::string const&)> log;
    };
    /// Binds and listens at "HOST:PORT" (port 0: any free; "[::1]:7070"), and raises the soft limit
    /// of descriptors to the hard one. E_IO "serve.port_in_use"; E_CONFIG "serve.address".
    static Result<std::unique_ptr<Server>> listen(std::string const& address, Ports ports);
    virtual ~Server() = default;  ///< as stop(0)

    virtual std::uint16_t port() const = 0;
    virtual std::string host() const = 0;
    /// weir_http_* in Prometheus text. Any thread.
    virtual std::string metrics() const = 0;
    /// Begins to accept.
    virtual void start() = 0;
    /// Accepts nothing new, lets requests at work end for at most `drain_ms`, closes. Then no
    /// handler runs any more.
    virtual void stop(std::int64_t drain_ms) = 0;
};

}  // namespace weir::host::http
