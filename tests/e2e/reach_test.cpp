// What a token below admin may have a connection reach: files of the host, and secrets of others.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "e2e/weir_server.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

class ReachOfTokens : public testing::Test {
protected:
    std::string data() const { return directory / "data"; }
    void start(std::vector<std::string> const& more = {}) {
        host = std::make_unique<WeirServer>(data(), more);
        for (char const* scope : {"run", "write"})
            tokens[scope] = host->post("/tokens", {{"name", scope}, {"scope", scope}})
                                .body.at("token");
    }
    Answer as(std::string const& scope, std::string const& method, std::string const& path,
              Json const& body) {
        return host->call(method, path, body, {{"Authorization", "Bearer " + tokens[scope]}});
    }
    Answer put(std::string const& id, Json const& config, std::string const& connector = "sqlite") {
        return as("write", "PUT", "/replication/connections/" + id,
                  {{"connector", connector}, {"config", config}});
    }
    static void expect_refused(Answer const& answer, std::string const& pointer) {
        EXPECT_EQ(answer.status, 403u) << answer;
        EXPECT_EQ(answer.code(), "request.file_forbidden") << answer;
        EXPECT_EQ(answer.body.value("pointer", ""), pointer) << answer;
    }

    TempDir directory;
    std::unique_ptr<WeirServer> host;
    std::map<std::string, std::string> tokens;
};

TEST_F(ReachOfTokens, FilesLieBelowTheDataDirectory) {
    start();
    std::string const outside = directory / "outside.db";
    std::filesystem::create_symlink(outside, data() + "/link.db");
    std::filesystem::create_symlink(directory / "", data() + "/up");
    ASSERT_EQ(::mkfifo((data() + "/pipe.db").c_str(), 0600), 0);
    for (std::string const& file :
         {outside, data() + "/../outside.db", data() + "/link.db", data() + "/up/outside.db",
          data() + "/pipe.db", std::string{"/etc/x"}, data()}) {
        expect_refused(put("a", {{"url", "sqlite:" + file}}), "/config/url");
        expect_refused(put("a", {{"url", "SQLite://" + file}}), "/config/url");
        expect_refused(put("a", {{"path", file}}), "/config/path");
        for (char const* verb : {"check", "discover"})
            expect_refused(as("run", "POST", std::string{"/connectors/sqlite/"} + verb,
                              {{"config", {{"path", file}}}}),
                           "/config/path");
    }
    expect_refused(put("a", {{"url", "sqlite:%2Fetc/x"}}), "/config/url");
    Json job{{"id", "j"},
             {"source", {{"url", "generator:rows=3"}, {"stream", "users"}}},
             {"destination", {{"url", "sqlite:" + outside}, {"table", "t"}}}};
    expect_refused(as("write", "POST", "/replication/jobs", job), "/destination/url");
    EXPECT_EQ(put("a", {{"url", "sqlite:" + data() + "/mine.db"}}).status, 201u);
    EXPECT_EQ(put("a", {{"url", "sqlite:" + data() + "/state.db"}}).status, 200u);
    EXPECT_NE(host->post("/replication/connections/a/check").text.find("host's own"),
              std::string::npos);
    job["destination"]["url"] = "sqlite:" + data() + "/mine.db";
    EXPECT_EQ(as("write", "POST", "/replication/jobs", job).status, 201u);
    EXPECT_FALSE(std::filesystem::exists(outside));
}

TEST_F(ReachOfTokens, NoSpellingReachesTheHostsOwnFiles) {
    std::string const here = directory / "./data";
    host = std::make_unique<WeirServer>(here);
    for (char const* name : {"state.db", "state%2Edb", "%73tate.db", "./state.db-wal",
                             "state.db-journal", "state.db%2djournal", "../data/master%2Ekey"}) {
        Answer const checked = host->post(
            "/connectors/sqlite/check", {{"config", {{"url", "sqlite:" + data() + "/" + name}}}});
        EXPECT_EQ(checked.body.at("ok"), false) << name;
        EXPECT_EQ(checked.body.at("error").value("code", ""), "config.own_file") << name << checked;
    }
    Answer const other = host->post(
        "/connectors/sqlite/check", {{"config", {{"url", "sqlite:" + data() + "/mine%2Edb"}}}});
    EXPECT_EQ(other.body.at("ok"), true) << other;
}

