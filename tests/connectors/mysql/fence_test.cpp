#include <algorithm>
#include <atomic>
#include <thread>

#include "mysql_test.hpp"

namespace weir::test {
namespace {

/// Rows that appear behind those that were read.
class MysqlFence : public MysqlTest {
protected:
    MysqlFence() {
        owner_.run(
            "CREATE TABLE t (id bigint AUTO_INCREMENT PRIMARY KEY, v varchar(40),"
            " at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),"
            " KEY (at)); INSERT INTO t (v) VALUES ('a'), ('b')");
    }
    ReadRequest by(std::string const& tracking, bool append = false) const {
        Json select{{"key", {"id"}}, {"tracking", tracking}};
        if (append) select["append"] = true;
        return {.stream = stream("t"), .mode = WEIR_READ_DELTA, .select = select,
                .rows_max = 100};
    }
    std::vector<std::string> next(ReadRequest& request) {
        Run const last = run(request);
        request.cursor = last.cursor;
        std::vector<std::string> ids = firsts(last.records);
        std::ranges::sort(ids);
        return ids;
    }
    static Json parts(ReadRequest const& request) { return Json::parse(request.cursor); }
    Json cursor_meta(std::string const& table, std::string const& field) {
        return discover_one(stream(table)).meta["cursors"][field];
    }
    /// Until a session of this database waits in that state.
    void wait_for_state(std::string const& state) {
        while (owner_.one("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '" +
                          database_ + "' AND STATE = '" + state + "'") == "0")
            continue;
    }

