// Watching a server: where the time of a run went, its log, the live table.
#include <fstream>

#include "e2e/weir_server.hpp"
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Watched : public CopyFixture {
protected:
    std::string data() const { return directory / "data"; }

    void make_job(WeirServer& host, std::string const& stream = "public.users") {
        host.post("/replication/connections", {{"id", "shop"},
                                               {"connector", "postgres"},
                                               {"config", {{"url", server.url(database)}}}});
        Answer const made = host.post(
            "/replication/jobs",
            {{"id", "users"},
             {"source", {{"connection", "shop"}, {"stream", stream}, {"cursor", "updated_at"}}},
             {"destination", {{"connection", "local"}, {"table", "users"}}}});
        ASSERT_EQ(made.status, 201u) << made;
    }
    /// Every line of the log that is JSON.
    static std::vector<Json> log_of(WeirServer& host) {
        std::vector<Json> lines;
        std::string const text = host.process().err();
        for (std::size_t at = 0, end; (end = text.find('\n', at)) != text.npos; at = end + 1) {
            Json line = Json::parse(text.substr(at, end - at), nullptr, false);
            if (line.is_object()) lines.push_back(std::move(line));
        }
        return lines;
    }
};

TEST_F(Watched, SaysWhereTheTimeOfARunWent) {
    make_users(5'000);
    WeirServer host{data()};
    make_job(host);
    Json const first = host.run_job("users").body;
    Answer const told = host.get("/runs/" + first.at("run_id").get<std::string>() + "/timeline");
    ASSERT_EQ(told.status, 200u) << told;
    EXPECT_EQ(told.body.at("status"), "succeeded");
    ASSERT_EQ(told.body.at("spans").size(), 1u);
    Json const& span = told.body["spans"][0];
    EXPECT_EQ(span.at("written"), 5'000);
    EXPECT_GT(span.at("bytes"), 0);
    EXPECT_GT(span.at("read_ms"), 0.0) << span;
    EXPECT_GT(span.at("write_ms"), 0.0) << span;
    EXPECT_GE(span.at("wait_ms"), 0.0) << span;
    EXPECT_EQ(span.at("transform_ms"), 0.0);
    EXPECT_EQ(span.at("retries"), 0);
    EXPECT_TRUE(span.at("cursor_before").is_null()) << span;
    EXPECT_TRUE(span.at("cursor_after").is_string()) << span;
    add_users(5'001, 5'003);
    Json const second = host.run_job("users").body;
    Json const next =
        host.get("/runs/" + second.at("run_id").get<std::string>() + "/timeline").body["spans"][0];
    EXPECT_EQ(next.at("cursor_before"), span.at("cursor_after"));
    EXPECT_EQ(next.at("written"), 3);
    EXPECT_EQ(host.get("/runs/none/timeline").code(), "run.not_found");
}

TEST_F(Watched, LogsLinesOfJsonWithoutSecrets) {
    WeirServer host{data(), {"--log-format", "json"}};
    ASSERT_TRUE(eventually([&] { return !log_of(host).empty(); })) << host.process().err();
    for (Json const& line : log_of(host))
        for (char const* name : {"at", "level", "logger", "message"})
            EXPECT_TRUE(line.contains(name)) << line;
    EXPECT_EQ(log_of(host).front().at("logger"), "host");
    EXPECT_EQ(host.process().err().find(PostgresServer::password), std::string::npos);
    EXPECT_EQ(weir({"serve", "--log-format", "xml"}).code, 2);
}

TEST_F(Watched, TakesTheFormatAndLevelOfItsLogFromAFile) {
    std::ofstream{directory / "weir.yaml"} << "host: {log: {level: warning, format: json}}\n";
    WeirServer host{data(), {"--config", directory / "weir.yaml"}};
    EXPECT_EQ(host.get("/loggers/default").body.at("level"), "warning");
    std::ofstream{directory / "bad.yaml"} << "host: {log: {level: loud}}\n";
    Ran const refused = weir({"serve", "--config", directory / "bad.yaml", "--data-dir",
                              directory / "other", "--listen", "127.0.0.1:0"});
    EXPECT_EQ(refused.code, 2) << refused;
    EXPECT_NE(refused.err.find("bad.yaml:1:"), std::string::npos) << refused;
}

TEST_F(Watched, ALoggerIsSetForATimeAndGoesBack) {
    WeirServer host{data()};
    Answer const set = host.call("PUT", "/loggers/http", {{"level", "debug"}, {"ttl_seconds", 1}});
    ASSERT_EQ(set.status, 200u) << set;
    EXPECT_EQ(set.body.at("level"), "debug");
    EXPECT_TRUE(set.body.at("until").is_string());
    EXPECT_EQ(host.get("/loggers/host").body.at("level"), "info");
    EXPECT_TRUE(eventually([&] {
        return host.get("/loggers/http").body.at("level") == "info";
    }));
    EXPECT_EQ(host.call("PUT", "/loggers/default", {{"level", "error"}}).status, 200u);
    EXPECT_EQ(host.get("/loggers/http").body.at("level"), "error");
    EXPECT_EQ(host.call("PUT", "/loggers/htp", {{"level", "debug"}}).body.at("suggestion"),
              "did you mean http?");
    EXPECT_EQ(host.call("PUT", "/loggers/http", {{"level", "loud"}}).status, 422u);
    EXPECT_EQ(host.call("PUT", "/loggers/http", {{"level", "debug"}, {"ttl_seconds", 0}}).status,
              422u);
}

TEST_F(Watched, TopIsOnePlainTableInAPipe) {
    make_users(10);
    WeirServer host{data()};
    Ran const empty = host.cli({"top"});
    EXPECT_EQ(empty.code, 0) << empty;
    EXPECT_NE(empty.out.find("weir job create"), std::string::npos) << empty;
    make_job(host);
    host.run_job("users");
    // What a job remembers of its run follows the answer.
    ASSERT_TRUE(eventually([&] {
        return host.get("/replication/jobs/users").body.at("last_status") == "succeeded";
    }));
    Ran const full = host.cli({"top"});
    EXPECT_NE(full.out.find("users  idle"), std::string::npos) << full;
    EXPECT_NE(full.out.find("succeeded"), std::string::npos) << full;
    EXPECT_EQ(full.out.find('\x1b'), std::string::npos) << "no escapes in a pipe";
    Ran const json = host.cli({"top", "--json"});
    EXPECT_EQ(json.json.at("jobs").at(0).at("id"), "users") << json;
}

}  // namespace
}  // namespace weir::test
