// Runs over a connector that breaks a promise, and plans that are none.
#include <gtest/gtest.h>

#include "engine/host.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

constexpr std::int64_t patience_ms = 60'000;

class OddRuns : public testing::Test {
protected:
    /// Three generated rows into the connector that does `deed`.
    Json plan(char const* deed) const {
        Json plan = plan_of("job", generator("rows=3"), "", "things");
        plan["tasks"][0]["sink"] = {{"connector", "odd"},
                                    {"config", {{"do", deed}}},
                                    {"target", "things"},
                                    {"write", "append"}};
        plan["tasks"][0]["retry"] = {{"retries", 0}};
        plan["tasks"][0]["rejects"] = {{"record", "dead_letter"}};
        return plan;
    }
    Json run(Json const& plan) {
        must(host.engine.start(1));
        auto const submitted = must(host.engine.submit(request_of(plan)));
        return must(host.engine.wait(submitted.run_id, patience_ms));
    }
    void expect_error(Json const& run, std::string const& code, std::string const& sentence) {
        EXPECT_EQ(run["status"], "failed") << run;
        EXPECT_EQ(run["error"].value("code", ""), code) << run;
        EXPECT_NE(run["error"].value("message", "").find(sentence), std::string::npos) << run;
    }

    TempDir directory;
    Host host{directory.path().string()};
};

TEST_F(OddRuns, NothingIsWrittenIntoASinkThatKeepsThePositionApart) {
    expect_error(run(plan("describe_apart")), "copy.sink_not_atomic",
                 "odd does not commit rows and position together, so nothing could be resumed: "
                 "choose another sink");
}

TEST_F(OddRuns, ASystemWithoutANameIsNotCopiedInto) {
    expect_error(run(plan("describe_nobody")), "plugin.identity",
                 "odd does not say which system a URL means: this is a bug in it");
}

TEST_F(OddRuns, ASinkThatRefusesMoreThanItWasGivenIsStopped) {
    expect_error(run(plan("refuses_more")), "plugin.rejects",
                 "refused more rows than it was given: this is a bug in it");
}

// The twin: of three rows it may refuse two.
TEST_F(OddRuns, ASinkMayRefuseWhatItWasGiven) {
    Json const run = this->run(plan("begins_anew"));
    EXPECT_EQ(run["status"], "partial") << run;
    EXPECT_EQ(run["rejected"], 2) << run;
    EXPECT_EQ(run["written"], 1) << run;
}

TEST_F(OddRuns, APlanThatIsNoJsonIsNotTaken) {
    host::SubmitRun request = request_of(plan(""));
    request.plan_json.pop_back();
    auto const submitted = host.engine.submit(request);
    ASSERT_FALSE(submitted);
    EXPECT_EQ(submitted.error().status, WEIR_E_CONFIG);
    EXPECT_EQ(submitted.error().code, "plan.json");
    EXPECT_EQ(submitted.error().message, "the plan of job job is no JSON");
    EXPECT_EQ(must(host.engine.list({}))["items"].size(), 0u);
}

}  // namespace
}  // namespace weir::test
