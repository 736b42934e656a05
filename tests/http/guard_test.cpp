// Every row of the guard's table (host/http/README.md) over a real socket. Behind each refused
// message stands a request for /marker: whoever answers it has lost the end of the message.
#include <fmt/format.h>

#include "http/server_fixture.hpp"

namespace weir::test {
namespace {

using namespace host::http;

struct Row {
    std::string name, bytes;
    unsigned status = 400;
    std::string code = {};  ///< empty: the usual one of the status
};

std::string code_of(Row const& row) {
    if (!row.code.empty()) return row.code;
    switch (row.status) {
        case 405: return "request.method";
        case 413: return "request.too_large";
        case 414: return "request.target_too_long";
        case 417: return "request.expectation";
        case 431: return "request.head_too_large";
        default: return "request.malformed";
    }
}

class HttpGuard : public ServerFixture {
protected:
    /// A POST to /echo with `fields`, then `body`.
    static std::string post(std::string const& fields, std::string const& body = "",
                            std::string const& version = "1.1") {
        return "POST /echo HTTP/" + version + "\r\nHost: here\r\n" + fields + "\r\n" + body;
    }
    static std::string chunked(std::string const& fields, std::string const& body) {
        return post("Transfer-Encoding: chunked\r\n" + fields, body);
    }

