// Copies that go on: what a second run moves, and when a stored position holds.
#include <cstdio>
#include <filesystem>

#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Delta : public CopyFixture {
protected:
    /// The same copy with another spelling of the server.
    Ran copy_from(std::string const& source, std::vector<std::string> const& more) {
        std::vector<std::string> arguments = copy_arguments(more);
        arguments[1] = source;
        return weir(arguments, {.directory = directory.path().string()});
    }
    std::string url_at(std::string const& host) const {
        return "postgres://weir:" + std::string{PostgresServer::password} + "@" + host + ":" +
               std::to_string(server.port()) + "/" + database;
    }
    /// The job of a copy of `stream` into `target`: FNV-1a over what it is derived from. Earlier
    /// versions took every spelling of this machine's address for a server of its own.
    std::string job_of(std::string const& source, std::string const& stream,
                       std::string const& target) const {
        std::string const text = source + "\nsqlite:" +
                                 std::filesystem::canonical(sink_path()).string() + "\n" + stream +
                                 "\n" + target;
        std::uint64_t hash = 0xcbf29ce484222325u;
        for (char const c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
        char digits[17];
        std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
        return std::string{"copy:"} + digits;
    }
    std::string users_of(std::string const& host) const {
        return job_of("postgres://" + host + ":" + std::to_string(server.port()) + "/" + database,
                      "public.users", "users");
    }

    std::vector<std::string> const by_time{"--stream", "public.users", "--cursor", "updated_at"};
};

TEST_F(Delta, ASecondRunMovesNothing) {
    make_users(100);
    expect_moved(copy(by_time), 100, 100);
    auto const commits = [this] { return sink().one("SELECT batch FROM _weir_checkpoint"); };
    std::string const before = commits();
    expect_moved(copy(by_time), 0, 0);
    expect_moved(copy({"--stream", "public.users"}), 0, 0);  // the cursor is remembered
    EXPECT_EQ(commits(), before) << "what brought nothing is not committed";
    add_users(101, 101);
    expect_moved(copy(by_time), 1, 1);
    EXPECT_NE(commits(), before);
}

TEST_F(Delta, MovesExactlyWhatChanged) {
    make_users(100);
    expect_moved(copy(by_time), 100, 100);
    add_users(101, 103);
    db.run(
        "UPDATE users SET name = 'changed', updated_at = timestamptz '2025-01-01Z' "
        "WHERE id IN (5, 6)");
    expect_moved(copy(by_time), 5, 5);
    expect_users_equal();
    expect_moved(copy(by_time), 0, 0);
}

TEST_F(Delta, GoesOnHoweverThisMachineIsSpelled) {
    make_users(20);
    db.run("ALTER TABLE users DROP CONSTRAINT users_pkey");
    expect_moved(copy(by_time), 20, 20);
    for (std::string const& other :
         {url_at("localhost"), url_at("127.1"), server.socket_url(database)})
        expect_moved(copy_from(other, by_time), 0, 0);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "20");
    EXPECT_EQ(sink().one("SELECT count(*) FROM _weir_checkpoint"), "1");
}

TEST_F(Delta, ASocketOfAServerThatDoesNotListenIsAServerOfItsOwn) {
    PostgresServer silent{{"listen_addresses=''"}};
    std::string const name = silent.fresh();
    silent.connect_as_owner(name).run("CREATE TABLE t AS SELECT 1 AS n");
    std::vector<std::string> const stream{"--stream", "public.t"};
    expect_moved(copy_from(silent.socket_url(name), stream), 1, 1);
    EXPECT_NE(sink().one("SELECT job FROM _weir_checkpoint"),
              job_of("postgres://localhost:" + std::to_string(silent.port()) + "/" + name,
                     "public.t", "t"));
}

TEST_F(Delta, GoesOnFromAPositionThatWasStoredUnderTheSpelling) {
    make_users(20);
    db.run("ALTER TABLE users DROP CONSTRAINT users_pkey");
    expect_moved(copy(by_time), 20, 20);
    EXPECT_EQ(sink().one("SELECT job FROM _weir_checkpoint"), users_of("localhost"));
    std::string const before = users_of("127.0.0.1");
    sink().run("UPDATE _weir_checkpoint SET job = '" + before + "'");
    add_users(21, 22);
    expect_moved(copy(by_time), 2, 2);
    expect_moved(copy_from(url_at("localhost"), by_time), 0, 0);
    EXPECT_EQ(sink().rows("SELECT job FROM _weir_checkpoint"), (std::vector<Record>{{before}}));
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "22");
}

