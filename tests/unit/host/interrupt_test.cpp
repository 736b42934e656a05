// Ctrl-C between two streams: no instant that a signal from outside could hit for certain, so the
// copy runs in this process, between SQLite files, and is stopped by whoever hears of its progress.
#include <gtest/gtest.h>

#include "host/abi/watchdog.hpp"
#include "host/cli/exit_code.hpp"
#include "host/cli/output.hpp"
#include "host/run/copy.hpp"
#include "support/connectors.hpp"
#include "support/sqlite.hpp"
#include "support/temp_dir.hpp"

namespace weir::host {
namespace {

using test::Sqlite;

class QuietLog : public LogSink {
public:
    bool is_enabled(std::int32_t) const override { return false; }
    void log(std::int32_t, std::string_view, std::string_view) override {}
};

/// Stops the copy when so many streams have ended.
class Stopping : public Progress {
public:
    Stopping(Stop& stop, int after) : stop_{stop}, left_{after} {}
    void begin(std::string const& stream, std::optional<std::uint64_t>) override {
        begun.push_back(stream);
    }
    void advance(std::string const&, Counts const&) override {}
    void end(StreamReport const&) override {
        if (--left_ == 0) stop_.reading = true;
    }
    void say(std::string const&) override {}

    std::vector<std::string> begun;

private:
    Stop& stop_;
    int left_;
};

class BetweenStreams : public testing::Test {
protected:
    BetweenStreams() {
        Sqlite{directory / "in.db"}.run(
            "CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1), (2); "
            "CREATE TABLE b (id INTEGER PRIMARY KEY); INSERT INTO b VALUES (3); "
            "CREATE TABLE c (id INTEGER PRIMARY KEY); INSERT INTO c VALUES (4)");
        request.source_url = "sqlite:" + (directory / "in.db");
        request.sink_url = "sqlite:" + out;
        request.streams = {"a", "b", "c"};
    }
    CopyReport copy(Stop& stop, Progress& progress) {
        Registry registry{{WEIR_CONNECTOR_DIRECTORY}};
        return run_copy(request, {registry, services, progress, clock, limits, stop});
    }

    test::TempDir directory;
    std::string const out = directory / "out.db";
    CopyRequest request;
    SystemClock clock;
    Limits limits;
    QuietLog log;
    Metrics metrics;
    Watchdog watchdog{clock};
    HostServices services{clock, log, metrics, watchdog};
};

TEST_F(BetweenStreams, TheRestIsNotBegun) {
    Stop stop;
    Stopping progress{stop, 1};
    CopyReport const report = copy(stop, progress);
    EXPECT_EQ(progress.begun, std::vector<std::string>{"a"});
    ASSERT_EQ(report.streams.size(), 1u);
    EXPECT_FALSE(report.streams[0].error) << "what was copied is no failure";
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->code, "copy.interrupted");
    EXPECT_EQ(report.error->message, "interrupted before 2 of 3 streams");
    EXPECT_EQ(static_cast<int>(exit_of(*report.error)), 130);
    EXPECT_EQ(Sqlite{out}.tables(), (std::vector<std::string>{"_weir_checkpoint", "a"}));
    EXPECT_EQ(Sqlite{out}.one("SELECT count(*) FROM a"), "2");
}

TEST_F(BetweenStreams, TheSameCommandBringsTheRest) {
    Stop first;
    Stopping interrupting{first, 2};
    EXPECT_EQ(copy(first, interrupting).streams.size(), 2u);
    Stop second;
    Stopping never{second, -1};
    CopyReport const report = copy(second, never);
    EXPECT_FALSE(report.error);
    EXPECT_EQ(report.streams.size(), 3u);
    EXPECT_EQ(Sqlite{out}.one("SELECT (SELECT count(*) FROM a) || (SELECT count(*) FROM c)"), "21");
}

TEST_F(BetweenStreams, MoreThanTheLimitAreNotBegun) {
    Stop stop;
    Stopping never{stop, -1};
    limits.streams_max = 2;
    CopyReport const report = copy(stop, never);
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->status, WEIR_E_CONFIG);
    EXPECT_EQ(report.error->code, "copy.too_many_streams");
    EXPECT_EQ(report.error->message, "3 streams at once are more than 2: copy them in parts");
    EXPECT_TRUE(never.begun.empty());
    limits.streams_max = 3;
    EXPECT_FALSE(copy(stop, never).error);
}

TEST_F(BetweenStreams, AfterTheLastThereIsNothingToInterrupt) {
    Stop stop;
    Stopping progress{stop, 3};
    EXPECT_FALSE(copy(stop, progress).error);
}

}  // namespace
}  // namespace weir::host