    void expect_refused(std::vector<Row> const& rows) {
        serve();
        for (Row const& row : rows) {
            SCOPED_TRACE(row.name);
            Client client{port};
            client.send(row.bytes + head("GET /marker"));
            Answer const answer = client.receive();
            EXPECT_EQ(answer.status, row.status);
            EXPECT_EQ(answer.field("content-type"), "application/problem+json");
            EXPECT_EQ(answer.field("connection"), "close");
            EXPECT_EQ(answer.json()["status"], row.status);
            EXPECT_EQ(answer.json()["code"], code_of(row));
            EXPECT_EQ(client.receive_all(), "");
            EXPECT_EQ(markers, 0);
            EXPECT_EQ(ask(port, head("GET /livez")).status, 200u);
        }
    }
};

TEST_F(HttpGuard, RefusesEveryTransferEncodingButChunked) {
    std::vector<Row> rows;
    for (char const* coding :
         {"identity", "gzip", "xchunked", "", "chunked, identity", "gzip, chunked", "chunked;q=1",
          "chunked,", ",chunked", "chunked, ", "\"chunked\"", "chun\tked"})
        rows.push_back(
            {fmt::format("coding \"{}\"", coding),
             post(fmt::format("Transfer-Encoding: {}\r\n", coding), "2\r\nab\r\n0\r\n\r\n")});
    rows.push_back(
        {"chunked in 1.0", post("Transfer-Encoding: chunked\r\n", "2\r\nab\r\n0\r\n\r\n", "1.0")});
    rows.push_back(
        {"chunked twice", chunked("Transfer-Encoding: chunked\r\n", "2\r\nab\r\n0\r\n\r\n")});
    rows.push_back({"length and coding", chunked("Content-Length: 2\r\n", "2\r\nab\r\n0\r\n\r\n")});
    rows.push_back({"coding and length",
                    post("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")});
    expect_refused(rows);
}

TEST_F(HttpGuard, RefusesEveryLengthButOneNumber) {
    std::vector<Row> rows;
    for (char const* length : {"2, 2", "+2", "-2", "0x2", "2 2", "", "2;", "two",
                               "18446744073709551616", "99999999999999999999999"})
        rows.push_back({fmt::format("length \"{}\"", length),
                        post(fmt::format("Content-Length: {}\r\n", length), "ab")});
    rows.push_back(
        {"the same length twice", post("Content-Length: 2\r\nContent-Length: 2\r\n", "ab")});
    rows.push_back({"two lengths", post("Content-Length: 2\r\nContent-Length: 3\r\n", "ab")});
    rows.push_back({"twin of the length", post("Content_Length: 2\r\n", "ab")});
    rows.push_back({"twin of the coding", post("Transfer_Encoding: chunked\r\n", "0\r\n\r\n")});
    rows.push_back(
        {"length in a trailer", chunked("", "2\r\nab\r\n0\r\nContent-Length: 2\r\n\r\n")});
    expect_refused(rows);
}

TEST_F(HttpGuard, RefusesHeadsThatProxiesReadInAnotherWay) {
    std::string const line = "GET /livez HTTP/1.1\r\n", host = "Host: here\r\n";
    expect_refused({
        {"folded with a blank", line + host + "A: b\r\n c\r\n\r\n"},
        {"folded with a tab", line + host + "A: b\r\n\tTransfer-Encoding: chunked\r\n\r\n"},
        {"folded at the first field", line + " A: b\r\n" + host + "\r\n"},
        {"bare LF", line + host + "A: b\nC: d\r\n\r\n"},
        {"bare LF throughout", "GET /livez HTTP/1.1\nHost: here\n\n"},
        {"bare CR", line + host + "A: b\rC: d\r\n\r\n"},
        {"NUL in a value", line + host + "A: b" + std::string(1, '\0') + "c\r\n\r\n"},
        {"control byte in a value", line + host + "A: b\x01\r\n\r\n"},
        {"blank before the colon", line + host + "A : b\r\n\r\n"},
        {"no colon", line + host + "A\r\n\r\n"},
        {"no name", line + host + ": b\r\n\r\n"},
        {"blank in a name", line + host + "A b: c\r\n\r\n"},
        {"empty line first", "\r\n" + line + host + "\r\n"},
    });
}

TEST_F(HttpGuard, RefusesEveryHostButOne) {
    std::string const line = "GET /livez HTTP/1.1\r\n";
    expect_refused({
        {"none", line + "\r\n"},
        {"two", line + "Host: a\r\nHost: a\r\n\r\n"},
        {"empty", line + "Host: \r\n\r\n"},
        {"with a blank", line + "Host: a b\r\n\r\n"},
        {"with a comma", line + "Host: a, b\r\n\r\n"},
        {"with a user", line + "Host: a@b\r\n\r\n"},
        {"with a path", line + "Host: a/b\r\n\r\n"},
        {"port no number", line + "Host: a:b\r\n\r\n"},
        {"bad address", line + "Host: [::1\r\n\r\n"},
        {"two in 1.0", "GET /livez HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"},
    });
}

TEST_F(HttpGuard, RefusesTargetsThatAreNone) {
    expect_refused({
        {"byte above 0x7E", head("GET /\xC3\xA9")},
        {"DEL", head("GET /\x7F")},
        {"fragment", head("GET /livez#a")},
        {"no slash", head("GET livez")},
        {"star with GET", head("GET *")},
        {"absolute without host", head("GET http:///livez")},
        {"absolute with user", head("GET http://u@here/livez")},
        {"other scheme", head("GET ftp://here/livez")},
        {"two blanks", "GET  /livez HTTP/1.1\r\nHost: here\r\n\r\n"},
        {"blank in the target", head("GET /li vez")},
    });
}

TEST_F(HttpGuard, RefusesOtherVersionsAtOnce) {
    expect_refused({
        {"none", "GET /livez\r\n"},
        {"2.0", "GET /livez HTTP/2.0\r\nHost: here\r\n\r\n"},
        {"1.2", "GET /livez HTTP/1.2\r\nHost: here\r\n\r\n"},
        {"0.9", "GET /livez HTTP/0.9\r\nHost: here\r\n\r\n"},
        {"lower case", "GET /livez http/1.1\r\nHost: here\r\n\r\n"},
        {"three digits", "GET /livez HTTP/1.11\r\nHost: here\r\n\r\n"},
        {"a TLS hello", std::string{"\x16\x03\x01\x02\x00\x01\x00\x01", 8}},
    });
}

TEST_F(HttpGuard, RefusesUnknownMethodsAndExpectations) {
    expect_refused({
        {"lower case", head("get /livez"), 405},
        {"unknown", head("BREW /livez"), 405},
        {"TRACE", head("TRACE /livez"), 405},
        {"CONNECT", "CONNECT here:80 HTTP/1.1\r\nHost: here:80\r\n\r\n", 405},
        {"another expectation", post("Content-Length: 2\r\nExpect: 200-ok\r\n", "ab"), 417},
        {"two expectations",
         post("Content-Length: 2\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n", "ab"), 417},
    });
}

TEST_F(HttpGuard, RefusesChunksThatAreNone) {
    std::string many;
    for (int i = 0; i < 400; ++i) many += "1;" + std::string(200, 'e') + "\r\na\r\n";
    expect_refused({
        {"size no number", chunked("", "x\r\nab\r\n0\r\n\r\n")},
        {"size negative", chunked("", "-2\r\nab\r\n0\r\n\r\n")},
        {"size with 0x", chunked("", "0x2\r\nab\r\n0\r\n\r\n")},
        {"size overflows", chunked("", "10000000000000002\r\nab\r\n0\r\n\r\n")},
        {"size empty", chunked("", "\r\nab\r\n0\r\n\r\n")},
        {"no CRLF after the data", chunked("", "2\r\nabc\r\n0\r\n\r\n")},
        {"LF after the size", chunked("", "2\nab\r\n0\r\n\r\n")},
        {"one long extension", chunked("", "2;" + std::string(300, 'e') + "\r\nab\r\n0\r\n\r\n")},
        {"many extensions", chunked("", many + "0\r\n\r\n")},
        {"a line of size without end", chunked("", std::string(40'000, '0'))},
        {"one trailer of 70 KB", chunked("", "0\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n")},
    });
}

TEST_F(HttpGuard, RefusesWhatIsTooLarge) {
    std::string fields;
    for (int i = 0; i < 101; ++i) fields += "A: b\r\n";
    expect_refused({
        {"head", head("GET /livez", "A: " + std::string(9'000, 'a') + "\r\n"), 431},
        {"many fields", head("GET /livez", fields), 431, "request.too_many_fields"},
        {"target", head("GET /" + std::string(4'100, 'a')), 414},
        {"first line without end", "GET /" + std::string(9'000, 'a'), 414},
        {"length beyond the route", post("Content-Length: 1048577\r\n"), 413},
        {"length beyond every route", post("Content-Length: 999999999999\r\n"), 413},
        {"chunk beyond the route", chunked("", "100001\r\n"), 413},
        {"chunk beyond every route", chunked("", "fffffffff\r\n"), 413},
    });
}

TEST_F(HttpGuard, NeverLooksAtTrailers) {
    std::map<std::string, std::string> seen;
    std::string principal;
    auto keep = [&](Request const& request) {
        seen = request.headers;
        principal = to_json(request.who);
        return text(request.body);
    };
    add("POST", "/guarded", Scope::read, keep);
    add("POST", "/open", Scope::none, keep);
    serve();
    std::string const rest = fmt::format(
        "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nHost: other\r\nX-Seen: t\r\n"
        "Authorization: Bearer {}\r\n\r\n",
        token);
    EXPECT_EQ(ask(port, "POST /guarded HTTP/1.1\r\nHost: here\r\n" + rest).status, 401u);
    EXPECT_EQ(ask(port, "POST /open HTTP/1.1\r\nHost: here\r\n" + rest).body, "ab");
    EXPECT_EQ(seen["host"], "here");
    EXPECT_FALSE(seen.contains("x-seen"));
    EXPECT_EQ(principal, R"({"id":"","scope":"none"})");
    EXPECT_EQ(ask(port, with_token("POST /guarded", "Content-Length: 0\r\n")).status, 200u);
    EXPECT_EQ(principal, R"({"id":"admin","scope":"admin"})");
    EXPECT_FALSE(seen.contains("authorization"));
}

TEST_F(HttpGuard, TakesWhatIsUnusualButClear) {
    serve();
    for (std::string const& bytes :
         {head("GET http://here:80/livez"), head("GET HTTP://[::1]:80/livez?a=b"),
          std::string{"GET /livez HTTP/1.0\r\n\r\n"}, head("GET /livez", "A:\r\nA: \tb\t\r\n"),
          head("GET /%6civez"), head("GET /livez", "content-length: 0\r\n"),
          head("GET /livez", "TRANSFER-ENCODING: Chunked\r\n") + "0\r\n\r\n",
          head("GET /livez", "X_Y: underscore\r\n")}) {
        SCOPED_TRACE(bytes);
        EXPECT_EQ(ask(port, bytes).status, 200u);
    }
}

/// The control of all rows above: a well-formed message in their place leaves the marker reachable.
TEST_F(HttpGuard, AnswersTheMarkerBehindAWellFormedRequest) {
    serve();
    Client client{port};
    client.send(chunked("", "2;e=f\r\nab\r\n0\r\nA: b\r\n\r\n") + head("GET /marker"));
    EXPECT_EQ(client.receive().body, "ab");
    EXPECT_EQ(client.receive().body, "marker");
    EXPECT_EQ(markers, 1);
}

TEST_F(HttpGuard, SendsItsHundredOnlyWhenTheBodyIsWanted) {
    serve();
    Client wanted{port};
    wanted.send(post("Content-Length: 2\r\nExpect: 100-continue\r\n"));
    EXPECT_EQ(wanted.receive().status, 100u);
    wanted.send("ab");
    EXPECT_EQ(wanted.receive().body, "ab");
    Client refused{port};
    refused.send(head("POST /things/a", "Content-Length: 2\r\nExpect: 100-continue\r\n"));
    EXPECT_EQ(refused.receive().status, 401u);
    EXPECT_EQ(refused.receive_all(), "");
}

}  // namespace
}  // namespace weir::test
