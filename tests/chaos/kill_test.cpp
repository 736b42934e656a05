// Killed with -9 at any point, again and again: in the end the target is exact. The target has no
// unique key and rows are appended, so that a doubled row cannot hide.
#include <algorithm>
#include <csignal>

#include "chaos/seed.hpp"
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

/// Where the rows go.
enum class Into { sqlite, postgres };

class Kill : public CopyFixture, public testing::WithParamInterface<Into> {
protected:
    Kill() {
        make_users(400);
        // Ten rows share each timestamp, so that ties straddle batches of 7.
        db.run(
            "UPDATE users SET updated_at = timestamptz '2024-01-01Z' + (id / 10) * "
            "interval '1 second'");
        if (is_postgres()) target.emplace(server.connect_as_owner(target_database));
        change("CREATE TABLE users (id bigint, name text, updated_at " +
               std::string{is_postgres() ? "timestamptz)" : "text)"});
    }
    bool is_postgres() const { return GetParam() == Into::postgres; }

    std::vector<std::string> arguments(bool delta) const {
        std::vector<std::string> all{"--stream", "public.users", "--write",
                                     "append",   "--batch-rows", "7"};
        if (delta) all.insert(all.end(), {"--cursor", "updated_at"});
        return all;
    }
    /// weir copy from the source into the sink of this test.
    std::vector<std::string> command(std::vector<std::string> const& what) const {
        std::vector<std::string> all = copy_arguments(what);
        if (is_postgres()) all[2] = server.url(target_database);
        return all;
    }
    Ran move(std::vector<std::string> const& what, ProcessOptions options = {}) {
        options.directory = directory.path().string();
        return weir(command(what), options);
    }
    /// Ends the process at the `pass`th time it comes to `point`. Answers whether it came there.
    bool killed_at(std::string const& point, int pass, std::vector<std::string> const& what) {
        Ran const ran = move(what, {.environment = {{"WEIR_FAILPOINT",
                                                     point + ":" + std::to_string(pass)}}});
        EXPECT_TRUE(ran.code == 137 || ran.code == 0) << ran;
        return ran.code == 137;
    }

    void change(std::string const& sql) { is_postgres() ? target->run(sql) : sink().run(sql); }
    std::string one(std::string const& sql) {
        return is_postgres() ? target->one(sql) : sink().one(sql);
    }
    Differences differ() {
        if (!is_postgres()) return users_differ();
        return compare(users_in_source(),
                       target->rows("SELECT id, name, to_char(updated_at AT TIME ZONE 'UTC', "
                                    "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM users"));
    }
    void expect_equal() {
        Differences const differences = differ();
        EXPECT_TRUE(differences.none()) << differences;
    }
    void expect_exact() {
        expect_equal();
        EXPECT_EQ(one("SELECT count(*) FROM users"), "400");
        if (is_postgres()) return;
        EXPECT_EQ(one("PRAGMA integrity_check"), "ok");
    }
    /// Killed at a moment between start and end, by counting how often the sink is looked at.
    void kill_at_random(std::vector<std::string> const& what) {
        ProcessOptions const options{.directory = directory.path().string()};
        Process process{weir_command(command(what)), options};
        for (int looks = chance.between(0, 400); looks > 0 && !process.ended(); --looks)
            one("SELECT count(*) FROM users");
        process.kill(SIGKILL);
        process.wait();
    }

    std::string const target_database = is_postgres() ? server.fresh() : std::string{};
    std::optional<Pg> target;
    Chance chance;
};

INSTANTIATE_TEST_SUITE_P(, Kill, testing::Values(Into::sqlite, Into::postgres), [](auto const& at) {
    return at.param == Into::sqlite ? "Sqlite" : "Postgres";
});

TEST_P(Kill, H22BetweenWriteAndCommitNothingIsLostOrDoubled) {
    int kills = 0;
    while (killed_at("pump.before_commit", chance.between(1, 12), arguments(true))) ++kills;
    EXPECT_GT(kills, 2);
    expect_exact();
}

TEST_P(Kill, H22BetweenCommitAndReportNothingIsLostOrDoubled) {
    int kills = 0;
    while (killed_at("pump.after_commit", chance.between(1, 12), arguments(true))) ++kills;
    EXPECT_GT(kills, 2);
    expect_exact();
}

TEST_P(Kill, H22AfterTheLastCommitTheNextRunMovesNothing) {
    EXPECT_TRUE(killed_at("copy.before_report", 1, arguments(true)));
    expect_exact();
    expect_moved(move(arguments(true)), 0, 0);
    expect_exact();
}

TEST_P(Kill, AFullReadGoesOnWhereItWasKilled) {
    // After the last commit the read is complete, and the next one begins anew: the kills behind a
    // commit come early enough to miss it.
    for (int kills = 0; kills < 3; ++kills)
        EXPECT_TRUE(killed_at("pump.after_commit", chance.between(1, 15), arguments(false)));
    while (killed_at("pump.before_commit", chance.between(1, 15), arguments(false))) {
    }
    expect_exact();
}

TEST_P(Kill, OneBatchAtMostIsReadTwice) {
    for (bool delta : {false, true}) {
        change("DELETE FROM users; DROP TABLE IF EXISTS _weir_checkpoint");
        // With five batches of seven committed, and the sixth in its hands.
        EXPECT_TRUE(killed_at("pump.before_commit", 6, arguments(delta)));
        Ran const rest = move(arguments(delta));
        expect_exit(rest, 0);
        EXPECT_EQ(rest.stream().at("read"), 400 - 35) << rest;
        expect_exact();
    }
}

