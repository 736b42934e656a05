#include "plugins/replication/job.hpp"

#include <gtest/gtest.h>

#include "replication/bodies.hpp"

namespace weir::replication {
namespace {

/// "pointer code" of each finding.
std::vector<std::string> wrong_with(Json const& document) {
    Findings findings;
    read_job(document, findings);
    std::vector<std::string> out;
    for (Finding const& finding : findings.findings())
        out.push_back(finding.pointer + " " + finding.code);
    return out;
}

Finding only_finding(Json const& document) {
    Findings findings;
    read_job(document, findings);
    EXPECT_EQ(findings.findings().size(), 1u) << findings.json().dump();
    return findings.empty() ? Finding{} : findings.findings().front();
}

Json read(Json const& document) {
    Findings findings;
    Json const out = read_job(document, findings);
    EXPECT_TRUE(findings.empty()) << findings.json().dump();
    return out;
}

Json with(std::string const& pointer, Json value) {
    Json document = bodies::native_job();
    document[Json::json_pointer{pointer}] = std::move(value);
    return document;
}

TEST(JobDocument, EveryFieldThereIsStays) {
    Json expected = bodies::native_job();
    expected["destination"]["key"] = {"id"};
    EXPECT_EQ(read(bodies::native_job()), expected);
}

TEST(JobDocument, ReadingItAgainChangesNothing) {
    Json const once = read(bodies::native_job());
    EXPECT_EQ(read(once), once);
}

TEST(JobDocument, ThreeFieldsAreEnough) {
    Json const document = Json::parse(
        R"({"id":"a","source":{"connection":"shop","stream":"users"},
            "destination":{"type":"database","table":"users"}})");
    EXPECT_EQ(read(document)["destination"], (Json{{"connection", "local"}, {"table", "users"}}));
}

TEST(JobDocument, InlinePlacesAreTaken) {
    Json const document = Json::parse(
        R"({"id":"a","source":{"url":"postgres://db/shop","stream":"users"},
            "destination":{"url":"sqlite:/tmp/a.db"}})");
    EXPECT_EQ(read(document)["source"]["url"], "postgres://db/shop");
    Json const local = Json::parse(
        R"({"id":"a","source":{"type":"database","table":"users"},
            "destination":{"connection":"other"}})");
    EXPECT_EQ(read(local)["source"], (Json{{"connection", "local"}, {"stream", "users"}}));
}

TEST(JobDocument, WhatThisVersionCannotDoIsRefusedByName) {
    for (char const* const pointer :
         {"/transform", "/validation", "/trigger", "/steps", "/rateLimit", "/source/rateLimit",
          "/source/pagination", "/source/headers", "/source/query", "/source/parallel",
          "/destination/schema", "/destination/connectionPool", "/performance/memoryLimit"}) {
        Finding const finding = only_finding(with(pointer, Json::object()));
        std::string const name = std::string{pointer}.substr(std::string{pointer}.rfind('/') + 1);
        EXPECT_EQ(finding.pointer, pointer);
        EXPECT_EQ(finding.code, "replication.not_available");
        EXPECT_NE(finding.detail.find(name), std::string::npos) << finding.detail;
    }
    EXPECT_EQ(only_finding(with("/performance/concurrency", 0)).code, "replication.bad_value");
    EXPECT_EQ(only_finding(with("/performance/parts", 65)).code, "replication.bad_value");
    EXPECT_EQ(only_finding(with("/destination/mode", "batch_insert")).code,
              "replication.not_available");
    EXPECT_EQ(only_finding(with("/errorHandling", {{"onFailure", "notify_admin"}})).pointer,
              "/errorHandling/onFailure");
}

TEST(JobDocument, AnApiSourceIsRefusedAtItsType) {
    Json const document = Json::parse(
        R"({"id":"a","source":{"type":"api","stream":"x"},"destination":{"type":"database"}})");
    EXPECT_EQ(only_finding(document).pointer, "/source/type");
    EXPECT_EQ(only_finding(document).code, "replication.not_available");
}

TEST(JobDocument, AllThatIsWrongIsSaidAtOnce) {
    Json document = bodies::native_job();
    document["id"] = "a/b";
    document["source"]["batchSize"] = 0;
    document["destination"]["mode"] = "upsrt";
    document["shedule"] = "15m";
    EXPECT_EQ(
        wrong_with(document),
        (std::vector<std::string>{
            "/id replication.bad_id", "/source/batchSize replication.bad_value",
            "/destination/mode replication.bad_value", "/shedule replication.unknown_field"}));
}

TEST(JobDocument, TheNearestNameIsSuggested) {
    EXPECT_EQ(only_finding(with("/shedule", "15m")).suggestion, "schedule");
    EXPECT_EQ(only_finding(with("/source/curser", "id")).suggestion, "cursor");
    EXPECT_EQ(only_finding(with("/destination/mode", "upsrt")).suggestion, "upsert");
    EXPECT_EQ(only_finding(with("/zzzzzzzzzz", 1)).suggestion, "");
}

