#include <optional>
#include <set>

#include "store/runs_fixture.hpp"

namespace weir::test {
namespace {

using namespace host;

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

TEST_F(RunsTest, TheEndOfATaskClaimsTheNextOneInItsTransaction) {
    SubmittedRun const first = submit("orders");
    claim();
    SubmittedRun const second = submit("orders"), other = submit("users");
    std::uint64_t const before = store->figures().commits;
    auto const end = [&](std::string const& run_id, Runs::Next next) {
        return must(runs.finish(run_id, "main", {.status = "succeeded"}, {}, next)).next;
    };
    std::optional<ClaimedTask> const next = end(first.run_id, Runs::Next::claim);
    EXPECT_EQ(store->figures().commits, before + 1);
    ASSERT_TRUE(next);
    EXPECT_EQ(status(next->run_id), "running");
    EXPECT_EQ(next->task["task"], "main");
    EXPECT_FALSE(end(next->run_id, Runs::Next::none)) << "nobody asked";
    ClaimedTask const last = claim();
    EXPECT_EQ((std::set<std::string>{next->run_id, last.run_id}),
              (std::set<std::string>{second.run_id, other.run_id}));
    EXPECT_FALSE(end(last.run_id, Runs::Next::claim)) << "there is no more";
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
    auto const why = nlohmann::json::parse(row.error_json);
    EXPECT_EQ(why.at("code"), "run.skipped");
    EXPECT_EQ(why.at("message"), "skipped: run " + first.run_id + " had not ended");
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

}  // namespace
}  // namespace weir::test
