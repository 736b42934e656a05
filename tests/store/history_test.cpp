// What becomes of runs that ended, and of those whose host died.
#include "store/runs_fixture.hpp"

namespace weir::test {
namespace {

using namespace host;

class HistoryTest : public RunsTest {
protected:
    /// `count` more runs like the newest one, faster than by running them.
    void copy_newest(std::size_t count) {
        must(store->write([&](Session& session) -> Result<void> {
            auto const newest = session.value<std::int64_t>("SELECT max(seq) FROM weir_run");
            for (std::size_t i = 0; i < count; ++i) {
                auto const seq = session.value<std::int64_t>(
                    "INSERT INTO weir_run SELECT NULL, run_id || ?1, job, owner, kind, plan, "
                    "scope, "
                    "trigger_json, status, active, cancel, created_at, started_at, finished_at, "
                    "error_json FROM weir_run WHERE seq = ?2 RETURNING seq",
                    std::to_string(i), *newest);
                session.run(
                    "INSERT INTO weir_task(run, number, task, job, stream, target, status, ready, "
                    "run_at) SELECT ?1, number, task, job, stream, target, status, ready, run_at "
                    "FROM weir_task WHERE run = ?2",
                    *seq, *newest);
            }
            return {};
        }));
    }
};

TEST_F(RunsTest, RetryRunsAgainWhatDidNotSucceed) {
    SubmitRun asked = request("orders");
    asked.plan_json = plan_of("orders", {"one", "two"});
    SubmittedRun const run = submit(asked);
    EXPECT_EQ(code_of(runs.retry(run.run_id)), "run.active");
    claim();
    finish(run.run_id, {.status = "succeeded"}, "one");
    claim();
    finish(run.run_id, {.status = "failed"}, "two");
    SubmittedRun const again = must(runs.retry(run.run_id));
    EXPECT_FALSE(again.existing);
    EXPECT_EQ(must(runs.find(again.run_id))->owner, "replication");
    EXPECT_EQ(claim().task["task"], "two");
    finish(again.run_id, {.status = "succeeded"}, "two");
    EXPECT_EQ(status(again.run_id), "succeeded");
    EXPECT_EQ(code_of(runs.retry(again.run_id)), "run.nothing_to_retry");
    EXPECT_EQ(code_of(runs.retry("none")), "run.not_found");
    EXPECT_EQ(status(run.run_id), "partial") << "history is kept";
}

TEST_F(RunsTest, ASkippedRunCanBeRetriedWhole) {
    submit("orders");
    SubmittedRun const skipped = submit("orders", Overlap::skip);
    ClaimedTask const first = claim();
    finish(first.run_id);
    SubmittedRun const again = must(runs.retry(skipped.run_id));
    EXPECT_EQ(claim().run_id, again.run_id);
}

TEST_F(RunsTest, WhatRanWhenTheHostDiedIsReadyAgain) {
    SubmittedRun const a = submit("a"), b = submit("b"), c = submit("c");
    must(runs.claim(2));
    must(runs.cancel(b.run_id, ""));
    reopen();
    Runs later{*store};
    EXPECT_TRUE(must(later.recover()) == 2u);
    EXPECT_EQ(must(later.find(b.run_id))->status, "cancelled") << "it was asked to end";
    std::vector<ClaimedTask> const claimed = must(later.claim(10));
    ASSERT_EQ(claimed.size(), 2u);
    EXPECT_EQ(claimed[0].run_id, a.run_id);
    EXPECT_EQ(claimed[0].attempt, 2) << "a death is a try";
    EXPECT_EQ(claimed[1].run_id, c.run_id);
}

TEST_F(RunsTest, AJobThatIsForgottenHasNoRunsLeftToDo) {
    SubmittedRun const active = submit("orders");
    claim();
    SubmittedRun const waiting = submit("orders");
    SubmittedRun const other = submit("users");
    must(runs.forget("orders"));
    EXPECT_EQ(status(waiting.run_id), "cancelled");
    EXPECT_TRUE(must(runs.mirror(active.run_id, "main", {}, "")));
    EXPECT_EQ(status(other.run_id), "queued");
    finish(active.run_id, {.status = "cancelled"});
    EXPECT_EQ(claim().job, "users");
}

TEST_F(RunsTest, ListsAreNewestFirstFilteredAndPaged) {
    std::vector<std::string> ids;
    for (char const* job : {"a", "b", "a", "a"}) {
        ids.push_back(submit(job).run_id);
        ClaimedTask const task = claim();
        finish(task.run_id, {.status = ids.size() == 3 ? "failed" : "succeeded"});
    }
    auto found = [&](Runs::Filter const& filter) {
        Words words;
        for (RunRow const& row : must(runs.list(filter))) words.push_back(row.run_id);
        return words;
    };
    EXPECT_EQ(found({}), (Words{ids[3], ids[2], ids[1], ids[0]}));
    EXPECT_EQ(found({.job = "a"}), (Words{ids[3], ids[2], ids[0]}));
    EXPECT_EQ(found({.statuses = {"failed", "partial"}}), Words{ids[2]});
    EXPECT_EQ(found({.job = "a", .statuses = {"succeeded"}}), (Words{ids[3], ids[0]}));
    EXPECT_EQ(found({.limit = 2}), (Words{ids[3], ids[2]}));
    EXPECT_EQ(found({.before = ids[2], .limit = 2}), (Words{ids[1], ids[0]}));
    EXPECT_EQ(found({.job = "a", .before = ids[2]}), Words{ids[0]});
    EXPECT_EQ(found({.since_us = must(runs.find(ids[2]))->created_us}), (Words{ids[3], ids[2]}));
    std::int64_t const third_us = must(runs.find(ids[2]))->created_us;
    EXPECT_EQ(found({.until_us = third_us}), (Words{ids[1], ids[0]}));
    EXPECT_EQ(found({.since_us = third_us, .until_us = third_us + 1}), Words{ids[2]});
    EXPECT_EQ(found({.jobs = "a*", .limit = 2}), (Words{ids[3], ids[2]}));
    EXPECT_EQ(found({.jobs = "b", .limit = 1}), Words{ids[1]}) << "the page is full";
    EXPECT_EQ(found({.part = "A"}), found({.job = "a"}));
    EXPECT_EQ(code_of(runs.list({.before = "none"})), "run.not_found");
}

TEST_F(HistoryTest, RetentionDropsTheOldestOfEachJobAndWhatIsTooOld) {
    auto run_once = [&](std::string const& job) {
        SubmittedRun const run = submit(job);
        claim();
        finish(run.run_id);
        return run.run_id;
    };
    std::string const lonely = run_once("lonely"), first = run_once("busy"),
                      second = run_once("busy");
    copy_newest(Runs::finished_per_job_max - 1);
    must(runs.log(first, {{.message = "hello"}}));
    must(runs.retain());
    EXPECT_FALSE(must(runs.find(first)));
    EXPECT_TRUE(must(runs.find(second)));
    EXPECT_TRUE(must(runs.find(lonely)));
    EXPECT_EQ(number("SELECT count(*) FROM weir_log"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM weir_task"),
              static_cast<std::int64_t>(Runs::finished_per_job_max) + 1);
    SubmittedRun const open = submit("busy");
    clock.advance_us((Runs::finished_days_max + 1) * 86'400'000'000);
    must(runs.retain());
    EXPECT_EQ(number("SELECT count(*) FROM weir_run"), 1);
    EXPECT_EQ(status(open.run_id), "queued") << "what has not ended stays";
    EXPECT_EQ(number("SELECT count(*) FROM weir_plan"), 1);
}

// It is called again and again, and looks at what came since: each time the right ones go.
TEST_F(HistoryTest, RetentionGoesOnWithWhatCameSince) {
    auto run_once = [&](std::string const& job) {
        SubmittedRun const run = submit(job);
        claim();
        finish(run.run_id);
        return run.run_id;
    };
    auto const most = static_cast<std::int64_t>(Runs::finished_per_job_max);
    auto const count = [&](char const* job) {
        return number("SELECT count(*) FROM weir_run WHERE job = '" + std::string{job} + "'");
    };
    std::string const oldest = run_once("busy"), second = run_once("busy");
    copy_newest(Runs::finished_per_job_max - 2);
    must(runs.retain());
    EXPECT_EQ(count("busy"), most);
    SubmittedRun const open = submit("busy");
    must(runs.retain());
    EXPECT_EQ(count("busy"), most + 1) << "one that has not ended pushes nobody out";
    EXPECT_TRUE(must(runs.find(oldest)));
    finish(claim().run_id);
    run_once("quiet");
    std::string const newest = run_once("busy");
    must(runs.retain());
    EXPECT_EQ(count("busy"), most);
    EXPECT_EQ(count("quiet"), 1);
    EXPECT_FALSE(must(runs.find(oldest)));
    EXPECT_FALSE(must(runs.find(second)));
    EXPECT_TRUE(must(runs.find(open.run_id)));
    EXPECT_TRUE(must(runs.find(newest)));
    // One that was made while the clock was wrong does not shield those behind it.
    clock.advance_us(200 * 86'400'000'000);
    std::string const future = run_once("other");
    clock.advance_us(-200 * 86'400'000'000);
    std::string const behind = run_once("other");
    clock.advance_us((Runs::finished_days_max + 1) * 86'400'000'000);
    must(runs.retain());
    EXPECT_FALSE(must(runs.find(behind)));
    EXPECT_TRUE(must(runs.find(future)));
    EXPECT_EQ(number("SELECT count(*) FROM weir_run"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM weir_plan"), 1);
}

TEST_F(RunsTest, LogLinesAreNumberedAndTheNewestStay) {
    SubmittedRun const run = submit("orders");
    std::vector<Runs::LogLine> lines(Runs::log_lines_per_run_max);
    for (std::size_t i = 0; i < lines.size(); ++i) lines[i].message = std::to_string(i + 1);
    must(runs.log(run.run_id, lines));
    must(runs.log(run.run_id, {{.at_us = 5, .level = 4, .message = "last"}}));
    std::vector<Runs::LogLine> const kept = must(runs.logs(run.run_id, 0, 20'000));
    ASSERT_EQ(kept.size(), Runs::log_lines_per_run_max);
    EXPECT_EQ(kept.front().message, "2");
    EXPECT_EQ(kept.front().seq, 2);
    EXPECT_EQ(kept.back().message, "last");
    EXPECT_EQ(kept.back().level, 4);
    EXPECT_EQ(must(runs.logs(run.run_id, kept.back().seq - 1, 10)).size(), 1u);
    EXPECT_EQ(code_of(runs.log("none", {})), "run.not_found");
}

}  // namespace
}  // namespace weir::test
