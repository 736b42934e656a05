#include "replication/service_fixture.hpp"

namespace weir::replication {
namespace {

TEST_F(ReplicationService, AConnectionKeepsItsSecretAndShowsNone) {
    Exchange const made = add_shop();
    EXPECT_EQ(made.status, 201u) << made.answer;
    EXPECT_EQ(made.json()["config"]["url"], "postgres://u:***@db/shop");
    EXPECT_EQ(host_.secrets["conn.shop.url"], "s3cret-Pa55");
    EXPECT_EQ(ask("get_connection", {}, {{"id", "shop"}}).json()["config"]["url"],
              "postgres://u:***@db/shop");
}

TEST_F(ReplicationService, TheSameConnectionAgainIsFineAndAnotherIsNot) {
    add_shop();
    EXPECT_EQ(add_shop().status, 200u);
    Exchange const other =
        ask("create_connection", {{"id", "shop"},
                                  {"connector", "postgres"},
                                  {"config", {{"url", "postgres://u:other@db/shop"}}}});
    EXPECT_EQ(other.failed, WEIR_E_CONFLICT);
    EXPECT_EQ(other.code, "replication.connection_exists");
    EXPECT_EQ(host_.secrets["conn.shop.url"], "s3cret-Pa55");
}

TEST_F(ReplicationService, AnAnswerSentBackChangesNothing) {
    add_shop();
    Json const shown = ask("get_connection", {}, {{"id", "shop"}}).json();
    Exchange const put = ask("put_connection", shown, {{"id", "shop"}});
    EXPECT_EQ(put.status, 200u) << put.answer;
    EXPECT_EQ(host_.secrets["conn.shop.url"], "s3cret-Pa55");
    Exchange const patched = ask(
        "patch_connection", {{"config", {{"url", "postgres://u:***@db/new"}}}}, {{"id", "shop"}});
    EXPECT_EQ(patched.json()["config"]["url"], "postgres://u:***@db/new") << patched.answer;
    EXPECT_EQ(host_.secrets["conn.shop.url"], "s3cret-Pa55");
}

TEST_F(ReplicationService, AWrongConnectionIsToldEverything) {
    Exchange const wrong = ask("create_connection", {{"id", "a b"},
                                                     {"connector", "postgress"},
                                                     {"colour", "red"},
                                                     {"config", {{"hst", "db"}}}});
    EXPECT_EQ(wrong.failed, WEIR_E_CONFIG);
    EXPECT_EQ(pointers(wrong), (std::vector<std::string>{"/id", "/colour", "/connector"}));
    Exchange const config =
        ask("create_connection",
            {{"id", "a"}, {"connector", "postgres"}, {"config", {{"hst", "db"}, {"port", 0}}}});
    EXPECT_EQ(pointers(config), (std::vector<std::string>{"/config/hst", "/config/port"}));
    EXPECT_EQ(config.json()["errors"][0]["suggestion"], "host");
}

TEST_F(ReplicationService, LocalIsThereAndStays) {
    EXPECT_EQ(ask("get_connection", {}, {{"id", "local"}}).json()["config"]["url"],
              "sqlite:/data/local.db");
    EXPECT_EQ(ask("delete_connection", {}, {{"id", "local"}}).failed, WEIR_E_CONFLICT);
    EXPECT_EQ(ask("list_connections").json()["items"][0]["id"], "local");
    EXPECT_EQ(pointers(ask("put_connection", {{"connector", "sqlite"}}, {{"id", "local"}})),
              std::vector<std::string>{"/id"});
}

TEST_F(ReplicationService, WhatIsUsedIsNotDeleted) {
    add_shop();
    Json job = bodies::native_job();
    ASSERT_EQ(ask("create_job", job).status, 201u);
    Exchange const refused = ask("delete_connection", {}, {{"id", "shop"}});
    EXPECT_EQ(refused.code, "replication.in_use");
    EXPECT_NE(refused.answer.find("incremental_orders"), std::string::npos);
    ASSERT_EQ(ask("delete_job", {}, {{"id", "incremental_orders"}}).status, 204u);
    EXPECT_EQ(ask("delete_connection", {}, {{"id", "shop"}}).status, 204u);
    EXPECT_TRUE(host_.secrets.empty());
    EXPECT_EQ(ask("delete_connection", {}, {{"id", "shop"}}).failed, WEIR_E_NOT_FOUND);
}

TEST_F(ReplicationService, AnIntegrationIsSharedByItsConnections) {
    ASSERT_EQ(ask("create_integration", {{"id", "crm"},
                                         {"connector", "postgres"},
                                         {"config", {{"host", "db"}, {"password", "s3cret-Pa55"}}}})
                  .status,
              201u);
    ASSERT_EQ(ask("create_connection",
                  {{"id", "eu"}, {"integration", "crm"}, {"config", {{"database", "eu"}}}})
                  .status,
              201u);
    Json job = bodies::native_job();
    job["source"]["connection"] = "eu";
    ASSERT_EQ(ask("create_job", job).status, 201u);
    ask("run_job", {}, {{"id", "incremental_orders"}});
    EXPECT_EQ(host_.asked("runner/1 submit")[0]["plan"]["tasks"][0]["source"]["config"],
              Json::parse(R"({"host":"db","database":"eu",
                              "password":"${secret:integ.crm.password}"})"));
    EXPECT_EQ(ask("delete_integration", {}, {{"id", "crm"}}).code, "replication.in_use");
}

TEST_F(ReplicationService, AJobHasOneEvent) {
    add_shop();
    Exchange const made = ask("create_job", bodies::native_job());
    EXPECT_EQ(made.status, 201u) << made.answer;
    EXPECT_EQ(made.json()["state"], "scheduled");
    EXPECT_EQ(events_.size(), 1u);
    EXPECT_EQ(events_["job:incremental_orders"]["schedule"], "*/15 * * * *");
    EXPECT_EQ(ask("create_job", bodies::native_job()).status, 200u);
    Json other = bodies::native_job();
    other["schedule"] = "1h";
    EXPECT_EQ(ask("create_job", other).code, "replication.job_exists");
    EXPECT_EQ(events_["job:incremental_orders"]["schedule"], "*/15 * * * *");
    EXPECT_EQ(ask("put_job", other, {{"id", "incremental_orders"}}).status, 200u);
    EXPECT_EQ(events_["job:incremental_orders"]["schedule"], "1h");
}

TEST_F(ReplicationService, AJobIsToldEverythingThatIsWrong) {
    Json job = bodies::native_job();
    job["schedule"] = "never";
    job["timezone"] = "Mars";
    job["source"]["connection"] = "shpo";
    job["source"]["batchSize"] = 0;
    EXPECT_EQ(pointers(ask("create_job", job)),
              (std::vector<std::string>{"/source/batchSize", "/source/connection", "/schedule",
                                        "/timezone"}));
    EXPECT_TRUE(events_.empty());
}

TEST_F(ReplicationService, PausingTakesTheEventAndKeepsTheJob) {
    add_shop();
    ask("create_job", bodies::native_job());
    std::map<std::string, std::string> const id{{"id", "incremental_orders"}};
    EXPECT_EQ(ask("pause_job", {}, id).json()["state"], "paused");
    EXPECT_EQ(ask("pause_job", {}, id).status, 200u);
    EXPECT_TRUE(events_.empty());
    EXPECT_EQ(ask("job_next", {}, id).json()["items"], Json::array());
    EXPECT_EQ(ask("patch_job", {{"is_active", true}}, id).json()["state"], "scheduled");
    EXPECT_EQ(events_.size(), 1u);
    EXPECT_EQ(ask("job_next", {}, id).json()["items"][0]["at"], "2027-01-01T00:00:00.000Z");
    EXPECT_EQ(ask("pause_job", {}, {{"id", "incremental_order"}}).failed, WEIR_E_NOT_FOUND);
    // Who listens hears of each change once.
    std::string told;
    for (auto const& notice : host_.told)
        told += notice.topic + " " + notice.data.value("state", "") + ", ";
    EXPECT_EQ(told, "job.created , job.state paused, job.state active, ");
}

TEST_F(ReplicationService, TheTableFormIsAnUpsert) {
    Json body = bodies::table_form();
    body["source"]["password"] = "s3cret-Pa55";
    Exchange const made = ask("create_job", body);
    EXPECT_EQ(made.status, 201u) << made.answer;
    EXPECT_EQ(made.json()["source"]["connection"], "users_sync");
    EXPECT_EQ(host_.secrets["conn.users_sync.password"], "s3cret-Pa55");
    EXPECT_EQ(events_["job:users_sync"]["schedule"], "*/1 * * * *");
    EXPECT_EQ(ask("create_job", body).status, 200u);
    body["cron_tab"] = "*/5 * * * *";
    EXPECT_EQ(ask("create_job", body).status, 200u);
    EXPECT_EQ(events_["job:users_sync"]["schedule"], "*/5 * * * *");
    ASSERT_EQ(ask("delete_job", {}, {{"id", "users_sync"}}).status, 204u);
    EXPECT_TRUE(host_.documents["connections"].empty());
    EXPECT_TRUE(host_.secrets.empty());
    EXPECT_TRUE(events_.empty());
}

TEST_F(ReplicationService, ADialectThatIsNotLoadedIsSaidWhereItStands) {
    Json body = bodies::table_form();
    body["source"]["dialect"] = "mysql";
    Exchange const mysql = ask("create_job", body);
    EXPECT_EQ(mysql.code, "connector.not_loaded") << mysql.answer;
    EXPECT_EQ(pointers(mysql), std::vector<std::string>{"/source/dialect"});
    body["source"]["dialect"] = "oracle";
    Exchange const oracle = ask("create_job", body);
    EXPECT_EQ(oracle.code, "connector.unknown");
    EXPECT_NE(oracle.answer.find("postgres, sqlite"), std::string::npos) << oracle.answer;
    body = bodies::configure_form();
    body["sourceConfig"]["dialect"] = "mysql";
    body["sourceConfig"].erase("defaultSchema");
    EXPECT_EQ(pointers(ask("configure", body)), std::vector<std::string>{"/sourceConfig/dialect"});
}

TEST_F(ReplicationService, TheConfigureFormGoesThroughItsRoutes) {
    Exchange const made = ask("configure", bodies::configure_form());
    EXPECT_EQ(made.status, 201u) << made.answer;
    EXPECT_EQ(made.json()["sourceConfig"]["password"], "***");
    EXPECT_EQ(made.json()["syncIntervalMinutes"], 30);
    EXPECT_EQ(events_["job:supabase-users"]["schedule"], "30m");
    std::map<std::string, std::string> const name{{"name", "supabase-users"}};
    EXPECT_EQ(ask("stop_config", {}, name).json()["isActive"], false);
    EXPECT_TRUE(events_.empty());
    EXPECT_EQ(ask("start_config", {}, name).json()["isActive"], true);
    Json const status = ask("all_status").json()["items"][0];
    EXPECT_EQ(status["config_name"], "supabase-users");
    EXPECT_EQ(status.dump().find("your-password"), std::string::npos);
    EXPECT_EQ(ask("sync_config", {}, name).status, 202u);
    EXPECT_EQ(ask("deconfigure", {}, name).status, 204u);
    EXPECT_EQ(ask("deconfigure", {}, name).failed, WEIR_E_NOT_FOUND);
}

TEST_F(ReplicationService, AnotherCursorAsksForAReset) {
    ask("configure", bodies::configure_form());
    Json body = bodies::configure_form();
    body["trackingColumn"] = "id";
    EXPECT_EQ(ask("configure", body).status, 200u);
    cursor_ = "7";
    EXPECT_EQ(ask("configure", bodies::configure_form()).code, "replication.needs_reset");
    body["syncIntervalMinutes"] = 5;
    EXPECT_EQ(ask("configure", body).status, 200u);
}

TEST_F(ReplicationService, ATickSubmitsThePlanOnce) {
    ask("configure", bodies::configure_form());
    tell("cron/1:dev.weir.replication/job:supabase-users",
         {{"name", "job:supabase-users"}, {"scheduled_at", "2027-01-01T00:00:00.000Z"}});
    std::vector<Json> const submitted = host_.asked("runner/1 submit");
    ASSERT_EQ(submitted.size(), 1u);
    EXPECT_EQ(submitted[0]["idempotency_key"], "supabase-users@2027-01-01T00:00:00.000Z");
    EXPECT_EQ(submitted[0]["overlap"], "skip");
    Json const& task = submitted[0]["plan"]["tasks"][0];
    EXPECT_EQ(task["source"]["config"]["password"], "${secret:conn.supabase-users.password}");
    EXPECT_EQ(task["sink"]["config"]["url"], "sqlite:/data/local.db");
    EXPECT_EQ(task["sink"]["target"], "users");
}

TEST_F(ReplicationService, ATickOfNoJobOrAPausedOneDoesNothing) {
    ask("configure", bodies::configure_form());
    ask("stop_config", {}, {{"name", "supabase-users"}});
    for (char const* const name : {"job:supabase-users", "job:gone", "other"})
        tell("cron/1:dev.weir.replication/x", {{"name", name}, {"scheduled_at", "x"}});
    EXPECT_TRUE(host_.asked("runner/1 submit").empty());
}

TEST_F(ReplicationService, ATickThatCannotStartIsToldAndNotRepeated) {
    ask("configure", bodies::configure_form());
    host_.methods["runner/1 submit"] = [](Json const&) -> Json {
        throw Error{WEIR_E_CONFIG, "the plan is wrong"}.coded("plan.bad");
    };
    Json const tick{{"name", "job:supabase-users"}, {"scheduled_at", "x"}};
    EXPECT_NO_THROW(tell("cron/1:x", tick));
    EXPECT_EQ(ask("get_job", {}, {{"id", "supabase-users"}}).json()["last_error"]["code"],
              "plan.bad");
    host_.methods["runner/1 submit"] = [](Json const&) -> Json {
        throw Error{WEIR_E_IO, "disk full"};
    };
    EXPECT_THROW(tell("cron/1:x", tick), Error);
}

Json finished(std::string const& status, Json const& error = nullptr) {
    return {{"run_id", "run-1"},
            {"job", "supabase-users"},
            {"status", status},
            {"written", status == "failed" ? 0 : 3},
            {"created_at", "2099-01-01T00:00:00.000Z"},
            {"started_at", "2099-01-01T00:00:00.000Z"},
            {"finished_at", "2099-01-01T00:00:01.500Z"},
            {"executionTime", 1500.0},
            {"error", error}};
}

TEST_F(ReplicationService, ARunThatEndsIsToldOnce) {
    ask("configure", bodies::configure_form());
    host_.methods["runner/1 query"] = [](Json const&) { return finished("succeeded"); };
    Json const event{{"run_id", "run-1"}, {"job", "supabase-users"}, {"status", "succeeded"}};
    tell("runner/1:run", {{"run_id", "run-1"}, {"job", "supabase-users"}, {"status", "running"}});
    EXPECT_TRUE(host_.published.empty());
    tell("runner/1:run", event);
    tell("runner/1:run", event);
    ASSERT_EQ(host_.published.size(), 1u);
    EXPECT_EQ(host_.published[0].topic, "replication:callback");
    EXPECT_EQ(host_.published[0].key, "run-1");
    EXPECT_EQ(host_.published[0].data,
              Json::parse(R"({"config_name":"supabase-users","status":"success",
                "records_processed":3,"sync_duration_ms":1500.0,"error_message":null,
                "run_id":"run-1"})"));
    Json const job = ask("get_job", {}, {{"id", "supabase-users"}}).json();
    EXPECT_EQ(job["rows_synced"], 3);
    EXPECT_EQ(job["last_status"], "succeeded");
    EXPECT_EQ(ask("get_connection", {}, {{"id", "supabase-users"}}).json()["lastSyncAt"],
              "2099-01-01T00:00:01.500Z");
    Json const next{{"run_id", "run-2"}, {"job", "supabase-users"}, {"status", "succeeded"}};
    for (int i = 0; i < 2; ++i) tell("runner/1:run", event), tell("runner/1:run", next, "2");
    EXPECT_EQ(host_.published.size(), 2u) << "a killed host tells its last events again";
    EXPECT_EQ(ask("get_job", {}, {{"id", "supabase-users"}}).json()["rows_synced"], 6);
}

TEST_F(ReplicationService, ARefusedLoginStopsTheTicksUntilTheConnectionIsMended) {
    ask("configure", bodies::configure_form());
    host_.methods["runner/1 query"] = [](Json const&) {
        return finished("failed", {{"code", "postgres.login_refused"}, {"message", "refused"}});
    };
    tell("runner/1:run", {{"run_id", "run-1"}, {"job", "supabase-users"}, {"status", "failed"}});
    EXPECT_EQ(host_.published[0].data["status"], "error");
    EXPECT_EQ(host_.published[0].data["error_message"], "refused");
    Json const tick{{"name", "job:supabase-users"}, {"scheduled_at", "x"}};
    tell("cron/1:x", tick);
    EXPECT_TRUE(host_.asked("runner/1 submit").empty());
    Json body = bodies::configure_form();
    body["sourceConfig"]["password"] = "right";
    ask("configure", body);
    tell("cron/1:x", tick);
    EXPECT_EQ(host_.asked("runner/1 submit").size(), 1u);
}

TEST_F(ReplicationService, StartingMendsBothWays) {
    ask("configure", bodies::configure_form());
    events_.clear();
    events_["job:gone"] = Json::object();
    service_.start(Call{host_.call()});
    EXPECT_EQ(events_.size(), 1u);
    EXPECT_TRUE(events_.contains("job:supabase-users"));
}

TEST_F(ReplicationService, ResettingWaitsForNoRun) {
    ask("configure", bodies::configure_form());
    std::map<std::string, std::string> const id{{"id", "supabase-users"}};
    EXPECT_EQ(ask("reset_job", {}, id).status, 200u);
    runs_ = Json::array({{{"run_id", "run-9"}, {"status", "running"}}});
    Exchange const refused = ask("reset_job", {}, id);
    EXPECT_EQ(refused.code, "run.active");
    EXPECT_NE(refused.answer.find("run-9"), std::string::npos);
}

TEST_F(ReplicationService, DeletingEndsTheRunFirst) {
    ask("configure", bodies::configure_form());
    runs_ = Json::array({{{"run_id", "run-9"}, {"status", "running"}}});
    host_.methods["runner/1 cancel"] = [this](Json const&) {
        runs_ = Json::array();
        return Json{{"status", "cancelled"}};
    };
    EXPECT_EQ(ask("delete_job", {}, {{"id", "supabase-users"}}).status, 204u);
    EXPECT_EQ(host_.asked("runner/1 cancel")[0]["run_id"], "run-9");
    EXPECT_EQ(host_.asked("runner/1 reset").size(), 1u);
    EXPECT_EQ(host_.asked("runner/1 forget")[0]["job"], "supabase-users");
}

TEST_F(ReplicationService, StatusSaysWhatRunsAndWhereTheSinkStands) {
    ask("configure", bodies::configure_form());
    std::map<std::string, std::string> const id{{"id", "supabase-users"}};
    cursor_ = "2026-01-01";
    runs_ = Json::array({{{"run_id", "run-9"}, {"status", "retrying"}, {"read", 5}}});
    Json const status = ask("job_status", {}, id).json();
    EXPECT_EQ(status["state"], "retrying");
    EXPECT_EQ(status["cursor"], "2026-01-01");
    EXPECT_EQ(status["progress"]["records"], 5);
}

TEST_F(ReplicationService, WrongParametersAreRefused) {
    ask("configure", bodies::configure_form());
    std::map<std::string, std::string> const id{{"id", "supabase-users"}};
    for (auto const& [route, query] :
         std::vector<std::pair<std::string, std::string>>{{"job_metrics", "period=7w"},
                                                          {"job_metrics", "period=0d"},
                                                          {"job_next", "count=0"},
                                                          {"job_history", "limit=1001"},
                                                          {"run_job", "onActive=maybe"},
                                                          {"all_logs", "limit=x"}})
        EXPECT_EQ(ask(route, {}, id, query).code, "request.bad_parameter") << route << query;
}

TEST_F(ReplicationService, JobsComeByPagesAndByConnection) {
    add_shop();
    for (char const* const id : {"a", "b", "c"}) {
        Json job = bodies::native_job();
        job["id"] = id;
        ASSERT_EQ(ask("create_job", job).status, 201u);
    }
    Json const first = ask("list_jobs", {}, {}, "limit=2&connection=shop").json();
    ASSERT_EQ(first["items"].size(), 2u);
    EXPECT_EQ(first["next"], "b");
    Json const rest = ask("list_jobs", {}, {}, "limit=2&cursor=b").json();
    EXPECT_EQ(rest["items"].size(), 1u);
    EXPECT_TRUE(rest["next"].is_null());
    EXPECT_TRUE(ask("list_jobs", {}, {}, "connection=sho").json()["items"].empty());
}

TEST_F(ReplicationService, AJobByUrlHidesItsPassword) {
    Json const job = Json::parse(
        R"({"id":"a","source":{"url":"postgres://u:s3cret-Pa55@db/shop","stream":"users"},
            "destination":{"type":"database"}})");
    Exchange const made = ask("create_job", job);
    EXPECT_EQ(made.status, 201u) << made.answer;
    EXPECT_EQ(made.json()["source"]["url"], "postgres://u:***@db/shop");
    EXPECT_EQ(host_.secrets["job.a.source.url"], "s3cret-Pa55");
    EXPECT_EQ(ask("create_job", job).status, 200u);
    ask("run_job", {}, {{"id", "a"}});
    Json const source = host_.asked("runner/1 submit")[0]["plan"]["tasks"][0]["source"];
    EXPECT_EQ(source["connector"], "postgres");
    EXPECT_EQ(source["config"]["url"], "postgres://u:${secret:job.a.source.url}@db/shop");
    Exchange const unknown =
        ask("create_job", Json::parse(
                              R"({"id":"b","source":{"url":"mysql://db/x","stream":"users"},
            "destination":{"type":"database"}})"));
    EXPECT_EQ(unknown.code, "connector.not_loaded");
}

TEST_F(ReplicationService, AJobIsLateAtTheThirdTickWithoutASuccess) {
    add_shop();
    ask("create_job", bodies::native_job());
    auto const late = [&] {
        std::size_t told = 0;
        for (auto const& event : host_.told) told += event.topic == "job.late";
        return told;
    };
    auto const tick = [&](int hour) {
        tell("cron/1:dev.weir.replication/job",
             {{"name", "job:incremental_orders"},
              {"scheduled_at", "2026-01-01T0" + std::to_string(hour) + ":00:00.000Z"}});
    };
    host_.methods["cron/1 explain"] = [](Json const&) {
        return Json{{"next", {"2026-01-01T01:00:00.000Z", "2026-01-01T02:00:00.000Z",
                              "2026-01-01T03:00:00.000Z"}}};
    };
    tick(1), tick(2), tick(2);
    EXPECT_EQ(late(), 0u) << "the last success is younger than two intervals";
    tick(3), tick(4);
    EXPECT_EQ(late(), 1u);
    EXPECT_EQ(ask("get_job", {}, {{"id", "incremental_orders"}}).json()["late"], true);
    host_.methods["runner/1 query"] = [](Json const&) {
        return Json{{"run_id", "run-1"},
                    {"status", "succeeded"},
                    {"job", "incremental_orders"},
                    {"finished_at", "2026-01-01T04:01:00.000Z"}};
    };
    tell("runner/1:run",
         {{"job", "incremental_orders"}, {"status", "succeeded"}, {"run_id", "run-1"}});
    EXPECT_EQ(ask("get_job", {}, {{"id", "incremental_orders"}}).json()["late"], false);
}

TEST_F(ReplicationService, TheNextTimesGoOnFromWhatTheTimerHolds) {
    add_shop();
    ask("create_job", bodies::native_job());
    host_.methods["cron/1 explain"] = [](Json const& in) {
        EXPECT_EQ(in["from"], "2027-01-01T00:00:00.000Z") << "not from a clock that was set back";
        return Json{{"next", {"2027-01-01T00:15:00.000Z", "2027-01-01T00:30:00.000Z"}}};
    };
    Json const next = ask("job_next", {}, {{"id", "incremental_orders"}}, "count=2").json();
    ASSERT_EQ(next["items"].size(), 2u) << next;
    EXPECT_EQ(next["items"][0]["at"], "2027-01-01T00:00:00.000Z");
    EXPECT_EQ(next["items"][1]["at"], "2027-01-01T00:15:00.000Z");
}

}  // namespace
}  // namespace weir::replication
