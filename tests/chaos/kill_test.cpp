// Killed with -9 at any point, again and again: in the end the target is exact. The target has no
// unique key and rows are appended, so that a doubled row cannot hide.
#include <csignal>

#include "chaos/seed.hpp"
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Kill : public CopyFixture {
protected:
    Kill() {
        make_users(400);
        // Ten rows share each timestamp, so that ties straddle batches of 7.
        db.run(
            "UPDATE users SET updated_at = timestamptz '2024-01-01Z' + (id / 10) * "
            "interval '1 second'");
        sink().run("CREATE TABLE users (id INTEGER, name TEXT, updated_at TEXT)");
    }
    std::vector<std::string> arguments(bool delta) const {
        std::vector<std::string> all{"--stream", "public.users", "--write",
                                     "append",   "--batch-rows", "7"};
        if (delta) all.insert(all.end(), {"--cursor", "updated_at"});
        return all;
    }
    /// Ends the process at the `pass`th time it comes to `point`. Answers whether it came there.
    bool killed_at(std::string const& point, int pass, std::vector<std::string> const& what) {
        ProcessOptions options{.directory = directory.path().string()};
        options.environment = {{"WEIR_FAILPOINT", point + ":" + std::to_string(pass)}};
        Ran const ran = copy(what, options);
        EXPECT_TRUE(ran.code == 137 || ran.code == 0) << ran;
        return ran.code == 137;
    }
    void expect_exact() {
        expect_users_equal();
        EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "400");
        EXPECT_EQ(sink().one("PRAGMA integrity_check"), "ok");
    }
    Chance chance;
};

TEST_F(Kill, BetweenWriteAndCommitNothingIsLostOrDoubled) {
    int kills = 0;
    while (killed_at("pump.before_commit", chance.between(1, 12), arguments(true))) ++kills;
    EXPECT_GT(kills, 2);
    expect_exact();
}

TEST_F(Kill, BetweenCommitAndReportNothingIsLostOrDoubled) {
    int kills = 0;
    while (killed_at("pump.after_commit", chance.between(1, 12), arguments(true))) ++kills;
    EXPECT_GT(kills, 2);
    expect_exact();
}

TEST_F(Kill, AfterTheLastCommitTheNextRunMovesNothing) {
    EXPECT_TRUE(killed_at("copy.before_report", 1, arguments(true)));
    expect_exact();
    expect_moved(copy(arguments(true)), 0, 0);
    expect_exact();
}

TEST_F(Kill, AFullReadGoesOnWhereItWasKilled) {
    // After the last commit the read is complete, and the next one begins anew: the kills behind a
    // commit come early enough to miss it.
    for (int kills = 0; kills < 3; ++kills)
        EXPECT_TRUE(killed_at("pump.after_commit", chance.between(1, 15), arguments(false)));
    while (killed_at("pump.before_commit", chance.between(1, 15), arguments(false))) {
    }
    expect_exact();
}

TEST_F(Kill, AtEveryCommitOfARun) {
    // Each run gets one commit further than the one before and dies there.
    for (int kills = 0; kills < 400 / 7 + 1; ++kills)
        EXPECT_TRUE(killed_at("pump.after_commit", 1, arguments(true)));
    expect_exact();
    expect_moved(copy(arguments(true)), 0, 0);
}

TEST_F(Kill, AtRandomMomentsWhileRowsArrive) {
    for (int round = 0; round < rounds(15, 300); ++round) {
        int const more = 400 + 20 * round;
        add_users(more + 1, more + 20);
        ProcessOptions const options{.directory = directory.path().string()};
        Process process{weir_command(copy_arguments(arguments(true))), options};
        // A moment between start and end, by counting how often the sink is looked at.
        Sqlite watch{sink_path()};
        for (int looks = chance.between(0, 400); looks > 0 && !process.ended(); --looks)
            watch.one("SELECT count(*) FROM users");
        process.kill(SIGKILL);
        process.wait();
        Differences const so_far = users_differ();
        EXPECT_TRUE(so_far.phantom.empty() && so_far.stale.empty() && so_far.doubled.empty())
            << so_far;
    }
    expect_exit(copy(arguments(true)), 0);
    expect_users_equal();
}

TEST_F(Kill, WhatArrivesBetweenKillAndResumeIsReadOnce) {
    for (int more = 400; more < 500; more += 50) {
        EXPECT_TRUE(killed_at("pump.before_commit", chance.between(1, 7), arguments(true)));
        add_users(more + 1, more + 50);
        // Ids before those already read, too: what a scan by key would come to a second time.
        db.run("INSERT INTO users VALUES (" + std::to_string(-more) +
               ", 'before', timestamptz '2024-06-01Z' + " + std::to_string(more) +
               " * interval '1 second')");
    }
    expect_exit(copy(arguments(true)), 0);
    expect_exit(copy(arguments(true)), 0);
    expect_users_equal();
}

TEST_F(Kill, AStreamWithoutAKeyShowsAtOnceAtTheEnd) {
    db.run("ALTER TABLE users DROP CONSTRAINT users_pkey");
    for (int round = 0; round < 3; ++round) {
        // Its only commit is the last.
        EXPECT_TRUE(killed_at("pump.before_commit", 1, arguments(false)));
        EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "0");
    }
    EXPECT_TRUE(killed_at("pump.after_commit", 1, arguments(false)));
    expect_exact();
}

TEST_F(Kill, TheVerifierFindsWhatIsWrong) {
    expect_moved(copy(arguments(true)), 400, 400);
    expect_exact();
    sink().run(
        "INSERT INTO users SELECT * FROM users WHERE id = 7; DELETE FROM users WHERE id = 8;"
        "UPDATE users SET name = 'x' WHERE id = 9; INSERT INTO users VALUES (9999, '', '')");
    Differences const found = users_differ();
    EXPECT_EQ(found.doubled, (std::vector<std::string>{"7"}));
    EXPECT_EQ(found.lost, (std::vector<std::string>{"8"}));
    EXPECT_EQ(found.stale, (std::vector<std::string>{"9"}));
    EXPECT_EQ(found.phantom, (std::vector<std::string>{"9999"}));
}

TEST_F(Kill, WithoutThePositionRowsWouldDouble) {
    EXPECT_TRUE(killed_at("pump.after_commit", 5, arguments(true)));
    sink().run("UPDATE _weir_checkpoint SET cursor = ''");  // the mechanism switched off
    expect_exit(copy(arguments(true)), 0);
    EXPECT_EQ(users_differ().doubled.size(), 35u);
}

}  // namespace
}  // namespace weir::test
