// One engine: what a run brings, how it ends, and what is known of it afterwards.
#include <gtest/gtest.h>

#include <thread>

#include "engine/host.hpp"
#include "host/run/run_json.hpp"
#include "support/sqlite.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

constexpr std::int64_t patience_ms = 60'000;

class Engine : public testing::Test {
protected:
    Engine() { reopen(); }

    /// As after the death of the process, or its orderly end.
    void reopen() {
        host.reset();
        host = std::make_unique<Host>(directory.path().string());
    }
    void start() { must(host->engine.start(4)); }
    std::string submit(Json const& plan) {
        return must(host->engine.submit(request_of(plan))).run_id;
    }
    Json wait(std::string const& run_id) { return must(host->engine.wait(run_id, patience_ms)); }
    Json run(Json const& plan) { return wait(submit(plan)); }
    /// A source of 100 rows that fails `times` at the 50th.
    Json flaky(int times, bool is_final = false) {
        write_file(directory / "fails", std::to_string(times));
        return {{"connector", "flaky"},
                {"config",
                 {{"rows", 100},
                  {"fail_at", 50},
                  {"fails", directory / "fails"},
                  {"final", is_final}}}};
    }
    Json plan(Json source, std::string const& target = "numbers", std::string const& job = "job") {
        return plan_of(job, std::move(source), sink_path(), target);
    }
    std::string sink_path() const { return directory / "sink.db"; }
    std::string in_sink(std::string const& sql) { return Sqlite{sink_path()}.one(sql); }
    /// Blocks until the run has the status; answers the run.
    Json wait_for(std::string const& run_id, std::string const& status) {
        for (;;) {
            Json const found = must(host->engine.query(run_id, true));
            if (found["status"] == status) return found;
            if (host::is_ended(found["status"].get<std::string>()))
                throw std::runtime_error{found.dump()};
            std::this_thread::yield();
        }
    }

    TempDir directory;
    std::unique_ptr<Host> host;
};

TEST_F(Engine, ARunBringsEveryRowAndSaysSo) {
    start();
    Json const run = this->run(plan(generator("rows=1000"), "users"));
    EXPECT_EQ(run["status"], "succeeded") << run;
    EXPECT_EQ(in_sink("SELECT count(*) || '/' || count(DISTINCT id) FROM users"), "1000/1000");
    for (char const* count : {"read", "written", "recordsProcessed"}) EXPECT_EQ(run[count], 1000);
    EXPECT_EQ(run["attempts"], 1);
    EXPECT_EQ(run["success"], true);
    EXPECT_TRUE(run["error"].is_null());
    EXPECT_EQ(run["scheduled_at"], "2026-01-01T00:00:00Z");
    EXPECT_EQ(run["trigger"]["by"], "test");
    ASSERT_EQ(run["streams"].size(), 1u);
    EXPECT_EQ(run["streams"][0]["target"], "users");
    for (char const* time : {"created_at", "started_at", "finished_at", "timestamp"})
        EXPECT_TRUE(run[time].is_string()) << time;
    EXPECT_GT(run["executionTime"].get<double>(), 0);
}

TEST_F(Engine, APlanIsToldEverythingThatIsWrongWithIt) {
    Json wrong = plan(generator("rows=1"));
    wrong["tasks"][0]["sinc"] = 1;
    wrong["tasks"][0]["source"]["connector"] = "generatr";
    wrong["tasks"][0]["sink"]["connector"] = "generator";
    wrong["tasks"][0]["retry"] = {{"backoff", "expnential"}, {"retries", -1}};
    auto const findings = host->engine.check(wrong);
    ASSERT_EQ(findings.size(), 5u);
    std::map<std::string, std::string> suggested;
    for (auto const& finding : findings) suggested[finding.pointer] = finding.suggestion;
    EXPECT_EQ(suggested["/tasks/0/sinc"], "did you mean sink?");
    EXPECT_EQ(suggested["/tasks/0/source/connector"], "did you mean generator?");
    EXPECT_TRUE(suggested.count("/tasks/0/sink/connector"));
    EXPECT_EQ(suggested["/tasks/0/retry/backoff"], "did you mean exponential?");
    EXPECT_TRUE(suggested.count("/tasks/0/retry/retries"));
    EXPECT_FALSE(host->engine.submit(request_of(wrong)));
    EXPECT_EQ(must(host->engine.list({}))["items"].size(), 0u);
}

TEST_F(Engine, ALineThatWasDeadIsTakenUpBehindTheLastCommit) {
    start();
    Json flawed = plan(flaky(2));
    flawed["tasks"][0]["retry"] = {{"retries", 3}, {"delay_ms", 1}};
    Json const run = this->run(flawed);
    EXPECT_EQ(run["status"], "succeeded") << run;
    EXPECT_EQ(run["attempts"], 3);
    EXPECT_EQ(run["read"], 100);
    EXPECT_EQ(run["written"], 100);
    EXPECT_EQ(in_sink("SELECT count(*) || '/' || count(DISTINCT id) FROM numbers"), "100/100");
}

