#include "host/http/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir::host::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Code = boost::system::error_code;

constexpr std::uint64_t answer_bytes_max = 256u << 20;

enum class Kind { plain, tls, local };

struct HostAddress {
    Kind kind = Kind::plain;
    std::string host, port;  ///< of a Unix socket: host is its path
};

std::optional<HostAddress> parse(std::string const& server) {
    auto is = [&](std::string_view scheme) { return server.starts_with(scheme); };
    constexpr std::string_view local = "unix:", plain = "http://", tls = "https://";
    if (is(local)) return HostAddress{Kind::local, server.substr(local.size()), "0"};
    if (!is(plain) && !is(tls)) return std::nullopt;
    Kind const kind = is(tls) ? Kind::tls : Kind::plain;
    std::string rest = server.substr(kind == Kind::tls ? tls.size() : plain.size());
    rest = rest.substr(0, rest.find('/'));
    std::string host = rest, port = kind == Kind::tls ? "443" : "80";
    std::size_t const behind = rest.rfind(']') == std::string::npos ? 0 : rest.rfind(']');
    if (std::size_t const colon = rest.find(':', behind); colon != std::string::npos) {
        host = rest.substr(0, colon);
        port = rest.substr(colon + 1);
    }
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    if (host.empty() || port.empty()) return std::nullopt;
    return HostAddress{kind, host, port};
}

Error unreachable(std::string const& server, Code const& code) {
    if (code == beast::error::timeout)
        return Error{WEIR_E_TIMEOUT, "server.timeout",
                     fmt::format("{} did not answer in time", server)};
    return Error{WEIR_E_IO, "server.unreachable",
                 fmt::format("no host answers at {}: {}", server, code.message())}
        .suggest("weir serve, or --server URL");
}

using Local = beast::basic_stream<asio::local::stream_protocol>;
using Tls = beast::ssl_stream<beast::tcp_stream>;

/// Certificates of the system, or of SSL_CERT_FILE; the name must fit, and no part of one.
void verify(Tls& stream, HostAddress const& address) {
    SSL* const ssl = stream.native_handle();
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, address.host.c_str()) == 1) return;
    SSL_set1_host(ssl, address.host.c_str());
    SSL_set_tlsext_host_name(ssl, address.host.c_str());
}

/// One exchange, step by step on an io_context of its own: only so do the stream's timeouts work.
template <class Connection>
class Fetch {
public:
    template <class... Made>
    Fetch(std::string const& server, ClientRequest const& request, Made&&... made)
        : server_{server}, request_{request}, stream_{io_, std::forward<Made>(made)...} {}

    Result<ClientResponse> run(HostAddress const& address) {
        Parser in;
        in.body_limit(answer_bytes_max);
        if (request_.method == "HEAD") in.skip(true);
        Code code = ask(address);
        if (!code)
            code = step([&](auto done) {
                beast::http::async_read(stream_, buffer_, in,
                                        [done](Code c, std::size_t) { done(c); });
            });
        if (code) return unreachable(server_, code);
        return answer(in.get());
    }

    Result<ClientResponse> run(HostAddress const& address,
                               std::function<bool(std::string_view)> const& take) {
        Parser in;
        in.body_limit(boost::none);
        Code code = ask(address);
        while (!code && !in.is_done()) {
            code = step([&](auto done) {
                beast::http::async_read_some(stream_, buffer_, in,
                                             [done](Code c, std::size_t) { done(c); });
            });
            if (code == beast::http::error::need_more) code = {};
            bool const is_taken = in.is_header_done() && in.get().result_int() < 400;
            if (!is_taken || in.get().body().empty()) continue;
            std::string const piece = std::exchange(in.get().body(), {});
            if (!take(piece)) return answer(in.get());
        }
        bool const is_cut =
            code == beast::http::error::partial_message || code == asio::error::connection_reset;
        if (code && !is_cut) return unreachable(server_, code);
        return answer(in.get());
    }

private:
    using Parser = beast::http::response_parser<beast::http::string_body>;

