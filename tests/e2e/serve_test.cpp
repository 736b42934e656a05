// `weir serve` through its doors: the command line, HTTP, and signals.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "e2e/serve_fixture.hpp"

namespace weir::test {
namespace {

TEST_F(Serve, AnswersHealthToEverybodyAndNothingElse) {
    WeirServer host{data()};
    std::map<std::string, std::string> const nobody{{"Authorization", ""}};
    for (char const* path : {"/livez", "/readyz", "/metrics"})
        EXPECT_EQ(host.call("GET", path, nullptr, nobody).status, 200u) << path;
    for (char const* path :
         {"/version", "/plugins", "/runs", "/replication/jobs", "/cron/events"}) {
        EXPECT_EQ(host.call("GET", path, nullptr, nobody).status, 401u) << path;
        EXPECT_EQ(host.call("GET", path, nullptr, {{"Authorization", "Bearer wrong"}}).status,
                  401u);
        EXPECT_EQ(host.get(path).status, 200u) << path << host.get(path);
    }
    EXPECT_NE(host.get("/readyz?verbose").text.find("plugin cron"), std::string::npos);
    Answer const none = host.get("/nothing");
    EXPECT_EQ(none.status, 404u);
    EXPECT_EQ(none.headers.at("content-type"), "application/problem+json");
    Answer const wrong = host.call("PATCH", "/runs");
    EXPECT_EQ(wrong.status, 405u);
    EXPECT_NE(wrong.headers.at("allow").find("GET"), std::string::npos);
}

TEST_F(Serve, MovesATableThroughAJobAndOnlyChangesTheSecondTime) {
    make_users(1000);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Answer const made = host.post("/replication/jobs", users_job("users"));
    ASSERT_EQ(made.status, 201u) << made;
    Answer const first = host.run_job("users");
    ASSERT_EQ(first.status, 200u) << first;
    EXPECT_EQ(first.body.at("status"), "succeeded") << first;
    EXPECT_EQ(first.body.at("written"), 1000);
    EXPECT_EQ(first.body.at("recordsProcessed"), 1000);
    EXPECT_EQ(first.body.at("success"), true);
    expect_local_equal();
    EXPECT_EQ(host.run_job("users").body.at("read"), 0);
    add_users(1001, 1007);
    EXPECT_EQ(host.run_job("users").body.at("written"), 7);
    expect_local_equal();
    EXPECT_EQ(host.post("/replication/jobs", users_job("users")).status, 200u);
    Json other = users_job("users");
    other["destination"]["table"] = "people";
    EXPECT_EQ(host.post("/replication/jobs", other).status, 409u);
}

TEST_F(Serve, FiresTheShortFormOfSeed003) {
    make_users(3);
    WeirServer host{data()};
    Answer const made = host.post("/replication/jobs", {{"name", "users_sync"},
                                                        {"table_name", "users"},
                                                        {"tracking_col", "updated_at"},
                                                        {"tracking_type", "timestamp"},
                                                        {"cron_tab", "* * * * * *"},
                                                        {"primary_key", {"id"}},
                                                        {"source", seed_source()}});
    ASSERT_EQ(made.status, 201u) << made;
    EXPECT_EQ(made.text.find(PostgresServer::password), std::string::npos);
    ASSERT_TRUE(eventually([&] { return !finished(host, "users_sync").empty(); }))
        << host.get("/runs").text << host.process().output();
    add_users(4, 4);
    EXPECT_TRUE(eventually([&] { return local_differs().none(); })) << host.get("/runs").text;
    EXPECT_EQ(host.call("DELETE", "/replication/jobs/users_sync").status, 204u);
    EXPECT_EQ(host.get("/replication/jobs/users_sync").status, 404u);
    EXPECT_EQ(host.get("/cron/events").body.at("items").size(), 0u);
    expect_local_equal();
}

TEST_F(Serve, KnowsTheRoutesOfSeed004) {
    make_users(5);
    WeirServer host{data()};
    Answer const made = host.post("/data-replication/configure", {{"name", "supabase-users"},
                                                                  {"sourceConfig", seed_source()},
                                                                  {"targetTable", "users"},
                                                                  {"sourceTable", "users"},
                                                                  {"syncIntervalMinutes", 30},
                                                                  {"trackingColumn", "updated_at"},
                                                                  {"isActive", true}});
    ASSERT_LT(made.status, 300u) << made;
    Answer const synced =
        host.post("/data-replication/sync/supabase-users", Json::object(), {{"Prefer", "wait=60"}});
    EXPECT_LT(synced.status, 300u) << synced;
    EXPECT_TRUE(eventually([&] { return local().has_table("users") && local_differs().none(); }));
    ASSERT_EQ(add_shop(host).status, 201u);
    Json native = users_job("native");
    native["destination"].erase("table");
    ASSERT_EQ(host.post("/replication/jobs", native).status, 201u);
    Answer const status = host.get("/data-replication/status");
    for (Json const& each : status.body.at("items"))
        EXPECT_EQ(each.at("targetTable"), "users") << status;
    EXPECT_NE(status.text.find("supabase-users"), std::string::npos);
    EXPECT_EQ(status.text.find(PostgresServer::password), std::string::npos);
    EXPECT_LT(host.post("/data-replication/stop/supabase-users").status, 300u);
    EXPECT_LT(host.post("/data-replication/start/supabase-users").status, 300u);
    Answer const logs = host.get("/data-replication/logs?limit=50");
    ASSERT_FALSE(logs.body.at("items").empty()) << logs;
    EXPECT_EQ(logs.body["items"][0].at("config_name"), "supabase-users");
    EXPECT_EQ(logs.body["items"][0].at("records_processed"), 5);
    Json unloaded = seed_source();
    unloaded["dialect"] = "csv";
    Answer const refused = host.post("/data-replication/configure", {{"name", "other"},
                                                                     {"sourceConfig", unloaded},
                                                                     {"targetTable", "users"},
                                                                     {"sourceTable", "users"}});
    EXPECT_EQ(refused.status, 422u);
    EXPECT_EQ(refused.code(), "connector.not_loaded") << refused;
    EXPECT_EQ(host.call("DELETE", "/data-replication/configure/supabase-users").status, 204u);
    EXPECT_EQ(host.call("DELETE", "/data-replication/configure/supabase-users").status, 404u);
}

TEST_F(Serve, GoesOnAfterAKillAndFiresNoTickTwice) {
    make_users(2000);
    auto host = std::make_unique<WeirServer>(data());
    ASSERT_EQ(add_shop(*host).status, 201u);
    ASSERT_EQ(host->post("/replication/jobs", users_job("users", "* * * * * *")).status, 201u);
    for (int round = 0; round < 4; ++round) {
        std::size_t const before = finished(*host, "users").size();
        ASSERT_TRUE(eventually([&] { return finished(*host, "users").size() > before; }))
            << host->get("/runs").text << host->process().output();
        add_users(2001 + round * 10, 2010 + round * 10);
        host->process().kill(SIGKILL);
        host->process().wait();
        host = std::make_unique<WeirServer>(data());
    }
    EXPECT_TRUE(eventually([&] { return local_differs().none(); }));
    std::multiset<std::string> ticks;
    Answer const all = host->get("/runs?job=users&limit=1000");
    for (Json const& run : all.body.at("items"))
        if (run.contains("scheduled_at") && run["scheduled_at"].is_string())
            ticks.insert(run["scheduled_at"].get<std::string>());
    EXPECT_GE(ticks.size(), 4u);
    for (std::string const& tick : ticks) EXPECT_EQ(ticks.count(tick), 1u) << tick;
}

TEST_F(Serve, ATickThatWasMissedRunsAtTheStart) {
    make_users(5);
    auto host = std::make_unique<WeirServer>(data());
    ASSERT_EQ(add_shop(*host).status, 201u);
    ASSERT_EQ(host->post("/replication/jobs", users_job("users", "@hourly")).status, 201u);
    host->process().kill(SIGTERM);
    ASSERT_EQ(host->process().wait(), 0);
    // As if the host had been away since before the last full hour.
    Sqlite{data() + "/state.db"}.run(
        "UPDATE weir_document SET json = json_set(json, '$.next', "
        "strftime('%Y-%m-%dT%H:00:00.000Z', 'now')) WHERE collection = 'events' AND "
        "key LIKE '%job:users'");
    host = std::make_unique<WeirServer>(data());
    EXPECT_TRUE(eventually([&] { return finished(*host, "users").size() == 1; }))
        << host->get("/cron/events?owner=dev.weir.replication");
    expect_local_equal();
}

TEST_F(Serve, ARemovedJobTakesItsQueuedTicksAlong) {
    auto host = std::make_unique<WeirServer>(data());
    ASSERT_EQ(add_shop(*host).status, 201u);
    for (char const* id : {"users", "other"})
        ASSERT_EQ(host->post("/replication/jobs", users_job(id, "@yearly")).status, 201u);
    host->process().kill(SIGTERM);
    ASSERT_EQ(host->process().wait(), 0);
    Sqlite state{data() + "/state.db"};
    // A tick that failed and waits for its next try.
    for (std::string const topic : {"cron/1:dev.weir.replication/job:users",
                                    "cron/1:dev.weir.replication/job:other"})
        state.run("INSERT INTO weir_event(topic, dedupe_key, data, at) VALUES ('" + topic +
                  "', 'k', '{}', 0); INSERT INTO weir_delivery SELECT seq, 'dev.weir.replication', "
                  "topic, 1, 1 << 60, '' FROM weir_event WHERE topic = '" + topic + "'");
    host = std::make_unique<WeirServer>(data());
    EXPECT_EQ(state.one("SELECT count(*) FROM weir_delivery"), "2");
    EXPECT_EQ(host->call("DELETE", "/replication/jobs/users").status, 204u);
    EXPECT_EQ(state.one("SELECT group_concat(topic) FROM weir_delivery"),
              "cron/1:dev.weir.replication/job:other");
}

TEST_F(Serve, KeepsAPasswordToItself) {
    make_users(2);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    ASSERT_EQ(host.post("/replication/jobs", users_job("users")).status, 201u);
    host.run_job("users");
    Json broken = users_job("broken");
    broken["source"]["stream"] = "public.nothing";
    host.post("/replication/jobs", broken);
    host.run_job("broken");
    std::string said;
    for (char const* path : {"/replication/connections", "/replication/connections/shop",
                             "/replication/jobs", "/replication/jobs/users", "/runs", "/metrics",
                             "/plugins", "/connectors", "/readyz?verbose", "/cron/events"})
        said += host.get(path).text;
    host.process().kill(SIGTERM);
    EXPECT_EQ(host.process().wait(), 0);
    said += host.process().output();
    EXPECT_EQ(said.find(PostgresServer::password), std::string::npos);
    for (auto const& file : std::filesystem::recursive_directory_iterator{data()}) {
        if (!file.is_regular_file()) continue;
        std::ifstream in{file.path(), std::ios::binary};
        std::string const bytes{std::istreambuf_iterator<char>{in}, {}};
        EXPECT_EQ(bytes.find(PostgresServer::password), std::string::npos) << file.path();
    }
}

TEST_F(Serve, ABadLibraryIsToldAndHarmsNothing) {
    std::filesystem::create_directory(directory / "more");
    std::ofstream{directory / "more/junk.so"} << "no library";
    std::filesystem::permissions(directory / "more/junk.so", std::filesystem::perms::owner_read);
    WeirServer host{data(), {"--plugin-dir", directory / "more"}};
    Answer const told = host.get("/readyz?verbose");
    EXPECT_EQ(told.status, 200u) << told;
    EXPECT_EQ(told.body.at("status"), "degraded") << told;
    auto const has_detail = [](Answer const& answer) {
        return answer.text.find("\"detail\"") != std::string::npos;
    };
    EXPECT_NE(told.text.find("junk.so"), std::string::npos) << told;
    EXPECT_TRUE(has_detail(told)) << told;
    EXPECT_FALSE(has_detail(host.call("GET", "/readyz?verbose", nullptr, {{"Authorization", ""}})));
    EXPECT_EQ(host.get("/cron/events").status, 200u);
}

TEST_F(Serve, SaysWhoHoldsADirectoryOrAPort) {
    WeirServer host{data()};
    Ran const held = weir({"serve", "--data-dir", data(), "--listen", "127.0.0.1:0"});
    EXPECT_EQ(held.code, 3) << held;
    EXPECT_NE(held.err.find(std::to_string(host.process().pid())), std::string::npos) << held;
    Ran const taken = weir({"serve", "--data-dir", directory / "other", "--listen",
                            "127.0.0.1:" + std::to_string(host.port())});
    EXPECT_EQ(taken.code, 3) << taken;
    EXPECT_NE(taken.err.find("port"), std::string::npos) << taken;
}

TEST_F(Serve, ReadsWhatShouldExistFromAFile) {
    make_users(10);
    std::ofstream{directory / "weir.yaml"}
        << "version: 1\nconnections:\n  shop:\n    connector: postgres\n    config: {url: \""
        << server.url(database) << "\"}\njobs:\n  users:\n"
        << "    source: {connection: shop, stream: public.users, cursor: updated_at}\n"
        << "    destination: {connection: local, table: users, mode: upsert}\n";
    WeirServer host{data(), {"--config", directory / "weir.yaml"}};
    EXPECT_EQ(host.run_job("users").body.at("written"), 10);
    std::ofstream{directory / "wrong.yaml"} << "version: 1\nconections: {}\n";
    Ran const wrong = weir({"serve", "--data-dir", directory / "other", "--config",
                            directory / "wrong.yaml", "--listen", "127.0.0.1:0"});
    EXPECT_EQ(wrong.code, 2) << wrong;
    EXPECT_NE(wrong.err.find("wrong.yaml:2:1"), std::string::npos) << wrong;
    EXPECT_NE(wrong.err.find("connections"), std::string::npos) << wrong;
}

TEST_F(Serve, TicksTheSampleOfQuickstart) {
    WeirServer host{data(), {"--config", WEIR_SOURCE_DIRECTORY "/quickstart.yaml"}};
    EXPECT_TRUE(eventually([&] { return !finished(host, "users").empty(); }));
    EXPECT_EQ(local().one("SELECT count(*) FROM users"), "1000");
}

TEST_F(Serve, IsUsedFromTheCommandLine) {
    make_users(20);
    WeirServer host{data()};
    Ran const added = host.cli({"conn", "add", "shop", "postgres", "url=" + server.url(database)});
    ASSERT_EQ(added.code, 0) << added;
    Ran const found = host.cli({"conn", "discover", "shop"});
    EXPECT_NE(found.out.find("public.users"), std::string::npos) << found;
    Ran const made =
        host.cli({"job", "create", "users", "shop", "local", "--stream", "public.users", "--cursor",
                  "updated_at", "--every", "15m", "--run", "--wait"});
    EXPECT_EQ(made.code, 0) << made;
    expect_local_equal();
    EXPECT_NE(host.cli({"job", "list"}).out.find("users"), std::string::npos);
    EXPECT_EQ(host.cli({"job", "next", "users"}).code, 0);
    EXPECT_EQ(host.cli({"job", "show", "nobody"}).code, 2);
    EXPECT_EQ(host.cli({"job", "rm", "users", "-y"}).code, 0);
}

TEST_F(Serve, SettingsOfACommandTakeTheTypesOfTheSchema) {
    WeirServer host{data()};
    Ran const added = host.cli({"conn", "add", "made", "generator", "rows=7", "rate=0.5"});
    ASSERT_EQ(added.code, 0) << added;
    Json const config = host.get("/replication/connections/made").body["config"];
    EXPECT_EQ(config["rows"], 7);
    EXPECT_EQ(config["rate"], 0.5);
    Ran const refused = host.cli({"conn", "add", "other", "generator", "rows=many"});
    EXPECT_EQ(refused.code, 2) << refused;
    EXPECT_NE(refused.err.find("\"many\""), std::string::npos) << refused;
    EXPECT_EQ(host.cli({"conn", "add", "other", "generater", "rows=7"}).code, 2);
}

}  // namespace
}  // namespace weir::test