TEST_P(Kill, H22AtEveryCommitOfARun) {
    // Each run gets one commit further than the one before and dies there.
    for (int kills = 0; kills < 400 / 7 + 1; ++kills)
        EXPECT_TRUE(killed_at("pump.after_commit", 1, arguments(true)));
    expect_exact();
    expect_moved(move(arguments(true)), 0, 0);
}

TEST_P(Kill, AtRandomMomentsWhileRowsArrive) {
    for (int round = 0; round < rounds(15, 300); ++round) {
        int const more = 400 + 20 * round;
        add_users(more + 1, more + 20);
        kill_at_random(arguments(true));
        Differences const so_far = differ();
        EXPECT_TRUE(so_far.phantom.empty() && so_far.stale.empty() && so_far.doubled.empty())
            << so_far;
    }
    expect_exit(move(arguments(true)), 0);
    expect_equal();
}

#ifndef __SANITIZE_ADDRESS__  // whose look for leaks needs what strace takes
TEST_P(Kill, AtEveryNthSystemCallThatChangesTheSink) {
    std::string const calls =
        is_postgres() ? "sendto" : "pwrite64,fdatasync,fsync,ftruncate,unlink";
    std::vector<std::string> what = arguments(true);
    *std::ranges::find(what, "7") = "90";  // five batches
    int const step = rounds(11, 1);
    int kills = 0, code = 137;
    for (int at = chance.between(1, step); code == 137; at += step) {
        change("DELETE FROM users; DROP TABLE IF EXISTS _weir_checkpoint");
        std::vector<std::string> traced{"strace", "-f",         "-qq",
                                        "-o",     "/dev/null",  "-e",
                                        "inject=" + calls + ":signal=KILL:when=" +
                                            std::to_string(at)};
        std::vector<std::string> const own = weir_command(command(what));
        traced.insert(traced.end(), own.begin(), own.end());
        Process process{traced, ProcessOptions{.directory = directory.path().string()}};
        code = finish(process).code;
        ASSERT_TRUE(code == 137 || code == 0) << process.output();
        kills += code == 137;
        expect_exit(move(what), 0);
        expect_exact();
    }
    EXPECT_GT(kills, 2);
}
#endif

TEST_P(Kill, ATableOfItsOwnIsFilledAndMergedExactly) {
    change("DROP TABLE users");
    std::vector<std::string> const upsert{"--stream", "public.users", "--batch-rows", "7",
                                          "--cursor", "updated_at"};
    EXPECT_TRUE(killed_at("pump.after_commit", 1, upsert));
    for (int round = 0; round < rounds(8, 100); ++round) {
        kill_at_random(upsert);
        db.run("UPDATE users SET name = name || '.', updated_at = timestamptz '2024-02-01Z' + " +
               std::to_string(round) + " * interval '1 hour' WHERE id % 5 = " +
               std::to_string(round % 5));
    }
    expect_exit(move(upsert), 0);
    expect_exact();
}

TEST_P(Kill, H16WhatArrivesBetweenKillAndResumeIsReadOnce) {
    for (int more = 400; more < 500; more += 50) {
        EXPECT_TRUE(killed_at("pump.before_commit", chance.between(1, 7), arguments(true)));
        add_users(more + 1, more + 50);
        // Ids before those already read, too: what a scan by key would come to a second time.
        db.run("INSERT INTO users VALUES (" + std::to_string(-more) +
               ", 'before', timestamptz '2024-06-01Z' + " + std::to_string(more) +
               " * interval '1 second')");
    }
    expect_exit(move(arguments(true)), 0);
    expect_exit(move(arguments(true)), 0);
    expect_equal();
}

TEST_P(Kill, AStreamWithoutAKeyShowsAtOnceAtTheEnd) {
    db.run("ALTER TABLE users DROP CONSTRAINT users_pkey");
    for (int round = 0; round < 3; ++round) {
        // Its only commit is the last.
        EXPECT_TRUE(killed_at("pump.before_commit", 1, arguments(false)));
        EXPECT_EQ(one("SELECT count(*) FROM users"), "0");
    }
    EXPECT_TRUE(killed_at("pump.after_commit", 1, arguments(false)));
    expect_exact();
}

TEST_P(Kill, TheVerifierFindsWhatIsWrong) {
    expect_moved(move(arguments(true)), 400, 400);
    expect_exact();
    change(
        "INSERT INTO users SELECT * FROM users WHERE id = 7; DELETE FROM users WHERE id = 8;"
        "UPDATE users SET name = 'x' WHERE id = 9; INSERT INTO users VALUES (9999, '', "
        "'2024-01-01T00:00:00.000000Z')");
    Differences const found = differ();
    EXPECT_EQ(found.doubled, (std::vector<std::string>{"7"}));
    EXPECT_EQ(found.lost, (std::vector<std::string>{"8"}));
    EXPECT_EQ(found.stale, (std::vector<std::string>{"9"}));
    EXPECT_EQ(found.phantom, (std::vector<std::string>{"9999"}));
}

TEST_P(Kill, WithoutThePositionRowsWouldDouble) {
    EXPECT_TRUE(killed_at("pump.after_commit", 5, arguments(true)));
    change("UPDATE _weir_checkpoint SET \"cursor\" = ''");  // the mechanism switched off
    expect_exit(move(arguments(true)), 0);
    EXPECT_EQ(differ().doubled.size(), 35u);
}

}  // namespace
}  // namespace weir::test
