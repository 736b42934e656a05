// Jobs through HTTP against a real PostgreSQL: what a document means, and what is told of it.
#include <csignal>

#include "e2e/serve_fixture.hpp"

namespace weir::test {
namespace {

class JobsOverHttp : public Serve {
protected:
    /// A paused table form as seed 003 has it, of public.users.
    Json table_form(std::string const& name = "users_sync") const {
        return {{"name", name},
                {"table_name", "users"},
                {"tracking_col", "updated_at"},
                {"tracking_type", "timestamp"},
                {"cron_tab", "*/1 * * * *"},
                {"primary_key", {"id"}},
                {"is_active", false},
                {"source", seed_source()}};
    }
    Json configure_form(std::string const& tracking = "updated_at") const {
        return {{"name", "supabase-users"},   {"sourceConfig", seed_source()},
                {"targetTable", "users"},     {"sourceTable", "users"},
                {"syncIntervalMinutes", 30}, {"trackingColumn", tracking},
                {"isActive", false}};
    }
    /// "pointer code" of every finding.
    static std::vector<std::string> findings(Answer const& answer) {
        std::vector<std::string> out;
        if (answer.body.is_object())
            for (Json const& each : answer.body.value("errors", Json::array()))
                out.push_back(each.value("pointer", "") + " " + each.value("code", ""));
        return out;
    }
    static bool warns(Answer const& answer, std::string const& code) {
        for (Json const& each : answer.body.value("warnings", Json::array()))
            if (each.value("code", "") == code) return true;
        return false;
    }
    static std::string job_path(std::string const& id) { return "/replication/jobs/" + id; }
};

TEST_F(JobsOverHttp, SayWhatTheirCursorSeesInEveryForm) {
    make_users(3);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Answer const native = host.post("/replication/jobs", users_job("users"));
    ASSERT_EQ(native.status, 201u) << native;
    Json const by_time{{"inserts", true}, {"updates", true}, {"deletes", false}};
    Json const by_id{{"inserts", true}, {"updates", false}, {"deletes", false}};
    EXPECT_EQ(native.body.at("sees"), by_time);
    for (char const* code : {"replication.deletes_unseen", "replication.silent_updates_unseen",
                             "replication.cursor_not_indexed", "source.caveat"})
        EXPECT_TRUE(warns(native, code)) << code << native;
    EXPECT_EQ(host.get(job_path("users")).body.at("sees"), by_time);

    Json form = table_form();
    form["tracking_col"] = "id";
    form["tracking_type"] = "id";
    Answer const flat = host.post("/replication/jobs", form);
    ASSERT_EQ(flat.status, 201u) << flat;
    EXPECT_EQ(flat.body.at("sees"), by_id);
    EXPECT_TRUE(warns(flat, "replication.updates_unseen")) << flat;

    Answer const configured = host.post("/data-replication/configure", configure_form("id"));
    ASSERT_EQ(configured.status, 201u) << configured;
    EXPECT_EQ(configured.body.at("sees"), by_id);

    Json whole = users_job("whole");
    whole["source"].erase("cursor");
    whole["destination"] = {{"connection", "local"}, {"table", "whole"}, {"mode", "replace"}};
    EXPECT_EQ(host.post("/replication/jobs", whole).body.at("sees"),
              (Json{{"inserts", true}, {"updates", true}, {"deletes", true}}));
    Ran const told = host.cli({"job", "create", "told", "shop", "local", "--stream",
                               "public.users", "--to", "told", "--cursor", "id"});
    EXPECT_EQ(told.code, 0) << told;
    EXPECT_NE((told.out + told.err).find("no updates"), std::string::npos) << told;
}

TEST_F(JobsOverHttp, AreHeldAgainstTheCatalogOfTheirSource) {
    make_users(1);
    db.run("CREATE TABLE odd (id int PRIMARY KEY, body json, seen timestamptz)");
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Json form = table_form();
    form["tracking_type"] = "id";
    Answer const other_type = host.post("/replication/jobs", form);
    EXPECT_EQ(other_type.status, 422u) << other_type;
    EXPECT_EQ(findings(other_type), (std::vector<std::string>{
                                        "/tracking_type replication.cursor_type_differs"}));
    EXPECT_EQ(host.get("/replication/connections/users_sync").status, 404u)
        << "a form that is refused leaves nothing behind";

    Json job = users_job("a");
    job["source"]["cursor"] = "updated_on";
    job["source"]["key"] = {"uid"};
    job["source"]["fields"] = {"uid", "nmae", "updated_on"};
    Answer const unknown = host.post("/replication/jobs", job);
    EXPECT_EQ(unknown.status, 422u) << unknown;
    EXPECT_EQ(findings(unknown),
              (std::vector<std::string>{
                  "/source/cursor source.field_not_found", "/source/key source.field_not_found",
                  "/source/fields source.field_not_found", "/source/fields source.field_not_found",
                  "/source/fields source.field_not_found"}));
    EXPECT_EQ(unknown.body["errors"][0].value("suggestion", ""), "updated_at") << unknown;

    job = users_job("b");
    job["source"]["stream"] = "public.odd";
    job["source"]["cursor"] = "body";
    Answer const unsuitable = host.post("/replication/jobs", job);
    EXPECT_EQ(findings(unsuitable),
              (std::vector<std::string>{"/source/cursor source.cursor_unsuitable"}));
    job["source"]["cursor"] = "seen";
    Answer const nullable = host.post("/replication/jobs", job);
    EXPECT_EQ(nullable.status, 201u) << nullable;
    EXPECT_TRUE(warns(nullable, "replication.cursor_nullable")) << nullable;

    Json subset = users_job("c");
    subset["source"]["fields"] = {"name", "updated_at"};
    EXPECT_EQ(findings(host.post("/replication/jobs", subset)),
              (std::vector<std::string>{"/source/fields replication.field_left_out"}));

    Json missing = users_job("d");
    missing["source"]["stream"] = "public.user";
    Answer const later = host.post("/replication/jobs", missing);
    EXPECT_EQ(later.status, 201u) << later;
    EXPECT_TRUE(warns(later, "source.stream_not_found")) << later;
    EXPECT_NE(later.text.find("public.users"), std::string::npos) << later;
    Answer const run = host.run_job("d");
    EXPECT_EQ(run.body.at("status"), "failed");
    EXPECT_EQ(run.body.at("error").at("code"), "source.stream_not_found") << run;
}

TEST_F(JobsOverHttp, ASourceThatCannotBeAskedIsToldAndTheJobStands) {
    WeirServer host{data()};
    Json form = table_form();
    form["source"]["port"] = free_port();
    Answer const made = host.post("/replication/jobs", form);
    ASSERT_EQ(made.status, 201u) << made;
    EXPECT_TRUE(warns(made, "postgres.unreachable")) << made;
    EXPECT_EQ(made.body.at("sees").at("updates"), true);
    form["source"] = seed_source();
    form["source"]["password"] = "wrong-Pa55";
    Answer const refused = host.post("/replication/jobs", form);
    EXPECT_EQ(refused.status, 200u) << refused;
    EXPECT_TRUE(warns(refused, "postgres.login_refused")) << refused;
    EXPECT_EQ(refused.text.find("wrong-Pa55"), std::string::npos);
}

TEST_F(JobsOverHttp, AreToldWhatToDoInTheWordsOfTheirDocument) {
    make_users(3);
    db.run("CREATE TABLE bare (n int)");
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Json job{{"id", "replaced"},
             {"source", {{"connection", "shop"}, {"stream", "public.bare"}}},
             {"destination", {{"connection", "local"}, {"table", "bare"}, {"mode", "replace"}}}};
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    Answer const empty = host.run_job("replaced");
    EXPECT_EQ(empty.body.at("error").at("code"), "copy.replace_empty") << empty;
    EXPECT_EQ(empty.text.find("--"), std::string::npos) << empty;
    EXPECT_NE(empty.text.find("destination.mode replace"), std::string::npos) << empty;
    Answer const forced = host.post(job_path("replaced") + "/run?force=true", Json::object(),
                                    {{"Prefer", "wait=60"}});
    EXPECT_EQ(forced.body.at("status"), "succeeded") << forced;
    EXPECT_EQ(host.cli({"job", "run", "replaced", "--force", "--wait"}).code, 0);
    EXPECT_EQ(host.post(job_path("replaced") + "/run?force=maybe").status, 422u);
}

TEST_F(JobsOverHttp, AResetWaitsForNoRunAndKeepsTheRows) {
    make_users(10);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    ASSERT_EQ(host.post("/replication/jobs", users_job("users")).status, 201u);
    ASSERT_EQ(host.run_job("users").body.at("written"), 10);
    Pg holder = server.connect_as_owner(database);
    holder.run("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
    Answer const started = host.post(job_path("users") + "/run");
    ASSERT_EQ(started.status, 202u) << started;
    ASSERT_TRUE(eventually([&] {
        return host.get(job_path("users") + "/status").body.at("state") == "running";
    }));
    Answer const refused = host.post(job_path("users") + "/reset");
    EXPECT_EQ(refused.status, 409u) << refused;
    EXPECT_EQ(refused.code(), "run.active");
    EXPECT_NE(refused.text.find(started.body.at("run_id").get<std::string>()), std::string::npos);
    holder.run("ROLLBACK");
    ASSERT_TRUE(eventually([&] { return finished(host, "users").size() == 2; }));
    EXPECT_EQ(host.post(job_path("users") + "/reset").status, 200u);
    expect_local_equal();
    EXPECT_EQ(host.run_job("users").body.at("written"), 10);
    expect_local_equal();
    for (char const* route : {"/run", "/reset", "/pause", "/resume", "/cancel", "/preview"})
        EXPECT_EQ(host.post(job_path("nobody") + route).status, 404u) << route;
    for (char const* method : {"DELETE", "PATCH", "GET"})
        EXPECT_EQ(host.call(method, job_path("nobody"),
                            std::string{method} == "PATCH" ? Json::object() : Json())
                      .status,
                  404u)
            << method;
}

TEST_F(JobsOverHttp, DeletingTakesEventPositionAndOwnConnectionAndKeepsRows) {
    make_users(5);
    WeirServer host{data()};
    Json form = table_form();
    form["is_active"] = true;
    ASSERT_EQ(host.post("/replication/jobs", form).status, 201u);
    ASSERT_EQ(host.run_job("users_sync").body.at("status"), "succeeded");
    ASSERT_EQ(host.get("/cron/events").body.at("items").size(), 1u);
    EXPECT_EQ(host.call("DELETE", job_path("users_sync")).status, 204u);
    EXPECT_EQ(host.get("/cron/events").body.at("items").size(), 0u);
    EXPECT_EQ(host.get("/replication/connections/users_sync").status, 404u);
    expect_local_equal();
    ASSERT_EQ(host.post("/replication/jobs", form).status, 201u);
    EXPECT_EQ(host.run_job("users_sync").body.at("read"), 5) << "no position was left";
    expect_local_equal();
}

TEST_F(JobsOverHttp, APatchMergesAndPauses) {
    make_users(1);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Json job = users_job("users", "1h");
    job["name"] = "The users";
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    Answer const paused = host.call("PATCH", job_path("users"), {{"is_active", false}});
    EXPECT_EQ(paused.status, 200u) << paused;
    EXPECT_EQ(paused.body.at("state"), "paused");
    EXPECT_EQ(host.get("/cron/events").body.at("items").size(), 0u);
    Answer const merged = host.call(
        "PATCH", job_path("users"),
        {{"schedule", "15m"}, {"name", nullptr}, {"source", {{"batchSize", 7}}}});
    EXPECT_EQ(merged.status, 200u) << merged;
    EXPECT_EQ(merged.body.at("schedule"), "15m");
    EXPECT_EQ(merged.body.at("source").at("batchSize"), 7);
    EXPECT_EQ(merged.body.at("source").at("stream"), "public.users");
    EXPECT_FALSE(merged.body.contains("name")) << merged;
    EXPECT_EQ(merged.body.at("paused"), true);
    Answer const wrong =
        host.call("PATCH", job_path("users"), {{"shedule", "1h"}, {"source", {{"batchSize", 0}}}});
    EXPECT_EQ(wrong.status, 422u);
    EXPECT_EQ(findings(wrong),
              (std::vector<std::string>{"/source/batchSize replication.bad_value",
                                        "/shedule replication.unknown_field"}));
    EXPECT_EQ(host.call("PATCH", job_path("users"), {{"is_active", true}}).body.at("state"),
              "scheduled");
}

TEST_F(JobsOverHttp, TellWhereAnotherDocumentDiffers) {
    make_users(1);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    ASSERT_EQ(host.post("/replication/jobs", users_job("users", "1h")).status, 201u);
    EXPECT_EQ(host.post("/replication/jobs", users_job("users", "1h")).status, 200u);
    Json other = users_job("users", "2h");
    other["source"]["batchSize"] = 5;
    Answer const differs = host.post("/replication/jobs", other);
    EXPECT_EQ(differs.status, 409u);
    EXPECT_NE(differs.text.find("/schedule"), std::string::npos) << differs;
    EXPECT_NE(differs.text.find("/source/batchSize"), std::string::npos) << differs;
    Answer const shown = host.get(job_path("users"));
    EXPECT_EQ(host.call("PUT", job_path("users"), shown.body).status, 200u)
        << "an answer may be sent back";
    EXPECT_EQ(host.post("/replication/jobs", shown.body).status, 200u);
}

TEST_F(JobsOverHttp, RefuseWhatThisVersionCannotDo) {
    make_users(1);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Json job = users_job("users");
    job["transform"] = {{"id", "{{item.id}}"}};
    job["validation"] = {{"required", {"id"}}};
    job["trigger"] = {{"type", "webhook"}};
    job["steps"] = Json::array();
    job["source"]["rateLimit"] = {{"requestsPerMinute", 60}};
    job["destination"]["schema"] = {{"id", "integer"}};
    job["errorHandling"] = {{"onFailure", "notify_admin"}, {"onBatchError", "retry_batch"}};
    job["performance"] = {{"memoryLimit", "512MB"}, {"concurrency", 5}};
    job["scheduel"] = "1h";
    Answer const refused = host.post("/replication/jobs", job);
    EXPECT_EQ(refused.status, 422u);
    std::vector<std::string> const all = findings(refused);
    for (char const* place :
         {"/transform", "/validation", "/trigger", "/steps", "/source/rateLimit",
          "/destination/schema", "/errorHandling/onFailure", "/errorHandling/onBatchError",
          "/performance/memoryLimit", "/performance/concurrency"})
        EXPECT_NE(std::find(all.begin(), all.end(),
                            std::string{place} + " replication.not_available"),
                  all.end())
            << place << refused;
    EXPECT_NE(refused.text.find("\"suggestion\":\"schedule\""), std::string::npos) << refused;
    EXPECT_EQ(host.get(job_path("users")).status, 404u);
}

TEST_F(JobsOverHttp, MoveManyRowsOfOneInstantInSmallBatches) {
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

TEST_F(JobsOverHttp, NeverUseAPositionThatMeansSomethingElse) {
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

TEST_F(JobsOverHttp, NeverUseThePositionOfAnotherDatabaseBehindTheSameConnection) {
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
    ASSERT_EQ(host.call("PUT", "/replication/connections/shop", moved).status, 200u);
    Answer const run = host.run_job("v");
    EXPECT_EQ(run.body.at("error").at("code"), "source.replaced") << run;
    EXPECT_EQ(run.text.find("--"), std::string::npos) << run;
    ASSERT_EQ(host.post(job_path("v") + "/reset").status, 200u);
    EXPECT_EQ(host.run_job("v").body.at("written"), 1);
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
