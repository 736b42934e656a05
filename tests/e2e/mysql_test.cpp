// weir copy from MariaDB, as a person types it.
#include <signal.h>

#include <filesystem>
#include <thread>

#include "support/mover.hpp"
#include "support/mysql_copy_fixture.hpp"
#include "support/pg.hpp"
#include "support/postgres_server.hpp"

namespace weir::test {
namespace {

class MysqlCopy : public MysqlCopyFixture {
protected:
    void make_users(int rows) {
        db.run("CREATE TABLE users (id bigint PRIMARY KEY, name varchar(40), updated_at datetime(6)"
               " NOT NULL, KEY (updated_at));"
               "INSERT INTO users SELECT seq, CONCAT('user ', seq), DATE_ADD('2024-01-01',"
               " INTERVAL seq SECOND) FROM " +
               numbers(rows));
    }
    void make_accounts() {
        for (char const* table : {"a", "b"})
            db.run(std::string{"CREATE TABLE "} + table +
                   " (id bigint PRIMARY KEY, amount bigint, filler text); INSERT INTO " + table +
                   " SELECT seq, 1000, REPEAT('x', 100) FROM " + numbers(20000));
    }
    /// Of the accounts that money moves between.
    std::string total() const {
        return sink().one("SELECT (SELECT amount FROM a WHERE id = 1) +"
                          " (SELECT amount FROM b WHERE id = 1)");
    }
    std::vector<Record> in_source() {
        return db.rows("SELECT id, name, DATE_FORMAT(updated_at, '%Y-%m-%dT%H:%i:%s.%f') FROM users"
                       " ORDER BY id");
    }
    std::vector<Record> in_sink() const {
        return sink().rows("SELECT id, name, updated_at FROM users ORDER BY id");
    }
};

TEST_F(MysqlCopy, AgainWithACursorBringsExactlyTheChanges) {
    make_users(10'000);
    Ran ran = copy({"--stream", "users", "--cursor", "updated_at"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream()["read"], 10'000);
    EXPECT_EQ(ran.stream()["target"], "users");
    EXPECT_EQ(in_sink(), in_source());
    db.run("UPDATE users SET name = 'new', updated_at = '2025-01-01' WHERE id IN (3, 9000);"
           "INSERT INTO users VALUES (10001, 'last', '2025-01-02')");
    ran = copy({"--stream", "users", "--cursor", "updated_at"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream()["read"], 3);
    EXPECT_EQ(in_sink(), in_source());
    ran = copy({"--stream", "users", "--cursor", "updated_at"});
    EXPECT_EQ(ran.stream()["read"], 0);
}

TEST_F(MysqlCopy, APatternNamesManyAndThePasswordMayComeFromOutside) {
    make_users(10);
    db.run("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2)");
    ProcessOptions options;
    options.environment = {{"MYSQL_PWD", MariadbServer::password}};
    options.directory = directory.path().string();
    std::string const url =
        "mysql://weir@127.0.0.1:" + std::to_string(server.port()) + "/" + database;
    Ran const ran = weir({"copy", url, "sqlite:out.db", "--stream", database + ".*", "--json"},
                         options);
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.json["streams"].size(), 2u);
    EXPECT_EQ(sink().one("SELECT count(*) FROM orders"), "2");
    EXPECT_EQ(weir({"copy", url, "sqlite:out.db", "--stream", "users", "--json"}).error_code(),
              "mysql.login_refused")
        << "the control";
}

TEST_F(MysqlCopy, ReplaceLeavesWhatTheSourceHas) {
    make_users(100);
    ASSERT_EQ(copy({"--stream", "users"}).code, 0);
    db.run("DELETE FROM users WHERE id % 2");
    Ran const ran = copy({"--stream", "users", "--mode", "full", "--write", "replace"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(in_sink(), in_source());
}

TEST_F(MysqlCopy, H22KilledAndStartedAgainItIsExact) {
    make_users(200'000);
    {
        Process first{weir_command(arguments({"--stream", "users", "--batch-rows", "100"})),
                      {.directory = directory.path().string()}};
        while (!std::filesystem::exists(sink_path()) || !sink().has_table("users") ||
               sink().one("SELECT count(*) FROM users") == "0")
            if (first.ended()) break;
        first.kill(SIGKILL);
        first.wait();
    }
    Ran const ran = copy({"--stream", "users"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_LT(ran.stream()["read"], 200'000) << "it went on where it stopped";
    EXPECT_EQ(in_sink(), in_source());
}

TEST_F(MysqlCopy, SeveralStreamsAreReadAtOneMomentWhileOthersWrite) {
    make_accounts();
    Mover<My> const mover{server.connect_as_owner(database)};
    for (std::vector<std::string> more :
         {std::vector<std::string>{"--parallel", "1"}, {"--parallel", "4"}}) {
        mover.await_one();
        more.insert(more.begin(), {"--stream", "*", "--mode", "full"});
        Ran const ran = copy(more);
        ASSERT_EQ(ran.code, 0) << ran;
        for (std::size_t i : {0u, 1u})
            EXPECT_EQ(ran.stream(i).value("snapshot", ""), "shared") << ran;
        EXPECT_EQ(total(), "2000");
    }
    // Each at a moment of its own, in the same minute of the same test, they do not agree.
    ASSERT_EQ(copy({"--stream", "a", "--mode", "full"}).code, 0);
    mover.await_one();
    ASSERT_EQ(copy({"--stream", "b", "--mode", "full"}).code, 0);
    EXPECT_NE(total(), "2000");
}

// Rows of the one are left when the next begins.
TEST_F(MysqlCopy, AStreamThatFailsLeavesTheMomentToTheOthers) {
    make_accounts();
    db.run("CREATE TABLE aa (id bigint PRIMARY KEY, filler text);"
           "INSERT INTO aa SELECT seq, REPEAT('x', 1000) FROM " + numbers(20000));
    sink().run("CREATE TABLE aa (id INTEGER PRIMARY KEY CHECK (id < 0), filler TEXT)");
    Mover<My> const mover{server.connect_as_owner(database)};
    Ran const ran = copy({"--stream", "*", "--mode", "full"});
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream(1).at("error").at("code"), "sqlite.check") << ran;
    EXPECT_EQ(ran.stream(2).value("snapshot", ""), "shared") << ran;
    EXPECT_EQ(total(), "2000");
}

TEST_F(MysqlCopy, ALostMomentIsToldAndAnotherTaken) {
    // Rows of a come only when nobody else holds the lock.
    std::string const gate = "'" + database + "'";
    db.run("CREATE TABLE b (id bigint PRIMARY KEY); INSERT INTO b VALUES (1), (2);"
           "CREATE VIEW a AS SELECT id FROM b WHERE GET_LOCK(" + gate + ", 60 + id) = 1");
    My watcher = server.connect_as_owner(database);
    watcher.run("DO GET_LOCK(" + gate + ", 0)");
    Process process{weir_command(arguments({"--stream", "*", "--mode", "full"})),
                    {.directory = directory.path().string()}};
    std::string const waiting = "SELECT COALESCE(MAX(ID), 0) FROM information_schema.PROCESSLIST"
                                " WHERE STATE = 'User lock' AND DB = DATABASE()";
    while (watcher.one(waiting) == "0" && !process.ended()) std::this_thread::yield();
    watcher.run("KILL " + watcher.one(waiting));
    watcher.run("DO RELEASE_LOCK(" + gate + ")");
    Ran const ran = finish(process);
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream(0).at("error").at("code"), "mysql.connection_lost") << ran;
    EXPECT_EQ(ran.stream(1).at("read"), 2) << ran;
    EXPECT_NE(ran.err.find(".b is read at a later moment"), ran.err.npos) << ran;
}

TEST_F(MysqlCopy, StreamsComeBehindThoseThatTheyReference) {
    db.run("CREATE TABLE z_parents (id int PRIMARY KEY); INSERT INTO z_parents VALUES (1), (2);"
           "CREATE TABLE a_children (id int PRIMARY KEY, parent int NOT NULL,"
           " FOREIGN KEY (parent) REFERENCES z_parents (id));"
           "INSERT INTO a_children VALUES (10, 1), (11, 2)");
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    target.run("CREATE TABLE z_parents (id int PRIMARY KEY);"
               "CREATE TABLE a_children (id int PRIMARY KEY, parent int NOT NULL,"
               " FOREIGN KEY (parent) REFERENCES z_parents (id))");
    Ran const ran =
        weir({"copy", server.url(database), server.url(other), "--stream", "*", "--json"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(target.one("SELECT COUNT(*) FROM a_children"), "2");
}

TEST_F(MysqlCopy, ExitCodesSayWhoseMoveItIs) {
    make_users(1);
    EXPECT_EQ(copy({"--stream", "no_such_table"}).code, 2);
    EXPECT_EQ(copy({"--stream", "users", "--cursor", "nothing"}).code, 2);
    EXPECT_EQ(weir({"copy", server.url("no_such_db"), "sqlite:" + sink_path(), "--stream", "t",
                    "--json"})
                  .code,
              3);
}

// What no row of the target can have as its key is none of its rows.
TEST_F(MysqlCopy, AReconcileByKeysGoesOnBehindAKeyThatTheSinkCannotHave) {
    std::string const far = PostgresServer::shared().fresh();
    Pg there = PostgresServer::shared().connect_as_owner(far);
    auto const go = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"copy", server.url(database), PostgresServer::shared().url(far),
                                   "--stream", "d", "--json"});
        return weir(more);
    };
    db.run("SET sql_mode = ''; CREATE TABLE d (d date PRIMARY KEY, v int); INSERT INTO d VALUES "
           "('0000-00-00', 1), ('2024-01-01', 2), ('2024-01-02', 3)");
    Ran const first = go({"--on-error", "skip"});
    EXPECT_EQ(first.code, 4) << first;
    EXPECT_EQ(first.stream().at("written"), 2) << first;
    db.run("DELETE FROM d WHERE d = '2024-01-02'; INSERT INTO d VALUES ('2024-01-03', 4)");
    std::vector<std::string> more{"--mode", "reconcile", "--max-delete-fraction", "1"};
    EXPECT_EQ(go(more).code, 1) << "as long as nobody says what comes of it";
    more.insert(more.end(), {"--on-error", "skip"});
    Ran const ran = go(more);
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 1) << ran;
    EXPECT_EQ(ran.stream().at("deleted"), 1) << ran;
    EXPECT_EQ(ran.stream().at("written"), 1) << ran;
    EXPECT_NE(ran.err.find("are none that d could have"), std::string::npos) << ran;
    EXPECT_EQ(there.one("SELECT string_agg(v::text, ',' ORDER BY v) FROM d"), "2,4");
    EXPECT_EQ(go(more).stream().at("deleted"), 0);
}

}  // namespace
}  // namespace weir::test
