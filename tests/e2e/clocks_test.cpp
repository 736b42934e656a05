// Hazards by their numbers (tests/README.md) that lie in the clock, the values and the transaction
// numbers of a PostgreSQL, through the binary, into SQLite.
#include <csignal>
#include <filesystem>

#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Clocks : public CopyFixture {
protected:
    Ran delta(std::string const& url, std::string const& cursor,
              std::vector<std::string> const& more = {}) {
        std::vector<std::string> line{"copy",     url,      sink_url(), "--stream", "public.t",
                                      "--cursor", cursor, "--json"};
        line.insert(line.end(), more.begin(), more.end());
        return weir(line, ProcessOptions{.directory = directory.path().string()});
    }
    void expect_equal(Pg& source) {
        Differences const differences = compare(source.rows("SELECT id, v, '' FROM t"),
                                                sink().rows("SELECT id, v, '' FROM t"));
        EXPECT_TRUE(differences.none()) << differences;
    }
    static std::string table(char const* more = "") {
        return std::string{"CREATE TABLE t (id bigserial PRIMARY KEY, v text, at timestamptz"
                           " NOT NULL DEFAULT now()"} +
               more + ")";
    }
    static std::string rows(int count, char const* what) {
        return "INSERT INTO t (v) SELECT '" + std::string{what} + "' FROM generate_series(1, " +
               std::to_string(count) + ")";
    }
};

TEST_F(Clocks, H7ARowInTheFutureStopsNoneThatComesAfterIt) {
    db.run(table() + "; CREATE INDEX ON t (at, id);" + rows(10, "first"));
    for (char const* odd : {"infinity", "2099-01-01Z"}) {
        db.run("INSERT INTO t (v, at) VALUES ('odd', '" + std::string{odd} + "')");
        Ran const found = delta(server.url(database), "at", {"-v"});
        expect_exit(found, 0);
        EXPECT_NE(found.err.find("weir_cursor_future_rows 1"), std::string::npos) << found;
        for (int round = 0; round < 4; ++round) {
            db.run(rows(250, "normal"));
            expect_exit(delta(server.url(database), "at"), 0);
        }
        expect_equal(db);
        db.run("DELETE FROM t WHERE v = 'odd'");
        sink().run("DELETE FROM t WHERE v = 'odd'");
    }
    EXPECT_EQ(sink().one("SELECT count(*) FROM t"), "2010");
}

TEST_F(Clocks, H8AnUpdateThatLeavesTheCursorIsNotSeenByADeltaAndByXminIs) {
    db.run(table() + ";" + rows(100, "first"));
    expect_moved(delta(server.url(database), "at"), 100, 100);
    db.run("UPDATE t SET v = 'silent' WHERE id = 50");
    expect_exit(delta(server.url(database), "at"), 0);
    EXPECT_EQ(sink().one("SELECT v FROM t WHERE id = 50"), "first") << "which the job says";
    expect_exit(delta(server.url(database), "xmin"), 0);
    db.run("UPDATE t SET v = 'again' WHERE id = 51");
    expect_exit(delta(server.url(database), "xmin"), 0);
    expect_equal(db);
}

TEST_F(Clocks, H28AThousandRowsOfOneMillisecondAreReadOnce) {
    db.run(table());
    db.run("INSERT INTO t (v, at) SELECT 'v' || i, timestamptz '2024-01-01 00:00Z' + i * interval"
           " '1 microsecond' FROM generate_series(1, 1000) i");
    for (int read = 0; read < 1000; read += 90) {
        Ran const part = delta(server.url(database), "at", {"--batch-rows", "7", "--limit", "90"});
        expect_exit(part, 0);
    }
    expect_equal(db);
    expect_moved(delta(server.url(database), "at"), 0, 0);
}

// The server's zone is that of São Paulo, where the hour before midnight came twice on 2018-02-17.
TEST_F(Clocks, H28AnHourThatCameTwiceIsReadInItsOrder) {
    ASSERT_EQ(db.one("SHOW timezone"), "America/Sao_Paulo");
    db.run(table());
    db.run("INSERT INTO t (v, at) SELECT at::text, at FROM generate_series(timestamptz"
           " '2018-02-18 00:30Z', timestamptz '2018-02-18 04:30Z', interval '1 minute') at");
    for (int part = 0; part < 4; ++part)
        expect_exit(delta(server.url(database), "at", {"--batch-rows", "7", "--limit", "75"}), 0);
    expect_equal(db);
    EXPECT_EQ(sink().one("SELECT count(DISTINCT at) || ' ' || min(at) || ' ' || max(at) FROM t"),
              "241 2018-02-18T00:30:00.000000Z 2018-02-18T04:30:00.000000Z");
    expect_moved(delta(server.url(database), "at"), 0, 0);
}