TEST_F(ReachOfTokens, ParametersOfUrlsReachNoFile) {
    start();
    for (char const* url :
         {"postgres://u:p@127.0.0.1:1/d?passfile=/etc/passwd", "postgres://127.0.0.1/d?service=x",
          "postgres://u@127.0.0.1/d?sslmode=require&sslkey=/etc/key",
          "postgres://u@127.0.0.1/d?pass%66ile=/etc/passwd", "host=127.0.0.1 passfile=/etc/passwd"})
        expect_refused(put("p", {{"url", url}}, "postgres"), "/config/url");
    expect_refused(put("p", {{"host", "127.0.0.1"}, {"sslrootcert", "/etc/passwd"}}, "postgres"),
                   "/config/sslrootcert");
    // A driver that may be named does not bring the files of its parameters along.
    std::string const driver = "adbc:" + data() + "/driver.so";
    for (char const* parameters : {"?path=/etc/passwd", "?schema=a&path=/etc/passwd"})
        expect_refused(put("p", {{"url", driver + parameters}}, "adbc"), "/config/url");
    Json const plain{{"url", "postgres://u:p@127.0.0.1:1/d?sslmode=disable"}};
    EXPECT_EQ(put("p", plain, "postgres").status, 201u);
}

TEST_F(ReachOfTokens, WhatAnAdminWroteStaysAndTheFileSaysMore) {
    std::filesystem::create_directory(directory / "open");
    std::ofstream{directory / "weir.yaml"} << "host: {file_roots: [open]}\n";
    start({"--config", directory / "weir.yaml"});
    EXPECT_EQ(put("a", {{"path", directory / "open/a.db"}}).status, 201u);
    expect_refused(put("b", {{"path", data() + "/b.db"}}), "/config/path");
    std::string const anywhere = directory / "anywhere.db";
    ASSERT_EQ(host->post("/replication/connections", {{"id", "c"},
                                                      {"connector", "sqlite"},
                                                      {"config", {{"path", anywhere}}}})
                  .status,
              201u);
    Answer const named = as("write", "PATCH", "/replication/connections/c", {{"name", "archive"}});
    EXPECT_EQ(named.status, 200u) << named;
    expect_refused(as("write", "PATCH", "/replication/connections/c",
                      {{"config", {{"path", anywhere + "2"}}}}),
                   "/config/path");
}

TEST_F(ReachOfTokens, ASecretOfAnIntegrationGoesWhereItSays) {
    start();
    ASSERT_EQ(host->call("PUT", "/replication/integrations/crm",
                         {{"connector", "postgres"},
                          {"config", {{"host", "db"}, {"user", "u"}, {"password", "s3cret"}}}})
                  .status,
              201u);
    auto over = [&](std::string const& id, Json const& config, std::string const& scope) {
        Json const body{{"integration", "crm"}, {"config", config}};
        std::string const path = "/replication/connections/" + id;
        return scope == "admin" ? host->call("PUT", path, body) : as(scope, "PUT", path, body);
    };
    for (Json const& config :
         {Json{{"host", "evil"}}, Json{{"port", 1}}, Json{{"url", "postgres://u@evil/d"}}}) {
        Answer const refused = over("eu", config, "write");
        EXPECT_EQ(refused.status, 422u) << refused;
        EXPECT_EQ(refused.code(), "replication.secret_needed") << refused;
    }
    EXPECT_EQ(over("eu", {{"database", "eu"}}, "write").status, 201u);
    EXPECT_EQ(over("own", {{"host", "evil"}, {"password", "mine"}}, "write").status, 201u);
    EXPECT_EQ(over("us", {{"host", "us"}}, "admin").status, 201u);
    EXPECT_EQ(over("us", {{"host", "us"}, {"database", "d"}}, "write").status, 200u);
    // The other way round: the integration moves, and with it where a connection's secret goes.
    EXPECT_EQ(over("kept", {{"password", "other"}}, "write").status, 201u);
    Answer const moved = as("write", "PUT", "/replication/integrations/crm",
                            {{"connector", "postgres"},
                             {"config", {{"host", "evil"}, {"user", "u"}, {"password", "x"}}}});
    EXPECT_EQ(moved.status, 422u) << moved;
    EXPECT_EQ(moved.code(), "replication.secret_needed") << moved;
    EXPECT_EQ(as("write", "POST", "/replication/connections",
                 {{"id", "thief"},
                  {"connector", "postgres"},
                  {"config", {{"url", "postgres://u:${secret:any}@evil/db"}}}})
                  .status,
              403u);
}

}  // namespace
}  // namespace weir::test
