#include <nlohmann/json.hpp>

#include "store/fixture.hpp"

namespace weir::test {
namespace {

using namespace host;
using nlohmann::json;

std::string plan_of(std::string const& job, std::vector<std::string> const& tasks = {"main"},
                    std::string const& version = "1") {
    json plan{{"plan", 1}, {"job", job}, {"version", version}, {"tasks", json::array()}};
    for (std::string const& task : tasks)
        plan["tasks"].push_back({{"task", task},
                                 {"op", "copy"},
                                 {"source", {{"streams", {"public.a", "public.b"}}}},
                                 {"sink", {{"target", "a"}}}});
    return plan.dump();
}

class RunsTest : public StoreFixture {
protected:
    SubmitRun request(std::string const& job, Overlap overlap = Overlap::buffer_one) {
        return {"replication", job, plan_of(job), "", R"({"by":"user"})", "delta", overlap};
    }
    SubmittedRun submit(SubmitRun const& asked) {
        clock.advance_us(1000);
        return must(Runs{*store}.submit(asked));
    }
    SubmittedRun submit(std::string const& job, Overlap overlap = Overlap::buffer_one) {
        return submit(request(job, overlap));
    }
    /// The only task that is ready.
    ClaimedTask claim() {
        std::vector<ClaimedTask> claimed = must(runs.claim(10));
        if (claimed.size() != 1) throw std::runtime_error{std::to_string(claimed.size())};
        return claimed.front();
    }
    void finish(std::string const& run_id, TaskOutcome outcome = {.status = "succeeded"},
                std::string const& task = "main") {
        must(runs.finish(run_id, task, outcome));
    }
    std::string status(std::string const& run_id) { return must(runs.find(run_id))->status; }
    /// The statuses that were told of a run, in order.
    std::vector<std::string> told(std::string const& run_id) {
        std::vector<std::string> statuses;
        for (Event const& event : must(Events{*store}.list(0, 1000)))
            if (json const data = json::parse(event.data); data["run_id"] == run_id)
                statuses.push_back(data["status"]);
        return statuses;
    }