TEST_F(Engine, WhatTimeDoesNotCureIsTriedOnce) {
    start();
    Json flawed = plan(flaky(1, true));
    flawed["tasks"][0]["retry"] = {{"retries", 3}, {"delay_ms", 1}};
    Json const run = this->run(flawed);
    EXPECT_EQ(run["status"], "failed");
    EXPECT_EQ(run["attempts"], 1);
    EXPECT_EQ(run["error"]["code"], "flaky.dead");
}

TEST_F(Engine, TriesWithoutProgressAreCountedAndEnd) {
    start();
    Json flawed = plan(flaky(1000));
    flawed["tasks"][0]["limits"]["batch_rows_max"] = 100;  // nothing before the failure is kept
    flawed["tasks"][0]["retry"] = {{"retries", 2}, {"delay_ms", 1}};
    Json const run = this->run(flawed);
    EXPECT_EQ(run["status"], "failed") << run;
    EXPECT_EQ(run["attempts"], 3);
    EXPECT_EQ(run["read"], 0);
}

TEST_F(Engine, AStagedLoadThatFailsEachTimeAtTheSamePlaceEnds) {
    start();
    Json flawed = plan(flaky(1000));
    flawed["tasks"][0]["sink"]["write"] = "replace";
    flawed["tasks"][0]["retry"] = {{"retries", 2}, {"delay_ms", 1}};
    Json const run = this->run(flawed);
    EXPECT_EQ(run["status"], "failed") << run;
    // Whichever of the seven batches before the failure is acknowledged first is progress once.
    EXPECT_LE(run["attempts"], 3 * (7 + 1));
}

TEST_F(Engine, ARetrySurvivesTheDeathOfTheHost) {
    start();
    Json flawed = plan(flaky(1));
    flawed["tasks"][0]["retry"] = {{"retries", 1}, {"delay_ms", 3'600'000}, {"cap_ms", 3'600'000}};
    std::string const run_id = submit(flawed);
    Json const sleeping = wait_for(run_id, "retrying");
    EXPECT_TRUE(sleeping["tasks"][0]["run_at"].is_string()) << sleeping;
    EXPECT_EQ(sleeping["written"], 49);
    reopen();
    EXPECT_EQ(must(host->engine.query(run_id))["status"], "retrying");
    host->clock.ahead_us = 2 * 3'600'000'000;
    start();
    Json const run = wait(run_id);
    EXPECT_EQ(run["status"], "succeeded") << run;
    EXPECT_EQ(run["written"], 100);
    EXPECT_EQ(in_sink("SELECT count(*) || '/' || count(DISTINCT id) FROM numbers"), "100/100");
}

TEST_F(Engine, ACancelledRunEndsAndKeepsWhatIsCommitted) {
    start();
    std::string const run_id = submit(plan(generator("rows=100000000,rate=700"), "users"));
    wait_for(run_id, "running");
    while (must(host->engine.query(run_id))["written"] == 0) std::this_thread::yield();
    must(host->engine.cancel(run_id, "enough"));
    Json const run = wait(run_id);
    EXPECT_EQ(run["status"], "cancelled") << run;
    EXPECT_EQ(run["error"]["code"], "run.cancelled");
    EXPECT_EQ(run["written"].dump(), in_sink("SELECT count(*) FROM users"));
}

TEST_F(Engine, ARunLongerThanItsDeadlineFailsAndSaysSo) {
    start();
    Json slow = plan(generator("rows=100000000,rate=700"), "users");
    slow["tasks"][0]["limits"]["deadline_ms"] = 100;
    Json const run = this->run(slow);
    EXPECT_EQ(run["status"], "failed");
    EXPECT_EQ(run["error"]["code"], "run.deadline") << run;
}

TEST_F(Engine, AStoppedEngineGivesItsRunsBackToTheNext) {
    start();
    std::string const run_id = submit(plan(generator("rows=300,rate=1000"), "users"));
    wait_for(run_id, "running");
    host->engine.stop(patience_ms);
    EXPECT_EQ(must(host->engine.query(run_id, true))["tasks"][0]["status"], "queued");
    reopen();
    start();
    Json const run = wait(run_id);
    EXPECT_EQ(run["status"], "succeeded") << run;
    EXPECT_EQ(run["written"], 300);
    EXPECT_EQ(in_sink("SELECT count(*) || '/' || count(DISTINCT id) FROM users"), "300/300");
}

TEST_F(Engine, ManyJobsWriteIntoOneFileAndNoneFindsItLocked) {
    start();
    std::vector<std::string> runs;
    for (int i = 0; i < 4; ++i) {
        std::string const name = "t" + std::to_string(i);
        runs.push_back(submit(plan(generator("rows=2000,seed=" + std::to_string(i)), name, name)));
    }
    for (std::string const& run_id : runs) {
        Json const run = wait(run_id);
        EXPECT_EQ(run["status"], "succeeded") << run;
        EXPECT_EQ(run["attempts"], 1) << run;
        EXPECT_EQ(in_sink("SELECT count(*) FROM " + run["job"].get<std::string>()), "2000");
    }
}

