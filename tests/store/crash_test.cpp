// A host that dies at any instant has what it was told is durable, and nothing half.
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "store/fixture.hpp"
#include "support/process.hpp"
#include "support/sqlite.hpp"

namespace weir::test {
namespace {

using namespace host;

/// What a child was told is durable.
struct Told {
    std::vector<std::string> submitted, succeeded;
    std::map<std::string, std::uint64_t> counted;
};

Told told_by(std::string const& output) {
    Told told;
    // What follows the last newline was cut by the kill.
    std::istringstream lines{output.substr(0, output.rfind('\n') + 1)};
    std::string what, id;
    while (lines >> what >> id) {
        if (what == "submitted") told.submitted.push_back(id);
        if (what == "succeeded") told.succeeded.push_back(id);
        if (what == "counted") lines >> told.counted[id];
    }
    return told;
}

class CrashTest : public testing::Test {
protected:
    Process child(int threads, std::string const& failpoint = "") {
        ProcessOptions options;
        if (!failpoint.empty()) options.environment["WEIR_FAILPOINT"] = failpoint;
        return Process{{WEIR_STORE_CHILD, directory.path().string(), std::to_string(threads)},
                       options};
    }
    std::int64_t number(std::string const& sql) {
        return std::stoll(Sqlite{directory / "state.db"}.one(sql));
    }
    void expect_all_is_there(Told const& told) {
        auto const store = must(Store::open(directory / "state.db", clock));
        Runs runs{*store};
        for (std::string const& id : told.submitted) EXPECT_TRUE(must(runs.find(id))) << id;
        for (std::string const& id : told.succeeded)
            EXPECT_EQ(must(runs.find(id)).value_or(RunRow{}).status, "succeeded") << id;
        for (auto const& [job, revision] : told.counted)
            EXPECT_GE(must(Documents{*store}.get("p", "counts", job))->revision, revision);
    }
    /// A run and the telling of it are one.
    void expect_nothing_is_half() {
        EXPECT_EQ(Sqlite{directory / "state.db"}.one("PRAGMA integrity_check"), "ok");
        EXPECT_EQ(Sqlite{directory / "state.db"}.rows("PRAGMA foreign_key_check").size(), 0u);
        EXPECT_EQ(number("SELECT count(*) FROM weir_run r WHERE NOT EXISTS (SELECT 1 FROM "
                         "weir_task t WHERE t.run = r.seq)"),
                  0);
        // All events are kept as long as there are few.
        if (number("SELECT count(*) FROM weir_event") >= 9'000) return;
        for (char const* status : {"queued", "running", "succeeded"}) {
            std::string const events =
                "(SELECT count(*) FROM weir_event WHERE topic = 'runner/1:run' AND "
                "data ->> 'status' = '";
            std::string const runs = "(SELECT count(*) FROM weir_run WHERE ";
            std::string const reached = status == std::string{"queued"}    ? "1"
                                        : status == std::string{"running"} ? "started_at > 0"
                                                                           : "status = 'succeeded'";
            EXPECT_EQ(number("SELECT " + events + status + "') - " + runs + reached + ")"), 0)
                << status;
        }
    }
    /// What was left goes on to its end.
    void expect_it_goes_on() {
        auto const store = must(Store::open(directory / "state.db", clock));
        Runs runs{*store};
        must(runs.recover());
        for (auto claimed = must(runs.claim(100)); !claimed.empty();
             claimed = must(runs.claim(100)))
            for (ClaimedTask const& task : claimed)
                must(runs.finish(task.run_id, "main", {.status = "succeeded"}));
        EXPECT_EQ(must(runs.list({.statuses = {"queued", "running", "retrying"}})).size(), 0u);
    }

    TempDir directory;
    host::SystemClock clock;
};

TEST_F(CrashTest, WhatWasAnsweredIsThereWheneverItIsKilled) {
    char const* given = std::getenv("WEIR_TEST_SEED");
    std::uint64_t const seed = given ? std::stoull(given) : std::random_device{}();
    std::mt19937_64 random{seed};
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    Told all;
    for (int round = 0; round < 5; ++round) {
        Process process = child(4);
        for (std::uint64_t i = 0, lines = 1 + random() % 60; i < lines; ++i)
            ASSERT_TRUE(process.wait_for("\n")) << process.output();
        process.kill(SIGKILL);
        process.wait();
        Told const told = told_by(process.out());
        ASSERT_GT(told.submitted.size(), 0u);
        all.submitted.insert(all.submitted.end(), told.submitted.begin(), told.submitted.end());
        all.succeeded.insert(all.succeeded.end(), told.succeeded.begin(), told.succeeded.end());
        for (auto const& [job, revision] : told.counted) all.counted[job] = revision;
        expect_all_is_there(all);
        expect_nothing_is_half();
    }
    expect_it_goes_on();
}

/// The twins: one commit more or less is noticed.
TEST_F(CrashTest, DiesBeforeACommitAndNothingOfItIsThere) {
    Process process = child(1, "store.before_commit:8");
    EXPECT_EQ(process.wait(), 137) << process.output();
    Told const told = told_by(process.out());
    EXPECT_EQ(told.counted.at("job0"), 1u);
    EXPECT_EQ(told.submitted.size(), 2u);
    EXPECT_EQ(number("SELECT count(*) FROM weir_run"), 2);
    EXPECT_EQ(number("SELECT count(*) FROM weir_run WHERE status = 'succeeded'"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM weir_task WHERE status = 'running'"), 1);
    expect_nothing_is_half();
    expect_it_goes_on();
}

TEST_F(CrashTest, DiesAfterACommitAndAllOfItIsThere) {
    Process process = child(1, "store.after_commit:8");
    EXPECT_EQ(process.wait(), 137) << process.output();
    EXPECT_EQ(told_by(process.out()).succeeded.size(), 1u) << "the second was not told";
    EXPECT_EQ(number("SELECT count(*) FROM weir_run WHERE status = 'succeeded'"), 2);
    expect_nothing_is_half();
}

}  // namespace
}  // namespace weir::test
