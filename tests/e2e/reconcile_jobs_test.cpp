// A job that is compared with its source as well: by its own schedule beside the delta, on request,
// from a file, and across a kill of the host in the middle of it.
#include <algorithm>
#include <fstream>

#include "e2e/jobs_fixture.hpp"
#include "support/duckdb.hpp"

namespace weir::test {
namespace {

class ReconcileJobs : public JobsOverHttp {
protected:
    ReconcileJobs() { make_users(100); }

    Json nightly(std::string const& schedule, Json more = Json::object()) const {
        Json job = users_job("users");
        more["schedule"] = schedule;
        job["reconcile"] = std::move(more);
        return job;
    }
    /// A server with the job in it, and its first delta done.
    void begin(WeirServer& host, Json const& job) {
        ASSERT_EQ(add_shop(host).status, 201u);
        Answer const made = host.post("/replication/jobs", job);
        ASSERT_EQ(made.status, 201u) << made;
        Answer const ran = host.run_job("users");
        ASSERT_EQ(ran.status, 200u) << ran;
        ASSERT_EQ(ran.body.at("status"), "succeeded") << ran;
        cursor = position();
    }
    std::string position() { return local().one("SELECT \"cursor\" FROM _weir_checkpoint"); }
    int rows() { return std::stoi(local().one("SELECT count(*) FROM users")); }

