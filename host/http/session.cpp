// The shape of a session, against the rows that Beast 1.81 lets through: the head is read by hand
// into a bounded buffer and searched raw, then parsed, then checked, then routed and authorised,
// and only then is the body read.
#include "host/http/session.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <chrono>
#include <optional>
#include <type_traits>

#include "host/http/on_worker.hpp"
#include "host/http/parsed_head.hpp"
#include "host/http/problem.hpp"

namespace weir::host::http {

namespace net = boost::asio;
namespace beast = boost::beast;
using beast::http::error;
using Millis = std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

namespace {

constexpr auto use_tuple = net::as_tuple(net::use_awaitable);
/// Turns the crash and memory cases of the parser into buffer_overflow.
constexpr std::size_t buffer_bytes_max = 16384;
constexpr std::size_t read_bytes = 4096, idle_read_bytes = 512;

using Parser = beast::http::request_parser<beast::http::string_body>;

/// Bounds what the extensions of chunks may hold.
struct ChunkHeaders {
    static constexpr std::size_t each_bytes_max = 256, all_bytes_max = 64 * 1024;
    std::size_t bytes = 0;

    void operator()(std::uint64_t, beast::string_view extensions, ErrorCode& wrong) {
        bytes += extensions.size();
        if (extensions.size() > each_bytes_max || bytes > all_bytes_max)
            wrong = error::bad_chunk_extension;
    }
};

Refusal refusal_of(ErrorCode const& wrong) {
    if (wrong == error::body_limit)
        return {problem(413, "request.too_large", "", "the body is too large")};
    if (wrong == error::header_limit)
        return {problem(431, "request.head_too_large", "", "the head is too large")};
    return {problem(400, "request.malformed", "", "this is no well-formed HTTP request")};
}

using Tls = beast::ssl_stream<beast::tcp_stream>;
using Local = beast::basic_stream<net::local::stream_protocol>;

/// One connection; all of it on the I/O thread.
template <class Connection>
class SessionOn final : public Session {
public:
    template <class... Made>
    SessionOn(Sessions& sessions, Peer peer, Made&&... made)
        : sessions_{sessions},
          peer_{std::move(peer)},
          stream_{std::forward<Made>(made)...},
          wake_{stream_.get_executor()} {
        here_ = sessions_.all.insert(sessions_.all.end(), this);
        ++sessions_.traffic.connections;
    }
    SessionOn(SessionOn const&) = delete;
    SessionOn& operator=(SessionOn const&) = delete;
    ~SessionOn() override {
        set_idle(false);
        sessions_.all.erase(here_);
        --sessions_.traffic.connections;
        if (sessions_.on_room) sessions_.on_room();
    }

    net::awaitable<void> run() {
        // One await per statement, here and below: with two on both sides of && g++ 12 goes on
        // behind it even though the left one was false.
        bool goes_on = true;
        if constexpr (is_tls) goes_on = co_await shake_hands();
        while (goes_on && !sessions_.is_draining) {
            goes_on = co_await wait_for_request();
            if (goes_on) goes_on = co_await serve_one();
        }
        if (is_lingering_) co_await linger();
        if constexpr (is_tls) co_await say_goodbye();
        close();
    }

    void cut() override {
        close();
        end_stream();
    }

    void end_stream() override {
        if (feed_) feed_->detach();
        wake_.cancel();
    }

private:
    static constexpr bool is_tls = std::is_same_v<Connection, Tls>;
    enum class Reading { done, refused, gone };

    auto& plain() { return beast::get_lowest_layer(stream_); }
    void close() {
        ErrorCode ignored;
        plain().socket().close(ignored);
    }

    net::awaitable<bool> shake_hands() {
        plain().expires_after(Millis{limits().head_ms_max});
        auto const [wrong] =
            co_await stream_.async_handshake(net::ssl::stream_base::server, use_tuple);
        co_return !wrong;
    }

