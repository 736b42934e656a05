// What holds for every route alike, whoever owns it: conditions, repeats, dry runs, compression,
// pages, references, jobs, how often.
#include <fmt/format.h>

#include <condition_variable>
#include <future>
#include <set>

#include "host/http/gzip.hpp"
#include "http/server_fixture.hpp"

namespace weir::test {
namespace {

using namespace host::http;
using host::Error;
using Json = nlohmann::json;

/// Keeps answers in memory.
class Memory final : public Replays {
public:
    host::Result<Begun> begin(std::string const&, std::string const& key,
                              std::string const& fingerprint) override {
        std::lock_guard const lock{mutex_};
        auto const found = kept_.find(key);
        if (found != kept_.end() && found->second.first != fingerprint)
            return Begun{How::other_request, {}};
        if (found != kept_.end()) return Begun{How::replayed, found->second.second};
        return Begun{at_work_.insert(key).second ? How::fresh : How::at_work, {}};
    }
    void end(std::string const&, std::string const& key, std::string const& fingerprint,
             Response const* answer) override {
        std::lock_guard const lock{mutex_};
        at_work_.erase(key);
        if (answer) kept_[key] = {fingerprint, *answer};
    }

private:
    std::mutex mutex_;
    std::set<std::string> at_work_;
    std::map<std::string, std::pair<std::string, Response>> kept_;
};

/// One document at /docs/one, and who may ask: tokens named after their scope.
class HttpConventions : public ServerFixture, public Authenticator {
protected:
    std::optional<Principal> find(std::string_view given) const override {
        if (given == "jobs") return Principal{"jobs", Scope::write, "users_*"};
        auto const scope = scope_named(given);
        if (!scope || *scope == Scope::none) return std::nullopt;
        return Principal{std::string{given}, *scope};
    }
    std::optional<Principal> find_session(std::string_view cookie) const override {
        if (cookie != "good") return std::nullopt;
        return Principal{"admin", Scope::admin, "", "s1"};
    }

    Route& route(std::string const& method, std::string const& path, Scope scope,
                 std::function<Response(Request const&)> handler) {
        Route out;
        out.method = method;
        out.path = path;
        out.scope = scope;
        out.owner = "host";
        out.handler = std::move(handler);
        if (method != "GET" && method != "DELETE") out.request = {{"type", "object"}};
        routes_.push_back(std::move(out));
        return routes_.back();
    }
    void start(ServerLimits const& limits = {}, bool requires_if_match = false) {
        route("GET", "/docs/one", Scope::read, [this](Request const&) {
            return document_.is_null() ? problem(Error{WEIR_E_NOT_FOUND, "docs.none", "none"})
                                       : json_response(200, document_);
        });
        route("PUT", "/docs/one", Scope::write, [this](Request const& in) {
            if (!in.is_dry_run) document_ = in.json;
            return json_response(200, in.json);
        }).has_dry_run = true;
        route("DELETE", "/docs/one", Scope::write, [this](Request const&) {
            document_ = nullptr;
            return Response{204, {}, {}, ""};
        });
        route("POST", "/start", Scope::run, [this](Request const&) {
            return json_response(202, {{"count", ++count_}});
        });
        ASSERT_TRUE(router.add(std::move(routes_)));
        Server::Ports ports{router, *this, clock, limits, {}};
        ports.replays = &memory_;
        ports.requires_if_match = requires_if_match;
        ports.audit = [this](AuditEntry const& entry) { audit_.push_back(entry); };
        auto made = Server::listen("127.0.0.1:0", std::move(ports));
        ASSERT_TRUE(made) << made.error().message;
        server = *std::move(made);
        server->start();
        port = server->port();
    }
    Answer send(std::string const& method, std::string const& path, Json const& body = nullptr,
                std::string const& fields = "", std::string const& as = "write") {
        std::string const text = body.is_null() ? "" : body.dump();
        std::string all = fields + (as.empty() ? "" : "Authorization: Bearer " + as + "\r\n");
        if (!body.is_null())
            all += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n",
                               text.size());
        return ask(port, head(method + " " + path, all) + text);
    }

