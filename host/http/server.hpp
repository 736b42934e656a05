#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
    double requests_per_s = 100, requests_burst = 200;  ///< per token; admin: none
    double costly_per_s = 2, costly_burst = 20;         ///< of those, what reaches other systems
    double wrong_tokens_per_min = 1'000;                ///< per address
    std::size_t gzip_ratio_max = 100;                   ///< of a body that came compressed
    std::int64_t path_wait_ms_max = 10'000;             ///< for another change of the same path
};

/// Who a bearer token or a session stands for; decided before a body is read, on the I/O thread.
class Authenticator {
public:
    virtual ~Authenticator() = default;
    /// Nothing: no such token. Constant time in the token.
    virtual std::optional<Principal> find(std::string_view token) const = 0;
    /// The same for the value of the cookie that signed a browser in.
    virtual std::optional<Principal> find_session(std::string_view) const { return std::nullopt; }
    /// Somebody at `address` came with a token that is none.
    virtual void refused(std::string const&) const {}
};

/// One line of the trail of changes.
struct AuditEntry {
    std::string principal, address, request_id;
    std::string action, object, result;  ///< "PUT /tokens/{id}", "/tokens/01J9…", "200"
    nlohmann::json difference = nullptr;  ///< [{pointer,before,after}], without secrets
};

/// Answers of requests with an Idempotency-Key. Thread-safe.
class Replays {
public:
    virtual ~Replays() = default;
    enum class How { fresh, replayed, other_request, at_work };
    struct Begun {
        How how = How::fresh;
        Response answer = {};  ///< of `replayed`
    };
    /// `fresh`: the caller does the work and calls end() whatever comes of it.
    virtual Result<Begun> begin(std::string const& principal, std::string const& key,
                                std::string const& fingerprint) = 0;
    /// Keeps `answer`; null: the work may be tried again.
    virtual void end(std::string const& principal, std::string const& key,
                     std::string const& fingerprint, Response const* answer) = 0;
};

/// PEM files of a certificate with its chain, and of its key; both empty: no TLS.
struct TlsFiles {
    std::string cert, key;
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
        /// Something was changed. Worker threads, before the answer.
        std::function<void(AuditEntry const&)> audit = {};
        Replays* replays = nullptr;     ///< none: Idempotency-Key is not heeded
        bool requires_if_match = false;  ///< changing without If-Match: 428
        std::vector<std::string> hosts = {};  ///< values of Host that are served; empty: any
        /// Addresses whose X-Forwarded-For counts; "unix": whoever comes through a Unix socket.
        std::vector<std::string> trusted_proxies = {};
        TlsFiles tls = {};
    };
    /// Binds and listens at "HOST:PORT" (port 0: any free; "[::1]:7070") or "unix:PATH" (0600), and
    /// raises the soft limit of descriptors to the hard one. E_IO "serve.port_in_use"; E_CONFIG
    /// "serve.address", "serve.tls".
    static Result<std::unique_ptr<Server>> listen(std::string const& address, Ports ports);
    virtual ~Server() = default;  ///< as stop(0)

    virtual std::uint16_t port() const = 0;  ///< 0: a Unix socket
    virtual std::string host() const = 0;
    /// Where a client finds it: "https://127.0.0.1:7070", "unix:/run/weir.sock".
    virtual std::string url() const = 0;
    /// Reads the files of TLS again, for connections to come; on an error the old ones stay.
    virtual Result<void> reload_tls() = 0;
    /// weir_http_* in Prometheus text. Any thread.
    virtual std::string metrics() const = 0;
    /// Begins to accept.
    virtual void start() = 0;
    /// Accepts nothing new, lets requests at work end for at most `drain_ms`, closes. Then no
    /// handler runs any more.
    virtual void stop(std::int64_t drain_ms) = 0;
};

}  // namespace weir::host::http
