// MySQL 8, as a source and as a sink: what it does otherwise than MariaDB. The server is the one
// that WEIR_MYSQL8 names; without it every test fails and says so.
#include "support/mysql_copy_fixture.hpp"
#include "support/postgres_server.hpp"

namespace weir::test {
namespace {

class Mysql8 : public MysqlCopyFixture {
protected:
    Mysql8() : MysqlCopyFixture{MariadbServer::shared_mysql8()} {
        // 4,096 numbers from 0; the server has no sequences to select from.
        db.run("CREATE TABLE digits (n int PRIMARY KEY); INSERT INTO digits VALUES (0), (1), (2),"
               " (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15);"
               "CREATE VIEW numbers AS SELECT a.n * 256 + b.n * 16 + c.n AS seq FROM digits a,"
               " digits b, digits c");
    }
    Ran between(std::string const& from, std::string const& to, std::vector<std::string> more) {
        more.insert(more.begin(), {"copy", from, to});
        more.push_back("--json");
        return weir(more, {.directory = directory.path().string()});
    }
    Ran into_own(std::vector<std::string> const& more) {
        return between(server.url(database), server.url(other), more);
    }
    void make_users() {
        db.run("CREATE TABLE users (id int PRIMARY KEY, name varchar(40), at datetime(6) NOT NULL"
               " DEFAULT NOW(6), KEY (at));"
               "INSERT INTO users SELECT seq, CONCAT('user ', seq), DATE_ADD('2024-01-01', INTERVAL"
               " seq SECOND) FROM numbers");
    }
    std::uint64_t count_of(std::string const& kind) {
        return std::stoull(
            server.connect().rows("SHOW GLOBAL STATUS LIKE '" + kind + "'").at(0).at(1).value());
    }
    void expect_equal(std::string const& all) { EXPECT_EQ(there.rows(all), db.rows(all)); }

