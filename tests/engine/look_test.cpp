// What is looked at without a run: connectors, their streams, a preview, positions.
#include <gtest/gtest.h>

#include "engine/host.hpp"
#include "support/sqlite.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

constexpr std::int64_t patience_ms = 60'000;

class Look : public testing::Test {
protected:
    Json check(std::string const& type, Json config) {
        return must(host.engine.inspector().check("test", {type, std::move(config)}));
    }
    static std::string steps(Json const& checked) {
        std::string names;
        for (Json const& step : checked["steps"])
            names += step["name"].get<std::string>() + (step["ok"] == true ? " " : "! ");
        return names;
    }

    TempDir directory;
    Host host{directory.path().string()};
    std::string const sink = directory / "sink.db";
    Json plan = plan_of("job", generator("rows=50"), sink, "users");
};

TEST_F(Look, EveryConnectorTellsRolesAndSchema) {
    std::map<std::string, Json> found;
    Json const all = host.engine.inspector().connectors();
    for (Json const& item : all["items"]) found[item["type"]] = item;
    EXPECT_EQ(found["sqlite"]["roles"], Json::array({"source", "sink"}));
    EXPECT_EQ(found["generator"]["roles"], Json::array({"source"}));
    EXPECT_TRUE(found["generator"]["config_schema"]["properties"].contains("rows"));
}

TEST_F(Look, ACheckTakesItsStepsAndTimesThem) {
    Json const checked = check("generator", {{"rows", 5}});
    EXPECT_EQ(checked["ok"], true);
    EXPECT_EQ(steps(checked), "config connect streams ");
    EXPECT_EQ(checked["steps"][2]["detail"], "1 stream");
    EXPECT_TRUE(checked["error"].is_null());
    for (Json const& step : checked["steps"]) EXPECT_TRUE(step["ms"].is_number());
}

TEST_F(Look, ACheckEndsAtTheStepThatFailsWithClassAndRemedy) {
    Json const wrong = check("generator", {{"rws", 5}});
    EXPECT_EQ(steps(wrong), "config! ");
    EXPECT_EQ(wrong["error"]["class"], "config");
    Json const missing = check("sqlite", {{"path", directory / "no/such/file.db"}});
    EXPECT_EQ(missing["ok"], false) << missing;
    EXPECT_EQ(missing["error"]["class"], "no_database") << missing;
    EXPECT_FALSE(missing["error"]["remedy"].get<std::string>().empty());
    auto const unknown = host.engine.inspector().check("test", {"oracle", {}});
    EXPECT_EQ(unknown.error().code, "connector.unknown");
}

TEST_F(Look, ACheckOfASinkMakesNothing) {
    Sqlite{sink}.run("CREATE TABLE t (a)");
    Json const checked = check("sqlite", {{"path", sink}});
    EXPECT_EQ(steps(checked), "config connect streams write ") << checked;
    EXPECT_EQ(Sqlite{sink}.tables(), std::vector<std::string>{"t"});
}

TEST_F(Look, AFileThatTheFirstRunWillMakeIsNothingWrong) {
    Json const checked = check("sqlite", {{"path", sink}});
    EXPECT_EQ(checked["ok"], true) << checked;
    EXPECT_EQ(steps(checked), "config connect write ");
    EXPECT_FALSE(std::filesystem::exists(sink));
}

TEST_F(Look, StreamsAreToldAsTheCommandLineTellsThem) {
    Json const found =
        must(host.engine.inspector().discover("test", {"generator", {{"rows", 5}}}, std::nullopt));
    ASSERT_EQ(found["streams"].size(), 1u);
    EXPECT_EQ(found["streams"][0]["stream"], "users");
    EXPECT_EQ(found["streams"][0]["keys"], (Json{{"id"}}));
}

TEST_F(Look, APreviewShowsRecordsAndWritesNothing) {
    Json const seen = must(host.engine.preview("test", plan, 3));
    ASSERT_EQ(seen["streams"].size(), 1u);
    Json const& stream = seen["streams"][0];
    EXPECT_EQ(stream["target"], "users");
    EXPECT_EQ(stream["items"].size(), 3u);
    EXPECT_EQ(stream["items"][2]["id"], 3);
    EXPECT_EQ(stream["fields"][0]["name"], "id");
    EXPECT_FALSE(stream["actions"].empty());
    EXPECT_FALSE(std::filesystem::exists(sink));
}

TEST_F(Look, APositionIsTheSinksAndAResetTakesItBack) {
    plan["tasks"][0]["source"]["tracking"] = "id";
    EXPECT_TRUE(must(host.engine.position("test", plan))["streams"][0]["cursor"].is_null());
    must(host.engine.start(1));
    auto const run_once = [&] {
        auto const submitted = must(host.engine.submit(request_of(plan)));
        return must(host.engine.wait(submitted.run_id, patience_ms));
    };
    EXPECT_EQ(run_once()["written"], 50);
    EXPECT_EQ(run_once()["written"], 0);
    Json const position = must(host.engine.position("test", plan))["streams"][0];
    EXPECT_EQ(position["cursor"], "50");
    EXPECT_EQ(position["rows"], 50);
    must(host.engine.reset("test", plan));
    EXPECT_TRUE(must(host.engine.position("test", plan))["streams"][0]["cursor"].is_null());
    EXPECT_EQ(run_once()["written"], 50);
}

TEST_F(Look, WhatRunsIsNotReset) {
    plan["tasks"][0]["source"] = generator("rows=100000000,rate=700");
    must(host.engine.start(1));
    auto const submitted = must(host.engine.submit(request_of(plan)));
    EXPECT_EQ(host.engine.reset("test", plan).error().code, "run.active");
    must(host.engine.cancel(submitted.run_id, "enough"));
    must(host.engine.wait(submitted.run_id, patience_ms));
}

}  // namespace
}  // namespace weir::test