TEST_F(Clocks, H15RowsThatWereFrozenMeanwhileArrive) {
    db.run(table() + ";" + rows(100, "first"));
    for (char const* cursor : {"id", "xmin"}) {
        std::vector<std::string> const to{"--to", std::string{"by_"} + cursor};
        expect_exit(delta(server.url(database), cursor, to), 0);
        db.run(rows(10, "then"));
        db.run("VACUUM (FREEZE, DISABLE_PAGE_SKIPPING) t");
        expect_exit(delta(server.url(database), cursor, to), 0);
        EXPECT_EQ(sink().one("SELECT count(*) FROM \"by_" + std::string{cursor} + "\""),
                  db.one("SELECT count(*) FROM t"));
    }
}

TEST_F(Clocks, H15RowsOfSavepointsThatAreCommittedLateArrive) {
    Pg late = server.connect_as_owner(database);
    db.run(table() + ";" + rows(100, "first"));
    for (char const* cursor : {"id", "xmin"}) {
        std::vector<std::string> const to{"--to", std::string{"by_"} + cursor};
        late.run("BEGIN; SAVEPOINT a; " + rows(1, "one") + "; SAVEPOINT b; " + rows(1, "two") +
                 "; ROLLBACK TO b; " + rows(1, "three") + "; RELEASE a");
        db.run(rows(5, "beside"));
        expect_exit(delta(server.url(database), cursor, to), 0);
        late.run("COMMIT");
        expect_exit(delta(server.url(database), cursor, to), 0);
        EXPECT_EQ(sink().one("SELECT count(*) FROM \"by_" + std::string{cursor} + "\""),
                  db.one("SELECT count(*) FROM t"));
    }
}

// Numbers of transactions are 32 bits in rows: what was written behind 2^32 looks older there.
TEST_F(Clocks, H15RowsOnBothSidesOfTheEndOfTransactionNumbersArrive) {
    PostgresServer own;
    std::string const from = own.fresh();
    own.connect_as_owner(from).run(table() + ";" + rows(100, "first"));
    for (std::string const& each : {from, std::string{"postgres"}, std::string{"template1"}})
        own.connect(each).run("VACUUM FREEZE");
    own.stop();
    own.as_server({"dd", "if=/dev/zero", "of=" + own.data_directory() + "/pg_xact/0FFF",
                   "bs=256k", "count=1"});
    own.as_server({PostgresServer::programs + "pg_resetwal", "-x", "4294967200", "-D",
                   own.data_directory()});
    own.start();
    Pg source = own.connect_as_owner(from);
    std::string const before = source.one("SELECT pg_current_xact_id()");
    for (int round = 0; round < 15; ++round) {
        for (int i = 0; i < 10; ++i) source.run(rows(1, "then"));
        for (char const* cursor : {"id", "xmin"}) {
            expect_exit(delta(own.url(from), cursor, {"--to", std::string{"by_"} + cursor}), 0);
            EXPECT_EQ(sink().one("SELECT count(*) FROM \"by_" + std::string{cursor} + "\""),
                      std::to_string(110 + 10 * round))
                << cursor;
        }
        source.run("UPDATE t SET v = 'changed' WHERE id = " + std::to_string(round + 1));
    }
    EXPECT_LT(std::stoull(before), 1ull << 32);
    EXPECT_GT(std::stoull(source.one("SELECT pg_current_xact_id()")), 1ull << 32);
    expect_exit(delta(own.url(from), "xmin"), 0);
    expect_equal(source);
}

// What is committed behind the look at the last row is read in the same run: nothing bounds the
// scan, and the position stays at what the look found.
TEST_F(Clocks, H4ARowThatIsCommittedBetweenTheLookAndTheReadArrives) {
    db.run(table() + ";" + rows(10, "first") + "; CREATE TABLE elsewhere (i int)");
    expect_exit(delta(server.url(database), "id"), 0);
    Pg writer = server.connect_as_owner(database);
    std::string const waits =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '" + database +
        "' AND state = 'idle' AND query LIKE 'SELECT l.virtualtransaction%'";
    for (bool is_caught = false; !is_caught;) {
        db.run(rows(1, "looked at"));
        std::string const last = db.one("SELECT max(id) FROM t");
        writer.run("BEGIN; INSERT INTO elsewhere VALUES (1)");
        Process process{weir_command({"copy", server.url(database), sink_url(), "--stream",
                                      "public.t", "--cursor", "id", "--json"}),
                        {.directory = directory.path()}};
        while (!process.ended() && db.one(waits) == "0") continue;
        process.kill(SIGSTOP);  // else its patience might end before the row is there
        is_caught = db.one(waits) != "0";
        if (is_caught) db.run(rows(1, "later"));
        writer.run("ROLLBACK");
        process.kill(SIGCONT);
        Ran const ran = finish(process);
        expect_exit(ran, 0);
        if (!is_caught) continue;
        expect_equal(db);
        EXPECT_EQ(ran.stream().at("cursor"), last) << "a bound at what was seen leaves it out";
    }
    expect_exit(delta(server.url(database), "id"), 0);
    expect_equal(db);
}

