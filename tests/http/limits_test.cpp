// Slow, many and endless clients, a full pool, and the end of the server.
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <thread>

#include "http/server_fixture.hpp"

namespace weir::test {
namespace {

using namespace host::http;

std::size_t resident_mib() {
    std::ifstream file{"/proc/self/statm"};
    std::size_t all = 0, resident = 0;
    file >> all >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) >> 20;
}

/// A sanitizer's own books are no part of what a server holds.
constexpr std::size_t allowed_mib(std::size_t wanted) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return wanted * 20;
#else
    return wanted;
#endif
}

class HttpLimits : public ServerFixture {
protected:
    /// A route whose handler says that it was entered and waits for `release`.
    void add_gate(std::string const& path, bool waits) {
        Route route;
        route.method = "GET";
        route.path = path;
        route.scope = Scope::none;
        route.owner = "host";
        route.waits = waits;
        route.handler = [this](Request const&) {
            entered.set_value();
            released.wait();
            is_finished = true;
            return text("late");
        };
        ASSERT_TRUE(router.add({route}));
    }
    void wait_for_connections(int wanted) const {
        std::string const line = "\nweir_http_connections " + std::to_string(wanted) + "\n";
        while (server->metrics().find(line) == std::string::npos) std::this_thread::yield();
    }

    std::promise<void> entered, release;
    std::shared_future<void> released{release.get_future()};
    std::atomic<bool> is_finished{false};
};

TEST_F(HttpLimits, CloseWhoIsSlowAndServeOthersMeanwhile) {
    ServerLimits limits;
    limits.head_ms_max = limits.body_ms_max = limits.idle_ms_max = 300;
    add("GET", "/large", Scope::none, [](auto const&) { return text(std::string(16 << 20, 'x')); });
    limits.write_ms_max = 300;
    serve(limits);
    std::vector<std::unique_ptr<Client>> slow;
    for (int i = 0; i < 100; ++i) {
        for (std::string const& bytes :
             {std::string{}, std::string{"GET /li"}, std::string{"GET /livez HTTP/1.1\r\nHos"},
              head("POST /echo", "Content-Length: 9\r\n") + "abc",
              head("POST /echo", "Transfer-Encoding: chunked\r\n") + "9\r\nabc"}) {
            slow.push_back(std::make_unique<Client>(port));
            slow.back()->send(bytes);
        }
    }
    Client deaf{port};
    deaf.send(head("GET /large"));
    for (int i = 0; i < 200; ++i) EXPECT_EQ(ask(port, head("GET /livez")).status, 200u);
    for (auto const& client : slow) EXPECT_EQ(client->receive_all(), "");
    wait_for_connections(0);
}

TEST_F(HttpLimits, MakeRoomByClosingWhoIsIdleTheLongest) {
    ServerLimits limits;
    limits.connections_max = 3;
    serve(limits);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(std::make_unique<Client>(port));
        EXPECT_EQ(clients.back()->send(head("GET /livez")).receive().status, 200u);
    }
    EXPECT_EQ(clients[0]->receive_all(), "");
    EXPECT_EQ(clients[4]->send(head("GET /livez")).receive().status, 200u);
}

TEST_F(HttpLimits, AnswerThatAllWorkersAreBusy) {
    ServerLimits limits;
    limits.workers = 1;
    limits.queue_max = 0;
    add_gate("/gate", false);
    serve(limits);
    Client first{port};
    first.send(head("GET /gate"));
    entered.get_future().wait();
    Answer const answer = ask(port, head("GET /livez"));
    EXPECT_EQ(answer.status, 503u);
    EXPECT_EQ(answer.field("retry-after"), "1");
    EXPECT_EQ(answer.json()["code"], "host.busy");
    release.set_value();
    EXPECT_EQ(first.receive().body, "late");
}

TEST_F(HttpLimits, WaitForRunsOnThreadsOfTheirOwn) {
    ServerLimits limits;
    limits.workers = 1;
    limits.queue_max = 0;
    add_gate("/gate", true);
    serve(limits);
    Client first{port};
    first.send(head("GET /gate"));
    entered.get_future().wait();
    EXPECT_EQ(ask(port, head("GET /livez")).status, 200u);
    release.set_value();
    EXPECT_EQ(first.receive().body, "late");
}

TEST_F(HttpLimits, LetRequestsAtWorkEndWhenTheServerStops) {
    add_gate("/gate", false);
    serve();
    Client idle{port}, working{port};
    EXPECT_EQ(idle.send(head("GET /livez")).receive().status, 200u);
    working.send(head("GET /gate"));
    entered.get_future().wait();
    std::thread stopping{[&] { server->stop(60'000); }};
    EXPECT_EQ(idle.receive_all(), "");
    EXPECT_THROW(Client{port}, std::runtime_error);
    release.set_value();
    Answer const answer = working.receive();
    EXPECT_EQ(answer.body, "late");
    EXPECT_EQ(answer.field("connection"), "close");
    stopping.join();
}

TEST_F(HttpLimits, RunNoHandlerAfterTheStop) {
    add_gate("/gate", false);
    serve();
    Client working{port};
    working.send(head("GET /gate"));
    entered.get_future().wait();
    std::thread stopping{[&] { server->stop(0); }};
    EXPECT_EQ(working.receive_all(), "");
    release.set_value();
    stopping.join();
    EXPECT_TRUE(is_finished);
}

TEST_F(HttpLimits, SayThatThePortIsTaken) {
    serve();
    auto const second =
        Server::listen("127.0.0.1:" + std::to_string(port), {router, authenticator, clock, {}, {}});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "serve.port_in_use");
    for (char const* address : {"", "7070", ":7070", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000",
                                "::1:7070", "127.0.0.1:7x"})
        EXPECT_EQ(Server::listen(address, {router, authenticator, clock, {}, {}}).error().code,
                  "serve.address")
            << address;
}

TEST_F(HttpLimits, HoldLittleForEndlessMessages) {
    serve();
    (void)ask(port, head("GET /livez"));
    std::size_t const before = resident_mib();
    std::string const piece(1 << 20, 'e');
    Client extension{port}, large_head{port}, many{port};
    extension.send(head("POST /echo", "Transfer-Encoding: chunked\r\n") + "1;");
    for (int i = 0; i < 64; ++i) extension.send(piece);
    large_head.send("GET /livez HTTP/1.1\r\nHost: here\r\nA: " + piece);
    std::string requests;
    for (int i = 0; i < 1000; ++i) requests += head("GET /livez");
    for (int i = 0; i < 100; ++i) {
        many.send(requests);
        for (int j = 0; j < 1000; ++j) ASSERT_EQ(many.receive().status, 200u);
    }
    EXPECT_LT(resident_mib(), before + allowed_mib(32));
}

TEST_F(HttpLimits, HoldNextToNothingForIdleConnections) {
    serve();
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    std::size_t const fit = (static_cast<std::size_t>(limit.rlim_cur) - 200) / 2;
    std::size_t const wanted = std::min<std::size_t>(10'000, fit);
    std::size_t const before = resident_mib();
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < wanted; ++i) {
        clients.push_back(std::make_unique<Client>(port));
        ASSERT_EQ(clients.back()->send(head("GET /livez")).receive().status, 200u) << i;
    }
    EXPECT_LT(resident_mib(), before + allowed_mib(100));
    EXPECT_EQ(clients.front()->send(head("GET /livez")).receive().status, 200u);
    RecordProperty("connections", static_cast<int>(wanted));
}

}  // namespace
}  // namespace weir::test
