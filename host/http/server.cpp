#include "host/http/server.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <map>
#include <thread>

#include "host/http/session.hpp"
#include "host/http/tls.hpp"

namespace weir::host::http {

namespace net = boost::asio;
using net::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

constexpr auto use_tuple = net::as_tuple(net::use_awaitable);

/// Raises the soft limit of descriptors and leaves a fifth of them to databases and files.
std::size_t connections_that_fit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    if (limit.rlim_cur < limit.rlim_max) {
        rlimit const wanted{limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) limit = wanted;
    }
    constexpr rlim_t descriptors_max = 1u << 20;
    return static_cast<std::size_t>(std::min(limit.rlim_cur, descriptors_max) / 5 * 4);
}

constexpr std::string_view unix_prefix = "unix:";

/// A socket file that nobody listens at any more is in the way and goes; one in use stays.
ErrorCode make_room_for(net::io_context& io, net::local::stream_protocol::endpoint const& at) {
    struct stat found {};
    if (::lstat(at.path().c_str(), &found) != 0) return {};
    if (!S_ISSOCK(found.st_mode)) return net::error::address_in_use;
    net::local::stream_protocol::socket probe{io};
    ErrorCode wrong;
    probe.connect(at, wrong);
    if (!wrong) return net::error::address_in_use;
    ::unlink(at.path().c_str());
    return {};
}

struct Address {
    std::string host;
    std::uint16_t port = 0;
};

Result<Address> parse_address(std::string const& text) {
    Error const wrong{WEIR_E_CONFIG, "serve.address",
                      fmt::format("\"{}\" is no address to listen at; it looks like "
                                  "127.0.0.1:7070 or [::1]:7070",
                                  text)};
    std::size_t const colon = text.rfind(':');
    if (colon == text.npos || colon == 0) return wrong;
    Address out{text.substr(0, colon), 0};
    char const* const end = text.data() + text.size();
    auto const [stopped, failed] = std::from_chars(text.data() + colon + 1, end, out.port);
    if (failed != std::errc{} || stopped != end) return wrong;
    if (out.host.starts_with('[') && out.host.ends_with(']'))
        out.host = out.host.substr(1, out.host.size() - 2);
    else if (out.host.find(':') != out.host.npos)
        return wrong;
    return out;
}

class BeastServer final : public Server {
public:
    explicit BeastServer(Ports ports)
        : sessions_{std::move(ports)},
          acceptor_{io_},
          local_{io_},
          room_{io_},
          guard_{io_.get_executor()} {
        std::size_t const fit = connections_that_fit();
        std::size_t const asked = sessions_.ports.limits.connections_max;
        connections_max_ = asked == 0 ? fit : asked;
        room_.expires_at(std::chrono::steady_clock::time_point::max());
        sessions_.on_room = [this] {
            room_.cancel();
            changed_.notify_all();
        };
    }
    ~BeastServer() override { stop(0); }

    Result<void> open(std::string const& address) {
        if (Result<void> loaded = reload_tls(); !loaded) return loaded;
        if (address.starts_with(unix_prefix)) return bind_local(address);
        return bind(address);
    }

    Result<void> reload_tls() override {
        TlsFiles const& files = sessions_.ports.tls;
        if (files.cert.empty() && files.key.empty()) return {};
        auto loaded = load_tls(files);
        if (!loaded) return loaded.error();
        std::lock_guard const lock{mutex_};
        tls_ = std::move(*loaded);
        return {};
    }

    Result<void> bind_local(std::string const& address) {
        std::string const path = address.substr(unix_prefix.size());
        constexpr std::size_t path_bytes_max = 107;
        if (path.empty() || path.size() > path_bytes_max)
            return Error{WEIR_E_CONFIG, "serve.address",
                         fmt::format("\"{}\" is no Unix socket: its path has 1 to {} bytes",
                                     address, path_bytes_max)};
        net::local::stream_protocol::endpoint const endpoint{path};
        ErrorCode wrong = make_room_for(io_, endpoint);
        if (!wrong) local_.open(endpoint.protocol(), wrong);
        // For its owner alone from the moment it is there.
        mode_t const before = ::umask(0177);
        if (!wrong) local_.bind(endpoint, wrong);
        ::umask(before);
        if (!wrong) local_.listen(net::socket_base::max_listen_connections, wrong);
        if (wrong)
            return Error{WEIR_E_IO, "serve.port_in_use",
                         fmt::format("cannot listen at {}: {}; choose another with --listen",
                                     address, wrong.message())};
        local_path_ = path;
        return {};
    }

    Result<void> bind(std::string const& address) {
        Result<Address> const where = parse_address(address);
        if (!where) return where.error();
        ErrorCode wrong;
        tcp::resolver resolver{io_};
        auto const found = resolver.resolve(where->host, std::to_string(where->port),
                                            tcp::resolver::passive, wrong);
        if (wrong || found.empty())
            return Error{WEIR_E_CONFIG, "serve.address",
                         fmt::format("{} names no address of this machine", address)};
        tcp::endpoint const endpoint = found.begin()->endpoint();
        acceptor_.open(endpoint.protocol(), wrong);
        if (!wrong) acceptor_.set_option(tcp::acceptor::reuse_address{true}, wrong);
        if (!wrong) acceptor_.bind(endpoint, wrong);
        if (!wrong) acceptor_.listen(net::socket_base::max_listen_connections, wrong);
        if (wrong)
            return Error{WEIR_E_IO, "serve.port_in_use",
                         fmt::format("cannot listen at {}: {}; choose another with --listen",
                                     address, wrong.message())};
        tcp::endpoint const bound = acceptor_.local_endpoint();
        port_ = bound.port();
        host_ = bound.address().to_string();
        return {};
    }

