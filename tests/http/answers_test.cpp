// Problems, bodies and methods: what an answer looks like, whatever went wrong.
#include <fmt/format.h>

#include <stdexcept>

#include "host/http/json_body.hpp"
#include "host/http/problem.hpp"
#include "http/server_fixture.hpp"

namespace weir::test {
namespace {

using namespace host::http;
using host::Error;
using Json = nlohmann::json;

Json schema() {
    return Json::parse(R"({"type":"object","additionalProperties":false,"required":["id"],
        "properties":{"id":{"type":"string","pattern":"^[a-z]+$"},"count":{"type":"integer",
        "minimum":1},"version":{"const":1},"source":{"type":"object","additionalProperties":false,
        "properties":{"table":{"type":"string"}}}}})");
}

class HttpAnswers : public ServerFixture {
protected:
    void serve_documents() {
        add(
            "POST", "/documents", Scope::none,
            [](Request const& request) { return json_response(201, request.json); }, schema());
        serve();
    }
    Answer post(std::string const& body) { return ask(port, json_post("/documents", body)); }
};

TEST_F(HttpAnswers, NameAllFindingsOfABodyAtOnce) {
    serve_documents();
    Answer const answer = post(R"({"id":"A","count":0,"version":2,"source":{"tabel":"t"}})");
    Json const body = answer.json();
    EXPECT_EQ(answer.status, 422u);
    ASSERT_EQ(body["errors"].size(), 4u) << body.dump();
    EXPECT_EQ(body["title"], "Unprocessable Content");
    std::map<std::string, Json> found;
    for (Json const& entry : body["errors"]) found[entry["pointer"]] = entry;
    EXPECT_EQ(found["/id"]["code"], "request.pattern");
    EXPECT_EQ(found["/count"]["code"], "request.minimum");
    EXPECT_EQ(found["/version"]["code"], "request.const");
    EXPECT_EQ(found["/version"]["detail"], "version must be 1, not 2");
    EXPECT_EQ(found["/source/tabel"]["code"], "request.unknown");
    EXPECT_EQ(found["/source/tabel"]["suggestion"], "table");
    EXPECT_FALSE(found["/count"]["detail"].get<std::string>().empty());
    EXPECT_EQ(body["pointer"], body["errors"][0]["pointer"]);
    EXPECT_EQ(body["type"], "urn:weir:problem:" + body["code"].get<std::string>());
}

TEST_F(HttpAnswers, PassAGoodBodyOn) {
    serve_documents();
    EXPECT_EQ(post(R"({"id":"a","count":3})").json(), Json({{"id", "a"}, {"count", 3}}));
}

TEST_F(HttpAnswers, CheckABodyThatDidNotComeAsAnEmptyObject) {
    serve_documents();
    Answer const answer = ask(port, head("POST /documents", "Content-Length: 0\r\n"));
    EXPECT_EQ(answer.status, 422u);
    EXPECT_EQ(answer.json()["pointer"], "/id");
}

TEST_F(HttpAnswers, RefuseJsonThatReadersUnderstandDifferently) {
    serve_documents();
    struct Case {
        std::string body, code, pointer;
    };
    for (Case const& wrong :
         {Case{R"({"id":"a","id":"b"})", "request.duplicate_key", "/id"},
          Case{R"({"id":"a","source":{"table":"a","table":"a"}})", "request.duplicate_key",
               "/source/table"},
          Case{R"({"l":[{},{"a/b":1,"a/b":2}]})", "request.duplicate_key", "/l/1/a~1b"},
          Case{"{\"id\":\"\xFF\"}", "request.malformed", ""},
          Case{"{\"id\":\"\\ud800\"}", "request.malformed", ""},
          Case{R"({"id":"a"} {})", "request.malformed", ""}, Case{"{", "request.malformed", ""},
          Case{R"({"id":"a",})", "request.malformed", ""},
          Case{R"({"count":1e999})", "request.malformed", ""},
          Case{std::string(65, '['), "request.malformed", ""},
          Case{std::string(100'000, '['), "request.malformed", ""}}) {
        Answer const answer = post(wrong.body);
        EXPECT_EQ(answer.status, 400u) << wrong.body.substr(0, 80);
        EXPECT_EQ(answer.json()["code"], wrong.code) << wrong.body.substr(0, 80);
        if (!wrong.pointer.empty()) {
            EXPECT_EQ(answer.json()["pointer"], wrong.pointer);
        }
    }
    EXPECT_TRUE(read_json(std::string(64, '[') + std::string(64, ']')));
}

TEST_F(HttpAnswers, RefuseOtherContentTypes) {
    serve_documents();
    for (char const* type :
         {"", "Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n",
          "Content-Type: application/json; charset=latin-1\r\n"}) {
        Answer const answer =
            ask(port, head("POST /documents", fmt::format("{}Content-Length: 2\r\n", type)) + "{}");
        EXPECT_EQ(answer.status, 415u) << type;
        EXPECT_EQ(answer.json()["code"], "request.content_type");
    }
    Answer const good =
        ask(port, head("POST /documents",
                       "Content-Type: Application/JSON; charset=\"UTF-8\"\r\nContent-Length: "
                       "10\r\n") +
                      R"({"id":"a"})");
    EXPECT_EQ(good.status, 201u);
}

TEST_F(HttpAnswers, GiveHeadWhatGetGivesWithoutTheBody) {
    serve();
    Client client{port};
    client.send(head("HEAD /livez") + head("GET /livez"));
    Answer const to_head = client.receive(true), to_get = client.receive();
    EXPECT_EQ(to_head.status, 200u);
    EXPECT_EQ(to_head.field("content-length"), to_get.field("content-length"));
    EXPECT_EQ(to_get.body, "alive");
}

TEST_F(HttpAnswers, SayWhatIsAllowed) {
    serve();
    Answer const wrong = ask(port, with_token("DELETE /things/a"));
    EXPECT_EQ(wrong.status, 405u);
    EXPECT_EQ(wrong.field("allow"), "GET, HEAD, OPTIONS");
    Answer const asked = ask(port, with_token("OPTIONS /things/a"));
    EXPECT_EQ(asked.status, 204u);
    EXPECT_EQ(asked.field("allow"), "GET, HEAD, OPTIONS");
    EXPECT_EQ(asked.field("content-length"), "");
    EXPECT_EQ(ask(port, head("OPTIONS *")).status, 204u);
}

TEST_F(HttpAnswers, TellAStrangerNothingAboutRoutes) {
    serve();
    std::string first;
    for (char const* line : {"GET /things/a", "GET /nothing", "DELETE /things/a",
                             "OPTIONS /things/a", "POST /things/a"}) {
        Answer const answer = ask(port, head(line, "X-Request-Id: same\r\n"));
        EXPECT_EQ(answer.status, 401u) << line;
        if (first.empty()) first = answer.body;
        EXPECT_EQ(answer.body, first) << line;
    }
    EXPECT_EQ(ask(port, with_token("GET /nothing")).status, 404u);
}

TEST_F(HttpAnswers, AreTheSameForEveryWrongToken) {
    serve();
    std::string const good = token;
    std::string first;
    for (std::string const& fields :
         {std::string{}, "Authorization: Bearer " + good + "x\r\n",
          "Authorization: Bearer " + good.substr(1) + "\r\n",
          "Authorization: Bearer  " + good + "\r\n", "Authorization: Bearer\t" + good + "\r\n",
          "Authorization: Basic " + good + "\r\n", "Authorization: " + good + "\r\n",
          std::string{"Authorization: Bearer\r\n"}, std::string{"Authorization: \r\n"},
          fmt::format("Authorization: Bearer {0}\r\nAuthorization: Bearer {0}\r\n", good)}) {
        Answer const answer = ask(port, head("GET /things/a", "X-Request-Id: same\r\n" + fields));
        EXPECT_EQ(answer.status, 401u) << fields;
        EXPECT_EQ(answer.field("www-authenticate"), "Bearer");
        if (first.empty()) first = answer.body;
        EXPECT_EQ(answer.body, first) << fields;
    }
    EXPECT_EQ(ask(port, head("GET /things/a", "authorization: bEARER " + good + "\r\n")).status,
              200u);
}

TEST_F(HttpAnswers, TakeAGoodRequestIdAndMakeOneForABadOne) {
    serve();
    EXPECT_EQ(ask(port, head("GET /livez", "X-Request-Id: a.B-3_\r\n")).field("x-request-id"),
              "a.B-3_");
    for (std::string const& bad : {std::string{"a b"}, std::string(65, 'a'), std::string{"<a>"}})
        EXPECT_EQ(ask(port, head("GET /livez", "X-Request-Id: " + bad + "\r\n"))
                      .field("x-request-id")
                      .size(),
                  26u);
}

TEST_F(HttpAnswers, SayNothingOfABugButItsRequest) {
    add("GET", "/throws", Scope::none,
        [](auto const&) -> Response { throw std::runtime_error{"SELECT secret"}; });
    add("GET", "/throws-nothing-known", Scope::none, [](auto const&) -> Response { throw 7; });
    add("GET", "/status", Scope::none, [](auto const&) { return Response{99}; });
    add("GET", "/splits", Scope::none, [](auto const&) {
        Response out = text("a");
        out.headers.emplace_back("X-Name", "a\r\nSet-Cookie: b");
        return out;
    });
    add("GET", "/frames", Scope::none, [](auto const&) {
        Response out = text("a");
        out.headers.emplace_back("Content-Length", "0");
        return out;
    });
    serve();
    Client client{port};
    for (char const* path : {"/throws", "/throws-nothing-known", "/status", "/splits", "/frames"}) {
        Answer const answer = client.send(head(std::string{"GET "} + path)).receive();
        EXPECT_EQ(answer.status, 500u) << path;
        Json body = answer.json();
        EXPECT_EQ(body["code"], "host.bug");
        EXPECT_EQ(body["request_id"], answer.field("x-request-id"));
        EXPECT_FALSE(body.contains("detail"));
        EXPECT_EQ(answer.field("set-cookie"), "");
    }
    ASSERT_EQ(log().size(), 5u);
    EXPECT_NE(log()[0].find("SELECT secret"), std::string::npos);
}

TEST(HttpProblem, HasTheStatusOfItsError) {
    EXPECT_EQ(problem(Error{WEIR_E_NOT_FOUND, "job.not_found", "no"}).status, 404u);
    EXPECT_EQ(problem(Error{WEIR_E_CONFLICT, "job.exists", "no"}).status, 409u);
    EXPECT_EQ(problem(Error{WEIR_E_CONFIG, "job.bad", "no", "/id"}).status, 422u);
    EXPECT_EQ(problem(Error{WEIR_E_IO, "postgres.refused", "no"}).status, 502u);
    EXPECT_EQ(problem(Error{WEIR_E_TIMEOUT, "postgres.slow", "no"}).status, 504u);
    EXPECT_EQ(problem(Error{WEIR_E_INTERNAL, "plugin.bug", "SELECT"}).body.find("SELECT"),
              std::string::npos);
    Error busy{WEIR_E_BUSY, "run.busy", "no"};
    busy.retry_after_ms = 2500;
    std::vector<std::pair<std::string, std::string>> const wanted{{"Retry-After", "3"}};
    EXPECT_EQ(problem(busy).headers, wanted);
}

TEST(HttpProblem, KeepsTextFromOutsideShortAndPlain) {
    EXPECT_EQ(plain_text("a\r\nb\x1b[31m\x7F\xC2\x85z"), "a  b [31m  z");
    EXPECT_EQ(plain_text(std::string(1024, 'a')), std::string(1024, 'a'));
    for (std::size_t before = 0; before < 4; ++before) {
        std::string text(before, 'a');
        for (int i = 0; i < 1000; ++i) text += "é";
        std::string const cut = plain_text(text);
        EXPECT_LE(cut.size(), 1024u);
        EXPECT_TRUE(cut.ends_with("é…")) << before;
    }
    EXPECT_EQ(plain_text("\xFF"), "\xEF\xBF\xBD");
    EXPECT_EQ(plain_text("a\xC2"), "a\xEF\xBF\xBD");
}

}  // namespace
}  // namespace weir::test
