#include <fstream>
#include <thread>

#include "postgres_test.hpp"

namespace weir::test {
namespace {

/// Rows that appear behind those that were read.
class PostgresFence : public PostgresTest {
protected:
    PostgresFence() {
        owner_.run(
            "CREATE TABLE t (id bigserial PRIMARY KEY, v text,"
            " at timestamptz NOT NULL DEFAULT now()); INSERT INTO t (v) VALUES ('a'), ('b')");
    }
    static ReadRequest by(std::string const& tracking, bool append = false) {
        Json select{{"key", {"id"}}, {"tracking", tracking}};
        if (append) select["append"] = true;
        return {.stream = "public.t", .mode = WEIR_READ_DELTA, .select = select, .rows_max = 100};
    }
    std::vector<std::string> next(ReadRequest& request) {
        Run const last = run(request);
        request.cursor = last.cursor;
        std::vector<std::string> ids = firsts(last.records);
        std::sort(ids.begin(), ids.end());
        return ids;
    }
    static Json parts(ReadRequest const& request) { return Json::parse(request.cursor); }

    using Ids = std::vector<std::string>;
    Pg other_ = server_.connect_as_owner(database_);
};

TEST_F(PostgresFence, H2AnIdThatWasDrawnEarlyAndCommittedLateArrives) {
    for (bool append : {false, true}) {
        ReadRequest ask = by("id", append);
        Ids seen = next(ask);
        other_.run("BEGIN");
        std::string const id = other_.one("SELECT nextval('t_id_seq')");
        owner_.run("INSERT INTO t (v) VALUES ('after')");
        Ids const meanwhile = next(ask);
        EXPECT_EQ(meanwhile.size(), append ? 0u : 1u) << "what is appended waits";
        EXPECT_EQ(parts(ask)["pending"].size(), 1u) << ask.cursor;
        other_.run("INSERT INTO t (id, v) VALUES (" + id + ", 'late'); COMMIT");
        Ids const late = next(ask);
        EXPECT_EQ(std::count(late.begin(), late.end(), id), 1);
        EXPECT_EQ(late.size(), append ? 2u : 1u) << "nothing that was read comes again";
        EXPECT_EQ(parts(ask)["pending"], Json::array()) << ask.cursor;
        EXPECT_EQ(next(ask), Ids{});
    }
}

TEST_F(PostgresFence, H2ATimeThatWasTakenEarlyAndCommittedLateArrives) {
    ReadRequest ask = by("at");
    EXPECT_EQ(next(ask).size(), 2u);
    other_.run("BEGIN; SELECT now(); SAVEPOINT s; INSERT INTO t (id, v) VALUES (77, 'late');"
               "RELEASE s");
    owner_.run("INSERT INTO t (id, v) VALUES (78, 'after')");
    EXPECT_EQ(next(ask), Ids{"78"});
    other_.run("COMMIT");
    // What was written while it was at work may come again: it had a number by then.
    Ids const late = next(ask);
    EXPECT_EQ(std::count(late.begin(), late.end(), "77"), 1);
    EXPECT_EQ(next(ask), Ids{});
}

TEST_F(PostgresFence, WhatIsHeldBackIsSaidWithWhoHoldsIt) {
    ReadRequest ask = by("id", true);
    next(ask);
    other_.run("SET application_name = 'the nightly load'; BEGIN; SELECT nextval('t_id_seq')");
    owner_.run("INSERT INTO t (v) VALUES ('after')");
    EXPECT_EQ(next(ask), Ids{});
    EXPECT_TRUE(host_.logged("held_back"));
    EXPECT_TRUE(host_.logged("the nightly load"));
    other_.run("ROLLBACK");
    EXPECT_EQ(next(ask).size(), 1u);
}

TEST_F(PostgresFence, AFullReadThatIsAppendedToLaterWaitsForOpenTransactions) {
    owner_.run("ALTER TABLE t DROP CONSTRAINT t_pkey");
    ReadRequest ask = by("id", true);
    ask.select.erase("key");
    ask.mode = WEIR_READ_FULL;
    other_.run("BEGIN; SELECT nextval('t_id_seq')");
    testkit::Failure const refused = failure([&] { run(ask); });
    EXPECT_EQ(refused.status, WEIR_E_BUSY);
    EXPECT_EQ(refused.code, "source.held_back");
    other_.run("ROLLBACK");
    EXPECT_EQ(next(ask).size(), 2u);
}

TEST_F(PostgresFence, NobodyWaitsForAnotherDatabase) {
    Pg elsewhere = server_.connect_as_owner(server_.fresh());
    elsewhere.run("BEGIN; CREATE TABLE x (); SELECT 1");
    ReadRequest ask = by("id", true);
    EXPECT_EQ(next(ask).size(), 2u);
    EXPECT_EQ(parts(ask)["pending"], Json::array());
    elsewhere.run("ROLLBACK");
}

TEST_F(PostgresFence, H33ATableThatIsChangedWhileItsWritersAreWaitedForIsNotReadAsItWas) {
    ReadRequest ask = by("id");
    next(ask);
    other_.run("BEGIN; SELECT nextval('t_id_seq')");
    owner_.run("INSERT INTO t (v) VALUES ('after')");
    testkit::Reader reader = source_->open(ask);
    // It waits outside of a transaction, so the table is not locked meanwhile.
    std::thread change{[&] {
        while (owner_.one("SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
                          " WHERE c.relname = 't' AND l.pid <> pg_backend_pid()"
                          " AND l.mode = 'AccessShareLock'") != "0")
            continue;
        owner_.run("ALTER TABLE t ALTER v TYPE varchar(9)");
    }};
    testkit::Failure const refused = failure([&] { reader.rest(); });
    change.join();
    EXPECT_EQ(refused.status, WEIR_E_IO) << refused.what();
    EXPECT_EQ(refused.code, "source.fields_changed") << refused.what();
    other_.run("COMMIT");
    EXPECT_EQ(next(ask).size(), 1u);
}

TEST_F(PostgresFence, ALongTransactionIsWaitedForOnceAndCostsNoRows) {
    ReadRequest ask = by("id");
    next(ask);
    other_.run("BEGIN; SELECT 1");  // a dump
    for (int i = 0; i < 3; ++i) {
        owner_.run("INSERT INTO t (v) VALUES ('more')");
        EXPECT_EQ(next(ask).size(), 1u);
        EXPECT_LE(parts(ask)["pending"].size(), 2u);
    }
    other_.run("COMMIT");
    next(ask);
    EXPECT_EQ(parts(ask)["pending"], Json::array());
    EXPECT_EQ(parts(ask)["settled"], Json({"5"}));
}

TEST_F(PostgresFence, H12ValuesOfACoarseClockAreNotPassedWithinTheirStep) {
    owner_.run("CREATE TABLE c (id int PRIMARY KEY, at date NOT NULL DEFAULT CURRENT_DATE);"
               "INSERT INTO c VALUES (4, CURRENT_DATE - 1); INSERT INTO c VALUES (5)");
    ReadRequest ask = by("at"), append = by("at", true);
    ask.stream = append.stream = "public.c";
    EXPECT_EQ(next(ask), (Ids{"4", "5"}));
    EXPECT_EQ(next(append), Ids{"4"}) << "today is not over";
    EXPECT_EQ(parts(ask)["settled"][1], "4");
    owner_.run("INSERT INTO c VALUES (3)");  // the same day, a smaller key
    EXPECT_EQ(next(ask), Ids{"3"});
    EXPECT_EQ(next(append), Ids{});
}

TEST_F(PostgresFence, H19RowsThatCameWithAPartitionArrive) {
    owner_.run("CREATE TABLE p (id int, at timestamptz NOT NULL DEFAULT now(),"
               " PRIMARY KEY (id, at)) PARTITION BY HASH (id);"
               "CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
               "CREATE TABLE p1 (LIKE p INCLUDING ALL);"
               "INSERT INTO p SELECT i, '2024-01-01' FROM generate_series(1, 9) i WHERE"
               " satisfies_hash_partition('p'::regclass, 2, 0, i);"
               "INSERT INTO p1 SELECT i, '2024-01-02' FROM generate_series(1, 9) i WHERE"
               " satisfies_hash_partition('p'::regclass, 2, 1, i)");
    ReadRequest ask = by("at");
    ask.select["key"] = {"id", "at"};
    ask.stream = "public.p";
    std::size_t const first = next(ask).size();
    owner_.run("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES WITH (MODULUS 2, REMAINDER 1)");
    EXPECT_EQ(first + next(ask).size(), 9u);
    EXPECT_EQ(next(ask), Ids{});
}

TEST_F(PostgresFence, H6RowsThatLoseOrGainTheirValueArrive) {
    owner_.run("ALTER TABLE t ALTER at DROP NOT NULL; INSERT INTO t (v, at) VALUES ('c', NULL)");
    ReadRequest ask = by("at");
    EXPECT_EQ(next(ask).size(), 3u);
    owner_.run("UPDATE t SET at = NULL WHERE v = 'a'; UPDATE t SET at = now() WHERE v = 'c'");
    EXPECT_EQ(next(ask), (Ids{"1", "3"}));
    EXPECT_EQ(next(ask), Ids{});
}

TEST_F(PostgresFence, H10ASourceThatFellBackIsSaidAndReadAgain) {
    ReadRequest ask = by("id");
    owner_.run("SELECT setval('t_id_seq', 500); INSERT INTO t (v) VALUES ('high')");
    EXPECT_EQ(next(ask).size(), 3u);
    owner_.run("DELETE FROM t WHERE id > 400; SELECT setval('t_id_seq', 10);"
               "INSERT INTO t (v) VALUES ('again')");
    EXPECT_EQ(next(ask), Ids{"11"});
    EXPECT_TRUE(host_.logged("cursor regressed"));
    EXPECT_GT(host_.metric("weir_cursor_regressed_total"), 0);
    owner_.run("TRUNCATE t RESTART IDENTITY");
    EXPECT_EQ(next(ask), Ids{});
    owner_.run("INSERT INTO t (v) VALUES ('anew')");
    EXPECT_EQ(next(ask), Ids{"1"});
}

TEST_F(PostgresFence, H8ByXminEveryChangeArrivesWithoutAField) {
    ReadRequest ask = by("xmin");
    EXPECT_EQ(next(ask).size(), 2u);
    EXPECT_EQ(next(ask), Ids{});
    owner_.run("UPDATE t SET v = 'silent' WHERE id = 1");
    EXPECT_EQ(next(ask), Ids{"1"});
    other_.run("BEGIN; UPDATE t SET v = 'late' WHERE id = 2");
    owner_.run("UPDATE t SET v = 'early' WHERE id = 1");
    EXPECT_EQ(next(ask), Ids{"1"});
    other_.run("COMMIT");
    Ids const late = next(ask);
    EXPECT_EQ(std::count(late.begin(), late.end(), "2"), 1);
    EXPECT_EQ(next(ask), Ids{});
}

TEST_F(PostgresFence, AnIntegerKeyWithoutASequenceGoesByXmin) {
    owner_.run("CREATE TABLE k (id int PRIMARY KEY, v text); INSERT INTO k VALUES (10, 'a')");
    ReadRequest ask = by("id");
    ask.stream = "public.k";
    EXPECT_EQ(next(ask), Ids{"10"});
    owner_.run("INSERT INTO k VALUES (3, 'used late'); UPDATE k SET v = 'b' WHERE id = 10");
    EXPECT_EQ(next(ask), (Ids{"10", "3"}));
    Json const cursors = discover_one("k").meta["cursors"]["id"];
    EXPECT_EQ(cursors["method"], "xmin");
    EXPECT_EQ(cursors["append"]["method"], "fence");
    EXPECT_EQ(cursors["append"]["guarantee"], "unproven");
}

/// What the fence is not valid for.
class PostgresUnsafe : public PostgresFence {
protected:
    void expect_refused(ReadRequest const& ask, std::string const& why,
                        std::string const& suggestion) {
        testkit::Failure const refused = failure([&] { source_->open(ask); });
        EXPECT_EQ(refused.status, WEIR_E_CONFIG);
        EXPECT_EQ(refused.code, "source.cursor_unsafe");
        EXPECT_NE(std::string{refused.what()}.find(why), std::string::npos) << refused.what();
        EXPECT_NE(refused.suggestion.find(suggestion), std::string::npos) << refused.suggestion;
    }
    std::string guarantee(std::string const& stream, std::string const& field) {
        return discover_one(stream).meta["cursors"][field].value("guarantee", "");
    }
};

TEST_F(PostgresUnsafe, H3ASequenceWhoseValuesAreDrawnAhead) {
    ReadRequest ask = by("id");
    owner_.run("ALTER SEQUENCE t_id_seq CACHE 50");
    expect_refused(ask, "a cache of 50", "--cursor xmin, --cursor at, --lookback 10m");
    owner_.run("ALTER SEQUENCE t_id_seq CACHE 1 INCREMENT 50");
    expect_refused(ask, "in steps of 50", "--lookback 10m");
    ask.select["lookback_ms"] = 1;
    EXPECT_EQ(next(ask).size(), 2u);
    EXPECT_EQ(next(ask), Ids{});
    EXPECT_EQ(parts(ask)["settled"], Json({"2"})) << "it is older than the lookback";
}

TEST_F(PostgresUnsafe, AClockThatIsNotTheServers) {
    owner_.run("CREATE TABLE f (id int PRIMARY KEY, at timestamptz NOT NULL)");
    EXPECT_EQ(guarantee("f", "at"), "lookback 10m");
    EXPECT_EQ(guarantee("t", "at"), "settled");
    owner_.run("INSERT INTO f VALUES (1, now() - interval '1 hour'), (2, now())");
    for (bool append : {false, true}) {
        ReadRequest ask = by("at", append);
        ask.stream = "public.f";
        EXPECT_EQ(next(ask).size(), append ? 1u : 2u) << "what is younger than 10 min may change";
        EXPECT_EQ(parts(ask)["settled"][1], "1");
        owner_.run("INSERT INTO f VALUES (3, now() - interval '5 minutes')");
        EXPECT_EQ(next(ask), append ? Ids{} : Ids{"3"});
        ask.select["lookback_ms"] = 60'000;
        EXPECT_EQ(next(ask), append ? Ids{"3"} : Ids{});
        owner_.run("DELETE FROM f WHERE id = 3");
    }
}

TEST_F(PostgresUnsafe, H28AServerWhoseZoneHasSummerTime) {
    owner_.run("CREATE TABLE l (id int PRIMARY KEY, at timestamp NOT NULL DEFAULT now())");
    EXPECT_EQ(guarantee("l", "at"), "settled");
    admin("ALTER DATABASE " + database_ + " SET timezone = 'Europe/Berlin'");
    source_ = connect(server_.url(database_));
    EXPECT_EQ(guarantee("l", "at"), "lookback 65m");
}

TEST_F(PostgresUnsafe, H19ATableOfAnotherServer) {
    admin("CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;"
          "CREATE FOREIGN TABLE x (id bigint, at timestamptz DEFAULT now()) SERVER far;"
          "GRANT SELECT ON x TO weir");
    ReadRequest ask = by("at");
    ask.stream = "public.x";
    ask.select.erase("key");
    expect_refused(ask, "a foreign table: its writers are not visible", "--lookback 10m");
    ask.select["lookback_ms"] = 600'000;
    source_->open(ask);
}

TEST_F(PostgresUnsafe, AViewAndWhatIsAppendedByXmin) {
    owner_.run("CREATE VIEW w AS SELECT * FROM t");
    ReadRequest ask = by("xmin");
    ask.stream = "public.w";
    expect_refused(ask, "do not tell which transaction", "");
    expect_refused(by("xmin", true), "would double", "--cursor");
}

TEST_F(PostgresUnsafe, AStandby) {
    PostgresServer own;
    std::string const database = own.fresh();
    own.connect_as_owner(database).run(
        "CREATE TABLE t (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());"
        "INSERT INTO t SELECT i, now() - interval '1 hour' FROM generate_series(1, 9) i");
    own.connect().run("CHECKPOINT");
    own.stop();
    std::ofstream{own.data_directory() + "/standby.signal"}.close();
    own.start();
    source_ = connect(own.url(database));
    expect_refused(by("at"), "the server is a standby", "--lookback 10m");
    ReadRequest ask = by("at");
    ask.select["lookback_ms"] = 600'000;
    EXPECT_EQ(next(ask).size(), 9u);
    EXPECT_EQ(next(ask), Ids{});
    EXPECT_EQ(parts(ask)["settled"][1], "9");
    ReadRequest all = by("xmin");
    EXPECT_EQ(next(all).size(), 9u);
    EXPECT_EQ(next(all), Ids{});
}

}  // namespace
}  // namespace weir::test