    /// A reader may otherwise take an answer without a length for a cut one.
    net::awaitable<void> say_goodbye() {
        if (!plain().socket().is_open()) co_return;
        plain().expires_after(Millis{300});
        co_await stream_.async_shutdown(use_tuple);
    }

    ServerLimits const& limits() const { return sessions_.ports.limits; }

    void set_idle(bool is_idle) {
        if (is_idle == is_idle_) return;
        is_idle_ = is_idle;
        if (!is_idle) {
            sessions_.idle.erase(idle_);
            return;
        }
        idle_ = sessions_.idle.insert(sessions_.idle.end(), this);
        if (sessions_.on_room) sessions_.on_room();
    }

    /// Idle connections are many, so they hold next to no buffer.
    net::awaitable<bool> wait_for_request() {
        if (buffer_.size() > 0) co_return true;
        buffer_.shrink_to_fit();
        set_idle(true);
        plain().expires_after(Millis{limits().idle_ms_max});
        auto const [wrong, size] =
            co_await stream_.async_read_some(buffer_.prepare(idle_read_bytes), use_tuple);
        set_idle(false);
        if (wrong) co_return false;
        buffer_.commit(size);
        co_return true;
    }

    net::awaitable<bool> serve_one() {
        started_ns_ = sessions_.ports.clock.monotonic_ns();
        Parser parser;
        ChunkHeaders chunk_headers;
        parser.eager(false);
        parser.body_limit(limits().body_bytes_max);
        parser.header_limit(static_cast<std::uint32_t>(limits().head_bytes_max));
        parser.on_chunk_header(chunk_headers);
        Reading const head = co_await read_head(parser);
        if (head == Reading::refused) co_await refuse_bare();
        if (head != Reading::done) co_return false;
        bool const wants_more = parser.get().keep_alive();
        Exchange exchange{head_of(parser.get()), peer_, sessions_.shared};
        if (std::optional<Refusal> refused = exchange.refuse()) {
            bool const stays = wants_more && !refused->closes;
            if (refused->closes) is_lingering_ = true;
            bool const is_sent = co_await answer(exchange, std::move(refused->answer), stays);
            co_return is_sent&& stays;
        }
        if (exchange.framing().has_body) {
            parser.body_limit(exchange.body_bytes_max());
            bool is_sent = true;
            if (exchange.framing().expects_100)
                is_sent = co_await write("HTTP/1.1 100 Continue\r\n\r\n");
            if (!is_sent) co_return false;
        }
        Reading const body = co_await read_body(parser);
        if (body == Reading::refused) co_await answer(exchange, std::move(refusal_.answer), false);
        if (body != Reading::done) co_return false;
        co_return co_await handle(exchange, std::move(parser.get().body()), wants_more);
    }

    net::awaitable<bool> handle(Exchange& exchange, std::string body, bool wants_more) {
        WorkerPool& pool = exchange.waits() ? sessions_.waiters : sessions_.workers;
        Work work = [&exchange, &body] { return exchange.handle(std::move(body)); };
        std::optional<Response> given = co_await on_worker(pool, std::move(work));
        if (!given) {
            Error const busy{WEIR_E_BUSY, "host.busy",
                             "too many requests are being handled; try again"};
            given = problem(busy);
        }
        bool const stays = wants_more && !sessions_.is_draining;
        bool const is_sent = co_await answer(exchange, *std::move(given), stays);
        co_return is_sent&& stays;
    }

    /// Reads up to the empty line and gives the parser exactly that.
    net::awaitable<Reading> read_head(Parser& parser) {
        plain().expires_after(Millis{limits().head_ms_max});
        while (true) {
            std::string_view const bytes{static_cast<char const*>(buffer_.data().data()),
                                         buffer_.size()};
            std::size_t const end = bytes.find("\r\n\r\n");
            bool const is_whole = end != bytes.npos && end + 4 <= limits().head_bytes_max;
            std::string_view const head = is_whole ? bytes.substr(0, end + 4) : bytes;
            if (auto refused = check_raw(head, is_whole, limits())) {
                refusal_ = *std::move(refused);
                co_return Reading::refused;
            }
            if (is_whole) co_return parse_head(parser, head);
            auto const [wrong, size] =
                co_await stream_.async_read_some(buffer_.prepare(read_bytes), use_tuple);
            if (wrong) co_return Reading::gone;
            buffer_.commit(size);
        }
    }

