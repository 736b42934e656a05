// Who may do what on a running server: tokens, sessions, secrets, the trail of changes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <set>

#include "e2e/weir_server.hpp"
#include "support/sqlite.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

class Access : public testing::Test {
protected:
    std::string data() const { return directory / "data"; }
    WeirServer& host() {
        if (!host_) host_ = std::make_unique<WeirServer>(data());
        return *host_;
    }
    void stop() {
        host_->process().kill(SIGTERM);
        EXPECT_EQ(host_->process().wait(), 0);
        host_.reset();
    }
    static std::map<std::string, std::string> as(std::string const& token) {
        return {{"Authorization", token.empty() ? "" : "Bearer " + token}};
    }
    Json make(Json const& wish) {
        Answer const made = host().post("/tokens", wish);
        EXPECT_EQ(made.status, 201u) << made;
        return made.body;
    }
    static Json job(std::string const& id) {
        return {{"id", id},
                {"source", {{"url", "generator:rows=3"}, {"stream", "users"}}},
                {"destination", {{"connection", "local"}, {"table", id}}}};
    }
    /// The first line that the server says with the link, from the code on.
    std::string login_code() {
        EXPECT_TRUE(eventually([&] { return host().process().err().find("?login=") != npos; }));
        std::string const said = host().process().err();
        std::size_t const at = said.find("?login=") + 7;
        return said.substr(at, said.find('\n', at) - at);
    }
    static std::string cookie_in(Answer const& answer) {
        std::string const set = answer.headers.at("set-cookie");
        return set.substr(0, set.find(';'));
    }

    static constexpr std::size_t npos = std::string::npos;
    TempDir directory;
    std::unique_ptr<WeirServer> host_;
};

TEST_F(Access, TokensAreMadeUsedAndRevoked) {
    Json const made = make({{"name", "ci"}, {"scope", "run"}});
    std::string const token = made.at("token"), id = made.at("id");
    EXPECT_EQ(token.size(), 54u);
    EXPECT_EQ(host().call("GET", "/runs", nullptr, as(token)).status, 200u);
    Answer const refused = host().call("POST", "/replication/jobs", job("a"), as(token));
    EXPECT_EQ(refused.status, 403u);
    EXPECT_NE(refused.text.find("write"), npos) << refused;
    Answer const list = host().get("/tokens");
    EXPECT_EQ(list.text.find(token), npos);
    EXPECT_EQ(list.body.at("items").at(0).at("name"), "ci");
    EXPECT_FALSE(list.body["items"][0].at("last_used_at").is_null()) << list;
    EXPECT_EQ(host().call("GET", "/tokens", nullptr, as(token)).status, 403u);
    EXPECT_EQ(host().call("DELETE", "/tokens/" + id).status, 204u);
    EXPECT_EQ(host().call("GET", "/runs", nullptr, as(token)).status, 401u);
    EXPECT_EQ(host().call("DELETE", "/tokens/" + id).status, 404u);
}

TEST_F(Access, TokensOutliveTheServerAndNotTheirTime) {
    std::string const lasting = make({{"name", "a"}, {"scope", "read"}}).at("token");
    std::string const brief =
        make({{"name", "b"}, {"scope", "read"}, {"ttl_seconds", 1}}).at("token");
    EXPECT_TRUE(eventually(
        [&] { return host().call("GET", "/runs", nullptr, as(brief)).status == 401; }));
    stop();
    EXPECT_EQ(host().call("GET", "/runs", nullptr, as(lasting)).status, 200u);
    EXPECT_EQ(host().call("GET", "/runs", nullptr, as(brief)).status, 401u);
    for (char const* name : {"state.db", "state.db-wal"}) {
        std::string const bytes = read_file(data() + "/" + name);
        EXPECT_EQ(bytes.find(lasting), npos) << name;
    }
}

