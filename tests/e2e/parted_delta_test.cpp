// The first read of a delta in several parts at once, and what deltas bring behind it.
#include <atomic>
#include <thread>

#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class PartedDelta : public CopyFixture {
protected:
    PartedDelta() {
        db.run("CREATE TABLE big (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(),"
               " v int, filler text);"
               "CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at :="
               " now(); RETURN NEW; END $$;"
               "INSERT INTO big (v, filler, at) SELECT 0, repeat(md5(i::text), 12),"
               " timestamptz '2025-01-01Z' + (i / 10) * interval '1 s'"
               " FROM generate_series(1, 60000) i;"
               "CREATE INDEX ON big (at, id);"
               "CREATE TRIGGER bump BEFORE UPDATE ON big FOR EACH ROW EXECUTE FUNCTION bump()");
    }
    Ran move(std::vector<std::string> more = {}, ProcessOptions options = {}) {
        more.insert(more.begin(), {"copy", server.url(database), sink_url(), "--stream",
                                   "public.big", "--cursor", "at", "--json"});
        options.directory = directory.path().string();
        return weir(more, options);
    }
    void expect_exact(std::string const& where) {
        std::string const all = "SELECT id, v, filler FROM big";
        Differences const differences = compare(db.rows(all), sink().rows(all));
        EXPECT_TRUE(differences.none()) << where << ": " << differences;
    }
    static std::string read_in(Ran const& ran) { return ran.stream().value("snapshot", ""); }
};

TEST_F(PartedDelta, BringsEachRecordOnceAndThenWhatChanges) {
    Ran const first = move({"--parts", "4"});
    expect_moved(first, 60000, 60000);
    EXPECT_EQ(read_in(first), "shared") << first;
    expect_exact("first");
    Ran const idle = move({"--parts", "4"});
    expect_moved(idle, 0, 0);
    EXPECT_EQ(read_in(idle), "") << "what changes is little";
    db.run("UPDATE big SET v = 1 WHERE id % 6000 = 1; INSERT INTO big (v) VALUES (2)");
    expect_moved(move(), 11, 11);
    expect_exact("changed");
    expect_moved(move(), 0, 0);
}

// The run that goes on brings what changed since in parts that were read before the kill.
TEST_F(PartedDelta, GoesOnWhereItWasKilledAndMissesNoChangeBeforeThat) {
    ProcessOptions killed;
    killed.environment = {{"WEIR_FAILPOINT", "pump.after_commit:9"}};
    std::vector<std::string> const small{"--batch-rows", "700"};
    std::vector<std::string> cut = small;
    cut.insert(cut.end(), {"--parts", "3"});
    std::uint64_t before = 0;
    for (int kills = 0; kills < 4; ++kills) {
        Ran const ran = move(kills % 2 ? small : cut, killed);
        ASSERT_NE(ran.code, 0) << ran;
        std::uint64_t const now = std::stoull(sink().one("SELECT count(*) FROM big"));
        EXPECT_GT(now, before);
        before = now;
        // Some were read by now, in each part, others were not.
        db.run("UPDATE big SET v = v + 1 WHERE id % 1000 < 2");
    }
    Ran const rest = move();
    EXPECT_EQ(rest.code, 0) << rest;
    EXPECT_EQ(rest.stream().at("read"), 60000 - before + 120) << rest;
    expect_exact("gone on");
    expect_moved(move(), 0, 0);
    // Read whole instead: the position of the delta stays behind all parts.
    db.run("UPDATE big SET v = 0 WHERE id % 1000 < 2");
    expect_moved(move(), 120, 120);
}

// The type of the field has changed by then.
TEST_F(PartedDelta, IsBegunAnewByAFullReadWhereItsPositionDoesNotHoldAnyMore) {
    ProcessOptions killed;
    killed.environment = {{"WEIR_FAILPOINT", "pump.after_commit:9"}};
    ASSERT_NE(move({"--parts", "3", "--batch-rows", "700"}, killed).code, 0);
    db.run("ALTER TABLE big ALTER at TYPE timestamptz(3)");
    expect_failure(move(), 1, "sqlite.column_retyped");
    expect_exit(move({"--mode", "full"}), 0);
    expect_exact("anew");
    expect_exit(move(), 0);
    expect_moved(move(), 0, 0);
}

// A transaction that drew its place before the cut, and commits after it.
TEST_F(PartedDelta, H2LosesNoRowThatIsCommittedLate) {
    Pg late = server.connect_as_owner(database);
    late.run("BEGIN; INSERT INTO big (v) VALUES (7)");
    db.run("INSERT INTO big (v) VALUES (8)");
    Ran const first = move({"--parts", "3"});
    expect_moved(first, 60001, 60001);
    EXPECT_EQ(read_in(first), "shared") << first;
    EXPECT_EQ(sink().one("SELECT group_concat(v) FROM big WHERE v > 0"), "8");
    late.run("COMMIT");
    EXPECT_EQ(move().code, 0);
    expect_exact("late");
    expect_moved(move(), 0, 0);
}

TEST_F(PartedDelta, H2BesideWritersLosesNothing) {
    for (int round = 0; round < 3; ++round) {
        std::atomic<bool> ended{false};
        std::vector<std::thread> writers;
        for (int i = 0; i < 4; ++i)
            writers.emplace_back([&, i, pg = server.connect_as_owner(database)]() mutable {
                for (int n = 0; !ended; ++n)
                    pg.run("BEGIN; INSERT INTO big (v) VALUES (" + std::to_string(i) +
                           "); SELECT pg_sleep(" + std::to_string(0.05 * ((n + i) % 9)) +
                           "); UPDATE big SET v = v + 1 WHERE id = " +
                           std::to_string(1 + (n * 7919 + i * 15000) % 60000) + "; COMMIT");
            });
        Ran const first = move({"--parts", "3"});
        ended = true;
        for (std::thread& writer : writers) writer.join();
        ASSERT_EQ(first.code, 0) << first;
        EXPECT_EQ(read_in(first), "shared") << first;
        EXPECT_EQ(move().code, 0);
        expect_exact(std::to_string(round));
        sink().run("DROP TABLE big; DELETE FROM _weir_checkpoint");
    }
}

}  // namespace
}  // namespace weir::test