    Reading parse_head(Parser& parser, std::string_view head) {
        ErrorCode wrong;
        std::size_t const taken = parser.put(net::buffer(head.data(), head.size()), wrong);
        if (!wrong && (taken != head.size() || !parser.is_header_done())) wrong = error::bad_value;
        if (wrong) {
            refusal_ = refusal_of(wrong);
            return Reading::refused;
        }
        buffer_.consume(taken);
        return Reading::done;
    }

    /// Beyond `body_ms_max` a body has to come with 1 KiB/s.
    net::awaitable<Reading> read_body(Parser& parser) {
        auto const begin = SteadyClock::now();
        std::size_t received = 0;
        while (!parser.is_done()) {
            plain().expires_at(begin + Millis{limits().body_ms_max} +
                               Millis{static_cast<std::int64_t>(received / 1024 * 1000)});
            auto const [wrong, size] =
                co_await beast::http::async_read_some(stream_, buffer_, parser, use_tuple);
            received += size;
            if (!wrong || wrong == error::need_more) continue;
            bool const is_ours = wrong.category() == make_error_code(error::body_limit).category();
            if (!is_ours || wrong == error::partial_message || wrong == error::end_of_stream)
                co_return Reading::gone;
            refusal_ = refusal_of(wrong);
            is_lingering_ = true;
            co_return Reading::refused;
        }
        co_return Reading::done;
    }

    /// The answer to what never became a request.
    net::awaitable<void> refuse_bare() {
        is_lingering_ = true;
        Exchange const nothing{Head{}, peer_, sessions_.shared};
        co_await answer(nothing, std::move(refusal_.answer), false);
    }

    net::awaitable<bool> answer(Exchange const& exchange, Response given, bool stays) {
        if (std::string const why = mend(given); !why.empty() && sessions_.ports.log)
            sessions_.ports.log(fmt::format("request {}: {}", exchange.request_id(), why));
        if (given.stream && sessions_.traffic.streams >= std::int64_t(limits().streams_max)) {
            given.stream->detach();
            given = problem(
                Error{WEIR_E_BUSY, "host.busy", "too many event streams are open; try again"});
        }
        name_request(given, exchange.request_id());
        sessions_.traffic.answered(exchange.metric_method(), exchange.metric_route(), given.status,
                                   sessions_.ports.clock.monotonic_ns() - started_ns_);
        Ending const ending{exchange.request_id(), exchange.is_head(), exchange.is_1_1(),
                            stays && !(given.stream && !exchange.is_1_1()),
                            sessions_.ports.clock.unix_us()};
        std::string const head = render_head(given, ending);
        if (given.stream) co_return co_await send_stream(given, head, ending);
        bool const is_begun = co_await write(head);
        if (!is_begun || ending.is_head) co_return is_begun;
        co_return co_await write(given.body);
    }

    net::awaitable<bool> send_stream(Response const& given, std::string const& head,
                                     Ending const& ending) {
        feed_ = given.stream;
        ++sessions_.traffic.streams;
        bool is_sent = co_await write(head);
        if (is_sent && !ending.is_head) {
            attach();
            is_sent = co_await send_part(given.body, ending);
            if (is_sent) is_sent = co_await send_parts(ending);
        }
        feed_->detach();
        feed_.reset();
        --sessions_.traffic.streams;
        co_return is_sent;
    }

    void attach() {
        // The stream may outlive the session, and wakes it on any thread.
        auto const wake = [executor = stream_.get_executor(), alive = std::weak_ptr{alive_}] {
            net::post(executor, [alive] {
                if (auto const session = alive.lock()) (*session)->wake_.cancel();
            });
        };
        feed_->attach(wake);
    }

