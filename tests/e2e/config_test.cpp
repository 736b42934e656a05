// A whole configuration: looked at without a host, planned, applied together or not at all,
// remembered, brought back.
#include <fmt/format.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "e2e/serve_fixture.hpp"

namespace weir::test {
namespace {

class Configuration : public Serve {
protected:
    std::string file() const { return directory / "weir.yaml"; }
    void write(std::string const& text) const { std::ofstream{file()} << text; }

    static std::string connection(std::string const& rows = "1000") {
        return "version: 1\nconnections:\n  sample:\n    connector: generator\n"
               "    config: {url: \"generator:rows=" + rows + "\"}\n";
    }
    static std::string job(std::string const& id, std::string const& table = "users") {
        return "  " + id + ":\n    source: {connection: sample, stream: users}\n"
               "    destination: {connection: local, table: " + table + ", mode: upsert}\n";
    }
    std::string shop_job(std::string const& stream) const {
        return "version: 1\nconnections:\n  shop: {connector: postgres, config: {url: \"" +
               server.url(database) + "\"}}\njobs:\n  users:\n"
               "    source: {connection: shop, stream: " + stream + ", cursor: updated_at}\n"
               "    destination: {connection: local, table: users, mode: upsert}\n";
    }
    Ran plan(WeirServer& host, std::vector<std::string> more = {}) const {
        return run(host, "plan", std::move(more));
    }
    Ran apply(WeirServer& host, std::vector<std::string> more = {}) const {
        return run(host, "apply", std::move(more));
    }
    Ran run(WeirServer& host, std::string const& verb, std::vector<std::string> more) const {
        more.insert(more.begin(), {verb, file(), "--json"});
        return host.cli(more);
    }
    /// "create job users", …
    static std::vector<std::string> actions(Ran const& ran) {
        std::vector<std::string> out;
        if (ran.json.is_object())
            for (Json const& each : ran.json.value("actions", Json::array()))
                out.push_back(each.value("action", "") + " " + each.value("kind", "") + " " +
                              each.value("id", ""));
        return out;
    }
    using Actions = std::vector<std::string>;
};

TEST_F(Configuration, IsPlannedWithoutEffectAndAppliedWhole) {
    WeirServer host{data()};
    write(connection() + "jobs:\n" + job("users") + job("more"));
    Actions const all{"create connection sample", "create job more", "create job users"};
    Ran const planned = plan(host);
    EXPECT_EQ(actions(planned), all) << planned;
    EXPECT_EQ(host.get("/replication/jobs/users").status, 404u) << "a plan does nothing";
    std::string const hash = planned.json.at("hash");
    Ran const applied = apply(host, {"--plan-hash", hash});
    EXPECT_EQ(applied.code, 0) << applied;
    EXPECT_EQ(actions(applied), all);
    EXPECT_EQ(host.run_job("users").body.at("written"), 1000);
    Ran const again = apply(host);
    EXPECT_EQ(actions(again), Actions{});
    EXPECT_EQ(again.json.at("unchanged"), 3);
    EXPECT_EQ(again.json.at("revision"), applied.json.at("revision"));
    Ran const stale = apply(host, {"--plan-hash", hash});
    EXPECT_EQ(stale.code, 1);
    EXPECT_EQ(stale.error_code(), "plan.stale") << stale;
    Ran const shown = host.cli({"plan", file()});
    EXPECT_NE(shown.out.find("nothing to do, 3 as they should be"), std::string::npos) << shown;
}

TEST_F(Configuration, ThatIsWrongAnywhereChangesNothing) {
    WeirServer host{data()};
    write(connection() + "jobs:\n" + job("users") +
          "  other:\n    source: {connection: sampel, stream: users}\n"
          "    destination: {connection: local, table: others}\n    schedule: 5x\n");
    Ran const refused = apply(host);
    EXPECT_EQ(refused.code, 2) << refused;
    for (std::string const id : {"connections/sample", "jobs/users", "jobs/other"})
        EXPECT_EQ(host.get("/replication/" + id).status, 404u) << id;
    std::ifstream in{file()};
    std::string const text{std::istreambuf_iterator<char>{in}, {}};
    Answer const answer = host.post_text("/config/validate", text, "application/yaml");
    EXPECT_EQ(answer.status, 422u) << answer;
    std::vector<std::string> found;
    for (Json const& each : answer.body.at("errors"))
        found.push_back(each.value("code", "") + " " + std::to_string(each.value("line", 0)) +
                        " " + each.value("suggestion", ""));
    EXPECT_EQ(found, (std::vector<std::string>{"replication.connection_not_found 11 sample",
                                               "cron.bad_schedule 13 15m, 1h30m"}))
        << answer;
}

TEST_F(Configuration, EachDocumentSaysWhereItComesFrom) {
    WeirServer host{data()};
    write(connection() + "jobs:\n" + job("users"));
    ASSERT_EQ(apply(host).code, 0);
    auto const origin = [&](std::string const& path) {
        return host.get("/replication/" + path).body.value("origin", "");
    };
    EXPECT_EQ(origin("connections/sample"), "weir.yaml:3");
    EXPECT_EQ(origin("jobs/users"), "weir.yaml:7");
    EXPECT_EQ(origin("connections/local"), "host");
    // Lines that move are no change, and are told all the same.
    write("# two lines\n# more\n" + connection() + "jobs:\n" + job("users"));
    Ran const again = apply(host);
    EXPECT_EQ(actions(again), Actions{});
    EXPECT_EQ(again.json.at("revision"), 1);
    EXPECT_EQ(origin("jobs/users"), "weir.yaml:9");
    EXPECT_EQ(host.get("/replication/jobs").body["items"][0].value("origin", ""), "weir.yaml:9");
    // What came by the API names the token.
    ASSERT_EQ(host.cli({"job", "create", "mine", "sample", "local", "--stream", "users"}).code, 0);
    EXPECT_EQ(origin("jobs/mine"), "api:admin");
    ASSERT_EQ(host.cli({"conn", "add", "made", "generator", "rows=3"}).code, 0);
    EXPECT_EQ(origin("connections/made"), "api:admin");
}

TEST_F(Configuration, HoldsItsDocumentsAgainstOtherDoors) {
    WeirServer host{data()};
    write(connection() + "jobs:\n" + job("users"));
    ASSERT_EQ(apply(host).code, 0);
    std::string const users = "/replication/jobs/users", sample = "/replication/connections/sample";
    Answer const patched = host.call("PATCH", users, {{"name", "all of them"}});
    EXPECT_EQ(patched.status, 409u) << patched;
    EXPECT_EQ(patched.code(), "config.file_owned") << patched;
    EXPECT_NE(patched.text.find("weir.yaml"), std::string::npos) << patched;
    EXPECT_EQ(patched.text.find(directory / ""), std::string::npos) << patched;
    // What it suggests is what to paste: applied, it is what was asked for.
    std::string const paste = patched.body.at("errors").at(0).at("suggestion");
    EXPECT_TRUE(paste.starts_with("jobs: {\"users\":")) << paste;
    EXPECT_EQ(host.call("DELETE", users).code(), "config.file_owned");
    EXPECT_EQ(host.call("DELETE", sample).code(), "config.file_owned");
    Answer const moved = host.call("PUT", sample, {{"connector", "generator"},
                                                   {"config", {{"url", "generator:rows=2"}}}});
    EXPECT_EQ(moved.code(), "config.file_owned") << moved;
    EXPECT_EQ(host.call("PATCH", users, {{"paused", true}}).status, 200u);
    EXPECT_EQ(host.post(users + "/resume").status, 200u);
    EXPECT_EQ(host.run_job("users").body.at("status"), "succeeded");
    EXPECT_EQ(host.post(users + "/reset").status, 200u);
    write(connection() + paste + "\n");
    EXPECT_EQ(apply(host).code, 0);
    EXPECT_EQ(host.get(users).body.at("name"), "all of them");
    Ran const mine = host.cli({"job", "create", "mine", "generator:rows=1", "local", "--stream",
                               "users"});
    EXPECT_EQ(mine.code, 0) << mine;
    EXPECT_EQ(host.call("PATCH", "/replication/jobs/mine", {{"name", "x"}}).status, 200u);
}

TEST_F(Configuration, IsDescribedForEditors) {
    WeirServer host{data()};
    Answer const whole = host.get("/config");
    Answer const again = host.call("GET", "/config", nullptr,
                                   {{"If-None-Match", whole.headers.at("etag")}});
    EXPECT_EQ(again.status, 304u);
    Answer const schema = host.get("/config/schema");
    ASSERT_EQ(schema.status, 200u) << schema;
    Json const& parts = schema.body.at("properties");
    Json const& job = parts.at("jobs").at("additionalProperties");
    EXPECT_FALSE(job.at("properties").contains("id")) << "the name it stands by is its id";
    EXPECT_TRUE(job["properties"].at("source").at("properties").contains("cursor_type"));
    Json const& connectors = parts.at("connections").at("additionalProperties").at("allOf");
    EXPECT_NE(connectors.dump().find("sslrootcert"), std::string::npos);
    EXPECT_TRUE(parts.at("http").at("properties").contains("workers"));
    EXPECT_TRUE(parts.at("host").at("properties").contains("file_roots"));
    Json const paths = host.get("/openapi.json").body.at("paths");
    for (char const* verb : {"validate", "plan", "apply", "import"})
        EXPECT_TRUE(paths.at(std::string{"/config/"} + verb)
                        .at("post").at("requestBody").at("content").contains("application/yaml"))
            << verb;
    Json const body = paths.at("/replication/jobs/{id}").at("put").at("requestBody").at("content")
                          .at("application/json").at("schema");
    EXPECT_TRUE(body.at("properties").contains("errorHandling")) << body;
}

TEST_F(Configuration, IsToldAllThatIsWrongWhateverTheDoor) {
    WeirServer host{data()};
    std::string const text = "jobz: {}\nhost: {listn: x}\nconnections:\n  a: {connector: none}\n";
    for (char const* verb : {"validate", "plan", "apply", "import"}) {
        Answer const refused = host.post_text(std::string{"/config/"} + verb, text,
                                              "application/yaml");
        EXPECT_EQ(refused.status, 422u) << refused;
        EXPECT_EQ(refused.body.value("pointer", ""), "/jobz") << refused;
        ASSERT_EQ(refused.body.at("errors").size(), 3u) << refused;
        EXPECT_EQ(refused.body["errors"][1].at("pointer"), "/host/listn") << refused;
        EXPECT_EQ(refused.body["errors"][1].at("line"), 2) << refused;
        EXPECT_EQ(refused.body["errors"][2].at("line"), 4) << refused;
    }
    std::string const large = connection() + "# " + std::string(2u << 20, 'x') + "\n";
    EXPECT_EQ(host.post_text("/config/plan", large, "application/yaml").status, 200u);
    write(text);
    Ran const start = weir({"serve", "--data-dir", directory / "other", "--listen", "127.0.0.1:0",
                            "--config", file()});
    EXPECT_EQ(start.code, 2) << start;
    for (char const* said : {"jobz", "listn"})
        EXPECT_NE(start.err.find(said), std::string::npos) << start;
}

// A hash that was misspelled must not be none at all.
TEST_F(Configuration, AParameterThatNobodyKnowsIsRefused) {
    WeirServer host{data()};
    for (char const* const path :
         {"/config/apply?plan_hsh=1", "/config/apply?prun=true", "/config/apply?prune=yes",
          "/config/plan?plan_hash=1", "/config/rollback/1?from=x"}) {
        Answer const refused = host.post_text(path, connection(), "application/yaml");
        EXPECT_EQ(refused.status, 422u) << path << refused;
    }
    EXPECT_EQ(host.get("/replication/connections/sample").status, 404u);
}

TEST_F(Configuration, WhatIsGoneFromItIsPausedOrPruned) {
    WeirServer host{data()};
    ASSERT_EQ(host.post("/replication/connections",
                        {{"id", "mine"}, {"connector", "generator"}, {"config", Json::object()}})
                  .status,
              201u);
    write(connection() + "jobs:\n" + job("users") + job("more"));
    ASSERT_EQ(apply(host).code, 0);
    write(connection() + "jobs:\n" + job("users"));
    EXPECT_EQ(actions(apply(host)), Actions{"pause job more"});
    EXPECT_EQ(host.get("/replication/jobs/more").body.at("state"), "paused");
    write(connection() + "jobs:\n" + job("users") + job("more"));
    EXPECT_EQ(actions(apply(host)), Actions{"update job more"});
    EXPECT_EQ(host.get("/replication/jobs/more").body.at("state"), "idle") << "it is back";
    ASSERT_EQ(host.post("/replication/jobs/more/pause").status, 200u);
    EXPECT_EQ(actions(apply(host)), Actions{}) << "what a person paused stays so";
    write("version: 1\n");
    EXPECT_EQ(actions(plan(host, {"--prune"})),
              (Actions{"delete job more", "delete job users", "delete connection sample"}));
    EXPECT_EQ(apply(host, {"--prune", "-y"}).code, 0);
    for (std::string const id : {"connections/sample", "jobs/users", "jobs/more"})
        EXPECT_EQ(host.get("/replication/" + id).status, 404u) << id;
    EXPECT_EQ(host.get("/replication/connections/mine").status, 200u)
        << "what no file held is nobody's to prune";
}

TEST_F(Configuration, AConnectionThatSomebodyElseUsesIsNotPruned) {
    WeirServer host{data()};
    write(connection());
    ASSERT_EQ(apply(host).code, 0);
    ASSERT_EQ(host.post("/replication/jobs",
                        {{"id", "theirs"},
                         {"source", {{"connection", "sample"}, {"stream", "users"}}},
                         {"destination", {{"connection", "local"}, {"table", "users"}}}})
                  .status,
              201u);
    write("version: 1\n");
    Ran const refused = apply(host, {"--prune", "-y"});
    EXPECT_EQ(refused.error_code(), "replication.in_use") << refused;
    EXPECT_EQ(host.get("/replication/connections/sample").status, 200u);
}

TEST_F(Configuration, APositionIsLostOnlyWhenThatIsAllowed) {
    make_users(5);
    db.run("CREATE TABLE people AS SELECT * FROM users; ALTER TABLE people ADD PRIMARY KEY (id)");
    WeirServer host{data()};
    write(shop_job("public.users"));
    ASSERT_EQ(apply(host).code, 0);
    ASSERT_EQ(host.run_job("users").body.at("written"), 5);
    write(shop_job("public.people"));
    Ran const planned = plan(host);
    EXPECT_EQ(planned.json.at("actions").at(0).at("effect"), "needs_reset") << planned;
    EXPECT_EQ(apply(host).error_code(), "replication.needs_reset");
    EXPECT_EQ(host.run_job("users").body.at("read"), 0) << "a refusal changes nothing";
    EXPECT_EQ(apply(host, {"--allow-reset"}).code, 0);
    EXPECT_EQ(host.get("/replication/jobs/users").body.at("paused"), false);
    EXPECT_EQ(host.run_job("users").body.at("read"), 5);
}

// What runs and people do meanwhile is neither lost nor in the way.
TEST_F(Configuration, IsAppliedWhileRunsEndAndJobsArePaused) {
    WeirServer host{data()};
    auto const rows = [](int i) { return std::to_string(1 + i); };
    write(connection(rows(0)) + "jobs:\n" + job("users") + "    schedule: 1s\n");
    ASSERT_EQ(apply(host).code, 0);
    for (int i = 1; i <= 10; ++i) {
        std::thread people{[&] {
            host.post("/replication/jobs/users/resume");
            host.post("/replication/jobs/users/pause");
        }};
        write(connection(rows(i)) + "jobs:\n" + job("users", "t" + rows(i)) +
              "    schedule: 1s\n");
        Ran const applied = apply(host);
        people.join();
        EXPECT_EQ(applied.code, 0) << applied;
    }
    Answer const last = host.get("/replication/jobs/users");
    EXPECT_EQ(last.body.at("destination").at("table"), "t11") << last;
    EXPECT_EQ(last.body.at("state"), "paused") << last;
}

TEST_F(Configuration, HoldsNoSecretAndKnowsWhenOneIsAnother) {
    WeirServer host{data()};
    auto const with = [&](std::string const& password) {
        write("connections:\n  shop:\n    connector: postgres\n"
              "    config: {url: \"postgres://u:" + password + "@127.0.0.1:1/db\"}\n");
    };
    with("sesame");
    Ran const made = apply(host);
    with("walnut");
    Ran const planned = plan(host);
    EXPECT_EQ(planned.json.at("actions").at(0).at("differences").at(0).value("secret", false), true)
        << planned;
    Ran const changed = apply(host);
    for (std::string const& text : {made.out, planned.out, changed.out, host.get("/config").text,
                                    host.get("/config/revisions").text})
        for (char const* const secret : {"sesame", "walnut"})
            EXPECT_EQ(text.find(secret), std::string::npos) << text;
    EXPECT_EQ(actions(plan(host)), Actions{});
    std::ofstream{file()} << host.cli({"export"}).out;
    EXPECT_EQ(actions(plan(host)), Actions{}) << "what is exported is what is there";
}

TEST_F(Configuration, ARevisionComesBack) {
    WeirServer host{data()};
    write(connection("5") + "jobs:\n" + job("users"));
    std::uint64_t const first = apply(host).json.at("revision");
    write(connection("7") + "jobs:\n" + job("users") + job("more"));
    ASSERT_EQ(apply(host).code, 0);
    Ran const back =
        host.cli({"config", "rollback", std::to_string(first), "--prune", "-y", "--json"});
    EXPECT_EQ(actions(back), (Actions{"update connection sample", "delete job more"})) << back;
    EXPECT_EQ(host.run_job("users").body.at("read"), 5);
    Answer const all = host.get("/config/revisions");
    ASSERT_EQ(all.body.at("items").size(), 3u) << all;
    EXPECT_EQ(all.body["items"][0].at("from"), "revision " + std::to_string(first));
    EXPECT_EQ(all.body["items"][0].at("by"), "admin");
    EXPECT_EQ(host.post("/config/rollback/99").code(), "config.revision_not_found");
    Answer const page = host.get("/config/revisions?limit=1");
    EXPECT_TRUE(page.body.at("next").is_string()) << page;
}

TEST_F(Configuration, IsImportedOverWhatIsThereAndHeldByNobody) {
    WeirServer host{data()};
    write(connection() + "jobs:\n" + job("users"));
    ASSERT_EQ(run(host, "import", {}).code, 0);
    write(connection() + "jobs:\n" + job("more"));
    EXPECT_EQ(actions(run(host, "import", {})), Actions{"create job more"});
    EXPECT_EQ(host.get("/replication/jobs/users").body.at("state"), "idle");
    EXPECT_EQ(host.get("/config?pointer=/jobs/users/source/stream").body, "users");
}

TEST_F(Configuration, IsNotOverwrittenByAnImport) {
    WeirServer host{data()};
    write(connection("5") + "jobs:\n" + job("users"));
    ASSERT_EQ(apply(host).code, 0);
    EXPECT_EQ(run(host, "import", {}).code, 0) << "the same is no change";
    write(connection("9") + "jobs:\n" + job("more"));
    Ran const refused = run(host, "import", {});
    EXPECT_EQ(refused.code, 2) << refused;
    EXPECT_EQ(refused.error_code(), "config.file_owned") << refused;
    EXPECT_EQ(host.get("/replication/jobs/more").status, 404u) << "all or nothing";
    EXPECT_EQ(host.run_job("users").body.at("read"), 5);
}

TEST_F(Configuration, IsReadAgainOnHangup) {
    write(connection() + "jobs:\n" + job("users"));
    WeirServer host{data(), {"--config", file()}};
    ASSERT_EQ(host.get("/replication/jobs/users").status, 200u);
    write(connection() + "jobs:\n" + job("users") + job("more"));
    host.process().kill(SIGHUP);
    ASSERT_TRUE(host.process().wait_for("weir.yaml applied"));
    EXPECT_EQ(host.get("/replication/jobs/more").status, 200u);
    write(connection() + "jobs:\n" + job("users", "[]"));
    host.process().kill(SIGHUP);
    ASSERT_TRUE(host.process().wait_for("the configuration before stays"));
    EXPECT_EQ(host.get("/replication/jobs/more").body.at("state"), "idle");
    Answer const ready = host.get("/readyz?verbose");
    EXPECT_EQ(ready.body.at("status"), "degraded") << ready;
    write("bogus: 1\n");
    host.process().kill(SIGHUP);
    ASSERT_TRUE(host.process().wait_for("the configuration before stays"));
    Answer const told = host.call("GET", "/events?types=config.rejected&limit=10", nullptr,
                                  {{"Accept", "application/json"}});
    EXPECT_EQ(told.body.at("items").size(), 2u) << told;
    write(connection() + "jobs:\n" + job("users") + job("more"));
    host.process().kill(SIGHUP);
    ASSERT_TRUE(host.process().wait_for("weir.yaml applied"));
    EXPECT_EQ(host.get("/readyz?verbose").body.at("status"), "ready");
}

TEST_F(Configuration, IsReadAgainWhenItsFileChangesAndIsWatched) {
    write(connection() + "jobs:\n" + job("users"));
    WeirServer host{data(), {"--config", file(), "--watch"}};
    write(connection() + "jobs:\n" + job("users") + job("more"));
    ASSERT_TRUE(host.process().wait_for("weir.yaml applied"));
    EXPECT_EQ(host.get("/replication/jobs/more").status, 200u);
}

TEST_F(Configuration, OfOneStartStaysWithAnotherThatHasNone) {
    {
        WeirServer host{data()};
        write(connection() + "jobs:\n" + job("users"));
        ASSERT_EQ(apply(host).code, 0);
    }
    WeirServer host{data()};
    EXPECT_EQ(host.get("/replication/jobs/users").body.at("state"), "idle");
}

TEST_F(Configuration, IsValidatedWithoutAHost) {
    write(connection() + "jobs:\n" + job("users"));
    EXPECT_EQ(weir({"validate", file()}).code, 0);
    write("connections:\n  sample: {connector: generater}\njobs:\n" + job("users") +
          "  users:\n    source: {}\n");
    Ran const twice = weir({"validate", file()});
    EXPECT_EQ(twice.code, 2);
    EXPECT_NE(twice.err.find("weir.yaml:7:3: /jobs: \"users\" stands here twice"),
              std::string::npos)
        << twice;
    write("connections:\n  sample: {connector: generater}\njobs:\n" + job("users"));
    Ran const wrong = weir({"validate", file()});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_NE(wrong.err.find("weir.yaml:2:12: /connections/sample/connector"), std::string::npos)
        << wrong;
    // All of it at once: names of the file, of its sections, and what the documents say.
    write("bogus: 1\nhost: {listn: x, drain_ms: soon}\nhttp: {workrs: 1, hosts: 5}\njobz: {}\n"
          "connections:\n  sample: {connector: generater}\n");
    Ran const all = weir({"validate", file(), "--json"});
    EXPECT_EQ(all.code, 2);
    std::vector<std::string> found;
    for (Json const& each : all.json.at("errors"))
        found.push_back(fmt::format("{} {}:{}", each.at("pointer").get<std::string>(),
                                    each.at("line").get<int>(), each.at("column").get<int>()));
    EXPECT_EQ(found, (std::vector<std::string>{"/bogus 1:1", "/jobz 4:1", "/host/listn 2:8",
                                               "/host/drain_ms 2:28", "/http/hosts 3:26",
                                               "/http/workrs 3:16",
                                               "/connections/sample/connector 6:12"}))
        << all;
    EXPECT_EQ(weir({"validate", file() + ".none"}).code, 2);
    EXPECT_FALSE(std::filesystem::exists("weir-data")) << "nothing of it stays";
}

}  // namespace
}  // namespace weir::test
