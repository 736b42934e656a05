#include "host/http/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <utility>

namespace weir::host::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Code = boost::system::error_code;

constexpr std::uint64_t answer_bytes_max = 256u << 20;

struct HostAddress {
    std::string host, port;
};

std::optional<HostAddress> parse(std::string const& server) {
    constexpr std::string_view scheme = "http://";
    if (server.compare(0, scheme.size(), scheme) != 0) return std::nullopt;
    std::string rest = server.substr(scheme.size());
    rest = rest.substr(0, rest.find('/'));
    std::string host = rest, port = "80";
    std::size_t const behind = rest.rfind(']') == std::string::npos ? 0 : rest.rfind(']');
    if (std::size_t const colon = rest.find(':', behind); colon != std::string::npos) {
        host = rest.substr(0, colon);
        port = rest.substr(colon + 1);
    }
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    if (host.empty() || port.empty()) return std::nullopt;
    return HostAddress{host, port};
}

Error unreachable(std::string const& server, Code const& code) {
    if (code == beast::error::timeout)
        return Error{WEIR_E_TIMEOUT, "server.timeout",
                     fmt::format("{} did not answer in time", server)};
    return Error{WEIR_E_IO, "server.unreachable",
                 fmt::format("no host answers at {}: {}", server, code.message())}
        .suggest("weir serve, or --server URL");
}

Error bad_url(std::string const& server) {
    return Error{WEIR_E_CONFIG, "server.bad_url",
                 fmt::format("\"{}\" is no address of a host", server), "--server"}
        .suggest("http://127.0.0.1:7070");
}

/// One exchange, step by step on an io_context of its own: only so do the stream's timeouts work.
class Fetch {
public:
    Fetch(std::string const& server, ClientRequest const& request)
        : server_{server}, request_{request}, stream_{io_} {}

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

    /// Connects and sends the request.
    Code ask(HostAddress const& address) {
        asio::ip::tcp::resolver resolver{io_};
        Code code;
        auto const found = resolver.resolve(address.host, address.port, code);
        if (code) return code;
        beast::http::request<beast::http::string_body> out = message(address);
        code = step([&](auto done) {
            stream_.async_connect(found, [done](Code c, auto const&) { done(c); });
        });
        if (code) return code;
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
        out.set(beast::http::field::host,
                (is_v6 ? "[" + address.host + "]" : address.host) + ":" + address.port);
        out.set(beast::http::field::connection, "close");
        for (auto const& [name, value] : request_.headers) out.set(name, value);
        out.body() = request_.body;
        out.prepare_payload();
        return out;
    }

    template <class Begin>
    Code step(Begin&& begin) {
        Code result;
        stream_.expires_after(std::chrono::milliseconds{request_.timeout_ms});
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
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
};

}  // namespace

Result<ClientResponse> send(std::string const& server, ClientRequest const& request) {
    std::optional<HostAddress> const address = parse(server);
    if (!address) return bad_url(server);
    return Fetch{server, request}.run(*address);
}

Result<ClientResponse> follow(std::string const& server, ClientRequest const& request,
                              std::function<bool(std::string_view)> const& take) {
    std::optional<HostAddress> const address = parse(server);
    if (!address) return bad_url(server);
    return Fetch{server, request}.run(*address, take);
}

}  // namespace weir::host::http