TEST_F(Engine, ASourceThatPausesDoesNotKeepOthersOut) {
    start();
    // Two rows a second: each is committed alone, and the sink is free between them.
    Json slow = plan(generator("rows=100000000,rate=2"), "slow", "slow");
    slow["tasks"][0]["limits"] = Json::object();
    std::string const slow_run = submit(slow);
    wait_for(slow_run, "running");
    Json const run = this->run(plan(generator("rows=500"), "quick", "quick"));
    EXPECT_EQ(run["status"], "succeeded") << run;
    EXPECT_EQ(must(host->engine.query(slow_run))["status"], "running");
}

TEST_F(Engine, RefusedRecordsAreKeptOnceAndTheRestGoesOn) {
    Sqlite{sink_path()}.run("CREATE TABLE numbers (id INTEGER CHECK (id % 10 <> 0), name TEXT)");
    start();
    Json strict = plan(flaky(1));
    strict["tasks"][0]["retry"] = {{"delay_ms", 1}};
    strict["tasks"][0]["rejects"] = {{"record", "dead_letter"}};
    Json const run = this->run(strict);
    EXPECT_EQ(run["status"], "partial") << run;
    EXPECT_EQ(run["read"], 100);
    EXPECT_EQ(run["written"], 90);
    EXPECT_EQ(run["rejected"], 10);
    host::Letters::Filter filter;
    filter.job = "job";
    auto const letters = must(host->letters.list(filter));
    ASSERT_EQ(letters.size(), 10u);
    for (auto const& letter : letters) {
        EXPECT_EQ(Json::parse(letter.record_json)["id"].get<int>() % 10, 0);
        EXPECT_EQ(letter.run_id, run["run_id"]);
    }
}

TEST_F(Engine, ARunHasTheLogLinesOfItsConnectors) {
    start();
    Json const run = this->run(plan(flaky(0)));
    std::string const log = must(host->engine.logs(run["run_id"], 0, 100)).dump();
    EXPECT_NE(log.find("flaky: looked for numbers"), log.npos) << log;
    EXPECT_NE(log.find("100 written"), log.npos) << log;
}

TEST_F(Engine, ConnectorsStayWarmAndGoWithTheirJob) {
    start();
    run(plan(generator("rows=10"), "users"));
    EXPECT_EQ(host->engine.instances().idle(), 2u);
    run(plan(generator("rows=10"), "users"));
    EXPECT_EQ(host->engine.instances().idle(), 2u);
    must(host->engine.forget("job"));
    EXPECT_EQ(host->engine.instances().idle(), 0u);
}

TEST_F(Engine, SecretsAreTheOwnersAndAppearNowhere) {
    host->secrets.values["test/word"] = "swordfish";
    start();
    Json secret = plan(flaky(1, true));
    secret["tasks"][0]["source"]["config"]["password"] = "${secret:word}";
    Json const run = this->run(secret);
    EXPECT_EQ(run["error"]["code"], "flaky.dead") << run;
    auto request = request_of(secret);
    request.owner = "other";
    std::string const other = must(host->engine.submit(request)).run_id;
    EXPECT_EQ(wait(other)["error"]["code"], "config.reference");
    host->engine.stop(0);
    std::string const kept =
        read_file(directory / "state.db") + read_file(directory / "state.db-wal");
    EXPECT_EQ(kept.find("swordfish"), kept.npos);
    EXPECT_NE(kept.find("${secret:word}"), kept.npos);
    EXPECT_EQ(host->log.lines().find("swordfish"), std::string::npos);
}

TEST_F(Engine, ARunThatReplacesAnotherNeedNotWaitForIt) {
    start();
    std::string const first = submit(plan(generator("rows=100000000,rate=1"), "users"));
    wait_for(first, "running");
    auto request = request_of(plan(generator("rows=10"), "others"));
    request.overlap = host::Overlap::cancel_other;
    std::string const second = must(host->engine.submit(request)).run_id;
    EXPECT_EQ(wait(first)["status"], "cancelled");
    EXPECT_EQ(wait(second)["status"], "succeeded");
}

TEST_F(Engine, OneRunOfAJobAtATime) {
    start();
    Json const slow = plan(generator("rows=100000000,rate=700"), "users");
    std::string const first = submit(slow);
    wait_for(first, "running");
    std::string const second = submit(slow);
    EXPECT_NE(first, second);
    EXPECT_EQ(must(host->engine.query(second))["status"], "queued");
    auto const third = must(host->engine.submit(request_of(slow)));
    EXPECT_TRUE(third.existing);
    EXPECT_EQ(third.run_id, second);
    must(host->engine.cancel(first, "next, please"));
    EXPECT_EQ(wait(first)["status"], "cancelled");
    wait_for(second, "running");
    must(host->engine.cancel(second, "enough"));
    EXPECT_EQ(wait(second)["status"], "cancelled");
}

}  // namespace
}  // namespace weir::test