TEST_F(Delta, H1TiesStraddleBatchesAndRuns) {
    make_users(10);
    db.run("UPDATE users SET updated_at = timestamptz '2024-05-05Z'");
    std::vector<std::string> arguments = by_time;
    arguments.insert(arguments.end(), {"--batch-rows", "3", "--write", "append"});
    expect_moved(copy(arguments), 10, 10);
    db.run("INSERT INTO users VALUES (11, 'tie', timestamptz '2024-05-05Z')");
    expect_moved(copy(arguments), 1, 1);
    expect_users_equal();
}

TEST_F(Delta, ACursorGivenLaterReadsAllOnceAndSaysSo) {
    make_users(20);
    expect_moved(copy({"--stream", "public.users"}), 20, 20);
    Ran const first = copy(by_time);
    expect_moved(first, 20, 20);
    EXPECT_NE(first.err.find("updated_at"), std::string::npos) << "it says so: " << first;
    expect_moved(copy(by_time), 0, 0);
    expect_users_equal();
}

TEST_F(Delta, FullReadsAllAgain) {
    make_users(20);
    expect_moved(copy(by_time), 20, 20);
    std::vector<std::string> arguments = by_time;
    arguments.insert(arguments.end(), {"--mode", "full"});
    expect_moved(copy(arguments), 20, 20);
    expect_moved(copy(by_time), 0, 0);
    expect_users_equal();
}

TEST_F(Delta, APositionWhoseTargetIsGoneIsIgnored) {
    make_users(20);
    expect_moved(copy(by_time), 20, 20);
    sink().run("DROP TABLE users");
    Ran const again = copy(by_time);
    expect_moved(again, 20, 20);
    expect_users_equal();
    EXPECT_NE(again.err.find("users"), std::string::npos) << "it says so: " << again;
}

TEST_F(Delta, APositionWhoseTargetIsAnotherTableNowIsIgnored) {
    make_users(20);
    expect_moved(copy(by_time), 20, 20);
    sink().run(
        "DROP TABLE users; CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, "
        "updated_at TEXT)");
    Ran const again = copy(by_time);
    expect_moved(again, 20, 20);
    expect_users_equal();
    EXPECT_NE(again.err.find("users"), std::string::npos) << "it says so: " << again;
}

TEST_F(Delta, ThePositionIsOfTheStreamNotOfTheSpelling) {
    make_users(20);
    expect_moved(copy(by_time), 20, 20);
    std::string const other_url = "postgresql://weir:" + std::string{PostgresServer::password} +
                                  "@127.0.0.1:" + std::to_string(server.port()) + "/" + database +
                                  "?application_name=else";
    Ran const ran = weir({"copy", other_url, "sqlite:out.db", "--stream", "public.users",
                          "--cursor", "updated_at", "--json"},
                         {.directory = directory.path().string()});
    expect_moved(ran, 0, 0);
}

TEST_F(Delta, PositionsOfTwoTargetsAreApart) {
    make_users(20);
    expect_moved(copy(by_time), 20, 20);
    std::vector<std::string> arguments = by_time;
    arguments.insert(arguments.end(), {"--to", "second"});
    expect_moved(copy(arguments), 20, 20);
    expect_users_equal("second");
}

TEST_F(Delta, TheCheckpointIsOneRow) {
    make_users(20);
    expect_moved(copy(by_time), 20, 20);
    Ran const second = copy(by_time);
    std::vector<Record> const rows =
        sink().rows("SELECT stream, epoch, run_id, rows, updated_at, cursor FROM _weir_checkpoint");
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0][0], "public.users");
    EXPECT_EQ(rows[0][1], "2") << "each run takes the next epoch";
    EXPECT_EQ(rows[0][3], "20");
    Json const cursor = Json::parse(rows[0][5].value_or(""));
    EXPECT_TRUE(cursor.contains("settled")) << cursor;
    EXPECT_TRUE(cursor.contains("pending")) << cursor;
    EXPECT_EQ(sink().tables(), (std::vector<std::string>{"_weir_checkpoint", "users"}));
}

