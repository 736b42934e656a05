// Processes with an engine that are killed anywhere: the next one goes on, and the append target
// without a key has each row once.
#include <gtest/gtest.h>

#include "engine/host.hpp"
#include "support/process.hpp"
#include "support/sqlite.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

class EngineKill : public testing::Test {
protected:
    /// Runs a process; with `failpoint` ("name:n") it dies there.
    ExitCode process(std::string const& failpoint = {}) {
        ProcessOptions options;
        if (!failpoint.empty()) options.environment["WEIR_FAILPOINT"] = failpoint;
        Process process{{RUN_PLAN, directory.path().string(), plan.dump()}, options};
        ExitCode const code = process.wait();
        said = process.output();
        if (code == 0) run = Json::parse(process.out());
        return code;
    }
    void expect_exact() {
        ASSERT_EQ(process(), 0) << said;
        EXPECT_EQ(Sqlite{sink}.one("SELECT count(*) || '/' || count(DISTINCT id) FROM users"),
                  "100/100");
        EXPECT_EQ(run["read"], 100) << run;
        EXPECT_EQ(run["written"], 100) << run;
        EXPECT_EQ(run["streams"][0]["written"], 100) << run;
    }

    TempDir directory;
    std::string const sink = directory / "sink.db";
    Json plan = plan_of("job", generator("rows=100"), sink, "users");
    Json run;
    std::string said;
};

TEST_F(EngineKill, AtEveryCommitOfARun) {
    for (int commit = 0; commit < 4; ++commit) {
        EXPECT_EQ(process("pump.after_commit:2"), 137) << said;
        EXPECT_EQ(process("pump.before_commit:2"), 137) << said;
    }
    expect_exact();
}

TEST_F(EngineKill, BetweenClaimAndFirstRead) {
    EXPECT_EQ(process("engine.after_claim:1"), 137) << said;
    EXPECT_EQ(process("engine.after_claim:1"), 137) << said;
    expect_exact();
}

TEST_F(EngineKill, BehindTheLastCommitNothingIsReadAgain) {
    EXPECT_EQ(process("engine.before_finish:1"), 137) << said;
    EXPECT_EQ(Sqlite{sink}.one("SELECT count(*) FROM users"), "100");
    expect_exact();
}

TEST_F(EngineKill, WithoutTheRunsNoteInTheSinkRowsWouldDouble) {
    EXPECT_EQ(process("engine.before_finish:1"), 137) << said;
    Sqlite{sink}.run("UPDATE _weir_checkpoint SET spec = json_remove(spec, '$.run')");
    EXPECT_EQ(process(), 0) << said;
    EXPECT_EQ(Sqlite{sink}.one("SELECT count(*) || '/' || count(DISTINCT id) FROM users"),
              "200/100");
}

TEST_F(EngineKill, AReplaceShowsNothingBeforeItsEnd) {
    plan["tasks"][0]["sink"]["write"] = "replace";
    EXPECT_EQ(process("pump.after_commit:5"), 137) << said;
    EXPECT_FALSE(Sqlite{sink}.has_table("users"));
    expect_exact();
}

TEST_F(EngineKill, ATaskThatKillsItsHostEachTimeIsGivenUp) {
    plan["tasks"][0]["retry"] = {{"retries", 0}};
    for (int deaths = 0; deaths <= host::Flight::deaths_max; ++deaths)
        EXPECT_EQ(process("engine.after_claim:1"), 137) << said;
    EXPECT_EQ(process(), 1) << said;
    EXPECT_NE(said.find("run.poisoned"), said.npos) << said;
}

}  // namespace
}  // namespace weir::test