    std::uint16_t port() const override { return port_; }
    std::string host() const override { return host_; }
    std::string url() const override {
        if (!local_path_.empty()) return std::string{unix_prefix} + local_path_;
        bool const is_v6 = host_.find(':') != std::string::npos;
        return fmt::format("{}://{}:{}", tls_ ? "https" : "http",
                           is_v6 ? "[" + host_ + "]" : host_, port_);
    }
    std::string metrics() const override { return sessions_.traffic.text(); }

    void start() override {
        if (thread_.joinable()) return;
        if (local_path_.empty())
            net::co_spawn(io_, accept(acceptor_), net::detached);
        else
            net::co_spawn(io_, accept(local_), net::detached);
        thread_ = std::thread{[this] { run(); }};
    }

    void stop(std::int64_t drain_ms) override {
        if (is_stopped_) return;
        is_stopped_ = true;
        if (thread_.joinable()) {
            net::post(io_, [this] { drain(); });
            wait_until_empty(drain_ms);
            net::post(io_, [this] {
                for (Session* const session : sessions_.all) session->cut();
            });
        }
        // Sessions whose handler is at work end with it.
        sessions_.workers.stop();
        sessions_.waiters.stop();
        guard_.reset();
        if (thread_.joinable()) thread_.join();
    }

private:
    void run() {
        while (true) {
            try {
                io_.run();
                return;
            } catch (std::exception const& error) {
                if (sessions_.ports.log)
                    sessions_.ports.log(fmt::format("a defect of the server: {}", error.what()));
            }
        }
    }

    /// I/O thread: accepts no more, ends who waits for nothing.
    void drain() {
        sessions_.is_draining = true;
        ErrorCode ignored;
        acceptor_.close(ignored);
        local_.close(ignored);
        if (!local_path_.empty()) ::unlink(local_path_.c_str());
        room_.cancel();
        for (Session* const session : std::list{sessions_.idle}) session->cut();
        for (Session* const session : sessions_.all) session->end_stream();
    }

    void wait_until_empty(std::int64_t drain_ms) {
        std::unique_lock lock{mutex_};
        auto const is_empty = [this] { return sessions_.traffic.connections == 0; };
        auto const end = std::chrono::steady_clock::now() + std::chrono::milliseconds{drain_ms};
        // Looked at again from time to time: the count changes without the lock.
        while (!is_empty() && std::chrono::steady_clock::now() < end)
            changed_.wait_until(lock, std::min(end, std::chrono::steady_clock::now() +
                                                        std::chrono::milliseconds{20}));
    }

    template <class Acceptor>
    net::awaitable<void> accept(Acceptor& acceptor) {
        while (!sessions_.is_draining) {
            if (sessions_.all.size() >= connections_max_) {
                co_await make_room(std::chrono::steady_clock::time_point::max());
                continue;
            }
            auto [wrong, socket] = co_await acceptor.async_accept(use_tuple);
            if (sessions_.is_draining) break;
            if (!wrong) {
                take(std::move(socket));
                continue;
            }
            // Out of descriptors or memory most likely.
            co_await make_room(std::chrono::steady_clock::now() + std::chrono::milliseconds{100});
        }
    }

    /// Cuts who has been idle the longest, and waits until somebody is gone.
    net::awaitable<void> make_room(std::chrono::steady_clock::time_point until) {
        if (!sessions_.idle.empty()) sessions_.idle.front()->cut();
        room_.expires_at(until);
        co_await room_.async_wait(use_tuple);
    }

    void take(net::local::stream_protocol::socket socket) {
        net::co_spawn(io_, serve(sessions_, std::move(socket), Peer{}), net::detached);
    }

    void take(tcp::socket socket) {
        ErrorCode wrong;
        tcp::endpoint const peer = socket.remote_endpoint(wrong);
        if (wrong) return;
        socket.set_option(tcp::no_delay{true}, wrong);
        std::string const address = peer.address().to_string();
        // Behind a proxy are many, none of whom is to be held back by the others.
        if (peer.address().is_loopback() ||
            is_trusted(sessions_.ports.trusted_proxies, address)) {
            net::co_spawn(io_, serve_tcp(std::move(socket), address), net::detached);
            return;
        }
        std::size_t& count = by_address_[address];
        if (count >= sessions_.ports.limits.connections_per_address_max) return;
        ++count;
        auto const leave = [this, address](std::exception_ptr const&) {
            auto const found = by_address_.find(address);
            if (--found->second == 0) by_address_.erase(found);
        };
        net::co_spawn(io_, serve_tcp(std::move(socket), address), leave);
    }

    net::awaitable<void> serve_tcp(tcp::socket socket, std::string address) {
        std::shared_ptr<net::ssl::context> tls;
        {
            std::lock_guard const lock{mutex_};
            tls = tls_;
        }
        Peer peer{std::move(address), tls != nullptr, port_};
        return tls ? serve(sessions_, std::move(socket), std::move(peer), std::move(tls))
                   : serve(sessions_, std::move(socket), std::move(peer));
    }

    net::io_context io_{1};
    Sessions sessions_;
    tcp::acceptor acceptor_;
    net::local::stream_protocol::acceptor local_;
    std::string local_path_;  // empty: TCP
    std::shared_ptr<net::ssl::context> tls_;
    net::steady_timer room_;
    net::executor_work_guard<net::io_context::executor_type> guard_;
    std::size_t connections_max_ = 0;
    std::map<std::string, std::size_t> by_address_;
    std::string host_;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::thread thread_;
    bool is_stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(std::string const& address, Ports ports) {
    auto server = std::make_unique<BeastServer>(std::move(ports));
    if (Result<void> const bound = server->open(address); !bound) return bound.error();
    return std::unique_ptr<Server>{std::move(server)};
}

}  // namespace weir::host::http