TEST_F(Delta, LimitedRunsReachTheEnd) {
    make_users(25);
    std::vector<std::string> arguments = by_time;
    arguments.insert(arguments.end(), {"--limit", "10", "--write", "append"});
    for (std::uint64_t rows : {10u, 10u, 5u, 0u}) expect_moved(copy(arguments), rows, rows);
    expect_users_equal();
}

/// People without a key, and a view of them; what a second copy by `--key` has to bring.
class DeltaByANamedKey : public Delta {
protected:
    DeltaByANamedKey() {
        db.run("CREATE TABLE people (email text NOT NULL, name text, u timestamptz);"
               "CREATE VIEW seen AS SELECT * FROM people;"
               "INSERT INTO people SELECT 'p' || i, 'first', timestamptz '2024-01-01Z' + (i / 3) *"
               " interval '1 s' FROM generate_series(1, 20) i");
    }
    Ran go(std::string const& stream) {
        return copy({"--stream", "public." + stream, "--key", "email", "--cursor", "u",
                     "--lookback", "10m", "--batch-rows", "2"});
    }
    void expect_equal(std::string const& stream) {
        char const all[] = "SELECT email, name, u IS NULL FROM ";
        std::vector<Record> wanted = db.rows(all + stream + " ORDER BY email");
        for (Record& row : wanted) row[2] = row[2] == "t" ? "1" : "0";
        EXPECT_EQ(sink().rows(all + stream + " ORDER BY email"), wanted);
    }
};

TEST_F(DeltaByANamedKey, H6BringsRowsWithoutATrackingValueAndOnesOfTheFuture) {
    expect_moved(go("people"), 20, 20);
    db.run("INSERT INTO people VALUES ('none', 'new', NULL), ('far', 'new', '2099-01-01');"
           "UPDATE people SET u = NULL, name = 'changed' WHERE email = 'p7'");
    Ran const next = go("people");
    expect_exit(next, 0);
    EXPECT_EQ(next.stream().at("read"), 3) << next;
    expect_equal("people");
    db.run("UPDATE people SET name = 'again' WHERE email = 'far'");
    expect_exit(go("people"), 0);
    expect_equal("people");
}

TEST_F(DeltaByANamedKey, BringsWhatIsYoungerThanTheLookbackAgain) {
    for (std::string const stream : {"people", "seen"}) {
        expect_exit(go(stream), 0);
        db.run("INSERT INTO people VALUES ('young " + stream + "', 'new', now())");
        for (std::string const name : {"new", "changed"}) {
            db.run("UPDATE people SET name = '" + name + "' WHERE email LIKE 'young%'");
            expect_exit(go(stream), 0);
            expect_equal(stream);
        }
    }
}

TEST_F(Delta, H3ACursorThatCouldLoseRecordsIsRefusedUnlessALookbackIsGiven) {
    db.run("CREATE TABLE cached (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 50) PRIMARY KEY,"
           " v text); INSERT INTO cached (v) VALUES ('a'), ('b')");
    auto const by = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"--stream", "public.cached", "--cursor"});
        return copy(more);
    };
    std::string const said = expect_failure(by({"id"}), 2, "source.cursor_unsafe");
    for (char const* part : {"a cache of 50", "--cursor xmin", "--lookback 10m"})
        EXPECT_NE(said.find(part), std::string::npos) << part << said;
    expect_moved(by({"id", "--lookback", "10m"}), 2, 2);
    expect_moved(by({"id", "--lookback", "10m"}), 0, 0);
    expect_failure(by({"id", "--lookback", "soon"}), 2, "usage");
    expect_moved(by({"xmin", "--to", "second"}), 2, 2);
    db.run("UPDATE cached SET v = 'silent' WHERE v = 'a'");
    expect_moved(by({"xmin", "--to", "second"}), 1, 1);
    EXPECT_EQ(sink().one("SELECT count(*) FROM second WHERE v = 'silent'"), "1");
}