/// libfaketime, which `apt install faketime` brings.
std::string faketime() {
    for (auto const& folder : std::filesystem::directory_iterator{"/usr/lib"}) {
        std::filesystem::path const library = folder.path() / "faketime/libfaketime.so.1";
        if (std::filesystem::exists(library)) return library;
    }
    return {};
}

TEST_F(Clocks, H11RowsThatAreWrittenAfterTheClockWasSetBackArrive) {
    std::string const library = faketime(), clock = directory / "clock";
    ASSERT_NE(library, "") << "apt install faketime";
    write_file(clock, "+0");
    PostgresServer own{{},
                       {{"LD_PRELOAD", library},
                        {"FAKETIME_TIMESTAMP_FILE", clock},
                        {"FAKETIME_NO_CACHE", "1"},
                        {"DONT_FAKE_MONOTONIC", "1"}}};
    std::string const from = own.fresh();
    Pg source = own.connect_as_owner(from);
    source.run(table() + ";" + rows(100, "first"));
    expect_moved(delta(own.url(from), "at"), 100, 100);
    std::string const reached = source.one("SELECT max(at) FROM t");
    write_file(clock, "-90");
    source.run(rows(50, "then"));
    EXPECT_EQ(source.one("SELECT count(*) FROM t WHERE at > '" + reached + "'"), "0")
        << "who asks for what is newer alone finds none of them";
    Ran const back = delta(own.url(from), "at");
    expect_exit(back, 0);
    EXPECT_NE(back.err.find("the clock of the source was set back"), std::string::npos) << back;
    expect_equal(source);
    source.run(rows(50, "later"));
    expect_exit(delta(own.url(from), "at"), 0);
    expect_equal(source);
}

// The clock is read before the transaction shows: nobody can be seen to be at work then, and only a
// mark that is old enough leaves room for the row.
TEST_F(Clocks, H13AWriterThatIsStoppedBehindItsClockLosesNoRow) {
    std::string const library = faketime(), clock = directory / "clock";
    ASSERT_NE(library, "") << "apt install faketime";
    write_file(clock, "2026-03-01 12:00:00");  // it stands still
    PostgresServer own{{},
                       {{"LD_PRELOAD", library},
                        {"FAKETIME_TIMESTAMP_FILE", clock},
                        {"FAKETIME_NO_CACHE", "1"},
                        {"DONT_FAKE_MONOTONIC", "1"}}};
    std::string const from = own.fresh();
    Pg source = own.connect_as_owner(from), writer = own.connect_as_owner(from);
    source.run(table() + ";" + rows(10, "first"));
    write_file(clock, "2026-03-01 12:00:10");
    expect_moved(delta(own.url(from), "at"), 10, 10);
    std::string const drawn = writer.one("SELECT clock_timestamp()");
    pid_t const process = std::stoi(writer.one("SELECT pg_backend_pid()"));
    ASSERT_EQ(::kill(process, SIGSTOP), 0);
    source.run("INSERT INTO t (v, at) VALUES ('beside', clock_timestamp() + interval '100 ms')");
    expect_moved(delta(own.url(from), "at"), 1, 1);
    ASSERT_EQ(::kill(process, SIGCONT), 0);
    writer.run("INSERT INTO t (v, at) VALUES ('stopped', '" + drawn + "')");
    write_file(clock, "2026-03-01 12:00:20");
    EXPECT_EQ(source.one("SELECT count(*) FROM t WHERE v = 'stopped' AND at > (SELECT at FROM t "
                         "WHERE v = 'beside')"),
              "0")
        << "who asks for what is newer than the greatest alone does not find it";
    expect_exit(delta(own.url(from), "at"), 0);
    expect_equal(source);
}

}  // namespace
}  // namespace weir::test