TEST(JobDocument, WrongValuesAreFindings) {
    struct Case {
        char const* pointer;
        Json value;
        char const* code;
    };
    for (auto const& [pointer, value, code] : std::vector<Case>{
             {"/id", 7, "replication.wrong_type"},
             {"/id", "", "replication.bad_id"},
             {"/id", std::string(64, 'a'), "replication.bad_id"},
             {"/name", Json::array(), "replication.wrong_type"},
             {"/source", "x", "replication.wrong_type"},
             {"/source/stream", "", "replication.missing_field"},
             {"/source/stream", nullptr, "replication.missing_field"},
             {"/source/key", Json::array(), "replication.wrong_type"},
             {"/source/key", {"id", "id"}, "replication.wrong_type"},
             {"/source/cursor_type", "tuesday", "replication.bad_value"},
             {"/source/lookback", "soon", "replication.bad_value"},
             {"/source/lookback", "10", "replication.bad_value"},
             {"/source/lookback", "31d", "replication.bad_value"},
             {"/source/lookback", "-1m", "replication.bad_value"},
             {"/source/lookback", 10, "replication.wrong_type"},
             {"/source/batchSize", 1.5, "replication.bad_value"},
             {"/source/batchSize", "1000", "replication.wrong_type"},
             {"/source/batchSize", 1e300, "replication.bad_value"},
             {"/source/batchSize", UINT64_MAX, "replication.bad_value"},
             {"/source/retry/attempts", 0, "replication.bad_value"},
             {"/source/retry/backoff", "quadratic", "replication.bad_value"},
             {"/source/retry/retries", 1, "replication.unknown_field"},
             {"/destination/onError", "ignore", "replication.bad_value"},
             {"/destination/key", "other", "replication.said_twice"},
             {"/destination/mode", "replace", "replication.bad_value"},
             {"/performance/timeout", 0, "replication.bad_value"},
             {"/paused", "yes", "replication.wrong_type"},
             {"/source/url", "postgres://db", "replication.said_twice"},
         }) {
        std::vector<std::string> const wrong = wrong_with(with(pointer, value));
        ASSERT_FALSE(wrong.empty()) << pointer << " " << value;
        EXPECT_EQ(wrong.front(), std::string{pointer} + " " + code) << value;
    }
}

TEST(JobDocument, ASubsetHoldsKeyAndCursor) {
    Json document = bodies::native_job();
    document["source"]["fields"] = {"total"};
    EXPECT_EQ(wrong_with(document),
              (std::vector<std::string>(2, "/source/fields replication.field_left_out")));
}

TEST(JobDocument, ADeltaNeedsACursor) {
    Json document = bodies::native_job();
    document["source"].erase("cursor");
    document["source"].erase("cursor_type");
    EXPECT_EQ(only_finding(document).code, "replication.cursor_missing");
}

TEST(JobDocument, SchedulesBecomeOneText) {
    struct Case {
        Json schedule;
        char const* text;
    };
    for (auto const& [schedule, text] :
         std::vector<Case>{{"*/15 * * * *", "*/15 * * * *"},
                           {"1h30m", "1h30m"},
                           {{{"type", "cron"}, {"expression", "0 */6 * * *"}}, "0 */6 * * *"},
                           {{{"type", "interval"}, {"minutes", 15}}, "15m"},
                           {{{"type", "interval"}, {"seconds", 5}}, "5s"},
                           {{{"type", "interval"}, {"hours", 2}}, "2h"},
                           {{{"type", "interval"}, {"days", 1}}, "1d"}})
        EXPECT_EQ(read(with("/schedule", schedule))["schedule"], text);
}

TEST(JobDocument, WrongSchedulesAreFindings) {
    struct Case {
        Json schedule;
        char const* pointer;
    };
    for (auto const& [schedule, pointer] : std::vector<Case>{
             {15, "/schedule"},
             {Json::object(), "/schedule/type"},
             {{{"type", "hourly"}}, "/schedule/type"},
             {{{"type", "cron"}}, "/schedule/expression"},
             {{{"type", "interval"}}, "/schedule/minutes"},
             {{{"type", "interval"}, {"minutes", 0}}, "/schedule/minutes"},
             {{{"type", "interval"}, {"minutes", 1}, {"hours", 1}}, "/schedule/hours"},
             {{{"type", "interval"}, {"minute", 1}}, "/schedule/minutes"}})
        EXPECT_EQ(wrong_with(with("/schedule", schedule))
                      .front()
                      .substr(0, std::string{pointer}.size() + 1),
                  std::string{pointer} + " ")
            << schedule;
}

TEST(JobDocument, NothingMakesItThrow) {
    for (Json const& odd : {Json(), Json(1), Json("x"), Json::array(), Json::object(),
                            Json{{"source", 1}, {"destination", Json::array()}}}) {
        EXPECT_FALSE(wrong_with(odd).empty()) << odd;
        for (char const* const pointer :
             {"/source", "/destination", "/schedule", "/errorHandling", "/performance"})
            wrong_with(with(pointer, odd));
    }
}

TEST(JobDocument, FindingsHaveALimit) {
    Json document = Json::object();
    for (int i = 0; i < 500; ++i) document["field" + std::to_string(i)] = i;
    EXPECT_EQ(wrong_with(document).size(), Findings::findings_max);
}

TEST(JobDocument, TheTargetIsTheLastPartOfTheName) {
    EXPECT_EQ(last_name_part("users"), "users");
    EXPECT_EQ(last_name_part("public.users"), "users");
    EXPECT_EQ(last_name_part("public.\"odd.name\""), "odd.name");
    EXPECT_EQ(last_name_part("public.\"a\"\"b\""), "a\"b");
}

}  // namespace
}  // namespace weir::replication