    auto& plain() { return beast::get_lowest_layer(stream_); }

    Code connect(HostAddress const& address) {
        if constexpr (std::is_same_v<Connection, Local>) {
            return step([&](auto done) {
                plain().async_connect(asio::local::stream_protocol::endpoint{address.host},
                                      [done](Code c) { done(c); });
            });
        } else {
            asio::ip::tcp::resolver resolver{io_};
            Code failed;
            auto const found = resolver.resolve(address.host, address.port, failed);
            if (failed) return failed;
            return step([&](auto done) {
                plain().async_connect(found, [done](Code c, auto const&) { done(c); });
            });
        }
    }

    Code shake_hands(HostAddress const& address) {
        verify(stream_, address);
        return step([&](auto done) {
            stream_.async_handshake(asio::ssl::stream_base::client, [done](Code c) { done(c); });
        });
    }

    /// Connects and sends the request.
    Code ask(HostAddress const& address) {
        Code code = connect(address);
        if constexpr (std::is_same_v<Connection, Tls>) {
            if (!code) code = shake_hands(address);
        }
        if (code) return code;
        beast::http::request<beast::http::string_body> out = message(address);
        return step([&](auto done) {
            beast::http::async_write(stream_, out, [done](Code c, std::size_t) { done(c); });
        });
    }

    beast::http::request<beast::http::string_body> message(HostAddress const& address) const {
        beast::http::request<beast::http::string_body> out;
        out.version(11);
        out.method_string(request_.method);
        out.target(request_.target);
        bool const is_v6 = address.host.find(':') != std::string::npos;
        std::string const host =
            (is_v6 ? "[" + address.host + "]" : address.host) + ":" + address.port;
        out.set(beast::http::field::host, address.kind == Kind::local ? "localhost" : host);
        out.set(beast::http::field::connection, "close");
        for (auto const& [name, value] : request_.headers) out.set(name, value);
        out.body() = request_.body;
        out.prepare_payload();
        return out;
    }

    template <class Begin>
    Code step(Begin&& begin) {
        Code result;
        plain().expires_after(std::chrono::milliseconds{request_.timeout_ms});
        begin([&result](Code code) { result = code; });
        io_.run();
        io_.restart();
        return result;
    }

    static ClientResponse answer(beast::http::response<beast::http::string_body> const& in) {
        ClientResponse out;
        out.status = in.result_int();
        for (auto const& field : in) {
            std::string name{field.name_string()};
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            out.headers[name] = std::string{field.value()};
        }
        out.body = in.body();
        return out;
    }

    std::string const& server_;
    ClientRequest const& request_;
    asio::io_context io_{1};
    Connection stream_;
    beast::flat_buffer buffer_;
};

/// Over the connection that the server's address asks for; `more`: as of Fetch::run().
template <class... More>
Result<ClientResponse> exchange(std::string const& server, ClientRequest const& request,
                                More const&... more) {
    std::optional<HostAddress> const address = parse(server);
    if (!address)
        return Error{WEIR_E_CONFIG, "server.bad_url",
                     fmt::format("\"{}\" is no address of a host", server), "--server"}
            .suggest("http://127.0.0.1:7070");
    if (address->kind == Kind::local) return Fetch<Local>{server, request}.run(*address, more...);
    if (address->kind == Kind::plain)
        return Fetch<beast::tcp_stream>{server, request}.run(*address, more...);
    asio::ssl::context context{asio::ssl::context::tls_client};
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    context.set_default_verify_paths();
    context.set_verify_mode(asio::ssl::verify_peer);
    return Fetch<Tls>{server, request, context}.run(*address, more...);
}

}  // namespace

Result<ClientResponse> send(std::string const& server, ClientRequest const& request) {
    return exchange(server, request);
}

Result<ClientResponse> follow(std::string const& server, ClientRequest const& request,
                              std::function<bool(std::string_view)> const& take) {
    return exchange(server, request, take);
}

}  // namespace weir::host::http