    std::vector<Route> routes_;
    Json document_ = {{"id", "one"}, {"size", 1}};
    std::atomic<int> count_{0};
    Memory memory_;
    std::vector<AuditEntry> audit_;
};

TEST_F(HttpConventions, ChangeOnlyWhatTheReaderHasSeen) {
    start();
    std::string const tag = send("GET", "/docs/one").field("etag");
    ASSERT_FALSE(tag.empty());
    EXPECT_EQ(send("GET", "/docs/one", nullptr, "If-None-Match: " + tag + "\r\n").status, 304u);
    EXPECT_EQ(send("PUT", "/docs/one", {{"size", 2}}, "If-Match: " + tag + "\r\n").status, 200u);
    Answer const late = send("PUT", "/docs/one", {{"size", 3}}, "If-Match: " + tag + "\r\n");
    EXPECT_EQ(late.status, 412u);
    EXPECT_EQ(late.json()["code"], "request.precondition_failed");
    EXPECT_EQ(late.json()["errors"][0]["pointer"], "/size");
    EXPECT_EQ(late.json()["errors"][0]["code"], "request.differs");
    std::string const now = send("GET", "/docs/one").field("etag");
    EXPECT_EQ(late.field("etag"), now);
    EXPECT_EQ(document_["size"], 2);
    EXPECT_EQ(send("PUT", "/docs/one", {{"size", 4}}, "If-None-Match: *\r\n").status, 412u);
    EXPECT_EQ(send("DELETE", "/docs/one", nullptr, "If-Match: \"x\", " + now + "\r\n").status,
              204u);
    EXPECT_EQ(send("DELETE", "/docs/one", nullptr, "If-Match: *\r\n").status, 412u);
    EXPECT_EQ(send("PUT", "/docs/one", {{"size", 4}}, "If-None-Match: *\r\n").status, 200u);
}

TEST_F(HttpConventions, MayRequireACondition) {
    start({}, true);
    Answer const bare = send("PUT", "/docs/one", {{"size", 2}});
    EXPECT_EQ(bare.status, 428u);
    EXPECT_EQ(bare.json()["code"], "request.precondition_required");
    EXPECT_EQ(send("PUT", "/docs/one", {{"size", 2}}, "If-Match: *\r\n").status, 200u);
}

TEST_F(HttpConventions, AnswerARepeatedKeyOnce) {
    start();
    std::string const key = "Idempotency-Key: k1\r\n";
    Answer const first = send("POST", "/start", Json::object(), key);
    Answer const again = send("POST", "/start", Json::object(), key);
    EXPECT_EQ(first.body, again.body);
    EXPECT_EQ(again.status, 202u);
    EXPECT_EQ(again.field("idempotency-replayed"), "true");
    EXPECT_EQ(first.field("idempotency-replayed"), "");
    EXPECT_EQ(count_, 1);
    Answer const other = send("POST", "/start", {{"a", 1}}, key);
    EXPECT_EQ(other.status, 422u);
    EXPECT_EQ(other.json()["code"], "request.idempotency_mismatch");
    EXPECT_EQ(send("POST", "/start", Json::object()).status, 202u);
    EXPECT_EQ(count_, 2);
    EXPECT_EQ(send("POST", "/start", Json::object(), "Idempotency-Key: a b\r\n").status, 422u);
}

TEST_F(HttpConventions, RefuseAKeyWhoseFirstRequestIsAtWork) {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_in = false, may_go = false;
    route("POST", "/slow", Scope::run, [&](Request const&) {
        std::unique_lock lock{mutex};
        is_in = true;
        changed.notify_all();
        changed.wait(lock, [&] { return may_go; });
        return json_response(202, Json::object());
    });
    start();
    std::string const slow = head("POST /slow",
                                  "Authorization: Bearer run\r\nIdempotency-Key: s\r\n"
                                  "Content-Type: application/json\r\nContent-Length: 2\r\n") +
                             "{}";
    Client first{port};
    first.send(slow);
    {
        std::unique_lock lock{mutex};
        changed.wait(lock, [&] { return is_in; });
    }
    Answer const second = ask(port, slow);
    EXPECT_EQ(second.status, 409u);
    EXPECT_EQ(second.json()["code"], "request.idempotency_at_work");
    {
        std::lock_guard const lock{mutex};
        may_go = true;
    }
    changed.notify_all();
    EXPECT_EQ(first.receive().status, 202u);
    EXPECT_EQ(ask(port, slow).field("idempotency-replayed"), "true");
}

TEST_F(HttpConventions, ChangeOnePathOneAfterTheOther) {
    std::promise<void> is_in, may_go;
    route("PUT", "/slow/{id}", Scope::write, [&](Request const& in) {
        if (in.json.empty()) is_in.set_value(), may_go.get_future().wait();
        return json_response(200, in.json);
    });
    ServerLimits limits;
    limits.path_wait_ms_max = 20;
    start(limits);
    Client first{port};
    first.send(head("PUT /slow/a",
                    "Authorization: Bearer write\r\nContent-Type: application/json\r\n"
                    "Content-Length: 2\r\n") +
               "{}");
    is_in.get_future().wait();
    Answer const second = send("PUT", "/slow/a", {{"n", 1}});
    EXPECT_EQ(second.status, 503u);
    EXPECT_EQ(second.json()["code"], "request.path_busy");
    EXPECT_EQ(second.json()["detail"], "another request is changing this; try again");
    EXPECT_EQ(send("PUT", "/slow/b", {{"n", 1}}).status, 200u) << "another path";
    may_go.set_value();
    EXPECT_EQ(first.receive().status, 200u);
    EXPECT_EQ(send("PUT", "/slow/a", {{"n", 1}}).status, 200u);
}

TEST_F(HttpConventions, TryWithoutDoing) {
    start();
    EXPECT_EQ(send("PUT", "/docs/one?dry_run=true", {{"size", 9}}).json()["size"], 9);
    EXPECT_EQ(document_["size"], 1);
    Answer const without = send("POST", "/start?dry_run=true", Json::object());
    EXPECT_EQ(without.status, 422u);
    EXPECT_EQ(without.json()["code"], "request.no_dry_run");
    EXPECT_EQ(send("PUT", "/docs/one?dry_run=yes", {{"size", 9}}).status, 422u);
    EXPECT_EQ(count_, 0);
    EXPECT_TRUE(audit_.empty());
    EXPECT_EQ(send("PUT", "/docs/one?dry_run=false", {{"size", 9}}).status, 200u);
    EXPECT_EQ(document_["size"], 9);
}

TEST_F(HttpConventions, CompressWhatIsLongForWhoTakesIt) {
    std::string const word(5000, 'a');
    route("GET", "/long", Scope::read,
          [&](Request const&) { return json_response(200, {{"word", word}}); });
    start();
    Answer const packed = send("GET", "/long", nullptr, "Accept-Encoding: br, gzip;q=0.5\r\n");
    EXPECT_EQ(packed.field("content-encoding"), "gzip");
    EXPECT_LT(packed.body.size(), 500u);
    bool is_too_large = false;
    auto const plain = gunzipped(packed.body, 1u << 20, is_too_large);
    ASSERT_TRUE(plain);
    EXPECT_EQ(Json::parse(*plain)["word"], word);
    for (char const* field : {"", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0\r\n"})
        EXPECT_EQ(send("GET", "/long", nullptr, field).field("content-encoding"), "") << field;
    EXPECT_EQ(send("GET", "/docs/one", nullptr, "Accept-Encoding: gzip\r\n")
                  .field("content-encoding"),
              "");
}

TEST_F(HttpConventions, TakeCompressedBodiesWithinLimits) {
    start();
    auto put = [&](std::string const& bytes, std::string const& coding) {
        return ask(port, head("PUT /docs/one",
                              fmt::format("Authorization: Bearer write\r\nContent-Type: "
                                          "application/json\r\nContent-Encoding: "
                                          "{}\r\nContent-Length: {}\r\n",
                                          coding, bytes.size())) +
                             bytes);
    };
    std::string const packed = gzipped(R"({"size":7})");
    EXPECT_EQ(put(packed, "gzip").status, 200u);
    EXPECT_EQ(document_["size"], 7);
    EXPECT_EQ(put(packed.substr(0, packed.size() - 4), "gzip").status, 400u);
    EXPECT_EQ(put("{}", "gzip").status, 400u);
    EXPECT_EQ(put("{}", "br").status, 415u);
    std::string const bomb = gzipped(std::string(20u << 20, ' '));
    EXPECT_EQ(put(bomb, "gzip").status, 413u);
    EXPECT_EQ(put(gzipped("[\"" + std::string(900'000, 'a') + "\"]"), "gzip").status, 413u);
}

TEST_F(HttpConventions, LinkToTheNextPage) {
    route("GET", "/list", Scope::read, [](Request const& in) {
        Json const next = in.query_param("cursor") ? Json() : Json("a b/1");
        return json_response(200, {{"items", Json::array()}, {"next", next}});
    });
    start();
    EXPECT_EQ(send("GET", "/list?limit=2&status=x").field("link"),
              "</list?limit=2&status=x&cursor=a%20b%2F1>; rel=\"next\"");
    EXPECT_EQ(send("GET", "/list?cursor=a").field("link"), "");
}

TEST_F(HttpConventions, KeepReferencesToTheHostFromNarrowTokens) {
    start();
    for (char const* text : {"${env:HOME}", "x${file:/etc/passwd}"}) {
        Json const body{{"a", {{"b/c", {1, text}}}}};
        Answer const refused = send("PUT", "/docs/one", body);
        EXPECT_EQ(refused.status, 403u) << text;
        EXPECT_EQ(refused.json()["code"], "request.reference_forbidden");
        EXPECT_EQ(refused.json()["pointer"], "/a/b~1c/1");
        EXPECT_EQ(send("PUT", "/docs/one", body, "", "admin").status, 200u);
    }
    std::string const hidden = R"({"a":"\u0024{env:HOME}"})";
    EXPECT_EQ(ask(port, head("PUT /docs/one",
                             fmt::format("Authorization: Bearer write\r\nContent-Type: "
                                         "application/json\r\nContent-Length: {}\r\n",
                                         hidden.size())) +
                            hidden)
                  .status,
              403u);
    EXPECT_EQ(send("POST", "/start", {{"a", "${secret:x}"}}).status, 403u);
    EXPECT_EQ(send("POST", "/start", {{"a", "${secret:x}"}}, "", "admin").status, 202u);
}

TEST_F(HttpConventions, HideJobsFromWhoIsLimitedToOthers) {
    auto of_path = [](Request const& in) { return std::optional{in.params.at("id")}; };
    std::atomic<int> ran{0};
    route("GET", "/jobs", Scope::read, [](Request const&) {
        return json_response(
            200, {{"items", {{{"id", "users_a"}}, {{"id", "orders"}}, {{"id", "users_b"}}}},
                  {"next", nullptr}});
    }).job_field = "id";
    route("POST", "/jobs/{id}/run", Scope::run, [&](Request const& in) {
        ++ran;
        return in.params.at("id") == "users_none"
                   ? problem(Error{WEIR_E_NOT_FOUND, "job.none", "none"}.suggest("orders"))
                   : json_response(202, Json::object());
    }).job_of = of_path;
    start();
    EXPECT_EQ(send("GET", "/jobs", nullptr, "", "jobs").json()["items"].size(), 2u);
    EXPECT_EQ(send("GET", "/jobs").json()["items"].size(), 3u);
    EXPECT_EQ(send("POST", "/jobs/users_a/run", Json::object(), "", "jobs").status, 202u);
    EXPECT_EQ(ran, 1);
    Answer const other = send("POST", "/jobs/orders/run", Json::object(), "", "jobs");
    EXPECT_EQ(other.status, 404u);
    EXPECT_EQ(ran, 1);
    EXPECT_EQ(other.body.find("users"), std::string::npos);
    Answer const none = send("POST", "/jobs/users_none/run", Json::object(), "", "jobs");
    EXPECT_EQ(none.status, 404u);
    EXPECT_EQ(none.body.find("orders"), std::string::npos);
    EXPECT_EQ(send("PUT", "/docs/one", {{"a", 1}}, "", "jobs").status, 403u);
    EXPECT_EQ(send("GET", "/docs/one", nullptr, "", "jobs").status, 200u);
}

TEST_F(HttpConventions, NoteWhatWasChangedAndByWhom) {
    start();
    send("PUT", "/docs/one", {{"id", "one"}, {"size", 5}}, "X-Request-Id: r-7\r\n");
    send("POST", "/start", Json::object());
    send("PUT", "/docs/one", {{"a", "${env:X}"}});
    ASSERT_EQ(audit_.size(), 1u);
    EXPECT_EQ(audit_[0].principal, "write");
    EXPECT_EQ(audit_[0].action, "PUT /docs/one");
    EXPECT_EQ(audit_[0].request_id, "r-7");
    EXPECT_EQ(audit_[0].address, "127.0.0.1");
    EXPECT_EQ(audit_[0].difference,
              Json::parse(R"([{"pointer":"/size","before":1,"after":5}])"));
}

TEST_F(HttpConventions, LimitHowOftenATokenAsksAndNoAdmin) {
    ServerLimits limits;
    limits.requests_burst = 5;
    limits.requests_per_s = 0.001;
    start(limits);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(send("GET", "/docs/one").status, 200u) << i;
    Answer const often = send("GET", "/docs/one");
    EXPECT_EQ(often.status, 429u);
    EXPECT_EQ(often.json()["code"], "request.too_many");
    EXPECT_FALSE(often.field("retry-after").empty());
    EXPECT_EQ(send("GET", "/docs/one", nullptr, "", "read").status, 200u);
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(send("GET", "/docs/one", nullptr, "", "admin").status, 200u);
}

TEST_F(HttpConventions, HoldBackWrongTokensAndNoRightOne) {
    ServerLimits limits;
    limits.wrong_tokens_per_min = 3;
    start(limits);
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(send("GET", "/docs/one", nullptr, "", "guess").status, 401u);
    EXPECT_EQ(send("GET", "/docs/one", nullptr, "", "guess").status, 429u);
    EXPECT_EQ(send("GET", "/docs/one").status, 200u);
    EXPECT_EQ(send("GET", "/docs/one", nullptr, "", "").status, 401u);
}

TEST_F(HttpConventions, TakeChangesOfABrowserFromOurOwnPagesAlone) {
    start();
    std::string const cookie = fmt::format("Cookie: other=1; weir_{}=good\r\n", port);
    auto put = [&](std::string const& fields) {
        return send("PUT", "/docs/one", {{"size", 3}}, cookie + fields, "").status;
    };
    EXPECT_EQ(send("GET", "/docs/one", nullptr, cookie, "").status, 200u);
    EXPECT_EQ(put(""), 403u);
    EXPECT_EQ(put("Origin: http://evil.example\r\n"), 403u);
    EXPECT_EQ(put("Origin: null\r\n"), 403u);
    EXPECT_EQ(put("Origin: http://evil.example\r\nSec-Fetch-Site: same-origin\r\n"), 403u);
    EXPECT_EQ(put("Sec-Fetch-Site: cross-site\r\n"), 403u);
    EXPECT_EQ(document_["size"], 1);
    EXPECT_EQ(put("Origin: http://here\r\n"), 200u);
    EXPECT_EQ(put("Sec-Fetch-Site: same-origin\r\n"), 200u);
    std::string const form = head("PUT /docs/one", cookie +
                                                       "Origin: http://here\r\nContent-Type: "
                                                       "text/plain\r\nContent-Length: 2\r\n") +
                             "{}";
    Answer const refused = ask(port, form);
    EXPECT_EQ(refused.status, 403u);
    EXPECT_EQ(refused.json()["code"], "request.cross_site");
    std::string const elsewhere = fmt::format("Cookie: weir_{}=good\r\n", port + 1);
    EXPECT_EQ(send("GET", "/docs/one", nullptr, elsewhere, "").status, 401u);
    EXPECT_EQ(send("GET", "/docs/one", nullptr, cookie + cookie, "").status, 401u);
}

TEST_F(HttpConventions, AnswerOneNameOnlyWhenTold) {
    start();
    EXPECT_EQ(send("GET", "/docs/one").status, 200u);
    server.reset();
    Server::Ports ports{router, *this, clock, {}, {}};
    ports.hosts = {"there"};
    auto made = Server::listen("127.0.0.1:0", std::move(ports));
    ASSERT_TRUE(made);
    server = *std::move(made);
    server->start();
    port = server->port();
    Answer const other = send("GET", "/docs/one");
    EXPECT_EQ(other.status, 421u);
    EXPECT_EQ(other.json()["code"], "request.other_host");
}

}  // namespace
}  // namespace weir::test
