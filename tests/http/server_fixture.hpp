#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "host/http/server.hpp"
#include "host/http/tokens.hpp"
#include "http/client.hpp"

namespace weir::test {

/// A server on a free port of loopback, whose token is "secret-of-the-test-0123456789".
class ServerFixture : public ::testing::Test {
protected:
    static constexpr char const* token = "secret-of-the-test-0123456789";

    /// Starts the server, with routes of its own added before.
    void serve(host::http::ServerLimits limits = {}) {
        add("GET", "/livez", host::http::Scope::none, [](auto const&) { return text("alive"); });
        add("GET", "/things/{id}", host::http::Scope::read,
            [](auto const& request) { return text(request.params.at("id")); });
        add("POST", "/echo", host::http::Scope::none,
            [](auto const& request) { return text(request.body); });
        add("GET", "/marker", host::http::Scope::none, [this](auto const&) {
            ++markers;
            return text("marker");
        });
        auto log = [this](std::string const& line) {
            std::lock_guard const lock{log_mutex_};
            log_.push_back(line);
        };
        auto made = host::http::Server::listen(
            "127.0.0.1:0", {router, authenticator, clock, limits, std::move(log)});
        ASSERT_TRUE(made) << made.error().message;
        server = *std::move(made);
        server->start();
        port = server->port();
    }

    static host::http::Response text(std::string const& body) {
        host::http::Response out;
        out.body = body;
        out.content_type = "text/plain";
        return out;
    }

    void add(std::string const& method, std::string const& path, host::http::Scope scope,
             std::function<host::http::Response(host::http::Request const&)> handler,
             nlohmann::json schema = nullptr) {
        host::http::Route route;
        route.method = method;
        route.path = path;
        route.scope = scope;
        route.owner = "host";
        route.request = std::move(schema);
        route.handler = std::move(handler);
        auto const added = router.add({route});
        ASSERT_TRUE(added) << added.error().message;
    }

    /// The first line and Host, with `fields` behind, each ending in CRLF.
    static std::string head(std::string const& line, std::string const& fields = "") {
        return line + " HTTP/1.1\r\nHost: here\r\n" + fields + "\r\n";
    }
    static std::string with_token(std::string const& line, std::string const& fields = "") {
        return head(line, std::string{"Authorization: Bearer "} + token + "\r\n" + fields);
    }
    static std::string json_post(std::string const& path, std::string const& body) {
        return head("POST " + path, "Content-Type: application/json\r\nContent-Length: " +
                                        std::to_string(body.size()) + "\r\n") +
               body;
    }

    std::vector<std::string> log() const {
        std::lock_guard const lock{log_mutex_};
        return log_;
    }

    host::SystemClock clock;
    host::http::AdminToken authenticator{token};
    host::http::Router router;
    std::atomic<int> markers{0};
    std::unique_ptr<host::http::Server> server;
    std::uint16_t port = 0;

private:
    mutable std::mutex log_mutex_;
    std::vector<std::string> log_;
};

}  // namespace weir::test