    std::string cursor;
};

TEST_F(ReconcileJobs, ItsOwnScheduleFindsDeletesAndLeavesTheDeltaItsPosition) {
    WeirServer host{data()};
    begin(host, nightly("1s"));
    Answer const job = host.get("/replication/jobs/users");
    EXPECT_EQ(job.body.at("sees").at("deletes"), true) << job;
    db.run("DELETE FROM users WHERE id <= 5");
    ASSERT_TRUE(eventually([&] { return rows() == 95; }));
    EXPECT_EQ(position(), cursor);
    add_users(101, 110);
    Answer const ran = host.run_job("users");
    ASSERT_EQ(ran.status, 200u) << ran;
    expect_local_equal();
    bool is_told = false;
    for (Json const& run : finished(host, "users"))
        for (Json const& stream : run.at("streams"))
            is_told = is_told || (stream.value("deleted", 0) == 5 && stream.value("extra", 0) == 5);
    EXPECT_TRUE(is_told) << "a run says how many went";
}

TEST_F(ReconcileJobs, ItNeverRunsBesideTheDelta) {
    Json job = nightly("1s");
    job["schedule"] = "1s";
    WeirServer host{data()};
    begin(host, job);
    std::vector<Json> runs;
    ASSERT_TRUE(eventually([&] {
        runs = finished(host, "users");
        return runs.size() >= 6;
    }));
    std::ranges::sort(runs, {}, [](Json const& run) { return run.at("started_at").dump(); });
    for (std::size_t i = 1; i < runs.size(); ++i)
        EXPECT_LE(runs[i - 1].at("finished_at").dump(), runs[i].at("started_at").dump());
    auto const compares = [](Json const& run) {
        return run.at("streams").at(0).contains("checked");
    };
    EXPECT_TRUE(std::ranges::any_of(runs, compares));
    EXPECT_FALSE(std::ranges::all_of(runs, compares));
}

TEST_F(ReconcileJobs, KilledInItsMiddleByTheHostsEndItIsDoneAfterTheNextStart) {
    {
        WeirServer host{data()};
        begin(host, nightly("1d"));
    }
    db.run("DELETE FROM users WHERE id <= 5");
    {
        WeirServer host{data(), {}, {.environment = {{"WEIR_FAILPOINT",
                                                      "reconcile.after_sweep:1"}}}};
        Answer const asked = host.post("/replication/jobs/users/run?mode=reconcile");
        ASSERT_EQ(asked.status, 202u) << asked;
        EXPECT_EQ(host.process().wait(), 137);
    }
    EXPECT_EQ(rows(), 100) << "nothing of it shows";
    EXPECT_EQ(position(), cursor);
    WeirServer host{data()};
    ASSERT_TRUE(eventually([&] { return rows() == 95; }));
    EXPECT_EQ(position(), cursor);
}

TEST_F(ReconcileJobs, OnRequestItsGuardRefusesUntilSomebodyInsists) {
    WeirServer host{data()};
    begin(host, nightly("1d", {{"max_delete_fraction", 0.2}}));
    db.run("DELETE FROM users WHERE id <= 30");
    Ran const refused = host.cli({"job", "run", "users", "--mode", "reconcile", "--wait"});
    EXPECT_EQ(refused.code, 1) << refused;
    EXPECT_NE((refused.out + refused.err).find("reconcile.too_many_deletes"), std::string::npos)
        << refused;
    EXPECT_NE((refused.out + refused.err).find("reconcile.max_delete_fraction"), std::string::npos)
        << "in the words of the job: " << refused;
    EXPECT_NE((refused.out + refused.err).find("weir job run users --mode reconcile --force"),
              std::string::npos)
        << "and what would do it: " << refused;
    EXPECT_EQ(rows(), 100);
    Ran const forced =
        host.cli({"job", "run", "users", "--mode", "reconcile", "--force", "--wait"});
    EXPECT_EQ(forced.code, 0) << forced;
    EXPECT_EQ(rows(), 70);
    Answer const odd = host.post("/replication/jobs/users/run?mode=sideways");
    EXPECT_EQ(odd.code(), "request.bad_parameter") << odd;
}

TEST_F(ReconcileJobs, OneThatFailedStaysVisibleWhateverTheDeltaDoes) {
    WeirServer host{data()};
    begin(host, nightly("1d"));
    EXPECT_EQ(host.get("/replication/jobs/users").body.at("lastReconcile").at("status"), nullptr);
    db.run("DELETE FROM users WHERE id <= 30");
    ASSERT_EQ(host.cli({"job", "run", "users", "--mode", "reconcile", "--wait"}).code, 1);
    add_users(101, 105);
    ASSERT_EQ(host.run_job("users").body.at("status"), "succeeded");

    auto const is = [&host](char const* last, char const* compared) {
        return eventually([&] {
            Json const now = host.get("/replication/jobs/users").body;
            return now.at("last_status") == last &&
                   now.at("lastReconcile").at("status") == compared;
        });
    };
    ASSERT_TRUE(is("succeeded", "failed"));
    Answer const job = host.get("/replication/jobs/users");
    Json const last = job.body.at("lastReconcile");
    EXPECT_EQ(last.at("error").at("code"), "reconcile.too_many_deletes") << job;
    EXPECT_TRUE(last.at("next").is_string()) << job;
    EXPECT_EQ(host.get("/replication/jobs/users/status").body.at("lastReconcile"), last);
    std::string const way = "weir job run users --mode reconcile --force";
    for (std::vector<std::string> const& words :
         {std::vector<std::string>{"job", "list"}, {"status"}, {"job", "show", "users"}}) {
        Ran const told = host.cli(words);
        EXPECT_EQ(told.code, 0) << told;
        EXPECT_NE(told.out.find("reconcile.too_many_deletes"), std::string::npos) << told;
        EXPECT_NE(told.out.find(way), std::string::npos) << told;
    }
    Ran const history = host.cli({"job", "history", "users"});
    EXPECT_NE(history.out.find("  reconcile"), std::string::npos) << history;

    Ran const insisted =
        host.cli({"job", "run", "users", "--mode", "reconcile", "--force", "--wait"});
    ASSERT_EQ(insisted.code, 0) << insisted;
    ASSERT_TRUE(is("succeeded", "succeeded"));
    Answer const mended = host.get("/replication/jobs/users");
    EXPECT_EQ(mended.text.find("replication.reconcile_failed"), std::string::npos) << mended;
    EXPECT_EQ(host.cli({"job", "list"}).out.find("reconcile"), std::string::npos);
    expect_local_equal();
}

TEST_F(ReconcileJobs, OneThatIsCancelledHidesNoFailureOfTheOneBefore) {
    WeirServer host{data()};
    begin(host, nightly("1d"));
    db.run("DELETE FROM users WHERE id <= 30");
    ASSERT_EQ(host.cli({"job", "run", "users", "--mode", "reconcile", "--wait"}).code, 1);
    Json failed;
    ASSERT_TRUE(eventually([&] {
        failed = host.get("/replication/jobs/users").body.at("lastReconcile");
        return failed.at("status") == "failed";
    }));
    // Nobody reads the table until this ends.
    db.run("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
    Answer const asked = host.post("/replication/jobs/users/run?mode=reconcile");
    ASSERT_EQ(asked.status, 202u) << asked;
    ASSERT_TRUE(eventually([&] {
        return db.one("SELECT count(*) FROM pg_locks WHERE relation = 'users'::regclass AND NOT "
                      "granted") != "0";
    }));
    ASSERT_EQ(host.post("/replication/jobs/users/cancel").status, 202u);
    ASSERT_TRUE(eventually([&] {
        return host.get("/replication/jobs/users").body.at("last_status") == "cancelled";
    }));
    EXPECT_EQ(host.get("/replication/jobs/users").body.at("lastReconcile"), failed);
    Ran const list = host.cli({"job", "list"});
    EXPECT_NE(list.out.find("reconcile.too_many_deletes"), std::string::npos) << list;
    db.run("COMMIT");
}

TEST_F(ReconcileJobs, WhatCannotBeComparedIsRefusedBeforeItsFirstTick) {
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    std::string const url = "adbc:" + duckdb_library() + "?path=" + data() + "/lake.db";
    Json const lake{{"id", "lake"}, {"connector", "adbc"}, {"config", {{"url", url}}}};
    ASSERT_EQ(host.post("/replication/connections", lake).status, 201u);
    Json job = nightly("1d");
    job["destination"] = {{"connection", "lake"}, {"table", "users"}};
    Answer const sink = host.post("/replication/jobs", job);
    EXPECT_EQ(sink.status, 422u) << sink;
    EXPECT_NE(sink.text.find("reconcile.sink_cannot"), std::string::npos) << sink;
    EXPECT_NE(sink.text.find("/destination/connection"), std::string::npos) << sink;
    job.erase("reconcile");
    EXPECT_EQ(host.post("/replication/jobs", job).status, 201u) << "only that is refused";

    db.run("CREATE TABLE loose (a int)");
    Ran const loose = host.cli({"job", "create", "loose", "shop", "local", "--stream",
                                "public.loose", "--reconcile-schedule", "1d"});
    EXPECT_EQ(loose.code, 2) << loose;
    EXPECT_NE((loose.out + loose.err).find("reconcile.no_key"), std::string::npos) << loose;
    EXPECT_EQ(host.cli({"job", "create", "loose", "shop", "local", "--stream", "public.loose",
                        "--key", "a", "--reconcile-schedule", "1d"})
                  .code,
              0)
        << "a key that is named will do";
}

TEST_F(ReconcileJobs, TheListSaysWhatEachSeesAndHowSurely) {
    WeirServer host{data()};
    begin(host, nightly("1d"));
    Json job = users_job("plain");
    job["destination"]["table"] = "plain";
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    Ran const list = host.cli({"job", "list"});
    EXPECT_NE(list.out.find("GUARANTEE"), std::string::npos) << list;
    EXPECT_NE(list.out.find("no deletes  "), std::string::npos) << list;
    EXPECT_NE(list.out.find("all  "), std::string::npos) << list;
    std::string const guarantee = host.get("/replication/jobs/users").body.at("guarantee");
    EXPECT_NE(list.out.find(guarantee), std::string::npos) << list;
}

TEST_F(ReconcileJobs, TheCommandLineMakesOne) {
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Ran const made = host.cli({"job", "create", "users", "shop", "local", "--stream",
                               "public.users", "--cursor", "updated_at", "--reconcile-schedule",
                               "0 3 * * *", "--reconcile-on-delete", "soft",
                               "--reconcile-compare", "values",
                               "--reconcile-max-delete-fraction", "0.5", "--run", "--wait"});
    ASSERT_EQ(made.code, 0) << made;
    Json const wanted{{"schedule", "0 3 * * *"},
                      {"on_delete", "soft"},
                      {"compare", "values"},
                      {"max_delete_fraction", 0.5}};
    EXPECT_EQ(host.get("/replication/jobs/users").body.at("reconcile"), wanted);
    db.run("DELETE FROM users WHERE id <= 30; UPDATE users SET name = 'other' WHERE id = 50");
    Ran const ran = host.cli({"job", "run", "users", "--mode", "reconcile", "--wait"});
    EXPECT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(local().one("SELECT count(*) FROM users WHERE _weir_deleted_at IS NOT NULL"), "30");
    EXPECT_EQ(local().one("SELECT name FROM users WHERE id = 50"), "other");
}

TEST_F(ReconcileJobs, AJobMayBeNothingElse) {
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Json job = users_job("users");
    job["mode"] = "reconcile";
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    ASSERT_EQ(host.run_job("users").body.at("status"), "succeeded");
    expect_local_equal();
    db.run("DELETE FROM users WHERE id = 7; UPDATE users SET id = 700 WHERE id = 70");
    ASSERT_EQ(host.run_job("users").body.at("status"), "succeeded");
    expect_local_equal();
}

TEST_F(ReconcileJobs, AllThatIsWrongIsTold) {
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    Json job = users_job("users");
    job["destination"]["mode"] = "append";
    job["reconcile"] = {{"schedule", "61 * * * *"},
                        {"on_delete", "gently"},
                        {"max_delete_fraction", 2},
                        {"compares", "keys"}};
    Answer const answer = host.post("/replication/jobs", job);
    EXPECT_EQ(answer.status, 422u) << answer;
    for (char const* place : {"/reconcile/on_delete", "/reconcile/max_delete_fraction",
                              "/reconcile/compares", "/destination/mode"})
        EXPECT_NE(answer.text.find(place), std::string::npos) << answer;
    job = users_job("users");
    job["reconcile"] = {{"schedule", "61 * * * *"}};
    Answer const late = host.post("/replication/jobs", job);
    EXPECT_EQ(late.status, 422u) << late;
    EXPECT_NE(late.text.find("/reconcile/schedule"), std::string::npos) << late;
}

TEST_F(ReconcileJobs, AFileHoldsIt) {
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    std::ofstream{directory / "weir.yaml"}
        << "jobs:\n  users:\n    source: {connection: shop, stream: public.users, cursor: "
           "updated_at}\n    destination: {connection: local, table: users}\n"
           "    reconcile: {schedule: '0 3 * * *', on_delete: soft}\n";
    Ran const applied = host.cli({"apply", directory / "weir.yaml", "-y"});
    ASSERT_EQ(applied.code, 0) << applied;
    EXPECT_EQ(host.get("/replication/jobs/users").body.at("reconcile").at("on_delete"), "soft");
}

}  // namespace
}  // namespace weir::test