TEST_F(Access, SaysTheSameOfEveryTokenThatIsNone) {
    std::string const revoked = make({{"name", "r"}, {"scope", "read"}}).at("token");
    Json const id = host().get("/tokens").body.at("items").at(0).at("id");
    host().call("DELETE", "/tokens/" + id.get<std::string>());
    std::string close = host().token();
    close.back() = close.back() == 'a' ? 'b' : 'a';
    std::set<std::string> said;
    for (std::map<std::string, std::string> headers :
         {as(""), as("x"), as(revoked), as(close), as(" " + host().token()),
          std::map<std::string, std::string>{{"Authorization", "Basic abc"}}}) {
        headers["X-Request-Id"] = "same";
        Answer const answer = host().call("GET", "/runs", nullptr, headers);
        EXPECT_EQ(answer.status, 401u) << answer;
        EXPECT_EQ(answer.headers.at("www-authenticate"), "Bearer");
        said.insert(answer.text);
    }
    EXPECT_EQ(said.size(), 1u);
    EXPECT_EQ(host().get("/runs?token=" + host().token()).status, 422u);
}

TEST_F(Access, ATokenLimitedToJobsSeesNoOther) {
    for (char const* id : {"users_a", "orders"})
        ASSERT_EQ(host().post("/replication/jobs", job(id)).status, 201u);
    host().run_job("users_a");
    Answer const ran = host().run_job("orders");
    std::string const run = ran.body.at("run_id");
    std::string const token =
        make({{"name", "u"}, {"scope", "write"}, {"jobs", "users_*"}}).at("token");
    auto status = [&](std::string const& method, std::string const& path,
                      Json const& body = nullptr) {
        return host().call(method, path, body, as(token)).status;
    };
    EXPECT_EQ(status("GET", "/replication/jobs/users_a"), 200u);
    for (char const* path :
         {"", "/status", "/history", "/metrics", "/next"})
        EXPECT_EQ(status("GET", std::string{"/replication/jobs/orders"} + path), 404u) << path;
    for (char const* verb : {"run", "pause", "resume", "cancel", "reset", "preview"})
        EXPECT_EQ(status("POST", std::string{"/replication/jobs/orders/"} + verb, Json::object()),
                  404u)
            << verb;
    for (char const* path : {"", "/tasks", "/logs"})
        EXPECT_EQ(status("GET", "/runs/" + run + path), 404u) << path;
    EXPECT_EQ(status("POST", "/runs/" + run + "/retry"), 404u);
    EXPECT_EQ(status("POST", "/replication/jobs", job("orders_2")), 404u);
    EXPECT_EQ(status("POST", "/replication/jobs", job("users_b")), 201u);
    EXPECT_EQ(status("DELETE", "/replication/jobs/orders"), 404u);
    EXPECT_EQ(status("POST", "/data-replication/sync/orders"), 404u);
    EXPECT_EQ(status("PUT", "/replication/connections/x", {{"connector", "sqlite"}}), 403u);
    for (char const* path : {"/replication/jobs", "/runs", "/data-replication/status",
                             "/data-replication/logs"}) {
        Answer const list = host().call("GET", path, nullptr, as(token));
        EXPECT_EQ(list.status, 200u) << path;
        EXPECT_FALSE(list.body.at("items").empty()) << path;
        EXPECT_EQ(list.text.find("orders"), npos) << path << list;
        EXPECT_NE(host().get(path).text.find("orders"), npos) << path;
    }
    Answer const near = host().call("GET", "/replication/jobs/users_orders", nullptr, as(token));
    EXPECT_EQ(near.text.find("suggestion"), npos) << near;
    EXPECT_EQ(host().post("/tokens", {{"scope", "admin"}, {"jobs", "a"}}).status, 422u);
    EXPECT_EQ(host().post("/tokens", {{"scope", "read"}, {"jobs", "*a"}}).status, 422u);
}