    Runs runs{*store};
};

using Words = std::vector<std::string>;

TEST_F(RunsTest, ARunGoesFromQueuedToSucceededAndEachStepIsTold) {
    SubmittedRun const run = submit("orders");
    EXPECT_EQ(run.status, "queued");
    EXPECT_FALSE(run.existing);
    ClaimedTask const task = claim();
    EXPECT_EQ(task.run_id, run.run_id);
    EXPECT_EQ(task.job, "orders");
    EXPECT_EQ(task.owner, "replication");
    EXPECT_EQ(task.attempt, 1);
    EXPECT_EQ(task.plan["job"], "orders");
    EXPECT_EQ(task.task["task"], "main");
    EXPECT_EQ(status(run.run_id), "running");
    EXPECT_FALSE(must(runs.mirror(run.run_id, "main", {.read = 5, .written = 5}, "5")));
    TaskOutcome const outcome{.status = "succeeded",
                              .counts = {.read = 10, .written = 9, .filtered = 1, .batches = 2},
                              .cursor = "10",
                              .streams_json = R"([{"stream":"a"}])"};
    finish(run.run_id, outcome);
    RunRow const row = must(runs.find(run.run_id)).value();
    EXPECT_EQ(row.status, "succeeded");
    EXPECT_EQ(row.counts.read, 10u);
    EXPECT_EQ(row.counts.filtered, 1u);
    EXPECT_EQ(row.streams_json, R"([{"stream":"a"}])");
    EXPECT_EQ(row.attempts, 1);
    EXPECT_GT(row.finished_us, 0);
    EXPECT_EQ(row.plan_json, plan_of("orders"));
    TaskRow const kept = must(runs.tasks(run.run_id)).at(0);
    EXPECT_EQ(kept.stream, "public.a, public.b");
    EXPECT_EQ(kept.target, "a");
    EXPECT_EQ(kept.cursor, "10");
    EXPECT_EQ(told(run.run_id), (Words{"queued", "running", "succeeded"}));
    json const last = json::parse(must(Events{*store}.list(0, 10)).back().data);
    EXPECT_EQ(last["counts"]["written"], 9);
    EXPECT_EQ(last["trigger"]["by"], "user");
    EXPECT_EQ(last["owner"], "replication");
    EXPECT_TRUE(last["error"].is_null());
}

TEST_F(RunsTest, TheSameIdempotencyKeyIsTheSameRunForEver) {
    SubmitRun asked = request("orders", Overlap::reject);
    asked.idempotency_key = "orders@2024-01-01";
    SubmittedRun const first = submit(asked);
    SubmittedRun again = submit(asked);
    EXPECT_TRUE(again.existing);
    EXPECT_EQ(again.run_id, first.run_id);
    claim();
    finish(first.run_id);
    again = submit(asked);
    EXPECT_EQ(again.run_id, first.run_id);
    EXPECT_EQ(again.status, "succeeded");
    asked.idempotency_key = "orders@2024-01-02";
    EXPECT_NE(submit(asked).run_id, first.run_id);
}

TEST_F(RunsTest, AKeyOfARequestThatJoinedIsRememberedToo) {
    SubmittedRun const first = submit("orders");
    SubmitRun asked = request("orders");
    asked.idempotency_key = "second";
    EXPECT_EQ(submit(asked).run_id, first.run_id);
    claim();
    finish(first.run_id);
    EXPECT_EQ(submit(asked).run_id, first.run_id) << "not one more";
}

TEST_F(RunsTest, AKeyBelongsToItsJob) {
    SubmitRun a = request("a"), b = request("b");
    a.idempotency_key = b.idempotency_key = "key";
    EXPECT_NE(submit(a).run_id, submit(b).run_id);
}

TEST_F(RunsTest, RequestsBeforeItReadsJoinTheRunAndLaterOnesMakeExactlyOneMore) {
    SubmittedRun const first = submit("orders");
    EXPECT_EQ(submit("orders").run_id, first.run_id) << "nothing was read yet";
    claim();
    SubmittedRun const second = submit("orders");
    EXPECT_NE(second.run_id, first.run_id) << "it may have passed what was written meanwhile";
    for (int i = 0; i < 20; ++i) EXPECT_EQ(submit("orders").run_id, second.run_id);
    EXPECT_TRUE(must(runs.claim(10)).empty()) << "one at a time";
    finish(first.run_id);
    EXPECT_EQ(claim().run_id, second.run_id);
}

TEST_F(RunsTest, ARequestOfAnotherKindOrPlanIsNotSwallowed) {
    submit("orders");
    claim();
    SubmittedRun const delta = submit("orders");
    SubmitRun full = request("orders");
    full.kind = "full";
    EXPECT_NE(submit(full).run_id, delta.run_id);
    SubmitRun edited = request("orders");
    edited.plan_json = plan_of("orders", {"main"}, "2");
    EXPECT_NE(submit(edited).run_id, delta.run_id);
}

TEST_F(RunsTest, WhatWaitsHasALimit) {
    submit("orders");
    claim();
    SubmitRun asked = request("orders");
    for (std::size_t i = 0; i < Runs::waiting_per_job_max; ++i) {
        asked.plan_json = plan_of("orders", {"main"}, "v" + std::to_string(i));
        submit(asked);
    }
    asked.plan_json = plan_of("orders", {"main"}, "one more");
    EXPECT_EQ(code_of(runs.submit(asked)), "run.queue_full");
}

TEST_F(RunsTest, SkipKeepsASkippedRunWithTheReason) {
    SubmittedRun const first = submit("orders");
    claim();
    SubmittedRun const skipped = submit("orders", Overlap::skip);
    EXPECT_EQ(skipped.status, "skipped");
    RunRow const row = must(runs.find(skipped.run_id)).value();
    EXPECT_NE(row.error_json.find(first.run_id), std::string::npos);
    EXPECT_EQ(told(skipped.run_id), Words{"skipped"});
    finish(first.run_id);
    EXPECT_TRUE(must(runs.claim(10)).empty()) << "a skipped run never runs";
    EXPECT_EQ(submit("orders", Overlap::skip).status, "queued") << "nothing is active now";
}

TEST_F(RunsTest, RejectSaysWhichRunIsActive) {
    SubmittedRun const first = submit("orders", Overlap::reject);
    Result<SubmittedRun> second = runs.submit(request("orders", Overlap::reject));
    EXPECT_EQ(code_of(second), "run.active");
    EXPECT_NE(second.error().message.find(first.run_id), std::string::npos);
    EXPECT_EQ(must(runs.list({})).size(), 1u);
}

TEST_F(RunsTest, JoinAnswersTheActiveRunEvenWhenItReads) {
    SubmittedRun const first = submit("orders", Overlap::join);
    claim();
    SubmittedRun const second = submit("orders", Overlap::join);
    EXPECT_TRUE(second.existing);
    EXPECT_EQ(second.run_id, first.run_id);
    EXPECT_EQ(second.status, "running");
}

TEST_F(RunsTest, CancelOtherEndsWhatWaitsAndAsksWhatRuns) {
    SubmittedRun const first = submit("orders");
    claim();
    SubmittedRun const waiting = submit("orders");
    SubmittedRun const wanted = submit("orders", Overlap::cancel_other);
    EXPECT_EQ(status(waiting.run_id), "cancelled");
    EXPECT_TRUE(must(runs.mirror(first.run_id, "main", {}, "")));
    EXPECT_TRUE(must(runs.claim(10)).empty()) << "it still runs";
    finish(first.run_id, {.status = "cancelled"});
    EXPECT_EQ(status(first.run_id), "cancelled");
    EXPECT_EQ(claim().run_id, wanted.run_id);
}

TEST_F(RunsTest, ARunThatIsBeingCancelledIsNotJoined) {
    SubmittedRun const first = submit("orders");
    claim();
    must(runs.cancel(first.run_id, "enough"));
    EXPECT_NE(submit("orders", Overlap::join).run_id, first.run_id);
}

TEST_F(RunsTest, OneJobRunsAloneAndOthersBesideIt) {
    submit("a");
    submit("b");
    std::vector<ClaimedTask> const claimed = must(runs.claim(10));
    ASSERT_EQ(claimed.size(), 2u);
    EXPECT_EQ(claimed[0].job, "a") << "oldest first";
    submit("a");
    submit("c");
    EXPECT_EQ(claim().job, "c");
}

TEST_F(RunsTest, ClaimTakesNoMoreThanAsked) {
    for (char const* job : {"a", "b", "c"}) submit(job);
    EXPECT_EQ(must(runs.claim(2)).size(), 2u);
    EXPECT_EQ(must(runs.claim(2)).size(), 1u);
    EXPECT_EQ(must(runs.claim(2)).size(), 0u);
}

TEST_F(RunsTest, ARetrySleepsUntilItsTimeAndCountsTriesWithoutProgress) {
    SubmittedRun const run = submit("orders");
    claim();
    std::int64_t const due = clock.unix_us() + 5'000'000;
    TaskOutcome again{.status = "retrying", .error_json = R"({"code":"x"})", .run_at_us = due};
    finish(run.run_id, again);
    EXPECT_EQ(status(run.run_id), "retrying");
    EXPECT_EQ(must(runs.find(run.run_id))->error_json, R"({"code":"x"})");
    EXPECT_EQ(must(runs.next_due_us()), due);
    EXPECT_TRUE(must(runs.claim(10)).empty());
    clock.advance_us(5'000'000);
    EXPECT_EQ(claim().attempt, 2);
    EXPECT_EQ(must(runs.next_due_us()), 0);
    must(runs.mirror(run.run_id, "main", {.read = 1, .written = 1, .batches = 1}, "1"));
    again.counts = {.read = 1, .written = 1, .batches = 1};
    finish(run.run_id, again);
    ClaimedTask const task = claim();
    EXPECT_EQ(task.attempt, 1) << "a batch was committed";
    EXPECT_EQ(task.counts.written, 1u);
    finish(run.run_id, {.status = "succeeded"});
    EXPECT_EQ(must(runs.find(run.run_id))->attempts, 3);
    EXPECT_EQ(must(runs.find(run.run_id))->error_json, "") << "it is over";
    EXPECT_EQ(told(run.run_id), (Words{"queued", "running", "retrying", "running", "retrying",
                                       "running", "succeeded"}));
}

TEST_F(RunsTest, WhatIsGivenBackWasNoTry) {
    SubmittedRun const run = submit("orders");
    claim();
    finish(run.run_id, {.status = "queued"});
    EXPECT_EQ(status(run.run_id), "running") << "it has begun to read";
    EXPECT_EQ(claim().attempt, 1);
}

TEST_F(RunsTest, OnlyWhatRunsCanBeFinished) {
    SubmittedRun const run = submit("orders");
    EXPECT_EQ(code_of(runs.finish(run.run_id, "main", {.status = "succeeded"})), "run.not_running");
    EXPECT_EQ(code_of(runs.finish("none", "main", {.status = "succeeded"})), "run.not_found");
    EXPECT_EQ(code_of(runs.finish(run.run_id, "main", {.status = "done"})), "store.bug");
    claim();
    finish(run.run_id);
    EXPECT_EQ(code_of(runs.finish(run.run_id, "main", {.status = "failed"})), "run.not_running");
    EXPECT_EQ(status(run.run_id), "succeeded");
}

TEST_F(RunsTest, CancelEndsAtOnceWhatDoesNotRun) {
    SubmittedRun const first = submit("orders");
    EXPECT_EQ(must(runs.cancel(first.run_id, "wrong job")), "cancelled");
    RunRow const row = must(runs.find(first.run_id)).value();
    EXPECT_NE(row.error_json.find("wrong job"), std::string::npos);
    EXPECT_TRUE(must(runs.claim(10)).empty());
    EXPECT_EQ(code_of(runs.cancel(first.run_id, "")), "run.finished");
    EXPECT_EQ(code_of(runs.cancel("none", "")), "run.not_found");
}

TEST_F(RunsTest, ACancelledRunIsNotTriedAgain) {
    SubmittedRun const run = submit("orders");
    claim();
    EXPECT_EQ(must(runs.cancel(run.run_id, "")), "running");
    EXPECT_TRUE(must(runs.mirror(run.run_id, "main", {}, "")));
    finish(run.run_id, {.status = "retrying", .run_at_us = clock.unix_us()});
    EXPECT_EQ(status(run.run_id), "cancelled");
    EXPECT_TRUE(must(runs.claim(10)).empty());
}

TEST_F(RunsTest, ACancelledSleeperEndsAndTheNextRunStarts) {
    SubmittedRun const run = submit("orders");
    claim();
    finish(run.run_id, {.status = "retrying", .run_at_us = clock.unix_us() + 1'000'000'000});
    SubmittedRun const next = submit("orders");
    EXPECT_EQ(must(runs.cancel(run.run_id, "")), "cancelled");
    EXPECT_EQ(claim().run_id, next.run_id);
}

TEST_F(RunsTest, TasksOfOneRunEndInOneStatus) {
    struct Row {
        std::string first, second, run;
    };
    std::vector<Row> const rows{{"succeeded", "succeeded", "succeeded"},
                                {"succeeded", "failed", "partial"},
                                {"partial", "succeeded", "partial"},
                                {"failed", "failed", "failed"},
                                {"failed", "partial", "partial"}};
    for (Row const& row : rows) {
        SubmitRun asked = request("orders");
        asked.plan_json = plan_of("orders", {"one", "two"});
        SubmittedRun const run = submit(asked);
        EXPECT_EQ(claim().task["task"], "one") << "single flight";
        finish(run.run_id, {.status = row.first}, "one");
        EXPECT_EQ(status(run.run_id), "running");
        EXPECT_EQ(claim().task["task"], "two");
        finish(run.run_id, {.status = row.second}, "two");
        EXPECT_EQ(status(run.run_id), row.run) << row.first << " and " << row.second;
    }
}

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

TEST_F(RunsTest, APlanThatCannotBeRunIsRefused) {
    for (std::string const plan :
         {"", "[]", "{}", R"({"tasks":[]})", R"({"tasks":[{}]})", R"({"tasks":[1]})",
          R"({"tasks":[{"task":"a"},{"task":"a"}]})"}) {
        SubmitRun asked = request("orders");
        asked.plan_json = plan;
        EXPECT_EQ(code_of(runs.submit(asked)), "plan.invalid") << plan;
    }
    SubmitRun asked = request("orders");
    asked.plan_json = std::string(Runs::plan_bytes_max + 1, ' ');
    EXPECT_EQ(code_of(runs.submit(asked)), "plan.too_large");
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
    EXPECT_EQ(code_of(runs.list({.before = "none"})), "run.not_found");
}

TEST_F(RunsTest, RetentionDropsTheOldestOfEachJobAndWhatIsTooOld) {
    auto run_once = [&](std::string const& job) {
        SubmittedRun const run = submit(job);
        claim();
        finish(run.run_id);
        return run.run_id;
    };
    std::string const lonely = run_once("lonely"), first = run_once("busy"),
                      second = run_once("busy");
    for (std::size_t i = 0; i < Runs::finished_per_job_max - 1; ++i) run_once("busy");
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
