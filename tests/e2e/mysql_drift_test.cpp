// Columns that change at the source, and by hand in MariaDB behind it: what a run does then.
#include <tuple>

#include "support/mysql_copy_fixture.hpp"
#include "support/postgres_server.hpp"

namespace weir::test {
namespace {

class H33MysqlDrift : public MysqlCopyFixture {
protected:
    H33MysqlDrift() {
        db.run("CREATE TABLE users (id int PRIMARY KEY, name varchar(20), updated_at datetime(6)"
               " NOT NULL DEFAULT NOW(6), KEY (updated_at));"
               "INSERT INTO users SELECT seq, CONCAT('user ', seq), DATE_ADD('2024-01-01',"
               " INTERVAL seq SECOND) FROM " + numbers(10));
    }
    Ran go(std::vector<std::string> const& more = {}) {
        std::vector<std::string> line{"copy",  server.url(database), server.url(other), "--stream",
                                      "users", "--cursor",           "updated_at"};
        line.insert(line.end(), more.begin(), more.end());
        line.push_back("--json");
        return weir(line);
    }
    void expect_moved(Ran const& ran, int rows) {
        ASSERT_EQ(ran.code, 0) << ran;
        EXPECT_EQ(ran.stream().at("written"), rows) << ran;
    }
    void expect_stopped(std::string const& code, std::string const& words) {
        char const position[] = "SELECT `cursor` FROM _weir_checkpoint";
        std::string const before = there.one(position);
        Ran const ran = go();
        EXPECT_EQ(ran.code, 1) << ran;
        EXPECT_EQ(ran.error_code(), code) << ran;
        EXPECT_NE(ran.err.find(words), std::string::npos) << ran;
        EXPECT_EQ(there.one(position), before) << "position kept";
    }
    void add(int id) {
        db.run("INSERT INTO users (id, updated_at) VALUES (" + std::to_string(id) +
               ", DATE_ADD('2025-01-01', INTERVAL " + std::to_string(id) + " SECOND))");
    }
    void expect_equal() {
        char const all[] = "SELECT * FROM users ORDER BY id";
        EXPECT_EQ(there.rows(all), db.rows(all));
    }
    std::string const other = server.fresh();
    My there = server.connect_as_owner(other);
};

TEST_F(H33MysqlDrift, ARenamedColumnGoesOnUnderItsNewName) {
    for (std::string const policy : {"add", "ignore"}) {
        SCOPED_TRACE(policy);
        ASSERT_EQ(go({"--drift", policy}).code, 0);
        std::string const rename = std::string{"ALTER TABLE users RENAME COLUMN "} +
                                   (policy == "add" ? "name TO label" : "label TO name");
        db.run(rename);
        expect_stopped("mysql.column_gone", "do the same to column");
        there.run(rename);
        add(policy == "add" ? 11 : 12);
        expect_moved(go({"--drift", policy}), 1);
        expect_equal();
        expect_moved(go({"--drift", policy}), 0);
    }
}

TEST_F(H33MysqlDrift, ADroppedColumnGoesOnWhereItIsDroppedToo) {
    expect_moved(go(), 10);
    db.run("ALTER TABLE users DROP name");
    expect_stopped("mysql.column_gone", "\"name\"");
    there.run("ALTER TABLE users DROP name");
    add(11);
    expect_moved(go(), 1);
    expect_equal();
    // And what is dropped in the sink alone is no change of the source.
    there.run("ALTER TABLE users DROP updated_at");
    expect_stopped("mysql.column_missing", "\"updated_at\", which the last run wrote");
}

TEST_F(H33MysqlDrift, ARetypedColumnGoesOnWhereItIsRetypedToo) {
    expect_moved(go(), 10);
    db.run("ALTER TABLE users MODIFY name varbinary(40)");
    expect_stopped("mysql.column_retyped", "do the same to column \"name\" of users");
    there.run("ALTER TABLE users MODIFY name int NULL; UPDATE users SET name = NULL");
    expect_stopped("mysql.column_retyped", "\"name\"");
    there.run("ALTER TABLE users MODIFY name varbinary(40)");
    db.run("UPDATE users SET updated_at = '2025-01-01', name = x'00ff'");
    expect_moved(go(), 10);
    expect_equal();
}

// float(7,2) is a float that the server rounds.
TEST_F(H33MysqlDrift, AColumnThatWouldRoundWhatTheSourceDoesNoMoreStopsTheRun) {
    db.run("ALTER TABLE users ADD f float(7,2), ADD d double(7,2); UPDATE users SET f = 1.25,"
           " d = 2.5");
    expect_moved(go(), 10);
    db.run("ALTER TABLE users MODIFY f float, MODIFY d double;"
           "UPDATE users SET f = 1.2345, d = 1.2345, updated_at = '2025-01-01' WHERE id = 1");
    expect_stopped("mysql.column_retyped", "\"f\" was float(7,2) in the source and is now float;");
    there.run("ALTER TABLE users MODIFY f float");
    expect_stopped("mysql.column_retyped", "\"d\" was double(7,2)");
    there.run("ALTER TABLE users MODIFY d double");
    expect_moved(go(), 1);
    expect_equal();
}

// Into a timestamp that must not be null MariaDB writes the time of now instead.
TEST_F(H33MysqlDrift, AMomentThatIsNullSinceIsRefusedByRow) {
    db.run("CREATE TABLE moments (id int PRIMARY KEY, t timestamp NOT NULL DEFAULT NOW());"
           "INSERT INTO moments VALUES (1, '2024-01-01')");
    auto const copy_moments = [&](std::vector<std::string> const& more) {
        std::vector<std::string> line{"copy",     server.url(database), server.url(other),
                                      "--stream", "moments",            "--on-error",
                                      "skip",     "--json"};
        line.insert(line.end(), more.begin(), more.end());
        return weir(line);
    };
    ASSERT_EQ(copy_moments({}).code, 0);
    db.run("ALTER TABLE moments MODIFY t timestamp NULL; INSERT INTO moments VALUES (2, NULL);"
           "INSERT INTO moments SELECT seq, '2024-01-02' FROM " + numbers(700) + " WHERE seq > 2");
    for (std::vector<std::string> const& way :
         {std::vector<std::string>{"--mode", "full"},
          {"--mode", "full", "--write", "replace"},
          {"--mode", "reconcile", "--compare", "values"}}) {
        SCOPED_TRACE(way.back());
        Ran const ran = copy_moments(way);
        EXPECT_EQ(ran.code, 4) << ran;
        EXPECT_EQ(ran.stream().at("rejected"), 1) << ran;
        EXPECT_EQ(there.rows("SELECT COUNT(*), MAX(t) FROM moments"),
                  (std::vector<Record>{{"699", "2024-01-02 00:00:00"}}));
    }
    there.run("ALTER TABLE moments MODIFY t timestamp NULL");
    ASSERT_EQ(copy_moments({"--mode", "full"}).code, 0);
    EXPECT_EQ(there.one("SELECT COUNT(*) FROM moments WHERE t IS NULL"), "1");
}

TEST_F(H33MysqlDrift, JsonAndTypesOfPostgresqlToo) {
    std::string const far = PostgresServer::shared().fresh();
    Pg pg = PostgresServer::shared().connect_as_owner(far);
    pg.run("CREATE TABLE docs (id int PRIMARY KEY, a text, b int);"
           "INSERT INTO docs VALUES (1, '{}', 1)");
    auto const copy_docs = [&] {
        return weir({"copy", PostgresServer::shared().url(far), server.url(other), "--stream",
                     "public.docs", "--json"});
    };
    ASSERT_EQ(copy_docs().code, 0);
    pg.run("ALTER TABLE docs ALTER a TYPE json USING a::json, ALTER b TYPE numeric(30,2)");
    EXPECT_EQ(copy_docs().error_code(), "mysql.column_retyped");
    there.run("ALTER TABLE docs MODIFY a json, MODIFY b decimal(30,1)");
    Ran const narrow = copy_docs();
    EXPECT_EQ(narrow.error_code(), "mysql.column_type") << narrow;
    EXPECT_NE(narrow.err.find("would round digits"), std::string::npos) << narrow;
    there.run("ALTER TABLE docs MODIFY b decimal(30,2)");
    pg.run("UPDATE docs SET a = '{\"x\": 1}', b = 12345678901234567890.25");
    Ran const mended = copy_docs();
    EXPECT_EQ(mended.code, 0) << mended;
    EXPECT_EQ(there.rows("SELECT a, b FROM docs"),
              (std::vector<Record>{{"{\"x\": 1}", "12345678901234567890.25"}}));
}

/// A column that is retyped at the source while the other system needs one type for both: from
/// PostgreSQL into MariaDB, or back.
class RetypedWithinOneType : public MysqlCopyFixture, public testing::WithParamInterface<bool> {
protected:
    bool into_mysql() const { return GetParam(); }
    std::string code() const {
        return into_mysql() ? "mysql.column_retyped" : "postgres.column_retyped";
    }
    void make(std::string const& type, std::string const& value) {
        source("DROP TABLE IF EXISTS t");
        source("CREATE TABLE t (id int PRIMARY KEY, v " + type + ", u int NOT NULL)");
        target("DROP TABLE IF EXISTS t");
        source("INSERT INTO t VALUES (1, " + value + ", 1)");
        expect_succeeded(go());
    }
    void retype(std::string const& type) {
        source("ALTER TABLE t " + (into_mysql() ? "ALTER v TYPE " + type + " USING v::" + type
                                                : "MODIFY v " + type));
    }
    void source(std::string const& sql) { into_mysql() ? pg.run(sql) : db.run(sql); }
    void target(std::string const& sql) { into_mysql() ? db.run(sql) : pg.run(sql); }
    std::string in_target(std::string const& sql) {
        return into_mysql() ? db.one(sql) : pg.one(sql);
    }
    Ran run(std::vector<std::string> const& more, ProcessOptions const& options = {}) {
        std::string const there = PostgresServer::shared().url(far), here = server.url(database);
        std::vector<std::string> line{"copy", into_mysql() ? there : here,
                                      into_mysql() ? here : there, "--stream",
                                      into_mysql() ? "public.t" : "t", "--json"};
        line.insert(line.end(), more.begin(), more.end());
        return weir(line, options);
    }
    Ran go() { return run({"--cursor", "u"}); }
    static void expect_succeeded(Ran const& ran) { EXPECT_EQ(ran.code, 0) << ran; }
    static void expect_said(Ran const& ran, std::string const& words) {
        EXPECT_NE(ran.err.find(words), std::string::npos) << words << ran;
    }
    void expect_stopped(Ran const& ran) {
        EXPECT_EQ(ran.code, 1) << ran;
        EXPECT_EQ(ran.error_code(), code()) << ran;
    }
    std::string const far = PostgresServer::shared().fresh();
    Pg pg = PostgresServer::shared().connect_as_owner(far);
    // A varchar keeps blanks at its end, which a char of MySQL drops, and one of PostgreSQL adds.
    std::string const anew = into_mysql() ? "<ab   >" : "<ab>";
    std::string const shown = "SELECT CONCAT('<', v, '>') FROM t";
};

INSTANTIATE_TEST_SUITE_P(Into, RetypedWithinOneType, testing::Bool(), [](auto const& each) {
    return each.param ? "Mysql" : "Postgresql";
});

TEST_P(RetypedWithinOneType, H33IsTakenOverWhereEverythingIsReadAnew) {
    for (std::vector<std::string> const& way :
         {std::vector<std::string>{"--mode", "full"},
          {"--write", "replace"},
          {"--mode", "reconcile", "--compare", "values"}}) {
        make("varchar(5)", "'ab  '");
        retype("char(5)");
        Ran const stopped = go();
        expect_stopped(stopped);
        expect_said(stopped,
                    "read everything anew (--mode full or --write replace), copy into a new table");
        // Keys alone say nothing of the values.
        expect_succeeded(run({"--cursor", "u", "--mode", "reconcile"}));
        expect_stopped(go());
        std::vector<std::string> look = way;
        look.push_back("--dry-run");
        expect_succeeded(run(look));
        Ran const ran = run(way);
        expect_succeeded(ran);
        expect_said(ran, "\"v\" of t was ");
        expect_said(ran, "; all of them are read and written anew");
        EXPECT_EQ(in_target(shown), anew);
        expect_succeeded(go());
        retype("varchar(5)");
        expect_stopped(go());
    }
    // What is appended would stand beside what is there.
    std::vector<std::string> const append{"--write", "append", "--to", "log", "--mode", "full"};
    expect_succeeded(run(append));
    retype("char(5)");
    Ran const stopped = run(append);
    expect_stopped(stopped);
    EXPECT_EQ(stopped.err.find("everything anew"), std::string::npos) << stopped;
}

TEST_P(RetypedWithinOneType, H33WhatWasReadAnewInPartIsReadToItsEnd) {
    make("varchar(5)", "'ab  '");
    for (int id = 2; id < 10; ++id)
        source("INSERT INTO t VALUES (" + std::to_string(id) + ", 'ab  ', 2)");
    expect_succeeded(go());
    retype("char(5)");
    ProcessOptions options;
    options.environment = {{"WEIR_FAILPOINT", "pump.after_commit:2"}};
    EXPECT_EQ(run({"--mode", "full", "--batch-rows", "2"}, options).code, 137);
    std::string const count = "SELECT COUNT(*) FROM t WHERE CONCAT('<', v, '>') = '" + anew + "'";
    EXPECT_EQ(in_target(count), "4");
    expect_succeeded(go());
    EXPECT_EQ(in_target(count), "9");
}

// The column is longer than it has to be, before and after.
TEST_P(RetypedWithinOneType, H33AWiderNumberThatTheColumnHoldsIsNoneAndIsTold) {
    make("smallint", "7");
    target(into_mysql() ? "ALTER TABLE t MODIFY v bigint" : "ALTER TABLE t ALTER v TYPE bigint");
    expect_succeeded(go());
    retype("integer");
    Ran const ran = go();
    expect_succeeded(ran);
    expect_said(ran, "; its values stay as they are");
    EXPECT_EQ(go().err.find("stay as they are"), std::string::npos) << "once";
    source("INSERT INTO t VALUES (2, 2147483647, 2)");
    expect_succeeded(go());
    EXPECT_EQ(in_target("SELECT SUM(v) FROM t"), "2147483654");
    source("DELETE FROM t WHERE id = 2");
    retype("smallint");
    expect_stopped(go());
}

TEST_P(RetypedWithinOneType, H33WhatNeedsAnotherColumnStopsUntilThatIsMadeToo) {
    make("smallint", "7");
    retype("bigint");
    for (auto const& way : {std::vector<std::string>{"--cursor", "u"}, {"--mode", "full"}}) {
        Ran const stopped = run(way);
        expect_stopped(stopped);
        expect_said(stopped, "do the same to column \"v\" of t");
    }
    target(into_mysql() ? "ALTER TABLE t MODIFY v bigint" : "ALTER TABLE t ALTER v TYPE bigint");
    expect_succeeded(go());
}

// MariaDB's column is one before and after, and PostgreSQL has written each value anew.
TEST_F(H33MysqlDrift, AModifierThatRewroteValuesInPostgresqlStopsTheRun) {
    PostgresServer& postgres = PostgresServer::shared();
    std::string const far = postgres.fresh();
    Pg pg = postgres.connect_as_owner(far);
    auto const go_from_there = [&](std::vector<std::string> const& more) {
        std::vector<std::string> line{"copy",     postgres.url(far), server.url(database),
                                      "--stream", "public.t",        "--json"};
        line.insert(line.end(), more.begin(), more.end());
        return weir(line);
    };
    for (auto const& [before, value, after] :
         {std::tuple{"timestamp(6)", "'2024-01-01 00:00:00.75'", "timestamp(0)"},
          {"numeric(70,4)", "1.2345", "numeric(70,2)"},
          {"varchar(9)", "'abcdefghi'", "varchar(5)"}}) {
        SCOPED_TRACE(after);
        db.run("DROP TABLE IF EXISTS t");
        pg.run(std::string{"DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v "} +
               before + ", u int NOT NULL); INSERT INTO t VALUES (1, " + value + ", 1)");
        EXPECT_EQ(go_from_there({"--cursor", "u"}).code, 0);
        pg.run(std::string{"ALTER TABLE t ALTER v TYPE "} + after + " USING v::" + after);
        Ran const stopped = go_from_there({"--cursor", "u"});
        EXPECT_EQ(stopped.error_code(), "mysql.column_retyped") << stopped;
        EXPECT_NE(stopped.err.find("read everything anew"), std::string::npos) << stopped;
        EXPECT_EQ(go_from_there({"--mode", "full"}).code, 0);
        EXPECT_EQ(db.one("SELECT TRIM('.000000' FROM v) FROM t"), pg.one("SELECT v FROM t"));
    }
}

// Neither PostgreSQL nor SQLite has a type of its own for each of these.
TEST_F(H33MysqlDrift, AWiderNumberAndAnotherOrderAreNoneAndAreToldAndANarrowerNumberStops) {
    db.run("ALTER TABLE users ADD n tinyint NOT NULL DEFAULT 7, ADD m mediumint");
    std::string const far = PostgresServer::shared().fresh();
    for (std::string const& to : {PostgresServer::shared().url(far), "sqlite:" + sink_path()}) {
        SCOPED_TRACE(to);
        auto const go_there = [&](std::vector<std::string> const& more = {}) {
            std::vector<std::string> line{"copy",  server.url(database), to,           "--stream",
                                          "users", "--cursor",           "updated_at", "--json"};
            line.insert(line.end(), more.begin(), more.end());
            return weir(line);
        };
        expect_moved(go_there(), 10);
        db.run("ALTER TABLE users MODIFY n smallint NOT NULL DEFAULT 7, MODIFY m int,"
               " CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
        Ran const ran = go_there();
        expect_moved(ran, 0);
        for (char const* const words : {"\"n\" of users was tinyint",
                                        "\"m\" of users was mediumint",
                                        "\"name\" of users was varchar(20) COLLATE"})
            EXPECT_NE(ran.err.find(words), std::string::npos) << words << ran;
        EXPECT_EQ(go_there().err.find("stay as they are"), std::string::npos) << "once";
        db.run("ALTER TABLE users MODIFY n tinyint NOT NULL DEFAULT 7, MODIFY m mediumint,"
               " CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci");
        EXPECT_TRUE(go_there().error_code().ends_with(".column_retyped"));
        EXPECT_EQ(go_there({"--mode", "full"}).code, 0);
    }
}

TEST_F(H33MysqlDrift, ALongerTextIsNoneAndIsToldAndAShorterOneStops) {
    std::string const far = PostgresServer::shared().fresh();
    std::string const url = PostgresServer::shared().url(far);
    Pg pg = PostgresServer::shared().connect_as_owner(far);
    pg.run("CREATE TABLE docs (id int PRIMARY KEY, a varchar(9), u timestamptz NOT NULL);"
           "INSERT INTO docs VALUES (1, 'x', '2024-01-01Z')");
    auto const go_from = [&](std::string const& from, std::string const& to,
                             std::string const& stream, std::string const& cursor) {
        return weir({"copy", from, to, "--stream", stream, "--cursor", cursor, "--json"});
    };
    auto const expect_longer = [&](auto const& run, auto const& retype, std::string const& words) {
        ASSERT_EQ(run().code, 0);
        retype("text");
        Ran const ran = run();
        EXPECT_EQ(ran.code, 0) << ran;
        EXPECT_NE(ran.err.find(words), std::string::npos) << ran;
        retype("varchar(7)");
        EXPECT_TRUE(run().error_code().ends_with(".column_retyped"));
        retype("varchar(9)");
    };
    for (std::string const& to : {server.url(other), "sqlite:" + sink_path()})
        expect_longer([&] { return go_from(url, to, "public.docs", "u"); },
                      [&](std::string const& type) {
                          pg.run("ALTER TABLE docs ALTER a TYPE " + type);
                      },
                      "is now text; its values stay as they are");
    expect_longer([&] { return go_from(server.url(database), url, "users", "updated_at"); },
                  [&](std::string const& type) { db.run("ALTER TABLE users MODIFY name " + type); },
                  "its values stay as they are");
}

}  // namespace
}  // namespace weir::test
