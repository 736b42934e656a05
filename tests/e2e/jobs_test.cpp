// Jobs through HTTP against a real PostgreSQL: what a document means, and what is told of it.
#include <csignal>

#include "e2e/jobs_fixture.hpp"

namespace weir::test {
namespace {

TEST_F(JobsOverHttp, SayWhatTheirCursorSeesInEveryForm) {
    make_users(3);
    db.run("CREATE SEQUENCE drawn; ALTER TABLE users ALTER id SET DEFAULT nextval('drawn')");
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

TEST_F(JobsOverHttp, SayHowSurelyChangesArriveAndRefuseACursorThatLosesThem) {
    make_users(3);
    db.run("CREATE TABLE cached (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 50) PRIMARY KEY,"
           " v text, at timestamptz NOT NULL DEFAULT now()); INSERT INTO cached (v) VALUES ('a')");
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    auto const guaranteed = [](Answer const& answer) { return answer.body.value("guarantee", ""); };
    Json job = users_job("a");
    Answer const foreign = host.post("/replication/jobs", job);
    EXPECT_EQ(guaranteed(foreign), "lookback 10m") << foreign;
    EXPECT_TRUE(warns(foreign, "replication.cursor_caveat")) << foreign;
    EXPECT_EQ(guaranteed(host.get(job_path("a"))), "lookback 10m");
    job["id"] = "b";
    job["source"]["lookback"] = "2h";
    EXPECT_EQ(guaranteed(host.post("/replication/jobs", job)), "lookback 2h");
    job["source"]["lookback"] = "soon";
    EXPECT_EQ(findings(host.post("/replication/jobs", job)),
              (std::vector<std::string>{"/source/lookback replication.bad_value"}));

    job = users_job("c");
    job["source"]["stream"] = "public.cached";
    job["source"]["cursor"] = "id";
    job["destination"]["table"] = "cached";
    Answer const unsafe = host.post("/replication/jobs", job);
    EXPECT_EQ(unsafe.status, 422u) << unsafe;
    EXPECT_EQ(findings(unsafe),
              (std::vector<std::string>{"/source/cursor replication.cursor_unsafe"}));
    for (char const* way : {"a cache of 50", "cursor xmin", "cursor at", "lookback 10m"})
        EXPECT_NE(unsafe.text.find(way), std::string::npos) << way << unsafe;
    job["source"]["lookback"] = "10m";
    Answer const helped = host.post("/replication/jobs", job);
    EXPECT_EQ(helped.status, 201u) << helped;
    EXPECT_EQ(guaranteed(helped), "lookback 10m");

    job["id"] = "d";
    job["source"].erase("lookback");
    job["source"]["cursor"] = "at";
    job["destination"]["table"] = "by_time";
    EXPECT_EQ(guaranteed(host.post("/replication/jobs", job)), "settled");
    job["id"] = "e";
    job["source"]["cursor"] = "xmin";
    job["destination"]["table"] = "by_xmin";
    Answer const by_xmin = host.post("/replication/jobs", job);
    EXPECT_EQ(guaranteed(by_xmin), "settled") << by_xmin;
    EXPECT_EQ(by_xmin.body.at("sees").at("updates"), true);
    EXPECT_EQ(host.run_job("e").body.at("status"), "succeeded");
    db.run("UPDATE cached SET v = 'silent'");
    EXPECT_EQ(host.run_job("e").body.at("written"), 1);
    job["id"] = "f";
    job["source"].erase("cursor");
    EXPECT_EQ(guaranteed(host.post("/replication/jobs", job)), "snapshot");
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
    EXPECT_FALSE(warns(nullable, "replication.cursor_nullable")) << "they come with each run";
    job["id"] = "appends";
    job["destination"]["mode"] = "append";
    Answer const appends = host.post("/replication/jobs", job);
    EXPECT_EQ(appends.status, 201u) << appends;
    EXPECT_TRUE(warns(appends, "replication.cursor_nullable")) << appends;

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
    db.run("CREATE TABLE bare AS SELECT 1 AS n");
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Json job{{"id", "replaced"},
             {"source", {{"connection", "shop"}, {"stream", "public.bare"}}},
             {"destination", {{"connection", "local"}, {"table", "bare"}, {"mode", "replace"}}}};
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    ASSERT_EQ(host.run_job("replaced").body.at("status"), "succeeded");
    db.run("DELETE FROM bare");
    Answer const empty = host.run_job("replaced");
    EXPECT_EQ(empty.body.at("error").at("code"), "copy.replace_empty") << empty;
    EXPECT_EQ(besides_commands(empty.text).find("--"), std::string::npos) << empty;
    EXPECT_NE(empty.text.find("weir job run replaced --force"), std::string::npos) << empty;
    EXPECT_NE(empty.text.find("destination.mode replace"), std::string::npos) << empty;
    Answer const forced = host.post(job_path("replaced") + "/run?force=true", Json::object(),
                                    {{"Prefer", "wait=60"}});
    EXPECT_EQ(forced.body.at("status"), "succeeded") << forced;
    EXPECT_EQ(host.cli({"job", "run", "replaced", "--force", "--wait"}).code, 0);
    EXPECT_EQ(host.post(job_path("replaced") + "/run?force=maybe").status, 422u);
}

TEST_F(JobsOverHttp, H35AResetWaitsForNoRunAndKeepsTheRows) {
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

TEST_F(JobsOverHttp, AStartThatIsRefusedNamesTheRunInItsWay) {
    db.run("CREATE VIEW slow AS SELECT i AS id, pg_sleep(0.2)::text AS at "
           "FROM generate_series(1, 200) i");
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    ASSERT_EQ(host.post("/replication/jobs",
                        {{"id", "slow"},
                         {"source", {{"connection", "shop"}, {"stream", "public.slow"}}},
                         {"destination", {{"connection", "local"}, {"table", "slow"}}}})
                  .status,
              201u);
    std::string const run = host.post(job_path("slow") + "/run").body.at("run_id");
    for (char const* act : {"/run?onActive=reject", "/reset"}) {
        Answer const refused = host.post(job_path("slow") + act);
        EXPECT_EQ(refused.status, 409u) << refused;
        EXPECT_EQ(refused.code(), "run.active") << refused;
        EXPECT_EQ(refused.body.at("blocked_by"),
                  Json::array({{{"kind", "run"}, {"id", run}}})) << refused;
    }
    EXPECT_EQ(host.post(job_path("slow") + "/run?onActive=join").body.at("run_id"), run);
    EXPECT_EQ(host.post(job_path("slow") + "/cancel").status, 202u);
}

TEST_F(JobsOverHttp, H35DeletingTakesEventPositionAndOwnConnectionAndKeepsRows) {
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
    job["performance"] = {{"memoryLimit", "512MB"}};
    job["scheduel"] = "1h";
    Answer const refused = host.post("/replication/jobs", job);
    EXPECT_EQ(refused.status, 422u);
    std::vector<std::string> const all = findings(refused);
    for (char const* place :
         {"/transform", "/validation", "/trigger", "/steps", "/source/rateLimit",
          "/destination/schema", "/errorHandling/onFailure", "/errorHandling/onBatchError",
          "/performance/memoryLimit"})
        EXPECT_NE(std::find(all.begin(), all.end(),
                            std::string{place} + " replication.not_available"),
                  all.end())
            << place << refused;
    EXPECT_NE(refused.text.find("\"suggestion\":\"schedule\""), std::string::npos) << refused;
    EXPECT_EQ(host.get(job_path("users")).status, 404u);
}

// Else whoever may write connections could have a stored password sent to where he listens.
TEST_F(JobsOverHttp, KeepASecretForTheAddressItWasGivenFor) {
    WeirServer host{data()};
    Json const config{{"host", "127.0.0.1"},
                      {"port", server.port()},
                      {"user", PostgresServer::user},
                      {"password", PostgresServer::password},
                      {"database", database}};
    ASSERT_EQ(host.post("/replication/connections",
                        {{"id", "shop"}, {"connector", "postgres"}, {"config", config}})
                  .status,
              201u);
    std::string const path = "/replication/connections/shop";
    Answer const moved = host.call("PATCH", path, {{"config", {{"port", 1}}}});
    EXPECT_EQ(moved.status, 422u) << moved;
    EXPECT_EQ(findings(moved), Json({"/config/password replication.secret_needed"})) << moved;
    Answer const renamed = host.call("PATCH", path, {{"config", {{"database", "other"}}}});
    EXPECT_EQ(renamed.status, 200u) << renamed;
    Answer const given = host.call(
        "PATCH", path, {{"config", {{"port", 1}, {"password", PostgresServer::password}}}});
    EXPECT_EQ(given.status, 200u) << given;
    Json const by_url{{"connector", "postgres"},
                      {"config", {{"url", "postgres://u:" + std::string{"sesame"} + "@one/db"}}}};
    ASSERT_EQ(host.call("PUT", "/replication/connections/u", by_url).status, 201u);
    Json other = by_url;
    other["config"]["url"] = "postgres://u:***@two/db";
    EXPECT_EQ(host.call("PUT", "/replication/connections/u", other).code(),
              "replication.secret_needed");
}

TEST_F(JobsOverHttp, AreToldWhatCannotBeReadOrWritten) {
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    ASSERT_EQ(host.cli({"conn", "add", "made", "generator", "rows=1"}).code, 0);
    Json job = users_job("back");
    job["destination"] = {{"connection", "made"}, {"table", "users"}};
    Answer const refused = host.post("/replication/jobs", job);
    EXPECT_EQ(findings(refused), Json({"/destination/connection connector.role"})) << refused;
    make_users(1);
    ASSERT_EQ(host.post("/replication/jobs", users_job("users")).status, 201u);
    EXPECT_EQ(host.post(job_path("users") + "/reset", {{"to", "500"}}).status, 422u)
        << "what is not heeded is refused";
}

TEST_F(JobsOverHttp, SayThatTheirLoginWasRefusedAndGoOnWhenItIsNot) {
    make_users(3);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    ASSERT_EQ(host.post("/replication/jobs", users_job("users", "1s")).status, 201u);
    ASSERT_TRUE(eventually([&] { return !finished(host, "users").empty(); }));
    std::string const role = PostgresServer::user;
    auto admin = server.connect_as_owner("postgres");
    admin.run("ALTER ROLE " + role + " PASSWORD 'another'");
    admin.run("SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE pid <> "
              "pg_backend_pid() AND usename = '" + role + "'");
    ASSERT_TRUE(eventually([&] { return warns(host.get(job_path("users")),
                                              "replication.login_refused"); }));
    admin.run("ALTER ROLE " + role + " PASSWORD '" + PostgresServer::password + "'");
    EXPECT_EQ(host.run_job("users").body.at("status"), "succeeded");
    EXPECT_TRUE(eventually([&] {
        return !warns(host.get(job_path("users")), "replication.login_refused");
    }));
    std::size_t const before = finished(host, "users").size();
    EXPECT_TRUE(eventually([&] { return finished(host, "users").size() > before + 1; }))
        << "its ticks start it again";
}

}  // namespace
}  // namespace weir::test
