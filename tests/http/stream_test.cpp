// Answers that go on, such as server-sent events.
#include <thread>

#include "http/server_fixture.hpp"

namespace weir::test {
namespace {

using namespace host::http;

class HttpStream : public ServerFixture {
protected:
    void serve_events(ServerLimits limits = {}) {
        add("GET", "/events", Scope::none, [this](Request const&) {
            Response out;
            out.content_type = "text/event-stream";
            out.body = "retry: 2000\n\n";
            out.stream = stream;
            return out;
        });
        serve(limits);
    }
    /// Reads until `text` has come.
    static std::string until(Client& client, std::string const& text) {
        std::string all;
        while (all.find(text) == all.npos) {
            std::string const some = client.receive_some();
            if (some.empty()) break;
            all += some;
        }
        return all;
    }
    std::shared_ptr<Stream> stream = std::make_shared<Stream>();
};

TEST_F(HttpStream, SendsWhatIsPushedAtOnceAndInOrder) {
    serve_events();
    Client client{port};
    client.send(head("GET /events") + head("GET /livez"));
    EXPECT_NE(until(client, "retry").find("Transfer-Encoding: chunked"), std::string::npos);
    for (int i = 0; i < 100; ++i) {
        std::string const event = "id: " + std::to_string(i) + ";\n\n";
        EXPECT_TRUE(stream->push(event));
        EXPECT_NE(until(client, ";").find(event), std::string::npos);
    }
    stream->end();
    EXPECT_FALSE(stream->push("late"));
    EXPECT_NE(until(client, "alive").find("0\r\n\r\nHTTP/1.1 200"), std::string::npos);
}

TEST_F(HttpStream, EndsWithTheConnectionForAnOldClient) {
    serve_events();
    Client client{port};
    client.send("GET /events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    stream->push("data");
    stream->end();
    std::string const all = client.receive_all();
    EXPECT_EQ(all.find("chunked"), std::string::npos);
    EXPECT_TRUE(all.ends_with("retry: 2000\n\ndata"));
}

TEST_F(HttpStream, TellsTheSenderThatTheReaderIsGone) {
    serve_events();
    {
        Client client{port};
        client.send(head("GET /events"));
        until(client, "retry");
    }
    while (stream->push("data: 1\n\n")) std::this_thread::yield();
    EXPECT_FALSE(stream->is_open());
}

TEST_F(HttpStream, CutsAReaderThatFallsBehind) {
    serve_events();
    Client client{port};
    client.send(head("GET /events"));
    until(client, "retry");
    std::string const piece(64 * 1024, 'x');
    while (stream->push(piece)) std::this_thread::yield();
    std::string const all = client.receive_all();
    EXPECT_FALSE(all.ends_with("0\r\n\r\n"));
}

TEST_F(HttpStream, HasALimitOfReaders) {
    ServerLimits limits;
    limits.streams_max = 1;
    serve_events(limits);
    Client first{port};
    first.send(head("GET /events"));
    until(first, "retry");
    auto const kept = std::exchange(stream, std::make_shared<Stream>());
    EXPECT_EQ(ask(port, head("GET /events")).status, 503u);
    EXPECT_FALSE(stream->is_open());
    EXPECT_TRUE(kept->is_open());
}

TEST_F(HttpStream, EndsWhenTheServerStops) {
    serve_events();
    Client client{port};
    client.send(head("GET /events"));
    until(client, "retry");
    server->stop(60'000);
    EXPECT_EQ(client.receive_all(), "");
    EXPECT_FALSE(stream->push("data"));
}

}  // namespace
}  // namespace weir::test