    using Ids = std::vector<std::string>;
    My other_ = server_.connect_as_owner(database_);
};

TEST_F(MysqlFence, H2AnIdThatWasDrawnEarlyAndCommittedLateArrives) {
    for (bool append : {false, true}) {
        ReadRequest ask = by("id", append);
        Ids seen = next(ask);
        other_.run("BEGIN; INSERT INTO t (v) VALUES ('late')");
        std::string const id = other_.one("SELECT LAST_INSERT_ID()");
        owner_.run("INSERT INTO t (v) VALUES ('after')");
        Ids const meanwhile = next(ask);
        EXPECT_EQ(meanwhile.size(), append ? 0u : 1u) << "what is appended waits";
        EXPECT_EQ(parts(ask)["pending"].size(), 1u) << ask.cursor;
        EXPECT_NE(parts(ask)["settled"][0].get<std::string>(), id);
        other_.run("COMMIT");
        Ids const late = next(ask);
        EXPECT_EQ(std::ranges::count(late, id), 1);
        EXPECT_EQ(parts(ask)["pending"], Json::array()) << ask.cursor;
        EXPECT_EQ(next(ask), Ids{});
    }
}

TEST_F(MysqlFence, H2ATimeThatWasTakenEarlyAndCommittedLateArrives) {
    ReadRequest ask = by("at");
    EXPECT_EQ(next(ask).size(), 2u);
    other_.run("BEGIN; SELECT 1 FROM t; SET @early = NOW(6)");
    owner_.run("INSERT INTO t (id, v) VALUES (78, 'after')");
    EXPECT_EQ(next(ask), Ids{"78"});
    other_.run("INSERT INTO t (id, v, at) VALUES (77, 'late', @early); COMMIT");
    Ids const late = next(ask);
    EXPECT_EQ(std::ranges::count(late, "77"), 1);
    EXPECT_EQ(next(ask), Ids{});
}

// Its clock is that of its begin, and it has no transaction while it waits for the table (H13).
TEST_F(MysqlFence, H13AStatementThatWaitsForATableLockIsWaitedFor) {
    ReadRequest ask = by("at");
    next(ask);
    owner_.run("CREATE TABLE gate (id int) ENGINE=InnoDB; LOCK TABLES gate WRITE");
    std::thread late{[&] {
        other_.run("INSERT INTO t (id, v) SELECT 77, COUNT(*) FROM gate");
    }};
    wait_for_state("Waiting for table metadata lock");
    server_.connect_as_owner(database_).run("INSERT INTO t (id, v) VALUES (78, 'after')");
    EXPECT_EQ(server_.connect().one("SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE"
                                    " trx_query LIKE '%gate%'"),
              "0")
        << "the control: transactions alone do not show it";
    EXPECT_EQ(next(ask), Ids{"78"});
    EXPECT_EQ(parts(ask)["pending"].size(), 1u) << ask.cursor;
    owner_.run("UNLOCK TABLES");
    late.join();
    Ids const found = next(ask);
    EXPECT_EQ(std::ranges::count(found, "77"), 1);
    EXPECT_EQ(next(ask), Ids{});
}

// Somebody who asks all the time keeps InnoDB's list of transactions as it was (H14).
TEST_F(MysqlFence, H14AListOfTransactionsThatIsNotFreshIsNotBelieved) {
    ReadRequest ask = by("id", true);
    next(ask);
    std::atomic<bool> ended{false};
    std::thread greedy{[&, session = server_.connect()]() mutable {
        while (!ended) session.run("SELECT COUNT(*) FROM information_schema.INNODB_TRX");
    }};
    other_.run("BEGIN; INSERT INTO t (v) VALUES ('late')");
    owner_.run("INSERT INTO t (v) VALUES ('after')");
    EXPECT_EQ(server_.connect().one("SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE"
                                    " trx_is_read_only = 0"),
              "0")
        << "the control: the list does not show the transaction";
    EXPECT_EQ(next(ask), Ids{}) << "nobody knows who is at work";
    EXPECT_TRUE(host_.logged("cannot be seen"));
    ended = true;
    greedy.join();
    EXPECT_EQ(next(ask), Ids{});
    other_.run("COMMIT");
    EXPECT_EQ(next(ask).size(), 2u);
    EXPECT_EQ(next(ask), Ids{});
}

TEST_F(MysqlFence, H2APreparedTransactionOutlivesItsSession) {
    ReadRequest ask = by("id", true);
    next(ask);
    {
        My gone = server_.connect_as_owner(database_);
        gone.run("XA START 'x'; INSERT INTO t (v) VALUES ('late'); XA END 'x'; XA PREPARE 'x'");
    }
    owner_.run("INSERT INTO t (v) VALUES ('after')");
    EXPECT_EQ(next(ask), Ids{});
    EXPECT_TRUE(host_.logged("a prepared transaction"));
    other_.run("XA COMMIT 'x'");
    EXPECT_EQ(next(ask).size(), 2u);
}

TEST_F(MysqlFence, WhatIsHeldBackIsSaidWithWhoHoldsIt) {
    ReadRequest ask = by("id", true);
    next(ask);
    other_.run("BEGIN; INSERT INTO t (v) VALUES ('late')");
    owner_.run("INSERT INTO t (v) VALUES ('after')");
    EXPECT_EQ(next(ask), Ids{});
    EXPECT_TRUE(host_.logged("held_back"));
    EXPECT_TRUE(host_.logged("session " + other_.one("SELECT CONNECTION_ID()") + " of weir@"));
    other_.run("ROLLBACK");
    EXPECT_EQ(next(ask).size(), 1u);
}

TEST_F(MysqlFence, AFullReadThatIsAppendedToLaterWaitsForOpenTransactions) {
    owner_.run("CREATE TABLE k (id bigint AUTO_INCREMENT, KEY (id)); INSERT INTO k VALUES (1)");
    ReadRequest ask = by("id", true);
    ask.stream = stream("k");
    ask.select.erase("key");
    ask.mode = WEIR_READ_FULL;
    other_.run("BEGIN; INSERT INTO k VALUES (NULL)");
    testkit::Failure const refused = failure([&] { run(ask); });
    EXPECT_EQ(refused.status, WEIR_E_BUSY);
    EXPECT_EQ(refused.code, "source.held_back");
    other_.run("ROLLBACK");
    EXPECT_EQ(next(ask).size(), 1u);
}

TEST_F(MysqlFence, ALongTransactionIsWaitedForOnceAndCostsNoRows) {
    ReadRequest ask = by("id");
    next(ask);
    other_.run("BEGIN; SELECT 1 FROM t");  // a dump
    for (int i = 0; i < 3; ++i) {
        owner_.run("INSERT INTO t (v) VALUES ('more')");
        Ids const found = next(ask);
        EXPECT_EQ(std::ranges::count(found, std::to_string(3 + i)), 1);
        EXPECT_LE(parts(ask)["pending"].size(), 2u);
    }
    other_.run("COMMIT");
    next(ask);
    EXPECT_EQ(parts(ask)["pending"], Json::array());
    EXPECT_EQ(parts(ask)["settled"], Json({"5"}));
}

TEST_F(MysqlFence, NobodyWaitsForOneWhoMayOnlyRead) {
    ReadRequest ask = by("id", true);
    next(ask);
    other_.run("START TRANSACTION READ ONLY; SELECT 1 FROM t");
    owner_.run("INSERT INTO t (v) VALUES ('more')");
    EXPECT_EQ(next(ask), Ids{"3"});
}

TEST_F(MysqlFence, H2AServerThatWasStartedAgainForgetsWhoWasAtWork) {
    MariadbServer own;
    std::string const database = own.fresh();
    std::string const table = database + ".t";
    {
        My session = own.connect_as_owner(database);
        session.run("CREATE TABLE t (id bigint AUTO_INCREMENT PRIMARY KEY); INSERT INTO t VALUES"
                    " (1)");
        source_ = connect(own.url(database));
        ReadRequest ask = by("id", true);
        ask.stream = table;
        next(ask);
        My open = own.connect_as_owner(database);
        open.run("BEGIN; INSERT INTO t VALUES (NULL)");
        session.run("INSERT INTO t VALUES (NULL)");
        EXPECT_EQ(next(ask), Ids{});
        own.stop_immediately();
        own.start();
        EXPECT_EQ(next(ask), Ids{"3"});
        EXPECT_EQ(parts(ask)["pending"], Json::array());
    }
}

TEST_F(MysqlFence, H33ATableThatIsChangedWhileItsWritersAreWaitedForIsNotReadAsItWas) {
    ReadRequest ask = by("id");
    next(ask);
    owner_.run("CREATE TABLE u (id int) ENGINE=InnoDB");
    other_.run("BEGIN; INSERT INTO u VALUES (1)");
    owner_.run("INSERT INTO t (v) VALUES ('after')");
    testkit::Reader reader = source_->open(ask);
    // It waits outside of a transaction, so that the table is not locked meanwhile.
    std::thread change{[&] { owner_.run("ALTER TABLE t MODIFY v varchar(9)"); }};
    testkit::Failure const refused = failure([&] { reader.rest(); });
    change.join();
    EXPECT_EQ(refused.status, WEIR_E_IO) << refused.what();
    EXPECT_EQ(refused.code, "source.fields_changed") << refused.what();
    other_.run("COMMIT");
    EXPECT_EQ(next(ask).size(), 1u);
}

// A second of whole seconds is passed when it is over, and who wrote in it shows (H12).
TEST_F(MysqlFence, H12ValuesOfACoarseClockAreNotPassedWithinTheirStep) {
    owner_.run("SET time_zone = @@global.time_zone; CREATE TABLE c (id int PRIMARY KEY,"
               " at datetime NOT NULL DEFAULT NOW()); INSERT INTO c (id) VALUES (105)");
    ReadRequest ask = by("at");
    ask.stream = stream("c");
    EXPECT_EQ(next(ask), Ids{"105"});
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(owner_.one("SELECT NOW() > MAX(at) FROM c"), "1") << "its second is over";
        std::string const id = std::to_string(104 - i);
        owner_.run("INSERT INTO c (id) VALUES (" + id + ")");
        EXPECT_EQ(next(ask), Ids{id});
        EXPECT_EQ(parts(ask)["settled"][1], id);
    }
    owner_.run("CREATE TABLE d (id int PRIMARY KEY, at date NOT NULL DEFAULT (CURDATE()));"
               "INSERT INTO d VALUES (4, CURDATE() - INTERVAL 2 DAY); INSERT INTO d VALUES (5,"
               " CURDATE())");
    ReadRequest day = by("at"), append = by("at", true);
    day.stream = append.stream = stream("d");
    EXPECT_EQ(next(day), (Ids{"4", "5"}));
    EXPECT_EQ(next(append), Ids{"4"}) << "today is not over";
    EXPECT_EQ(parts(day)["settled"][1], "4");
}

TEST_F(MysqlFence, H10ASourceThatFellBackIsSaidAndReadAgain) {
    ReadRequest ask = by("id");
    owner_.run("INSERT INTO t (id, v) VALUES (501, 'high')");
    EXPECT_EQ(next(ask).size(), 3u);
    owner_.run("DELETE FROM t WHERE id > 400; INSERT INTO t (id, v) VALUES (11, 'again')");
    Ids const again = next(ask);
    EXPECT_EQ(std::ranges::count(again, "11"), 1);
    EXPECT_TRUE(host_.logged("cursor regressed"));
    EXPECT_GT(host_.metric("weir_cursor_regressed_total"), 0);
    owner_.run("TRUNCATE t");
    EXPECT_EQ(next(ask), Ids{});
    owner_.run("INSERT INTO t (v) VALUES ('anew')");
    EXPECT_EQ(next(ask), Ids{"1"});
}

/// What the fence is not valid for.
class MysqlUnsafe : public MysqlFence {
protected:
    void expect_refused(ReadRequest const& ask, std::string const& why,
                        std::string const& suggestion) {
        testkit::Failure const refused = failure([&] { source_->open(ask); });
        EXPECT_EQ(refused.status, WEIR_E_CONFIG);
        EXPECT_EQ(refused.code, "source.cursor_unsafe");
        EXPECT_NE(std::string{refused.what()}.find(why), std::string::npos) << refused.what();
        EXPECT_NE(refused.suggestion.find(suggestion), std::string::npos) << refused.suggestion;
    }
};

// H3.
TEST_F(MysqlUnsafe, H3IdsThatSeveralServersDraw) {
    MariadbServer own{{"--auto-increment-increment=2"}};
    std::string const database = own.fresh();
    own.connect_as_owner(database).run(
        "CREATE TABLE t (id bigint AUTO_INCREMENT PRIMARY KEY,"
        " at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6));"
        "INSERT INTO t (id) VALUES (NULL)");
    source_ = connect(own.url(database));
    ReadRequest ask = by("id");
    ask.stream = database + ".t";
    expect_refused(ask, "auto_increment_increment of the server is 2", "--cursor at");
    expect_refused(ask, "auto_increment_increment", "--lookback 10m");
    ask.select["lookback_ms"] = 600'000;
    EXPECT_EQ(next(ask).size(), 1u);
    ReadRequest at = by("at");
    at.stream = ask.stream;
    EXPECT_EQ(next(at).size(), 1u) << "of times it does not matter";
}

TEST_F(MysqlUnsafe, AClockThatIsNotTheServers) {
    owner_.run("CREATE TABLE f (id int PRIMARY KEY, at datetime(6) NOT NULL)");
    EXPECT_EQ(cursor_meta("f", "at")["guarantee"], "lookback 10m");
    EXPECT_EQ(cursor_meta("t", "at")["guarantee"], "settled");
    EXPECT_EQ(cursor_meta("t", "id")["guarantee"], "settled");
    EXPECT_EQ(cursor_meta("f", "id")["guarantee"], "unproven");
    std::string const local = "CONVERT_TZ(NOW(6), '+00:00', @@global.time_zone)";
    owner_.run("INSERT INTO f VALUES (1, " + local + " - INTERVAL 1 HOUR), (2, " + local + ")");
    for (bool append : {false, true}) {
        ReadRequest ask = by("at", append);
        ask.stream = stream("f");
        EXPECT_EQ(next(ask).size(), append ? 1u : 2u) << "what is younger than 10 min may change";
        EXPECT_EQ(parts(ask)["settled"][1], "1");
        owner_.run("INSERT INTO f VALUES (3, " + local + " - INTERVAL 5 MINUTE)");
        EXPECT_EQ(next(ask), append ? Ids{} : (Ids{"2", "3"}));
        ask.select["lookback_ms"] = 60'000;
        EXPECT_EQ(next(ask), append ? Ids{"3"} : (Ids{"2", "3"}));
        EXPECT_EQ(parts(ask)["settled"][1], "3");
        owner_.run("DELETE FROM f WHERE id = 3");
    }
}

TEST_F(MysqlUnsafe, ARowTriggerGivesTheServersTime) {
    owner_.run("CREATE TABLE g (id int PRIMARY KEY, at datetime(6));"
               "CREATE TRIGGER g_at BEFORE INSERT ON g FOR EACH ROW SET NEW.at = NOW(6)");
    EXPECT_EQ(cursor_meta("g", "at")["guarantee"], "settled");
}

TEST_F(MysqlUnsafe, H28AServerWhoseZoneHasSummerTime) {
    owner_.run("CREATE TABLE l (id int PRIMARY KEY, at datetime(6) NOT NULL DEFAULT NOW(6))");
    EXPECT_EQ(cursor_meta("l", "at")["guarantee"], "settled");
    MariadbServer own{{"--default-time-zone=SYSTEM"}, {{"TZ", "Europe/Berlin"}}};
    std::string const database = own.fresh();
    own.connect_as_owner(database).run(
        "CREATE TABLE l (id int PRIMARY KEY, at datetime(6) NOT NULL DEFAULT NOW(6),"
        " ts timestamp(6) NOT NULL DEFAULT NOW(6))");
    source_ = connect(own.url(database));
    Json const cursors = discover_one(database + ".l").meta["cursors"];
    EXPECT_EQ(cursors["at"]["guarantee"], "lookback 65m");
    EXPECT_EQ(cursors["ts"]["guarantee"], "settled");
}

TEST_F(MysqlUnsafe, AnEngineWhoseTransactionsAreNotSeen) {
    admin("CREATE TABLE x (id int NOT NULL) ENGINE=CSV");
    ReadRequest ask = by("id");
    ask.stream = stream("x");
    ask.select.erase("key");
    expect_refused(ask, "its engine is CSV: its writers are not visible", "--lookback 10m");
    ask.select["lookback_ms"] = 600'000;
    source_->open(ask);
}

/// A user who may not see who is at work.
class MysqlUnseeing : public MysqlFence {
protected:
    MysqlUnseeing() {
        admin("DROP USER IF EXISTS blind; CREATE USER blind IDENTIFIED BY 'pw'; GRANT SELECT ON " +
              database_ + ".* TO blind");
        source_ = connect(server_.url_as("blind", "pw", database_));
    }
};

TEST_F(MysqlUnseeing, GoesByTimeAndSaysSo) {
    Json const meta = cursor_meta("t", "at");
    EXPECT_EQ(meta["method"], "lookback");
    EXPECT_EQ(meta["guarantee"], "lookback 10m");
    EXPECT_NE(meta["caveat"].get<std::string>().find("GRANT PROCESS"), std::string::npos) << meta;
    owner_.run("UPDATE t SET at = NOW(6) - INTERVAL 1 HOUR WHERE id = 1");
    ReadRequest ask = by("at");
    EXPECT_EQ(next(ask).size(), 2u);
    EXPECT_EQ(parts(ask)["settled"][1], "1");
    EXPECT_EQ(next(ask), Ids{"2"}) << "what is younger comes again";
    ReadRequest append = by("at", true);
    EXPECT_EQ(next(append), Ids{"1"});
    EXPECT_EQ(next(append), Ids{});
}

TEST_F(MysqlUnseeing, WaitsForLockedRowsOfTransactionsThatAreLongerThanTheLookback) {
    owner_.run("UPDATE t SET at = NOW(6) - INTERVAL 1 HOUR");
    ReadRequest ask = by("at");
    next(ask);
    other_.run("BEGIN; INSERT INTO t (id, at) VALUES (77, NOW(6) - INTERVAL 40 MINUTE)");
    owner_.run("INSERT INTO t (id, at) VALUES (78, NOW(6) - INTERVAL 30 MINUTE)");
    EXPECT_EQ(next(ask), Ids{"78"});
    EXPECT_NE(parts(ask)["settled"][1], "78") << "the row before it is locked";
    ReadRequest control = by("at");
    other_.run("COMMIT");
    EXPECT_EQ(next(ask), (Ids{"77", "78"}));
    EXPECT_EQ(parts(ask)["settled"][1], "78");
    EXPECT_EQ(next(ask), Ids{});
}

}  // namespace
}  // namespace weir::test