TEST_F(Delta, H2WhatIsAppendedWaitsForOpenTransactionsAndSaysForWhom) {
    db.run("CREATE TABLE late (id bigserial PRIMARY KEY, v text);"
           "INSERT INTO late (v) VALUES ('a')");
    std::vector<std::string> const append{"--stream", "public.late", "--cursor", "id",
                                          "--write",  "append"};
    expect_moved(copy(append), 1, 1);
    Pg load = server.connect_as_owner(database);
    load.run("SET application_name = 'the load'; BEGIN");
    std::string const id = load.one("SELECT nextval('late_id_seq')");
    db.run("INSERT INTO late (v) VALUES ('after')");
    Ran const waits = copy(append);
    expect_moved(waits, 0, 0);
    EXPECT_NE(waits.err.find("held_back"), std::string::npos) << waits;
    EXPECT_NE(waits.err.find("the load"), std::string::npos) << waits;
    load.run("INSERT INTO late VALUES (" + id + ", 'late'); COMMIT");
    expect_moved(copy(append), 2, 2);
    EXPECT_EQ(sink().one("SELECT count(*) || ' ' || count(DISTINCT id) FROM late"), "3 3");
}

TEST_F(Delta, H6RecordsWithoutATrackingValueAreNotLostInSilence) {
    make_users(10);
    db.run(
        "ALTER TABLE users ALTER updated_at DROP NOT NULL;"
        "UPDATE users SET updated_at = NULL WHERE id = 4");
    expect_moved(copy(by_time), 10, 10);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users WHERE updated_at IS NULL"), "1");
}

TEST_F(Delta, AReplaceThatFailsKeepsThePosition) {
    make_users(10);
    std::vector<std::string> const append{"--stream",   "public.users", "--cursor",
                                          "updated_at", "--write",      "append"};
    expect_moved(copy(append), 10, 10);
    db.run("CREATE TABLE kept AS TABLE users; DELETE FROM users");
    expect_failure(copy({"--stream", "public.users", "--write", "replace"}), 1,
                   "copy.replace_empty");
    db.run("INSERT INTO users TABLE kept");
    expect_moved(copy(append), 0, 0);
    expect_users_equal();
}

TEST_F(Delta, AnotherCursorDoesNotAppendEverythingAgain) {
    make_users(10);
    expect_moved(copy({"--stream", "public.users", "--cursor", "updated_at", "--write", "append"}),
                 10, 10);
    expect_failure(copy({"--stream", "public.users", "--cursor", "id", "--write", "append"}), 1,
                   "copy.needs_reset");
    expect_users_equal();
}

TEST_F(Delta, ACursorGivenLaterReplacesWhatWasCopiedWithoutAKey) {
    make_users(10);
    db.run("ALTER TABLE users DROP CONSTRAINT users_pkey");
    expect_moved(copy({"--stream", "public.users"}), 10, 10);
    Ran const again = copy({"--stream", "public.users", "--cursor", "updated_at"});
    expect_moved(again, 10, 10);
    EXPECT_NE(again.err.find("in place of what was copied before"), std::string::npos) << again;
    expect_users_equal();
    add_users(11, 12);
    expect_moved(copy({"--stream", "public.users"}), 2, 2);
    expect_users_equal();
}

TEST_F(Delta, ColumnsOfSqliteMayHoldAnotherClassInEachRun) {
    // What SQLite programs declare: no storage class follows from it. `loose` breaks its own.
    std::string const file = directory / "shop.db";
    Sqlite shop{file};
    shop.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, updated_at DATETIME, price NUMERIC, ok BOOLEAN,"
        " x, loose BLOB);"
        "INSERT INTO t VALUES (1, '2024-01-01 00:00:00', 1, 1, NULL, 'text'),"
        " (2, '2024-01-02 00:00:00', 2, 0, NULL, x'00')");
    auto const run = [&](std::uint64_t read) {
        expect_moved(weir({"copy", "sqlite:" + file, sink_url(), "--stream", "t", "--cursor",
                           "updated_at", "--json"}),
                     read, read);
    };
    run(2);
    run(0);
    shop.run("INSERT INTO t VALUES (3, '2024-01-03 00:00:00', 10.5, 'yes', 'a', 'more')");
    run(1);
    run(0);
    shop.run("INSERT INTO t VALUES (4, 20240104, 'free', NULL, x'01', 7)");
    run(0);  // a number sorts before each text
    shop.run("UPDATE t SET updated_at = '2024-01-04 00:00:00' WHERE id = 4");
    run(1);
    std::string const all =
        "SELECT *, typeof(updated_at), typeof(price), typeof(ok), typeof(x), typeof(loose) FROM t";
    Differences const differences = compare(shop.rows(all), sink().rows(all));
    EXPECT_TRUE(differences.none()) << differences;
}

}  // namespace
}  // namespace weir::test