    net::awaitable<bool> send_parts(Ending const& ending) {
        while (true) {
            std::optional<std::string> const bytes = feed_->take();
            if (!bytes) break;  // ended, or cut
            if (!bytes->empty()) {
                bool const is_sent = co_await send_part(*bytes, ending);
                if (!is_sent) co_return false;
                continue;
            }
            if (sessions_.is_draining) co_return false;
            wake_.expires_at(SteadyClock::time_point::max());
            co_await wake_.async_wait(use_tuple);
        }
        if (!feed_->is_whole() || !ending.is_1_1) co_return false;
        co_return co_await write("0\r\n\r\n");
    }

    net::awaitable<bool> send_part(std::string const& bytes, Ending const& ending) {
        if (bytes.empty()) co_return true;
        std::string const framed =
            ending.is_1_1 ? fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes) : bytes;
        co_return co_await write(framed);
    }

    /// A reader may be slow, but not stand still for `write_ms_max`.
    net::awaitable<bool> write(std::string_view bytes) {
        while (!bytes.empty()) {
            plain().expires_after(Millis{limits().write_ms_max});
            auto const [wrong, size] = co_await stream_.async_write_some(
                net::buffer(bytes.data(), bytes.size()), use_tuple);
            if (wrong) co_return false;
            bytes.remove_prefix(size);
        }
        co_return true;
    }

    /// Reads and drops what was on its way, or the reset would take the answer with it.
    net::awaitable<void> linger() {
        constexpr std::size_t dropped_bytes_max = 64 * 1024;
        ErrorCode wrong;
        if constexpr (!is_tls) plain().socket().shutdown(net::socket_base::shutdown_send, wrong);
        plain().expires_after(Millis{300});
        std::size_t dropped = 0;
        while (!wrong && dropped < dropped_bytes_max) {
            buffer_.clear();
            auto const [failed, size] =
                co_await stream_.async_read_some(buffer_.prepare(read_bytes), use_tuple);
            wrong = failed;
            dropped += size;
        }
    }

    Sessions& sessions_;
    Peer const peer_;
    Connection stream_;
    net::steady_timer wake_;
    beast::flat_buffer buffer_{buffer_bytes_max};
    std::shared_ptr<SessionOn*> alive_ = std::make_shared<SessionOn*>(this);
    std::shared_ptr<Stream> feed_;
    std::list<Session*>::iterator here_, idle_;
    bool is_idle_ = false, is_lingering_ = false;
    Refusal refusal_;
    std::int64_t started_ns_ = 0;
};

/// By value, since they are the coroutine's own; the context outlives the stream over it.
template <class Connection, class Socket>
net::awaitable<void> serve_on(Sessions& sessions, Peer peer, Socket socket,
                              std::shared_ptr<net::ssl::context> tls) {
    try {
        std::optional<SessionOn<Connection>> session;
        if constexpr (std::is_same_v<Connection, Tls>)
            session.emplace(sessions, std::move(peer), std::move(socket), *tls);
        else
            session.emplace(sessions, std::move(peer), std::move(socket));
        co_await session->run();
    } catch (std::exception const& wrong) {
        if (sessions.ports.log)
            sessions.ports.log(fmt::format("a connection ended with: {}", wrong.what()));
    }
}

}  // namespace

net::awaitable<void> serve(Sessions& sessions, net::ip::tcp::socket socket, Peer peer) {
    return serve_on<beast::tcp_stream>(sessions, std::move(peer), std::move(socket), nullptr);
}

net::awaitable<void> serve(Sessions& sessions, net::local::stream_protocol::socket socket,
                           Peer peer) {
    return serve_on<Local>(sessions, std::move(peer), std::move(socket), nullptr);
}

net::awaitable<void> serve(Sessions& sessions, net::ip::tcp::socket socket, Peer peer,
                           std::shared_ptr<net::ssl::context> tls) {
    return serve_on<Tls>(sessions, std::move(peer), std::move(socket), std::move(tls));
}

}  // namespace weir::host::http
