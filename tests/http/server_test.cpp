// What a well-behaved client sees.
#include "http/server_fixture.hpp"

namespace weir::test {
namespace {

using namespace host::http;

class HttpServer : public ServerFixture {};

TEST_F(HttpServer, AnswersAnOpenRouteWithoutAToken) {
    serve();
    Answer const answer = ask(port, head("GET /livez"));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body, "alive");
    EXPECT_EQ(answer.field("cache-control"), "no-store");
    EXPECT_EQ(answer.field("x-request-id").size(), 26u);
}

TEST_F(HttpServer, AsksForATokenElsewhere) {
    serve();
    Answer const answer = ask(port, head("GET /things/a"));
    EXPECT_EQ(answer.status, 401u);
    EXPECT_EQ(answer.field("www-authenticate"), "Bearer");
    EXPECT_EQ(answer.field("content-type"), "application/problem+json");
    EXPECT_EQ(answer.json()["request_id"], answer.field("x-request-id"));
}

TEST_F(HttpServer, PassesParametersDecoded) {
    serve();
    EXPECT_EQ(ask(port, with_token("GET /things/a%2Fb%20c")).body, "a/b c");
}

TEST_F(HttpServer, KeepsTheConnectionAndAnswersInOrder) {
    serve();
    Client client{port};
    client.send(with_token("GET /things/1") + with_token("GET /things/2") +
                with_token("GET /things/3", "Connection: close\r\n"));
    EXPECT_EQ(client.receive().body, "1");
    EXPECT_EQ(client.receive().body, "2");
    EXPECT_EQ(client.receive().body, "3");
    EXPECT_EQ(client.receive_all(), "");
}

TEST_F(HttpServer, TakesBodiesPlainAndChunked) {
    serve();
    std::string const body(900'000, 'x');
    Answer const plain = ask(port, head("POST /echo", "Content-Length: 900000\r\n") + body);
    EXPECT_EQ(plain.body, body);
    Answer const chunked = ask(port, head("POST /echo", "Transfer-Encoding: chunked\r\n") +
                                         "dbba0\r\n" + body + "\r\n0\r\n\r\n");
    EXPECT_EQ(chunked.body, body);
}

TEST_F(HttpServer, ClosesWhenTheClientDoes) {
    ServerLimits limits;
    limits.head_ms_max = limits.body_ms_max = limits.idle_ms_max = 600'000;
    serve(limits);
    for (std::string const& bytes :
         {std::string{}, std::string{"GET /li"}, head("GET /livez"),
          head("GET /livez") + "GET /livez HT", head("POST /echo", "Content-Length: 9\r\n") + "a",
          head("POST /echo", "Transfer-Encoding: chunked\r\n") + "9\r\na"}) {
        Client client{port};
        client.send(bytes).finish();
        EXPECT_NO_THROW(client.receive_all()) << bytes;
    }
}

}  // namespace
}  // namespace weir::test