TEST_F(Access, SignsABrowserInOnceByTheLink) {
    std::string const code = login_code();
    EXPECT_EQ(host().post("/session", {{"code", "wrong"}}, as("")).status, 401u);
    Answer const in = host().post("/session", {{"code", code}}, as(""));
    ASSERT_EQ(in.status, 201u) << in;
    std::string const set = in.headers.at("set-cookie");
    for (char const* part : {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"})
        EXPECT_NE(set.find(part), npos) << set;
    EXPECT_TRUE(set.starts_with(fmt::format("weir_{}=", host().port()))) << set;
    EXPECT_EQ(host().post("/session", {{"code", code}}, as("")).status, 401u);
    std::map<std::string, std::string> browser = as("");
    browser["Cookie"] = cookie_in(in);
    EXPECT_EQ(host().call("GET", "/runs", nullptr, browser).status, 200u);
    EXPECT_EQ(host().call("POST", "/replication/jobs", job("a"), browser).status, 403u);
    browser["Origin"] = "http://evil.example";
    EXPECT_EQ(host().call("POST", "/replication/jobs", job("a"), browser).status, 403u);
    EXPECT_EQ(host().get("/replication/jobs").body.at("items").size(), 0u);
    browser["Origin"] = host().url();
    EXPECT_EQ(host().call("POST", "/replication/jobs", job("a"), browser).status, 201u);
    EXPECT_EQ(host().call("DELETE", "/session", nullptr, browser).status, 204u);
    EXPECT_EQ(host().call("GET", "/runs", nullptr, browser).status, 401u);
}

TEST_F(Access, ASessionEndsWithItsToken) {
    Json const made = make({{"name", "page"}, {"scope", "read"}});
    Answer const in = host().post("/session", {{"token", made.at("token")}}, as(""));
    ASSERT_EQ(in.status, 201u) << in;
    EXPECT_EQ(in.body.at("scope"), "read");
    std::map<std::string, std::string> browser = as("");
    browser["Cookie"] = cookie_in(in);
    EXPECT_EQ(host().call("GET", "/runs", nullptr, browser).status, 200u);
    host().call("DELETE", "/tokens/" + made.at("id").get<std::string>());
    EXPECT_EQ(host().call("GET", "/runs", nullptr, browser).status, 401u);
}

TEST_F(Access, KeepsATrailThatShowsWhatWasDoneToIt) {
    Json const made = make({{"name", "t"}, {"scope", "read"}});
    ASSERT_EQ(host().post("/replication/jobs", job("a")).status, 201u);
    Json other = job("a");
    other["name"] = "renamed";
    ASSERT_EQ(host().call("PUT", "/replication/jobs/a", other).status, 200u);
    host().call("GET", "/runs", nullptr, as("wrong"));
    EXPECT_TRUE(eventually([&] { return host().get("/audit?action=login").body["items"].size(); }));
    Answer const trail = host().get("/audit");
    EXPECT_EQ(trail.text.find(made.at("token").get<std::string>()), npos);
    std::set<std::string> actions;
    for (Json const& each : trail.body.at("items")) actions.insert(each.at("action"));
    for (char const* action : {"POST /tokens", "POST /replication/jobs",
                               "PUT /replication/jobs/{id}", "login"})
        EXPECT_TRUE(actions.contains(action)) << action << trail;
    Answer const put = host().get("/audit?action=PUT%20/replication/jobs/%7Bid%7D");
    EXPECT_NE(put.text.find("renamed"), npos) << put;
    EXPECT_EQ(host().get("/audit/verification").body.at("ok"), true);
    EXPECT_EQ(host().cli({"audit", "verify"}).code, 0);
    stop();
    Sqlite{data() + "/state.db"}.run("DELETE FROM weir_audit WHERE seq = 2");
    Answer const verdict = host().get("/audit/verification");
    EXPECT_EQ(verdict.body.at("ok"), false) << verdict;
    EXPECT_EQ(verdict.body.at("broken_at"), 3) << verdict;
    EXPECT_EQ(host().cli({"audit", "verify"}).code, 1);
}

TEST_F(Access, ConfigurationKeepsToWhatItMayReach) {
    std::string const token = make({{"name", "w"}, {"scope", "write"}}).at("token");
    auto add = [&](std::string const& url, std::string const& as_token) {
        return host().call("POST", "/replication/connections",
                           {{"id", "c"}, {"connector", "sqlite"}, {"config", {{"url", url}}}},
                           as(as_token));
    };
    EXPECT_EQ(add("sqlite:${file:/etc/passwd}", token).status, 403u);
    EXPECT_EQ(add("sqlite:${env:WEIR_ADMIN_TOKEN}", token).status, 403u);
    for (std::string const& own :
         {"sqlite:" + data() + "/state.db", "sqlite:" + data() + "/../data/master.key",
          std::string{"sqlite:${env:WEIR_ADMIN_TOKEN}"},
          "sqlite:${file:" + data() + "/admin-token}"}) {
        Answer const checked =
            host().post("/connectors/sqlite/check", {{"config", {{"url", own}}}});
        EXPECT_EQ(checked.body.value("ok", true), false) << own << checked;
        EXPECT_EQ(checked.text.find(host().token()), npos) << own;
        EXPECT_NE(checked.text.find("host's own"), npos) << own << checked;
    }
    Json const stealing{{"id", "thief"},
                        {"connector", "postgres"},
                        {"config", {{"url", "postgres://u:${secret:conn.shop.url}@evil/db"}}}};
    EXPECT_EQ(host().call("POST", "/replication/connections", stealing, as(token)).status, 403u);
    Answer const refused = host().post("/replication/connections", stealing);
    EXPECT_EQ(refused.status, 422u) << refused;
    EXPECT_EQ(refused.code(), "replication.secret_of_another") << refused;
}

TEST_F(Access, SecretsOnlyGoIn) {
    EXPECT_EQ(host().call("PUT", "/secrets/place", {{"value", data() + "/kept.db"}}).status, 201u);
    EXPECT_EQ(host().call("PUT", "/secrets/place", {{"value", data() + "/kept.db"}}).status, 200u);
    Answer const list = host().get("/secrets");
    EXPECT_EQ(list.body.at("items").at(0).at("name"), "place");
    EXPECT_EQ(list.text.find("kept.db"), npos);
    EXPECT_EQ(host().get("/secrets/place").status, 405u);
    Answer const checked = host().post("/connectors/sqlite/check",
                                       {{"config", {{"url", "sqlite:${secret:place}"}}}});
    EXPECT_EQ(checked.body.at("ok"), true) << checked;
    EXPECT_EQ(host().get("/audit").text.find("kept.db"), npos);
    EXPECT_EQ(host().call("DELETE", "/secrets/place").status, 204u);
    EXPECT_EQ(host().call("DELETE", "/secrets/place").status, 404u);
}

TEST_F(Access, AKeyThatIsMissingIsNotMadeAnew) {
    EXPECT_EQ(host().call("PUT", "/secrets/a", {{"value", "x"}}).status, 201u);
    stop();
    std::string const key = data() + "/master.key";
    std::filesystem::rename(key, key + ".kept");
    Ran const start = weir({"serve", "--data-dir", data(), "--listen", "127.0.0.1:0"});
    EXPECT_EQ(start.code, 2) << start;
    EXPECT_NE(start.err.find("put it back"), npos) << start;
    EXPECT_FALSE(std::filesystem::exists(key));
    std::filesystem::rename(key + ".kept", key);
    EXPECT_EQ(host().get("/secrets").body.at("items").size(), 1u);
}

TEST_F(Access, ANewMasterKeyIsTakenWithoutAStop) {
    std::string const place = "sqlite:${secret:place}";
    auto opens = [&] {
        Json const config{{"config", {{"url", place}}}};
        return host().post("/connectors/sqlite/check", config).body.at("ok") == true;
    };
    host().call("PUT", "/secrets/place", {{"value", data() + "/kept.db"}});
    Answer const dry = host().post("/secrets/rotate?dry_run=true");
    EXPECT_EQ(dry.body.at("secrets"), 1) << dry;
    Ran const would = host().cli({"secret", "rotate", "--dry-run"});
    EXPECT_EQ(would.out, "secrets to seal anew: 1\n") << would;
    EXPECT_EQ(std::filesystem::file_size(data() + "/master.key"), 32u);
    EXPECT_EQ(host().cli({"backup", "before.db"}).code, 0);
    Ran const rotated = host().cli({"secret", "rotate"});
    EXPECT_EQ(rotated.code, 0) << rotated;
    EXPECT_NE(rotated.out.find("sealed anew: 1"), npos) << rotated;
    EXPECT_EQ(std::filesystem::file_size(data() + "/master.key"), 64u);
    EXPECT_TRUE(opens());
    EXPECT_EQ(host().get("/audit/verification").body.at("ok"), true);
    EXPECT_NE(host().get("/audit").text.find("/secrets/rotate"), npos);
    stop();
    EXPECT_TRUE(opens()) << "and after a start";
    EXPECT_EQ(host().get("/audit/verification").body.at("ok"), true);
}

TEST_F(Access, AKillInTheMiddleOfARotationLosesNothing) {
    for (char const* const point : {"secret.new_key:1", "store.before_commit:1"}) {
        host().call("PUT", "/secrets/place", {{"value", data() + "/kept.db"}});
        stop();
        std::string const key = data() + "/master.key";
        std::size_t const before = std::filesystem::file_size(key);
        ProcessOptions options;
        options.environment["WEIR_FAILPOINT"] = point;
        bool const is_early = std::string{point}.starts_with("secret");
        if (is_early) {
            WeirServer dying{data(), {}, options};
            EXPECT_THROW(dying.post("/secrets/rotate"), std::exception);
            EXPECT_EQ(std::filesystem::file_size(key), before + 32) << "the key came first";
        } else {
            // The change of keys that a start would end is cut off again.
            std::string const more(32, 'k');
            write_file(key, more + read_file(key));
            EXPECT_THROW((WeirServer{data(), {}, options}), std::exception);
        }
        Answer const checked = host().post("/connectors/sqlite/check",
                                           {{"config", {{"url", "sqlite:${secret:place}"}}}});
        EXPECT_EQ(checked.body.at("ok"), true) << point << checked;
        EXPECT_EQ(host().get("/audit/verification").body.at("ok"), true) << point;
        EXPECT_NE(host().get("/audit").text.find("rotate master key"), npos) << point;
    }
}

TEST_F(Access, ALoggerIsThereBeforeItSpeaks) {
    for (char const* name : {"sqlite", "generator", "replication", "cron"}) {
        Answer const set = host().call("PUT", std::string{"/loggers/"} + name,
                                       {{"level", "debug"}, {"ttl_seconds", 60}});
        EXPECT_EQ(set.status, 200u) << set;
        EXPECT_EQ(set.body.at("level"), "debug");
    }
    Answer const near = host().call("PUT", "/loggers/replicaton", {{"level", "debug"}});
    EXPECT_EQ(near.status, 404u);
    EXPECT_NE(near.text.find("replication"), npos) << near;
}

TEST_F(Access, ConditionsHoldForDocumentsOfPlugins) {
    Answer const made = host().post("/replication/jobs", job("a"));
    std::string const tag = made.headers.at("etag");
    host().run_job("a");
    Answer const now = host().get("/replication/jobs/a");
    EXPECT_EQ(now.headers.at("etag"), tag) << "a run changes no document";
    EXPECT_EQ(host().call("GET", "/replication/jobs/a", nullptr, {{"If-None-Match", tag}}).status,
              304u);
    Json const patch{{"name", "x"}};
    EXPECT_EQ(host().call("PATCH", "/replication/jobs/a", patch, {{"If-Match", tag}}).status, 200u);
    EXPECT_EQ(host().call("PATCH", "/replication/jobs/a", patch, {{"If-Match", tag}}).status, 412u);
    EXPECT_EQ(host().call("DELETE", "/replication/jobs/a?dry_run=true").status, 204u);
    EXPECT_EQ(host().get("/replication/jobs/a").status, 200u);
    EXPECT_EQ(host().post("/replication/jobs?dry_run=true", job("b")).status, 201u);
    EXPECT_EQ(host().get("/replication/jobs/b").status, 404u);
    Json const event{{"name", "tick"}, {"schedule", "1h"}};
    EXPECT_EQ(host().post("/cron/events?dry_run=true", event).status, 201u);
    EXPECT_EQ(host().get("/cron/events/tick").status, 404u);
    std::string const ticks = host().post("/cron/events", event).headers.at("etag");
    EXPECT_EQ(host().call("DELETE", "/cron/events/tick", nullptr, {{"If-Match", "\"0\""}}).status,
              412u);
    EXPECT_EQ(host().call("DELETE", "/cron/events/tick", nullptr, {{"If-Match", ticks}}).status,
              204u);
}

TEST_F(Access, ARepeatedStartIsOneRunAndOutlivesTheServer) {
    ASSERT_EQ(host().post("/replication/jobs", job("a")).status, 201u);
    std::map<std::string, std::string> const key{{"Idempotency-Key", "monday"}};
    Answer const first = host().post("/replication/jobs/a/run", Json::object(), key);
    ASSERT_EQ(first.status, 202u) << first;
    stop();
    Answer const again = host().post("/replication/jobs/a/run", Json::object(), key);
    EXPECT_EQ(again.text, first.text);
    EXPECT_EQ(again.headers.at("idempotency-replayed"), "true");
    EXPECT_EQ(again.headers.at("location"), first.headers.at("location"));
    EXPECT_EQ(host().get("/runs?job=a").body.at("items").size(), 1u);
    std::map<std::string, std::string> const other{{"Idempotency-Key", "token"}};
    Json const wish{{"name", "t"}, {"scope", "read"}};
    Answer const made = host().post("/tokens", wish, other);
    ASSERT_EQ(made.status, 201u);
    Answer const gone = host().post("/tokens", wish, other);
    EXPECT_EQ(gone.status, 409u) << gone;
    EXPECT_EQ(gone.code(), "request.shown_once");
    EXPECT_EQ(host().get("/tokens").body.at("items").size(), 1u);
}

TEST_F(Access, IsUsedFromTheCommandLine) {
    Ran const made = host().cli(
        {"token", "create", "ci", "--scope", "run", "--jobs", "users_*", "--expires", "30d"});
    ASSERT_EQ(made.code, 0) << made;
    std::string token = made.out;
    token.pop_back();
    EXPECT_EQ(host().call("GET", "/runs", nullptr, as(token)).status, 200u) << made;
    Ran const list = host().cli({"token", "list", "--json"});
    std::string const id = list.json.at("items").at(0).at("id");
    EXPECT_FALSE(list.json["items"][0].at("expires_at").is_null()) << list;
    EXPECT_EQ(host().cli({"token", "revoke", id}).code, 0);
    EXPECT_EQ(host().call("GET", "/runs", nullptr, as(token)).status, 401u);
    EXPECT_EQ(host().cli({"token", "create", "x", "--scope", "all"}).code, 2);
    EXPECT_EQ(host().cli({"token", "create", "x", "--scope", "read", "--expires", "soon"}).code, 2);
    EXPECT_EQ(host().cli({"secret", "list"}).code, 0);
    EXPECT_NE(host().cli({"audit", "list"}).out.find("DELETE /tokens/{id}"), npos);
}

TEST_F(Access, TheLinkSignsABrowserInOnce) {
    std::string const path = "/?login=" + login_code();
    Answer const in = host().call("GET", path, nullptr, as(""));
    ASSERT_EQ(in.status, 200u) << in;
    std::string const cookie = in.headers.at("set-cookie");
    std::map<std::string, std::string> browser = as("");
    browser["Cookie"] = cookie.substr(0, cookie.find(';'));
    EXPECT_EQ(host().call("GET", "/runs", nullptr, browser).status, 200u);
    Answer const again = host().call("GET", path, nullptr, as(""));
    EXPECT_EQ(again.status, 401u) << again;
    EXPECT_FALSE(again.headers.contains("set-cookie"));
    EXPECT_EQ(host().call("GET", "/", nullptr, as("")).status, 200u);
    EXPECT_EQ(host().call("GET", "/runs", nullptr, as("")).status, 401u);
}

}  // namespace
}  // namespace weir::test
