#include <gtest/gtest.h>

#include <set>

#include "host/run/discovery.hpp"
#include "host/run/plan.hpp"
#include "host/run/position.hpp"
#include "host/run/report.hpp"
#include "host/run/run_plan.hpp"

namespace weir::host {
namespace {

std::vector<std::string> const id{"id"};

Checkpoint stored(ReadMode mode, WriteMode write, std::string tracking) {
    return {{mode, write, std::move(tracking), id, {}, {}}, {}, "{}"};
}
Start start_of(CopyRequest const& request, std::optional<Checkpoint> const& checkpoint = {},
               std::vector<std::string> const& key = id) {
    Result<Start> const start = decide_start(request, "public.users", key, checkpoint);
    EXPECT_TRUE(start) << start.error().message;
    return *start;
}

TEST(DecideStart, WithoutACursorReadsAllByKey) {
    Start const start = start_of({});
    EXPECT_EQ(start.selection.mode, ReadMode::full);
    EXPECT_EQ(start.selection.write, WriteMode::upsert);
    EXPECT_EQ(start.selection.key, id);
}

TEST(DecideStart, AppendsWithoutAKey) {
    EXPECT_EQ(start_of({}, {}, {}).selection.write, WriteMode::append);
}

TEST(DecideStart, ACursorMeansDelta) {
    CopyRequest request;
    request.cursor = "updated_at";
    Start const start = start_of(request);
    EXPECT_EQ(start.selection.mode, ReadMode::delta);
    EXPECT_EQ(start.selection.tracking, "updated_at");
}

TEST(DecideStart, TheStoredCursorIsRemembered) {
    Start const start = start_of({}, stored(ReadMode::delta, WriteMode::upsert, "updated_at"));
    EXPECT_EQ(start.selection.mode, ReadMode::delta);
    EXPECT_EQ(start.selection.tracking, "updated_at");
    EXPECT_FALSE(start.reset);
    EXPECT_EQ(start.note, "");
}

TEST(DecideStart, ACursorGivenLaterBeginsAnewAndSaysSo) {
    CopyRequest request;
    request.cursor = "updated_at";
    Start const start = start_of(request, stored(ReadMode::full, WriteMode::upsert, ""));
    EXPECT_TRUE(start.reset);
    EXPECT_NE(start.note.find("updated_at"), std::string::npos);
}

TEST(DecideStart, AnotherCursorBeginsAnewAndSaysSo) {
    CopyRequest request;
    request.cursor = "id";
    Start const start = start_of(request, stored(ReadMode::delta, WriteMode::upsert, "updated_at"));
    EXPECT_TRUE(start.reset);
    EXPECT_NE(start.note.find("updated_at"), std::string::npos);
}

TEST(DecideStart, AFullReadThatWasCutOffGoesOn) {
    EXPECT_FALSE(start_of({}, stored(ReadMode::full, WriteMode::upsert, "")).reset);
}

TEST(DecideStart, AFullReadIgnoresADeltasPosition) {
    CopyRequest request;
    request.mode = ReadMode::full;
    EXPECT_TRUE(start_of(request, stored(ReadMode::delta, WriteMode::upsert, "updated_at")).reset);
}

TEST(DecideStart, ReplaceReadsAllEachTime) {
    CopyRequest request;
    request.write = WriteMode::replace;
    Start const start = start_of(request, stored(ReadMode::delta, WriteMode::upsert, "updated_at"));
    EXPECT_EQ(start.selection.mode, ReadMode::full);
    EXPECT_TRUE(start.reset);
}

TEST(DecideStart, WhatCannotBeIsRefused) {
    CopyRequest delta, upsert, both;
    delta.mode = ReadMode::delta;
    upsert.write = WriteMode::upsert;
    both.mode = ReadMode::delta;
    both.write = WriteMode::replace;
    both.cursor = "id";
    EXPECT_EQ(decide_start(delta, "s", id, {}).error().code, "copy.no_cursor");
    EXPECT_EQ(decide_start(upsert, "s", {}, {}).error().code, "copy.no_key");
    EXPECT_EQ(decide_start(both, "s", id, {}).error().code, "copy.conflicting_options");
}

TEST(Selection, ComesBackFromItsNote) {
    Selection const selection{
        ReadMode::delta, WriteMode::upsert, "updated_at", {"a", "b"}, {"a", "b", "updated_at"}};
    EXPECT_EQ(selection_from(to_json(selection)), selection);
    EXPECT_EQ(selection_from(nlohmann::json::array()), Selection{});
}

TEST(ShownCursor, IsTheTrackingValue) {
    EXPECT_EQ(shown_cursor(R"({"at":17})"), "17");
    EXPECT_EQ(shown_cursor("nonsense"), "");
    EXPECT_EQ(shown_cursor("{}"), "");
    EXPECT_EQ(shown_cursor(""), "");
}

TEST(IsPattern, WildcardsCountOutsideQuotesOnly) {
    EXPECT_TRUE(is_pattern("public.*"));
    EXPECT_TRUE(is_pattern("public.user?"));
    EXPECT_TRUE(is_pattern("\"a.b\".*"));
    EXPECT_FALSE(is_pattern("public.users"));
    EXPECT_FALSE(is_pattern("public.\"a*\""));
    EXPECT_FALSE(is_pattern("public.\"a\"\"?\""));
}

TEST(JobOf, TellsEndsStreamAndTargetApart) {
    Task task;
    task.stream = "public.users";
    task.target = "users";
    std::string const job = job_of("postgres://h/db", "sqlite:/a", task);
    EXPECT_EQ(job_of("postgres://h/db", "sqlite:/a", task), job);
    EXPECT_NE(job_of("postgres://h/other", "sqlite:/a", task), job);
    EXPECT_NE(job_of("postgres://h/db", "sqlite:/b", task), job);
    task.target = "people";
    EXPECT_NE(job_of("postgres://h/db", "sqlite:/a", task), job);
}

TEST(CheckPlan, SaysAllThatIsWrongWithItsCode) {
    Registry none{{}};
    auto const codes = [&](char const* plan) {
        std::set<std::string> found;
        for (Finding const& each : check_plan(nlohmann::json::parse(plan), none))
            found.insert(each.code);
        return found;
    };
    using Codes = std::set<std::string>;
    EXPECT_EQ(codes("7"), Codes{"plan.type"});
    EXPECT_EQ(codes("{}"), (Codes{"plan.version", "plan.job", "plan.tasks"}));
    EXPECT_EQ(codes(R"({"plan":1,"job":"a b","tasks":[{}]})"), (Codes{"plan.job", "plan.missing"}));
    EXPECT_EQ(codes(R"({"plan":1,"job":"a","tasks":[7],"jobs":1})"),
              (Codes{"plan.unknown_field", "plan.type"}));
    EXPECT_EQ(codes(R"({"plan":1,"job":"a","tasks":[{"task":"t","op":"move",
                        "source":{"connector":"none","config":{},"streams":["a","a"]},
                        "sink":{"connector":"none","config":[]}}]})"),
              (Codes{"plan.value", "plan.type", "connector.unknown"}));
}

TEST(CopyReport, SaysHowItEnded) {
    CopyReport report;
    EXPECT_EQ(report.status(), "succeeded");
    report.error = Error{WEIR_E_IO, "x", "y"};
    EXPECT_EQ(report.status(), "failed");
    report.streams.resize(2);
    report.streams[0].error = report.error;
    EXPECT_EQ(report.status(), "partial");
    report.streams[1].error = report.error;
    EXPECT_EQ(report.status(), "failed");
    CopyReport rejected;
    rejected.streams.resize(1);
    rejected.streams[0].counts.rejected = 1;
    EXPECT_EQ(rejected.status(), "partial");
}

}  // namespace
}  // namespace weir::host
