#include "plugins/replication/plan.hpp"

#include <gtest/gtest.h>

#include "plugins/replication/job.hpp"
#include "replication/bodies.hpp"

namespace weir::replication {
namespace {

Endpoint const shop{"postgres", {{"url", "postgres://u:${secret:conn.shop.url}@db/shop"}}};
Endpoint const local{"sqlite", {{"url", "sqlite:/data/local.db"}}};

Json plan_of(Json const& document) {
    Findings findings;
    Json const job = read_job(document, findings);
    EXPECT_TRUE(findings.empty()) << findings.json().dump();
    return compile(job, shop, local);
}

Json task_of(Json const& document) { return plan_of(document)["tasks"][0]; }

Json small_job() {
    return Json::parse(R"({"id":"a","source":{"connection":"shop","stream":"users"},
                           "destination":{"connection":"local"}})");
}

TEST(Plan, EveryFieldArrives) {
    EXPECT_EQ(plan_of(bodies::native_job()), Json::parse(R"({"plan":1,"job":"incremental_orders",
      "tasks":[{"task":"copy","op":"copy",
        "source":{"connector":"postgres",
                  "config":{"url":"postgres://u:${secret:conn.shop.url}@db/shop"},
                  "streams":["public.orders"],"tracking":"updated_at","key":["id"],
                  "fields":["id","total","updated_at"]},
        "sink":{"connector":"sqlite","config":{"url":"sqlite:/data/local.db"},"target":"orders",
                "write":"upsert"},
        "mode":"delta","rejects":{"record":"dead_letter"},
        "retry":{"retries":2,"delay_ms":5000,"backoff":"exponential"},
        "limits":{"batch_rows_max":1000,"deadline_ms":300000,"streams":1,"parts":4}}]})"));
}

TEST(Plan, WhatIsNotSaidIsLeftToTheHost) {
    EXPECT_EQ(task_of(small_job()), Json::parse(R"({"task":"copy","op":"copy",
      "source":{"connector":"postgres",
                "config":{"url":"postgres://u:${secret:conn.shop.url}@db/shop"},
                "streams":["users"]},
      "sink":{"connector":"sqlite","config":{"url":"sqlite:/data/local.db"}},
      "rejects":{"record":"stop"},"retry":{"delay_ms":1000}})"));
}

TEST(Plan, ALookbackIsSaidInMilliseconds) {
    Json job = small_job();
    job["source"]["cursor"] = "updated_at";
    for (auto const& [text, ms] : std::vector<std::pair<char const*, std::int64_t>>{
             {"0s", 0}, {"90s", 90'000}, {"10m", 600'000}, {"2h", 7'200'000}, {"1d", 86'400'000}}) {
        job["source"]["lookback"] = text;
        EXPECT_EQ(task_of(job)["source"]["lookback_ms"], ms) << text;
    }
}

TEST(Plan, SeveralStreamsAreOneTask) {
    Json job = small_job();
    job["source"].erase("stream");
    job["source"]["streams"] = {"public.a", "public.b"};
    EXPECT_EQ(task_of(job)["source"]["streams"], (Json{"public.a", "public.b"}));
}

TEST(Plan, TheKeyMayStandOnEitherSide) {
    Json job = small_job();
    job["destination"]["key"] = "id";
    EXPECT_EQ(task_of(job)["source"]["key"], Json::array({"id"}));
}

TEST(Plan, RejectsFollowTheWordsForThem) {
    struct Case {
        char const *on_error, *on_item, *strategy, *rule;
    };
    for (auto const& [on_error, on_item, strategy, rule] :
         std::vector<Case>{{"", "", "", "stop"},
                           {"fail", "", "", "stop"},
                           {"skip", "", "", "skip"},
                           {"dead_letter", "", "", "dead_letter"},
                           {"log_and_continue", "", "", "dead_letter"},
                           {"stop", "log_and_continue", "", "dead_letter"},
                           {"dead_letter", "stop", "", "stop"},
                           {"", "", "partial_success", "dead_letter"},
                           {"stop", "", "partial_success", "stop"},
                           {"", "", "fail_fast", "stop"}}) {
        Json job = small_job();
        if (*on_error) job["destination"]["onError"] = on_error;
        if (*on_item) job["errorHandling"]["onItemError"] = on_item;
        if (*strategy) job["errorHandling"]["strategy"] = strategy;
        EXPECT_EQ(task_of(job)["rejects"]["record"], rule) << job;
    }
}

TEST(Plan, RetriesOfTheRunComeFirst) {
    Json job = small_job();
    job["source"]["retry"] = {{"attempts", 5}, {"delay", 100}, {"backoff", "linear"}};
    EXPECT_EQ(task_of(job)["retry"],
              Json::parse(R"({"retries":4,"delay_ms":100,"backoff":"linear"})"));
    job["errorHandling"] = {{"strategy", "retry_with_backoff"}, {"maxRetries", 3}};
    EXPECT_EQ(task_of(job)["retry"],
              Json::parse(R"({"retries":3,"delay_ms":100,"backoff":"linear"})"));
    job = small_job();
    job["errorHandling"]["strategy"] = "fail_fast";
    EXPECT_EQ(task_of(job)["retry"], Json::parse(R"({"retries":0,"delay_ms":1000})"));
}

TEST(Plan, APositionIsBoundToWhatItCounts) {
    Findings findings;
    Json const before = read_job(bodies::native_job(), findings);
    for (auto const& [pointer, value] :
         std::vector<std::pair<char const*, Json>>{{"/source/cursor", "created_at"},
                                                   {"/source/stream", "public.others"},
                                                   {"/source/connection", "other"},
                                                   {"/source/key", {"total"}},
                                                   {"/destination/table", "other"}}) {
        Json after = before;
        after[Json::json_pointer{pointer}] = value;
        EXPECT_NE(position_terms(after), position_terms(before)) << pointer;
    }
    Json after = before;
    after["schedule"] = "1h";
    after["source"]["batchSize"] = 7;
    EXPECT_EQ(position_terms(after), position_terms(before));
}

}  // namespace
}  // namespace weir::replication
