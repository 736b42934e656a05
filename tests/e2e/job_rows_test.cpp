// Jobs through HTTP against a real PostgreSQL: which rows they move, and from which position.
#include <csignal>
#include <future>
#include <thread>

#include "e2e/jobs_fixture.hpp"

namespace weir::test {
namespace {

TEST_F(JobsOverHttp, H1MoveManyRowsOfOneInstantInSmallBatches) {
    db.run("CREATE TABLE ties (id int PRIMARY KEY, updated_at timestamptz NOT NULL)");
    db.run("INSERT INTO ties SELECT i, timestamptz '2024-01-01 00:00Z' "
           "FROM generate_series(1, 1200) i");
    WeirServer host{data()};
    Json form = table_form("ties");
    form["table_name"] = "ties";
    form["batch_size"] = 500;
    ASSERT_EQ(host.post("/replication/jobs", form).status, 201u);
    Answer const first = host.run_job("ties");
    EXPECT_EQ(first.body.at("written"), 1200) << first;
    db.run("UPDATE ties SET updated_at = timestamptz '2024-01-02 00:00Z'");
    EXPECT_EQ(host.run_job("ties").body.at("written"), 1200);
    EXPECT_EQ(host.run_job("ties").body.at("read"), 0);
    EXPECT_EQ(local().one("SELECT count(*) FROM ties WHERE updated_at LIKE '2024-01-02%'"),
              "1200");
}

TEST_F(JobsOverHttp, LandInPostgresqlToo) {
    make_users(1200);
    std::string const other = server.fresh();
    Pg there = server.connect_as_owner(other);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Answer const made = host.post("/replication/connections",
                                  {{"id", "warehouse"},
                                   {"connector", "postgres"},
                                   {"config", {{"url", server.url(other)}}}});
    ASSERT_EQ(made.status, 201u) << made;
    EXPECT_EQ(made.text.find(PostgresServer::password), std::string::npos);
    Json job = users_job("to_warehouse");
    job["destination"] = {{"connection", "warehouse"}, {"table", "people"}, {"mode", "upsert"},
                          {"onError", "dead_letter"}};
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    EXPECT_EQ(host.run_job("to_warehouse").body.at("written"), 1200);
    EXPECT_EQ(host.run_job("to_warehouse").body.at("read"), 0);
    db.run("UPDATE users SET name = 'new', updated_at = timestamptz '2025-01-01Z' WHERE id < 11");
    there.run("ALTER TABLE people ADD CHECK (id <> 3 OR name <> 'new')");
    Answer const partial = host.run_job("to_warehouse");
    EXPECT_EQ(partial.body.at("status"), "partial") << partial;
    EXPECT_EQ(partial.body.at("written"), 9) << partial;
    EXPECT_EQ(partial.body.at("rejected"), 1) << partial;
    Answer const letters = host.get("/dead-letters?job=to_warehouse");
    ASSERT_EQ(letters.body.at("items").size(), 1u) << letters;
    EXPECT_NE(letters.text.find("postgres.check"), std::string::npos) << letters;
    EXPECT_EQ(there.one("SELECT count(*) FROM people WHERE name = 'new'"), "9");
    EXPECT_EQ(there.one("SELECT count(*) || ' ' || min(stream) FROM _weir_checkpoint"),
              "1 public.users");
    EXPECT_EQ(host.call("DELETE", "/replication/connections/shop").status, 409u);
}

TEST_F(JobsOverHttp, CopyTheirStreamsSideBySideAtOneMoment) {
    db.run("CREATE TABLE b (id bigint PRIMARY KEY); INSERT INTO b VALUES (1), (2);"
           "CREATE VIEW a AS SELECT id FROM b, (SELECT pg_advisory_xact_lock_shared(7)) gate");
    std::string const other = server.fresh();
    Pg there = server.connect_as_owner(other);
    WeirServer host{data()};
    Json const job{{"id", "both"},
                   {"source",
                    {{"url", server.url(database)}, {"streams", {"public.a", "public.b"}}}},
                   {"destination", {{"url", server.url(other)}}},
                   {"performance", {{"concurrency", 2}}}};
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    Pg gate = server.connect(database);
    gate.run("SELECT pg_advisory_lock(7)");
    std::future<Answer> run = std::async(std::launch::async, [&] { return host.run_job("both"); });
    auto const has_b = [&] {
        return there.one("SELECT to_regclass('b') IS NOT NULL") == "t" &&
               there.one("SELECT count(*) FROM b") == "2";
    };
    while (!has_b() && run.wait_for(std::chrono::seconds{0}) != std::future_status::ready)
        std::this_thread::yield();
    db.run("INSERT INTO b VALUES (3)");  // behind the moment that both are read at
    gate.run("SELECT pg_advisory_unlock(7)");
    Answer const ended = run.get();
    EXPECT_EQ(ended.body.at("status"), "succeeded") << ended;
    ASSERT_EQ(ended.body.at("streams").size(), 2u) << ended;
    EXPECT_EQ(ended.body.at("streams")[0].at("stream"), "public.a") << ended;
    EXPECT_EQ(ended.body.at("streams")[0].at("snapshot"), "shared") << ended;
    EXPECT_EQ(ended.body.at("written"), 4) << ended;
}

TEST_F(JobsOverHttp, ReadABigStreamInAsManyPartsAsTheySay) {
    db.run("CREATE TABLE big (id bigint PRIMARY KEY, filler text);"
           "INSERT INTO big SELECT i, repeat('x', 400) FROM generate_series(1, 40000) i");
    WeirServer host{data()};
    for (int const parts : {1, 3}) {
        std::string const id = "in_" + std::to_string(parts);
        Json const job{{"id", id},
                       {"source", {{"url", server.url(database)}, {"stream", "public.big"}}},
                       {"destination", {{"connection", "local"}, {"table", id}}},
                       {"performance", {{"parts", parts}}}};
        ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
        Answer const ended = host.run_job(id);
        EXPECT_EQ(ended.body.at("written"), 40000) << ended;
        bool const is_shared = ended.body.at("streams")[0].contains("snapshot");
        EXPECT_EQ(is_shared, parts > 1) << ended;
        EXPECT_EQ(local().one("SELECT count(DISTINCT id) FROM " + id), "40000");
    }
}

TEST_F(JobsOverHttp, TakeNamesAndValuesAsTheyAre) {
    db.run("CREATE TABLE \"Order\" (id int PRIMARY KEY, \"select\" text, "
           "\"a\"\"b\" text, \"é 😀\" timestamptz)");
    db.run("INSERT INTO \"Order\" VALUES (1, '''; DROP TABLE x', 'q', now()), "
           "(2, 'two', NULL, NULL)");
    db.run("CREATE TABLE \"a\"\"b\" (id int PRIMARY KEY)");
    db.run("CREATE TABLE \"é 😀\" (id int PRIMARY KEY)");
    db.run("INSERT INTO \"a\"\"b\" VALUES (1); INSERT INTO \"é 😀\" VALUES (1), (2)");
    WeirServer host{data()};
    Json form = table_form("orders");
    form["table_name"] = "Order";
    form["tracking_col"] = "é 😀";
    ASSERT_EQ(host.post("/replication/jobs", form).status, 201u);
    Answer const run = host.run_job("orders");
    EXPECT_EQ(run.body.at("written"), 2) << run << "a NULL cursor comes with the first run";
    EXPECT_EQ(local().one("SELECT \"select\" FROM \"Order\" WHERE id = 1"), "'; DROP TABLE x");
    int number = 0;
    for (char const* table : {"\"a\"\"b\"", "\"é 😀\"", "public.\"é 😀\""}) {
        Json names{{"name", "n" + std::to_string(++number)},
                   {"table_name", table},
                   {"source", seed_source()}};
        Answer const made = host.post("/replication/jobs", names);
        ASSERT_EQ(made.status, 201u) << made;
        EXPECT_EQ(host.run_job(names["name"]).body.at("status"), "succeeded") << table;
    }
    EXPECT_EQ(local().one("SELECT count(*) FROM \"é 😀\""), "2");
    EXPECT_EQ(local().one("SELECT count(*) FROM \"a\"\"b\""), "1");
}

TEST_F(JobsOverHttp, H35NeverUseAPositionThatMeansSomethingElse) {
    make_users(5);
    db.run("CREATE TABLE people AS SELECT * FROM users; ALTER TABLE people ADD PRIMARY KEY (id)");
    std::string const other = server.fresh();
    server.connect_as_owner(other).run(
        "CREATE TABLE users (id bigint PRIMARY KEY, name text, updated_at timestamptz NOT NULL);"
        "INSERT INTO users VALUES (77, 'old', '1999-01-01Z')");
    WeirServer host{data()};
    Json const form = configure_form();
    ASSERT_EQ(host.post("/data-replication/configure", form).status, 201u);
    ASSERT_EQ(host.run_job("supabase-users").body.at("written"), 5);
    auto const changed = [&](char const* name, Json const& value) {
        Json document = form;
        document[name] = value;
        return host.post("/data-replication/configure", document);
    };
    Json elsewhere = seed_source();
    elsewhere["database"] = other;
    for (auto const& [name, value] :
         std::vector<std::pair<char const*, Json>>{{"trackingColumn", "id"},
                                                   {"sourceTable", "people"},
                                                   {"targetTable", "others"},
                                                   {"sourceConfig", elsewhere}}) {
        Answer const refused = changed(name, value);
        EXPECT_EQ(refused.status, 409u) << name << refused;
        EXPECT_EQ(refused.code(), "replication.needs_reset") << refused;
    }
    EXPECT_EQ(host.get("/replication/connections/supabase-users").body["config"]["database"],
              database)
        << "a refusal changes nothing";
    EXPECT_EQ(host.run_job("supabase-users").body.at("read"), 0);
    ASSERT_EQ(host.post(job_path("supabase-users") + "/reset").status, 200u);
    EXPECT_EQ(changed("sourceConfig", elsewhere).status, 200u);
    EXPECT_EQ(host.run_job("supabase-users").body.at("read"), 1);
    EXPECT_EQ(local().one("SELECT name FROM users WHERE id = 77"), "old");
}

TEST_F(JobsOverHttp, H35NeverUseThePositionOfAnotherDatabaseBehindTheSameConnection) {
    make_users(5);
    db.run("CREATE VIEW v AS SELECT * FROM users");
    std::string const other = server.fresh();
    server.connect_as_owner(other).run(
        "CREATE VIEW v AS SELECT 77::bigint AS id, 'old'::text AS name, "
        "timestamptz '1999-01-01Z' AS updated_at");
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Json job = users_job("v");
    job["source"]["stream"] = "public.v";
    job["source"]["key"] = {"id"};
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    ASSERT_EQ(host.run_job("v").body.at("written"), 5);
    Json const moved{{"connector", "postgres"}, {"config", {{"url", server.url(other)}}}};
    Answer const put = host.call("PUT", "/replication/connections/shop", moved);
    ASSERT_EQ(put.status, 200u) << put;
    Answer const run = host.run_job("v");
    EXPECT_EQ(run.body.at("error").at("code"), "source.replaced") << run;
    EXPECT_EQ(besides_commands(run.text).find("--"), std::string::npos) << run;
    EXPECT_NE(run.text.find("weir job reset v"), std::string::npos) << run;
    ASSERT_EQ(host.post(job_path("v") + "/reset").status, 200u);
    EXPECT_EQ(host.run_job("v").body.at("written"), 1);
}

// The run that ended a moment ago says in the same record when the connection was synced.
TEST_F(JobsOverHttp, H35LetTheirConnectionBeReplacedWhileARunEnds) {
    make_users(1);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    ASSERT_EQ(host.post("/replication/jobs", users_job("users")).status, 201u);
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(host.run_job("users").body.at("status"), "succeeded");
        Json const next{{"connector", "postgres"},
                        {"name", "edition " + std::to_string(i)},
                        {"config", {{"url", server.url(database)}}}};
        Answer const put = host.call("PUT", "/replication/connections/shop", next);
        ASSERT_EQ(put.status, 200u) << put;
    }
}

TEST_F(JobsOverHttp, KeepHistoryAndFigures) {
    make_users(4);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Json job = users_job("users", "*/15 * * * *");
    job["timezone"] = "Europe/Berlin";
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    host.run_job("users");
    host.run_job("users");
    db.run("ALTER TABLE users RENAME TO gone");
    Answer const bad = host.run_job("users");
    EXPECT_EQ(bad.body.at("status"), "failed") << bad;
    EXPECT_EQ(bad.body.at("success"), false);
    Answer const history = host.get(job_path("users") + "/history?limit=2");
    ASSERT_EQ(history.body.at("items").size(), 2u);
    EXPECT_EQ(history.body["items"][0].at("status"), "failed");
    EXPECT_TRUE(history.body.at("next").is_string()) << history;
    Answer const rest = host.get(job_path("users") + "/history?limit=2&cursor=" +
                                 history.body["next"].get<std::string>());
    EXPECT_EQ(rest.body.at("items").size(), 1u);
    EXPECT_EQ(host.get(job_path("users") + "/history?status=completed").body["items"].size(), 2u);
    for (char const* word : {"failed", "error"})
        EXPECT_EQ(host.get(job_path("users") + "/history?status=" + word).body["items"].size(),
                  1u);
    EXPECT_EQ(host.get(job_path("users") + "/history?status=done").status, 422u);
    Answer const figures = host.get(job_path("users") + "/metrics?period=7d");
    EXPECT_EQ(figures.body.at("runs"), 3) << figures;
    EXPECT_NEAR(figures.body.at("successRate").get<double>(), 2.0 / 3, 1e-9);
    EXPECT_EQ(host.get(job_path("users") + "/next?count=4").body.at("items").size(), 4u);
    Answer status;  // the list hears of a run when its event was delivered
    ASSERT_TRUE(eventually([&] {
        status = host.get(job_path("users") + "/status");
        return status.body.at("last_status") == "failed";
    }));
    EXPECT_EQ(status.body.at("rows_synced"), 4) << status;
    EXPECT_EQ(status.body.at("last_error").at("code"), "source.stream_not_found");
    EXPECT_EQ(status.body.at("circuit").at("state"), "closed");
    Answer const logs = host.get("/data-replication/logs?limit=50");
    ASSERT_EQ(logs.body.at("items").size(), 3u);
    EXPECT_EQ(logs.body["items"][0].at("status"), "error");
    EXPECT_EQ(host.get("/data-replication/logs?limit=0").status, 422u);
}

/// A host that is killed has not stored yet which of the last events were taken.
TEST_F(JobsOverHttp, CountARunOnceThoughItsEndIsToldAgain) {
    make_users(10);
    auto host = std::make_unique<WeirServer>(data());
    ASSERT_EQ(add_shop(*host).status, 201u);
    ASSERT_EQ(host->post("/replication/jobs", users_job("users")).status, 201u);
    ASSERT_EQ(host->run_job("users").body.at("written"), 10);
    db.run("ALTER TABLE users RENAME TO elsewhere");
    for (int i = 0; i < 2; ++i) ASSERT_EQ(host->run_job("users").body.at("status"), "failed");
    auto figures = [&] {
        Json job = host->get(job_path("users")).body;
        Json out;
        for (char const* name : {"rows_synced", "consecutiveFailures", "last_status", "lastRun"})
            out[name] = job.at(name);
        return out;
    };
    ASSERT_TRUE(eventually([&] { return figures()["consecutiveFailures"] == 2; })) << figures();
    Json const before = figures();
    host->process().kill(SIGKILL);
    host->process().wait();
    Sqlite state{data() + "/state.db"};
    std::string const callbacks =
        "SELECT count(*) FROM weir_event WHERE topic = 'replication:callback'";
    EXPECT_EQ(state.one(callbacks), "3");
    std::string const left = "SELECT count(*) FROM weir_delivery";
    state.run("INSERT OR IGNORE INTO weir_delivery(seq, consumer, topic, attempt, run_at, error) "
              "SELECT seq, 'dev.weir.replication', topic, 0, 0, '' FROM weir_event "
              "WHERE topic = 'runner/1:run'");
    EXPECT_NE(state.one(left), "0");
    host = std::make_unique<WeirServer>(data());
    ASSERT_TRUE(eventually([&] { return state.one(left) == "0"; })) << state.one(left);
    EXPECT_EQ(figures(), before);
    EXPECT_EQ(state.one(callbacks), "3");
}

TEST_F(JobsOverHttp, SortABadRecordByOnError) {
    db.run("CREATE TABLE notes (id int PRIMARY KEY, body text)");
    db.run("INSERT INTO notes VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Sqlite{data() + "/local.db"}.run(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT CHECK (body <> 'b'))");
    Json job{{"id", "notes"},
             {"source", {{"connection", "shop"}, {"stream", "public.notes"}}},
             {"destination",
              {{"connection", "local"}, {"table", "notes"}, {"onError", "dead_letter"}}}};
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    Answer const run = host.run_job("notes");
    EXPECT_EQ(run.body.at("status"), "partial") << run;
    EXPECT_EQ(run.body.at("rejected"), 1);
    EXPECT_EQ(host.get("/dead-letters?job=notes").body.at("items").size(), 1u);
    Answer const logs = host.get("/data-replication/logs");
    EXPECT_EQ(logs.body.at("items").at(0).at("status"), "error") << logs;
    EXPECT_EQ(logs.body["items"][0].at("error_message"), "1 record was rejected");
    job["destination"].erase("onError");
    ASSERT_EQ(host.call("PUT", job_path("notes"), job).status, 200u);
    EXPECT_EQ(host.run_job("notes").body.at("status"), "failed");
}

TEST_F(JobsOverHttp, OneStreamThatIsGoneFailsNoOther) {
    make_users(3);
    db.run("CREATE TABLE others AS SELECT * FROM users; ALTER TABLE others ADD PRIMARY KEY (id)");
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Json job = users_job("users");
    job["source"].erase("stream");
    job["source"]["streams"] = {"public.others", "public.users"};
    job["source"]["cursor"] = "updated_at";
    job["destination"].erase("table");
    job["destination"]["with"] = {"indexes"};
    Answer const made = host.post("/replication/jobs", job);
    ASSERT_EQ(made.status, 201u) << made;
    ASSERT_EQ(host.run_job("users").body.at("written"), 6);
    db.run("CREATE INDEX by_name ON users (name)");
    auto const expect_partial = [&](std::string const& code) {
        Answer const run = host.run_job("users");
        EXPECT_EQ(run.body.at("status"), "partial") << run;
        EXPECT_EQ(run.body.at("written"), 1) << run;
        EXPECT_EQ(run.body.at("error").at("code"), code) << run;
        EXPECT_NE(run.body["error"].at("message").dump().find("public.others"), std::string::npos)
            << run;
    };
    db.run("ALTER TABLE others RENAME updated_at TO changed_at");
    add_users(4, 4);
    expect_partial("source.field_not_found");
    EXPECT_EQ(local().one("SELECT tbl_name FROM sqlite_schema WHERE name = 'by_name'"), "users");
    db.run("DROP TABLE others");
    add_users(5, 5);
    expect_partial("source.stream_not_found");
    db.run("DROP TABLE users");
    EXPECT_EQ(host.run_job("users").body.at("status"), "failed");
    EXPECT_EQ(local().one("SELECT count(*) FROM users"), "5");
}

TEST_F(JobsOverHttp, H33SayWhatANewColumnMeans) {
    make_users(3);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Json job = users_job("users");
    job["destination"]["drift"] = "halt";
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    ASSERT_EQ(host.run_job("users").body.at("status"), "succeeded");
    db.run("ALTER TABLE users ADD colour text");
    db.run("INSERT INTO users VALUES (4, 'user 4', timestamptz '2025-01-01Z', 'red')");
    Answer const halted = host.run_job("users");
    EXPECT_EQ(halted.body.at("status"), "failed") << halted;
    EXPECT_NE(halted.text.find("source.column_added"), std::string::npos) << halted;
    EXPECT_NE(halted.text.find("destination.drift add"), std::string::npos) << halted;
    Json const ignore{{"destination", {{"drift", "ignore"}}}};
    ASSERT_EQ(host.call("PATCH", job_path("users"), ignore).status, 200u);
    Answer const ignored = host.run_job("users");
    EXPECT_EQ(ignored.body.at("written"), 1) << ignored;
    Answer const log = host.get("/runs/" + ignored.body.at("run_id").get<std::string>() + "/logs");
    EXPECT_NE(log.text.find("which is left out"), std::string::npos) << log;
    EXPECT_EQ(local().one("SELECT group_concat(name) FROM pragma_table_info('users')"),
              "id,name,updated_at");
    Answer const wrong =
        host.call("PATCH", job_path("users"), {{"destination", {{"drift", "add_all"}}}});
    EXPECT_EQ(findings(wrong),
              std::vector<std::string>{"/destination/drift replication.bad_value"})
        << wrong;
}

TEST_F(JobsOverHttp, H29KeepWhatIsTooLargeWithoutItsLargeField) {
    db.run("CREATE TABLE docs (id int PRIMARY KEY, doc text)");
    db.run("INSERT INTO docs VALUES (1, 'small'), (2, repeat('x', 5000))");
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Json const job{{"id", "docs"},
                   {"source",
                    {{"connection", "shop"}, {"stream", "public.docs"}, {"rowBytesMax", 4000}}},
                   {"destination",
                    {{"connection", "local"}, {"table", "docs"}, {"onError", "dead_letter"}}}};
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    Answer const run = host.run_job("docs");
    EXPECT_EQ(run.body.at("status"), "partial") << run;
    Answer const letters = host.get("/dead-letters?job=docs");
    ASSERT_EQ(letters.body.at("items").size(), 1u) << letters;
    EXPECT_NE(letters.text.find("source.row_too_large"), std::string::npos) << letters;
    Answer const replayed = host.post("/dead-letters/replay", {{"filter", {{"job", "docs"}}}});
    EXPECT_NE(replayed.text.find("too large to be kept whole"), std::string::npos) << replayed;
    EXPECT_EQ(local().one("SELECT group_concat(id) FROM docs"), "1");
}

TEST_F(JobsOverHttp, ADefaultSchemaIsWhereAPlainNameLies) {
    make_users(2);
    db.run("CREATE SCHEMA shop; CREATE TABLE shop.users (id int PRIMARY KEY, updated_at "
           "timestamptz NOT NULL); INSERT INTO shop.users VALUES (9, now())");
    WeirServer host{data()};
    Json form = configure_form();
    form["sourceConfig"]["defaultSchema"] = "shop";
    ASSERT_EQ(host.post("/data-replication/configure", form).status, 201u);
    EXPECT_EQ(host.run_job("supabase-users").body.at("written"), 1);
    EXPECT_EQ(local().one("SELECT id FROM users"), "9");
    form["name"] = "by-string";
    form["sourceConfig"] = {{"dialect", "postgresql"}, {"connectionString", server.url(database)}};
    ASSERT_EQ(host.post("/data-replication/configure", form).status, 201u);
    Json by_url{{"id", "by-url"},
                {"source", {{"url", server.url(database)}, {"stream", "public.users"}}},
                {"destination", {{"type", "database"}, {"table", "by_url"}}}};
    ASSERT_EQ(host.post("/replication/jobs", by_url).status, 201u);
    EXPECT_EQ(host.run_job("by-url").body.at("written"), 2);
    Answer const status = host.get("/data-replication/status");
    EXPECT_EQ(status.body.at("items").size(), 3u) << status;
    EXPECT_EQ(status.text.find(PostgresServer::password), std::string::npos);
    form["sourceConfig"]["host"] = "127.0.0.1";
    EXPECT_EQ(host.post("/data-replication/configure", form).status, 422u);
    EXPECT_LT(host.post("/data-replication/stop/by-string").status, 300u);
    host.process().kill(SIGKILL);
    host.process().wait();
    WeirServer again{data()};
    EXPECT_EQ(again.get(job_path("by-string")).body.at("state"), "paused");
}

}  // namespace
}  // namespace weir::test