    std::string const other = server.fresh();
    My there = server.connect_as_owner(other);
    std::string const users = "SELECT * FROM users ORDER BY id";
};

TEST_F(Mysql8, IsWhatIsTested) {
    EXPECT_EQ(db.one("SELECT @@version_comment LIKE '%MariaDB%' OR @@version < '8'"), "0");
}

TEST_F(Mysql8, FullDeltaAndAKillIntoSqlite) {
    make_users();
    std::vector<std::string> const by_time{"--stream", "users", "--cursor", "at", "--batch-rows",
                                           "100"};
    Ran const first = copy(by_time);
    ASSERT_EQ(first.code, 0) << first;
    EXPECT_EQ(first.stream().at("written"), 4096) << first;
    db.run("UPDATE users SET name = 'x', at = '2025-01-01' WHERE id % 1024 = 0");
    EXPECT_EQ(copy(by_time).stream().at("written"), 4);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users WHERE name = 'x'"), "4");
    Ran const whole = copy({"--stream", "users", "--mode", "full", "--to", "whole"});
    ASSERT_EQ(whole.code, 0) << whole;
    EXPECT_EQ(sink().rows("SELECT id, name FROM whole ORDER BY id"),
              db.rows("SELECT id, name FROM users ORDER BY id"));
}

TEST_F(Mysql8, DiscoverSaysKeysAndWhatAFieldPromises) {
    make_users();
    Ran const ran = weir({"discover", server.url(database), "--match", "users", "--json"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_NE(ran.out.find("settled"), std::string::npos) << ran;
    EXPECT_NE(ran.out.find("[[\"id\"]]"), std::string::npos) << ran;
}

TEST_F(Mysql8, UpsertReplaceAndReconcileIntoItself) {
    make_users();
    Ran ran = into_own({"--stream", "users"});
    ASSERT_EQ(ran.code, 0) << ran;
    expect_equal(users);
    db.run("UPDATE users SET name = 'changed' WHERE id % 100 = 0;"
           "DELETE FROM users WHERE id > 4000;"
           "INSERT INTO users (id, name) VALUES (9999, NULL)");
    ran = into_own({"--stream", "users", "--mode", "full"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(there.one("SELECT COUNT(*) FROM users WHERE name = 'changed'"), "41");
    EXPECT_EQ(there.one("SELECT COUNT(*) FROM users"), "4097");
    there.run("UPDATE users SET name = 'drifted' WHERE id = 7; DELETE FROM users WHERE id = 8");
    ran = into_own({"--stream", "users", "--mode", "reconcile", "--compare", "values"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream().at("deleted"), 95) << ran;
    expect_equal(users);
    db.run("DELETE FROM users WHERE id < 100");
    ran = into_own({"--stream", "users", "--mode", "full", "--write", "replace"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream().at("deleted"), 100) << ran;
    expect_equal(users);
}

TEST_F(Mysql8, AnUpsertFiresOnTheKeyOnlyAndRefusesByRow) {
    db.run("CREATE TABLE users (id int PRIMARY KEY, mail varchar(40));"
           "INSERT INTO users VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    there.run("CREATE TABLE users (id int PRIMARY KEY, mail varchar(40) UNIQUE, own int);"
              "INSERT INTO users VALUES (1, 'z', 7), (9, 'b', 8)");
    Ran const ran = into_own({"--stream", "users", "--on-error", "skip"});
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 1) << ran;
    EXPECT_EQ(there.rows("SELECT id, mail, own FROM users ORDER BY id"),
              (std::vector<Record>{{"1", "a", "7"}, {"3", "c", std::nullopt}, {"9", "b", "8"}}));
}

TEST_F(Mysql8, RowsAreLoadedFromMemoryWhereTheServerTakesThat) {
    db.run("CREATE TABLE words (id int PRIMARY KEY, w text, b blob, f float, t bit(3), j json);"
           "INSERT INTO words SELECT seq, x'6109620a635c4e640d00', x'5c4e0a0900ff', 1.1, b'101',"
           " '{\"b\": \"\\\\n\"}' FROM numbers WHERE seq < 2000;"
           "INSERT INTO words (id, w) VALUES (5000, x'5c4e'), (5001, ''), (5002, NULL)");
    std::string const words =
        "SELECT id, HEX(w), HEX(b), f * 1e0, t + 0, CAST(j AS CHAR) FROM words ORDER BY id";
    for (char const* const allowed : {"ON", "OFF"}) {
        SCOPED_TRACE(allowed);
        there.run("DROP TABLE IF EXISTS words, _weir_checkpoint");
        server.connect().run(std::string{"SET GLOBAL local_infile = "} + allowed);
        std::uint64_t const loads = count_of("Com_load"), inserts = count_of("Com_insert");
        Ran const ran = into_own({"--stream", "words"});
        server.connect().run("SET GLOBAL local_infile = ON");
        ASSERT_EQ(ran.code, 0) << ran;
        expect_equal(words);
        bool const is_allowed = allowed == std::string{"ON"};
        EXPECT_EQ(count_of("Com_insert") == inserts, is_allowed);
        EXPECT_GT(count_of("Com_load"), loads) << "it was tried";
    }
}

TEST_F(Mysql8, EveryTypeIsIdenticalInAnother) {
    db.run("CREATE TABLE types (id int PRIMARY KEY, a tinyint unsigned, b bigint unsigned,"
           " c decimal(65,30), d float, e double, f varchar(20) COLLATE utf8mb4_0900_as_cs,"
           " g longtext, h varbinary(9), i longblob, j date, k datetime(6), l timestamp(6) NULL,"
           " m time(6), n year, o bit(9), p enum('x','y'), q set('x','y'), r json, s point,"
           " u geometrycollection, v varchar(9) CHARACTER SET latin1);"
           "INSERT INTO types VALUES (1, 255, 18446744073709551615, -1.5, 1.1, -0e0, 'é😀',"
           " 'a\\0\\'\\\\b', x'00ff', x'27005c', '0000-00-00', '2024-00-15 01:02:03.000004',"
           " '2024-01-02 03:04:05.000006', '-838:59:59', 2155, b'101010101', 'y', 'x,y',"
           " '{\"b\": 1,  \"a\":[1.10, null]}', POINT(1, 2), NULL, 'é€');"
           "INSERT INTO types (id, a, g, m) VALUES (2, 0, '', '838:59:59.000001'), (3, NULL, NULL,"
           " NULL)");
    std::string const all = "SELECT *, HEX(f), HEX(g), HEX(i), HEX(s), d * 1e0 FROM types ORDER BY"
                            " id";
    for (std::string const write : {"upsert", "replace"}) {
        Ran const ran = into_own({"--stream", "types", "--mode", "full", "--write", write});
        ASSERT_EQ(ran.code, 0) << ran;
        expect_equal(all);
    }
    std::string const types =
        "SELECT GROUP_CONCAT(COLUMN_TYPE ORDER BY ORDINAL_POSITION) FROM information_schema.COLUMNS"
        " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'types'";
    EXPECT_EQ(there.one(types), db.one(types));
    Ran const into_file = copy({"--stream", "types"});
    ASSERT_EQ(into_file.code, 0) << into_file;
    EXPECT_EQ(sink().rows("SELECT b, c, j, k, m, n, o, p, q FROM types WHERE id = 1"),
              (std::vector<Record>{{"18446744073709551615",
                                    "-1.500000000000000000000000000000", "0000-00-00",
                                    "2024-00-15T01:02:03.000004", "-838:59:59.000000", "2155",
                                    "341", "y", "x,y"}}));
}

TEST_F(Mysql8, WithPostgresqlThereAndBackValuesAreEqual) {
    std::string const far = PostgresServer::shared().fresh();
    std::string const url = PostgresServer::shared().url(far);
    Pg pg = PostgresServer::shared().connect_as_owner(far);
    pg.run("CREATE TABLE t (id bigint PRIMARY KEY, a smallint, b numeric(65,30), c numeric,"
           " d real, e double precision, f text, g bytea, h uuid, i date, j timestamp,"
           " k timestamptz, l time, m bit(9), o boolean);"
           "INSERT INTO t VALUES (1, -32768, -1.5, 'NaN', 1.1, 5e-324, E'a\\n\\t\\\\''é😀',"
           " '\\x00ff275c', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2024-02-29',"
           " '2024-01-02 03:04:05.000006', '2024-01-02 03:04:05.000006Z', '23:59:59.999999',"
           " B'101010101', true)");
    pg.run("INSERT INTO t (id, f) SELECT n, 'text ' || n FROM generate_series(2, 2000) AS n");
    Ran const into = between(url, server.url(other), {"--stream", "public.t"});
    ASSERT_EQ(into.code, 0) << into;
    Ran const back = between(server.url(other), url, {"--stream", "t", "--to", "back"});
    ASSERT_EQ(back.code, 0) << back;
    std::string const all = "SELECT id, a, b, c::text, d, e, f, g, h::text, i, j, k, l, m, o::int"
                            " FROM ";
    EXPECT_EQ(pg.rows(all + "back ORDER BY id"), pg.rows(all + "t ORDER BY id"));
    // Changes and deletions, by what differs only.
    pg.run("UPDATE t SET f = 'other' WHERE id = 5; DELETE FROM t WHERE id = 6");
    Ran const mended =
        between(url, server.url(other), {"--stream", "public.t", "--mode", "reconcile",
                                         "--compare", "values"});
    ASSERT_EQ(mended.code, 0) << mended;
    EXPECT_EQ(mended.stream().at("deleted"), 1) << mended;
    EXPECT_EQ(there.one("SELECT f FROM t WHERE id = 5"), "other");
}

TEST_F(Mysql8, FromMariadbWhatItDoesNotKnowIsHeldByWhatItKnows) {
    MariadbServer& maria = MariadbServer::shared();
    std::string const far = maria.fresh();
    My source = maria.connect_as_owner(far);
    source.run("CREATE TABLE t (id int PRIMARY KEY, u uuid, i4 inet4, i6 inet6, j json,"
               " w varchar(9) COLLATE utf8mb4_nopad_bin, c decimal(38,38), d datetime(6));"
               "INSERT INTO t VALUES (1, '123e4567-e89b-12d3-a456-426655440000', '1.2.3.4', '::1',"
               " '{\"a\": 1}', 'a ', -0.5, '2024-01-02 03:04:05.000006')");
    Ran const ran = between(maria.url(far), server.url(other), {"--stream", "t"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(there.rows("SELECT u, i4, i6, CAST(j AS CHAR), HEX(w), c, d FROM t"),
              (std::vector<Record>{{"123e4567-e89b-12d3-a456-426655440000", "1.2.3.4", "::1",
                                    "{\"a\": 1}", "6120", "-0.5" + std::string(37, '0'),
                                    "2024-01-02 03:04:05.000006"}}));
    Ran const back = between(server.url(other), maria.url(far), {"--stream", "t", "--to", "back"});
    ASSERT_EQ(back.code, 0) << back;
    EXPECT_EQ(source.one("SELECT COUNT(*) FROM t JOIN back b ON b.u = t.u AND b.i4 = t.i4 AND"
                         " b.i6 = t.i6 AND HEX(b.w) = HEX(t.w) AND b.c = t.c AND b.d = t.d"),
              "1");
}

TEST_F(Mysql8, IntoMariadbWithCollationsThatItDoesNotKnow) {
    MariadbServer& maria = MariadbServer::shared();
    std::string const far = maria.fresh();
    My target = maria.connect_as_owner(far);
    db.run("CREATE TABLE t (k varchar(9) COLLATE utf8mb4_0900_ai_ci PRIMARY KEY, a text, b char(5)"
           " CHARACTER SET utf8, c json, d geometrycollection, e year, f timestamp(3) NULL,"
           " g varchar(9) CHARACTER SET latin1);"
           "INSERT INTO t VALUES ('a', 'é😀', 'ab', '{\"b\": 1}', NULL, 2024,"
           " '2024-01-02 03:04:05.006', 'é'), ('b ', NULL, NULL, NULL, NULL, NULL, NULL, NULL)");
    std::string const all = "SELECT HEX(k), HEX(a), HEX(b), CAST(c AS CHAR), e + 0, f,"
                            " HEX(CONVERT(g USING utf8mb4)) FROM t ORDER BY k";
    for (int run = 0; run < 2; ++run) {
        Ran const ran = between(server.url(database), maria.url(far), {"--stream", "t"});
        ASSERT_EQ(ran.code, 0) << ran;
        EXPECT_EQ(target.rows(all), db.rows(all));
    }
    EXPECT_EQ(target.one("SELECT COLLATION_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA"
                         " = DATABASE() AND TABLE_NAME = 't' AND COLUMN_NAME = 'k'"),
              "utf8mb4_nopad_bin");
}

TEST_F(Mysql8, KeysOfTextThatItCannotTellApartAreRefusedByRow) {
    std::string const far = PostgresServer::shared().fresh();
    PostgresServer::shared().connect_as_owner(far).run(
        "CREATE TABLE words (k text PRIMARY KEY, v int);"
        "INSERT INTO words VALUES ('a', 1), ('A', 2), ('a ', 3), (E'a\\t', 4), ('a\u0301', 5),"
        " ('\u00e1', 6)");
    Ran const ran = between(PostgresServer::shared().url(far), server.url(other),
                            {"--stream", "public.words", "--on-error", "skip"});
    bool const is_exact =
        there.one("SELECT COUNT(*) FROM information_schema.COLLATIONS WHERE COLLATION_NAME ="
                  " 'utf8mb4_0900_bin'") == "1";
    EXPECT_EQ(ran.code, is_exact ? 0 : 4) << ran;
    EXPECT_EQ(there.one("SELECT GROUP_CONCAT(v ORDER BY v) FROM words"),
              is_exact ? "1,2,3,4,5,6" : "1,2,4,5,6");
}

TEST_F(Mysql8, LateCommitsAreWaitedForOrComeWithinTheLookback) {
    db.run("CREATE TABLE orders (id bigint AUTO_INCREMENT PRIMARY KEY, v int);"
           "INSERT INTO orders (v) VALUES (1), (2)");
    server.connect().run("DROP USER IF EXISTS blind; CREATE USER blind IDENTIFIED BY 'pw';"
                         "GRANT SELECT ON " + database + ".* TO blind");
    std::string const as_blind = server.url_as("blind", "pw", database);
    auto const copy_both = [&] {
        for (auto const& [url, table] : {std::pair{server.url(database), "seeing"},
                                         std::pair{as_blind, "blind"}}) {
            Ran const ran = between(url, "sqlite:" + directory / "out.db",
                                    {"--stream", "orders", "--cursor", "id", "--to", table});
            ASSERT_EQ(ran.code, 0) << ran;
        }
    };
    auto const expect = [&](std::string const& values) {
        for (std::string const table : {"seeing", "blind"})
            EXPECT_EQ(sink().one("SELECT group_concat(v) FROM (SELECT v FROM " + table +
                                 " ORDER BY id)"),
                      values)
                << table;
    };
    copy_both();
    My late = server.connect_as_owner(database);
    late.run("BEGIN; INSERT INTO orders (v) VALUES (3)");
    db.run("INSERT INTO orders (v) VALUES (4)");
    copy_both();
    expect("1,2,4");
    late.run("COMMIT");
    copy_both();
    expect("1,2,3,4");
    for (auto const& [url, word] :
         {std::pair{server.url(database), "settled"}, std::pair{as_blind, "lookback 10m"}}) {
        Ran const ran = weir({"discover", url, "--match", "orders", "--json"});
        EXPECT_NE(ran.out.find(word), std::string::npos) << ran;
    }
}

TEST_F(Mysql8, JsonIsTheTextOfItsSourceOrRefusedWhereItWouldBeRounded) {
    std::string const far = PostgresServer::shared().fresh();
    std::string const url = PostgresServer::shared().url(far);
    Pg pg = PostgresServer::shared().connect_as_owner(far);
    pg.run("CREATE TABLE docs (id int PRIMARY KEY, doc json);"
           "INSERT INTO docs VALUES (1, '{\"b\": 1.50,  \"a\": [1e400]}'),"
           " (2, '[0.1, 1.50, -12e-3, 18446744073709551615, \"\\\"0.12345678901234567890\"]'),"
           " (3, '[18446744073709551616.5]'), (4, '[0.12345678901234567890]'),"
           " (5, '{\"a\": {\"b\": 1, \"b\": 2}}')");
    Ran const made = between(url, server.url(other), {"--stream", "public.docs"});
    ASSERT_EQ(made.code, 0) << made;
    std::string const all = "SELECT id, doc FROM docs ORDER BY id";
    EXPECT_EQ(there.rows(all), pg.rows("SELECT id, doc::text FROM docs ORDER BY id"));
    there.run("CREATE TABLE own (id int PRIMARY KEY, doc json)");
    Ran const into_own_json = between(url, server.url(other), {"--stream", "public.docs", "--to",
                                                               "own", "--on-error", "skip"});
    EXPECT_EQ(into_own_json.code, 4) << into_own_json;
    EXPECT_EQ(there.rows("SELECT id, doc FROM own"),
              (std::vector<Record>{
                  {"2", "[0.1, 1.5, -0.012, 18446744073709551615, "
                        "\"\\\"0.12345678901234567890\"]"}}));
    Ran const stopped =
        between(url, server.url(other), {"--stream", "public.docs", "--to", "own"});
    EXPECT_NE(stopped.out.find("would round its numbers"), std::string::npos) << stopped;
    // What is no JSON by its type would be written anew.
    pg.run("CREATE TABLE own (id int PRIMARY KEY, doc text)");
    Ran const refused = between(url, server.url(other), {"--stream", "public.own"});
    EXPECT_EQ(refused.code, 1) << refused;
    EXPECT_NE(refused.out.find("mysql.column_type"), std::string::npos) << refused;
}

// Random doubles, as their source prints them: each comes back as it was.
TEST_F(Mysql8, NumbersInItsOwnJsonAreWhatTheyWere) {
    std::string const far = PostgresServer::shared().fresh();
    std::string const url = PostgresServer::shared().url(far);
    Pg pg = PostgresServer::shared().connect_as_owner(far);
    pg.run("CREATE TABLE docs (id int PRIMARY KEY, doc json);"
           "INSERT INTO docs SELECT n, json_build_array((random() - 0.5) *"
           " power(10::float8, (n % 500) - 250)) FROM generate_series(1, 5000) AS n");
    there.run("CREATE TABLE docs (id int PRIMARY KEY, doc json)");
    Ran const into = between(url, server.url(other), {"--stream", "public.docs"});
    ASSERT_EQ(into.code, 0) << into;
    Ran const back = between(server.url(other), url, {"--stream", "docs", "--to", "back"});
    ASSERT_EQ(back.code, 0) << back;
    EXPECT_EQ(pg.one("SELECT count(*) FROM docs JOIN back USING (id) WHERE"
                     " (docs.doc->>0)::float8 <> (back.doc->>0)::float8"),
              "0");
}

}  // namespace
}  // namespace weir::test
