// weir copy into MariaDB, and there and back.
#include <fstream>

#include "support/mysql_copy_fixture.hpp"
#include "support/postgres_server.hpp"

namespace weir::test {
namespace {

class MysqlSinkCopy : public MysqlCopyFixture {
protected:
    Ran between(std::string const& from, std::string const& to,
                std::vector<std::string> const& more) {
        std::vector<std::string> all{"copy", from, to};
        all.insert(all.end(), more.begin(), more.end());
        all.push_back("--json");
        return weir(all, {.directory = directory.path().string()});
    }
    bool const is_mariadb = db.one("SELECT VERSION() LIKE '%MariaDB%'") == "1";
    /// Tells all texts apart, blanks at their end too.
    std::string const telling = is_mariadb ? "utf8mb4_nopad_bin" : "utf8mb4_0900_bin";
    /// A row of each type of MariaDB, or of MySQL, with what is hard about it.
    void make_types() {
        db.run(
            "CREATE TABLE types (id int PRIMARY KEY, a tinyint unsigned, b bigint unsigned,"
            " c decimal(65,30), d float, e double, f varchar(20), g longtext, h varbinary(9),"
            " i longblob, j date, k datetime(6), l timestamp(6) NULL, m time(6), n year, o bit(9),"
            " p enum('x','y'), q set('x','y'), r json, s point, " +
            std::string{is_mariadb ? "t uuid, u inet6" : "t char(36), u varbinary(39)"} + ");"
            "INSERT INTO types VALUES (1, 255, 18446744073709551615, -1.5, 1.1, -0e0, 'é😀',"
            " 'a\\0\\'\\\\b', x'00ff', x'27005c', '0000-00-00', '2024-00-15 01:02:03.000004',"
            " '2024-01-02 03:04:05.000006', '-838:59:59', 2155, b'101010101', 'y', 'x,y',"
            " '{\"b\": 1,  \"a\":2}', POINT(1, 2), '123e4567-e89b-12d3-a456-426655440000', '::1'),"
            " (2, 0, 0, 0, 0, 5e-324, '', '', '', '', '9999-12-31', '0000-00-00',"
            " '1970-01-01 00:00:01', '838:59:59.000001', 1901, 0, 'x', '', 'null', NULL,"
            " '00000000-0000-0000-0000-000000000000', NULL);"
            "INSERT INTO types (id) VALUES (3)");
    }
    static std::string everything() { return "SELECT *, HEX(i), d * 1e0 FROM types ORDER BY id"; }
};

TEST_F(MysqlSinkCopy, FromMariadbToMariadbIsIdentical) {
    make_types();
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    for (int run = 0; run < 2; ++run) {
        Ran const ran =
            between(server.url(database), server.url(other), {"--stream", "types"});
        ASSERT_EQ(ran.code, 0) << ran;
        EXPECT_EQ(target.rows(everything()), db.rows(everything()));
    }
    EXPECT_EQ(target.one("SELECT GROUP_CONCAT(COLUMN_TYPE ORDER BY ORDINAL_POSITION) FROM"
                         " information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND"
                         " TABLE_NAME = 'types'"),
              db.one("SELECT GROUP_CONCAT(COLUMN_TYPE ORDER BY ORDINAL_POSITION) FROM"
                     " information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND"
                     " TABLE_NAME = 'types'"));
}

TEST_F(MysqlSinkCopy, ChangesAndReplacementsArrive) {
    db.run("CREATE TABLE users (id int PRIMARY KEY, name text, u datetime(6) NOT NULL);"
           "INSERT INTO users SELECT seq, CONCAT('n', seq), '2024-01-01' FROM " + numbers(5000));
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    std::string const all = "SELECT * FROM users ORDER BY id";
    auto const copy_users = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"--stream", "users"});
        return between(server.url(database), server.url(other), more);
    };
    ASSERT_EQ(copy_users({"--cursor", "u"}).code, 0);
    EXPECT_EQ(target.rows(all), db.rows(all));
    db.run("UPDATE users SET name = 'x', u = '2024-02-01' WHERE id % 1000 = 0");
    Ran ran = copy_users({"--cursor", "u"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream()["read"], 5);
    EXPECT_EQ(target.rows(all), db.rows(all));
    db.run("DELETE FROM users WHERE id > 4000; UPDATE users SET name = NULL WHERE id = 1");
    target.run("CREATE VIEW seen AS SELECT * FROM users");
    ran = copy_users({"--mode", "full", "--write", "replace"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream()["deleted"], 1000);
    EXPECT_EQ(target.rows(all), db.rows(all));
    EXPECT_EQ(target.one("SELECT count(*) FROM seen"), "4000");
}

TEST_F(MysqlSinkCopy, H25AnUpsertFiresOnTheKeyOnly) {
    db.run("CREATE TABLE users (id int PRIMARY KEY, mail varchar(40));"
           "INSERT INTO users VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    target.run("CREATE TABLE users (id int PRIMARY KEY, mail varchar(40) UNIQUE, own int);"
               "INSERT INTO users VALUES (1, 'z', 7), (9, 'b', 8)");
    Ran const ran = between(server.url(database), server.url(other),
                            {"--stream", "users", "--on-error", "skip"});
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream()["rejected"], 1);
    EXPECT_EQ(target.rows("SELECT id, mail, own FROM users ORDER BY id"),
              (std::vector<Record>{{"1", "a", "7"}, {"3", "c", std::nullopt}, {"9", "b", "8"}}))
        << "the row of another key keeps its own";
}

TEST_F(MysqlSinkCopy, H9RowsThatExchangeWhatIsUniqueInThemArrive) {
    db.run("CREATE TABLE seats (id int PRIMARY KEY, code varchar(9) NOT NULL, u datetime(6) NOT"
           " NULL); INSERT INTO seats SELECT seq, seq, '2024-01-01' FROM " + numbers(9));
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    auto const copy_seats = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"--stream", "seats"});
        return between(server.url(database), server.url(other), more);
    };
    ASSERT_EQ(copy_seats({"--cursor", "u"}).code, 0);
    target.run("ALTER TABLE seats ADD UNIQUE (code), ADD mine int; UPDATE seats SET mine = 7");
    for (std::vector<std::string> const& way :
         {std::vector<std::string>{"--cursor", "u"},
          {"--mode", "full"},
          {"--write", "replace"},
          {"--mode", "reconcile", "--compare", "values"}}) {
        db.run("UPDATE seats SET code = MOD(code, 9) + 1, u = NOW(6)");
        Ran const ran = copy_seats(way);
        ASSERT_EQ(ran.code, 0) << ran;
        EXPECT_EQ(target.rows("SELECT id, code, u FROM seats ORDER BY id"),
                  db.rows("SELECT id, code, u FROM seats ORDER BY id"));
        EXPECT_EQ(target.one("SELECT COUNT(*) FROM seats WHERE mine = 7"), "9");
    }
}

TEST_F(MysqlSinkCopy, ARowThatIsRefusedAtTheSwapIsKeptAsABatchWouldHaveIt) {
    make_types();
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    target.run("CREATE TABLE types LIKE " + database + ".types; ALTER TABLE types ADD CHECK"
               " (id = 3); INSERT INTO types (id) VALUES (3)");
    auto const refuse = [&](std::vector<std::string> more, std::string const& letters) {
        more.insert(more.end(), {"--stream", "types", "--on-error", "dead_letter",
                                 "--dead-letters", letters});
        Ran const ran = between(server.url(database), server.url(other), more);
        EXPECT_EQ(ran.code, 4) << ran;
        EXPECT_EQ(ran.stream()["rejected"], 2) << ran;
        EXPECT_EQ(ran.stream()["written"], 1) << ran;
        std::vector<Json> found;
        std::ifstream file{directory / letters};
        for (std::string line; std::getline(file, line);) found.push_back(Json::parse(line));
        return found;
    };
    std::vector<Json> const batch = refuse({}, "batch.jsonl"),
                            staged = refuse({"--write", "replace"}, "staged.jsonl");
    ASSERT_EQ(batch.size(), 2u);
    ASSERT_EQ(staged.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(staged[i].at("code"), "mysql.check");
        EXPECT_EQ(staged[i].at("record").dump(), batch[i].at("record").dump());
    }
    EXPECT_EQ(target.one("SELECT GROUP_CONCAT(id) FROM types"), "3");
}

// What never came into the stage may be a row that is there.
TEST_F(MysqlSinkCopy, H34WhoCouldNotTellSomeRecordsDeletesNothing) {
    db.run("CREATE TABLE docs (id int PRIMARY KEY, n int, doc text);"
           "INSERT INTO docs SELECT seq, seq, 'small' FROM " + numbers(5) +
           "; CREATE TABLE keyless (n int, doc text); INSERT INTO keyless SELECT n, doc FROM docs");
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    target.run("CREATE TABLE docs (id int PRIMARY KEY, n smallint, doc text, mine int);"
               "CREATE TABLE keyless (n smallint, doc text)");
    using Words = std::vector<std::string>;
    Words const by_replace{"--write", "replace"};
    auto const go = [&](std::string const& stream, Words more) {
        more.insert(more.end(), {"--stream", stream, "--on-error", "skip", "--row-bytes-max",
                                 "2000"});
        return between(server.url(database), server.url(other), more);
    };
    for (char const* const stream : {"docs", "keyless"}) EXPECT_EQ(go(stream, by_replace).code, 0);
    target.run("UPDATE docs SET mine = 7");
    db.run("UPDATE docs SET doc = REPEAT('x', 3000) WHERE id = 1; DELETE FROM docs WHERE id = 4;"
           "UPDATE docs SET n = 100000 WHERE id = 2; UPDATE docs SET doc = 'new' WHERE id = 5;"
           "INSERT INTO docs VALUES (6, 6, 'six'); UPDATE keyless SET n = 100000 WHERE n = 1");
    for (Words const& way : {by_replace, {"--mode", "reconcile", "--compare", "values"}}) {
        target.run("UPDATE docs SET doc = 'old' WHERE id = 5; DELETE FROM docs WHERE id = 6");
        Ran const ran = go("docs", way);
        EXPECT_EQ(ran.code, 4) << ran;
        EXPECT_EQ(ran.stream().at("rejected"), 2) << ran;
        EXPECT_EQ(ran.stream().at("deleted"), 0) << ran;
        EXPECT_NE(ran.stream().at("notes").dump().find("no row of docs was deleted"),
                  std::string::npos)
            << ran;
        EXPECT_EQ(target.one("SELECT GROUP_CONCAT(id, n, doc, COALESCE(mine, '') ORDER BY id)"
                             " FROM docs"),
                  "11small7,22small7,33small7,44small7,55new7,66six");
    }
    Ran const keyless = go("keyless", by_replace);
    EXPECT_EQ(keyless.code, 1) << keyless;
    EXPECT_EQ(keyless.error_code(), "copy.replace_refused") << keyless;
    EXPECT_EQ(target.one("SELECT GROUP_CONCAT(n ORDER BY n) FROM keyless"), "1,2,3,4,5");
    // The control: of what is told apart it is known.
    db.run("UPDATE docs SET doc = 'one' WHERE id = 1; UPDATE docs SET n = 2 WHERE id = 2");
    EXPECT_EQ(go("docs", by_replace).stream().at("deleted"), 1);
    EXPECT_EQ(target.one("SELECT GROUP_CONCAT(id ORDER BY id) FROM docs"), "1,2,3,5,6");
}

TEST_F(MysqlSinkCopy, H31KeysThatTheSourceTellsApartStayApart) {
    db.run("CREATE TABLE exact (k varchar(9) CHARACTER SET latin1 COLLATE latin1_bin PRIMARY KEY);"
           "INSERT INTO exact VALUES ('a'), ('A');"
           "CREATE TABLE blanks (k varchar(9) COLLATE " + telling + " PRIMARY KEY);"
           "INSERT INTO blanks VALUES ('a'), ('a '), ('A');"
           "CREATE TABLE words (k varchar(9) COLLATE utf8mb4_unicode_ci PRIMARY KEY);"
           "INSERT INTO words VALUES ('a'), ('b')");
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    Ran const ran = between(server.url(database), server.url(other),
                            {"--stream", "exact", "--stream", "blanks", "--stream", "words"});
    ASSERT_EQ(ran.code, 0) << ran;
    for (char const* const table : {"exact", "blanks", "words"}) {
        std::string const all = std::string{"SELECT HEX(k) FROM "} + table + " ORDER BY HEX(k)";
        EXPECT_EQ(target.rows(all), db.rows(all)) << table;
    }
    // Equal is what the source says: another spelling of one key is the same record.
    db.run("UPDATE words SET k = 'A' WHERE k = 'a'");
    ASSERT_EQ(between(server.url(database), server.url(other), {"--stream", "words"}).code, 0);
    EXPECT_EQ(target.rows("SELECT HEX(k) FROM words ORDER BY HEX(k)"),
              db.rows("SELECT HEX(k) FROM words ORDER BY HEX(k)"));
    // A target that takes more for equal would lose one of two records.
    target.run("CREATE TABLE folding (k varchar(9) COLLATE utf8mb4_general_ci PRIMARY KEY)");
    Ran const folding = between(server.url(database), server.url(other),
                                {"--stream", "exact", "--to", "folding"});
    EXPECT_NE(folding.code, 0) << folding;
    EXPECT_EQ(folding.error_code(), "mysql.no_unique_index") << folding;
    EXPECT_EQ(target.one("SELECT count(*) FROM folding"), "0");
}

// A key of a table that others made may be blind to them: of two records one would be lost.
TEST_F(MysqlSinkCopy, H31KeysThatDifferInBlanksOnlyAreRefusedWhereTheyWouldBeOne) {
    db.run("CREATE TABLE blanks (k varchar(9) COLLATE " + telling + " PRIMARY KEY, v int);"
           "INSERT INTO blanks VALUES ('a', 1), ('a ', 2), (' b', 3);"
           "CREATE TABLE padded (k varchar(9) CHARACTER SET latin1 COLLATE latin1_bin PRIMARY KEY,"
           " v int); INSERT INTO padded VALUES ('a ', 1), ('b', 2)");
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    for (std::string const write : {"upsert", "replace"}) {
        SCOPED_TRACE(write);
        target.run("DROP TABLE IF EXISTS blanks, padded, _weir_checkpoint;"
                   "CREATE TABLE blanks (k varchar(9) COLLATE utf8mb4_bin PRIMARY KEY, v int);"
                   "CREATE TABLE padded LIKE blanks");
        Ran const ran = between(server.url(database), server.url(other),
                                {"--stream", "blanks", "--write", write, "--mode", "full",
                                 "--on-error", "dead_letter", "--dead-letters", "letters.jsonl"});
        EXPECT_EQ(ran.code, 4) << ran;
        EXPECT_EQ(ran.stream().at("rejected"), 1) << ran;
        EXPECT_EQ(target.one("SELECT GROUP_CONCAT(v ORDER BY v) FROM blanks"), "1,3");
        // A source that takes them for one itself has no second.
        Ran const padded = between(server.url(database), server.url(other),
                                   {"--stream", "padded", "--write", write, "--mode", "full"});
        ASSERT_EQ(padded.code, 0) << padded;
        EXPECT_EQ(target.one("SELECT COUNT(*) FROM padded"), "2");
    }
}

/// Statements of a kind since the server was started: "Com_load".
std::uint64_t count_of(MariadbServer& server, std::string const& kind) {
    return std::stoull(
        *server.connect().rows("SHOW GLOBAL STATUS LIKE '" + kind + "'").at(0).at(1));
}

TEST_F(MysqlSinkCopy, RowsAreLoadedFromMemoryWhereTheServerTakesThat) {
    db.run("CREATE TABLE words (id int PRIMARY KEY, w text, b blob, f float, t bit(3));"
           "CREATE TEMPORARY TABLE some LIKE words;"
           // Tab, line feed, backslash and N, which mean something to LOAD DATA.
           "INSERT INTO some VALUES (1, x'6109620a635c4e640d00', x'5c4e0a0900ff', 1.1, b'101'),"
           " (2, x'5c4e', '', -0.5, 0), (3, '', NULL, NULL, NULL), (4, NULL, x'5c4e', 1e-45, 1);"
           "INSERT INTO words SELECT seq * 10 + id, w, b, f, t FROM some, " +
           numbers(300) +
           "; CREATE TABLE plain (w text); INSERT INTO plain SELECT IF(seq = 7, 'x', '') FROM " +
           numbers(600));
    std::string const words = "SELECT id, HEX(w), HEX(b), f * 1e0, t + 0 FROM words ORDER BY id";
    for (char const* const allowed : {"ON", "OFF"}) {
        server.connect().run(std::string{"SET GLOBAL local_infile = "} + allowed);
        std::string const other = server.fresh();
        My target = server.connect_as_owner(other);
        std::uint64_t const loads = count_of(server, "Com_load"),
                            inserts = count_of(server, "Com_insert");
        Ran const ran = between(server.url(database), server.url(other),
                                {"--stream", "words", "--stream", "plain"});
        server.connect().run("SET GLOBAL local_infile = ON");
        ASSERT_EQ(ran.code, 0) << ran;
        EXPECT_EQ(target.rows(words), db.rows(words));
        EXPECT_EQ(target.rows("SELECT w, COUNT(*) FROM plain GROUP BY w ORDER BY w"),
                  (std::vector<Record>{{"", "599"}, {"x", "1"}}));
        bool const is_allowed = allowed == std::string{"ON"};
        EXPECT_EQ(count_of(server, "Com_insert") == inserts, is_allowed);
        EXPECT_GT(count_of(server, "Com_load"), loads) << "it was tried";
    }
}

// LOAD DATA from a client makes warnings of what a statement refuses, and other values of it.
TEST_F(MysqlSinkCopy, WhatALoadWouldChangeIsRefusedByRow) {
    db.run("CREATE TABLE rows_ (id int PRIMARY KEY, n int, w varchar(20), e varchar(9));"
           "INSERT INTO rows_ SELECT seq, seq, CONCAT('w', seq), 'x' FROM " + numbers(5000) + ";"
           "UPDATE rows_ SET n = 1000 WHERE id = 10; UPDATE rows_ SET w = 'too long' WHERE id = 20;"
           "UPDATE rows_ SET e = 'none' WHERE id = 30; UPDATE rows_ SET n = NULL WHERE id = 40;"
           "UPDATE rows_ SET w = 'w51' WHERE id = 50; UPDATE rows_ SET n = -1 WHERE id = 4000");
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    target.run("CREATE TABLE rows_ (id int PRIMARY KEY, n smallint NOT NULL CHECK (n <> 1000),"
               " w varchar(6) NOT NULL, e varchar(3), CHECK (n >= 0))");
    Ran const ran = between(server.url(database), server.url(other),
                            {"--stream", "rows_", "--on-error", "dead_letter", "--dead-letters",
                             "letters.jsonl"});
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 6) << ran;
    EXPECT_EQ(target.one("SELECT COUNT(*) FROM rows_"), "4994");
    EXPECT_EQ(target.one("SELECT COUNT(*) FROM rows_ WHERE id IN (10, 20, 30, 40, 1000, 4000)"),
              "0");
}

TEST_F(MysqlSinkCopy, ARecordLargerThanAPacketIsKeptAsALetterAndTheOthersArrive) {
    db.run("CREATE TABLE docs (id int PRIMARY KEY, doc longtext);"
           "INSERT INTO docs SELECT seq, REPEAT('x', IF(seq = 40, 200000, 900)) FROM " +
           numbers(300));
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    server.connect().run("SET GLOBAL max_allowed_packet = 65536");
    Ran const ran = between(server.url(database), server.url(other),
                            {"--stream", "docs", "--on-error", "dead_letter", "--dead-letters",
                             "letters.jsonl"});
    server.connect().run("SET GLOBAL max_allowed_packet = DEFAULT");
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream().at("written"), 299) << ran;
    EXPECT_EQ(target.one("SELECT COUNT(*) FROM docs WHERE id <> 40"), "299");
    std::ifstream file{directory / "letters.jsonl"};
    Json const letter = Json::parse(file, nullptr, false);
    EXPECT_EQ(letter.at("code"), "mysql.too_large");
    EXPECT_EQ(letter.at("where"), "doc");
    EXPECT_EQ(letter.at("record").at("id"), 40);
}

// MariaDB has unique indexes on whole texts, and no primary keys.
TEST_F(MysqlSinkCopy, ATargetWhoseKeyIsALongTextIsReplacedAndReconciledToo) {
    db.run("CREATE TABLE notes (k " + std::string{is_mariadb ? "text" : "varchar(700)"} +
           " NOT NULL, v int, UNIQUE (k));"
           "INSERT INTO notes VALUES ('a', 1), ('b', 2)");
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    target.run("CREATE TABLE notes LIKE " + database + ".notes");
    for (std::vector<std::string> const& way :
         {std::vector<std::string>{},
          {"--write", "replace"},
          {"--mode", "reconcile", "--max-delete-fraction", "1"},
          {"--mode", "reconcile", "--compare", "values", "--max-delete-fraction", "1"}}) {
        target.run("UPDATE notes SET v = 7; INSERT INTO notes VALUES ('c', 3)");
        std::vector<std::string> more{"--stream", "notes", "--key", "k"};
        more.insert(more.end(), way.begin(), way.end());
        Ran const ran = between(server.url(database), server.url(other), more);
        EXPECT_EQ(ran.code, 0) << ran;
        bool const removes = !way.empty(), writes = way.size() != 4;
        EXPECT_EQ(target.one("SELECT GROUP_CONCAT(k, v ORDER BY k) FROM notes"),
                  std::string{writes ? "a1,b2" : "a7,b7"} + (removes ? "" : ",c3"));
        target.run("DELETE FROM notes WHERE k = 'c'");
    }
}

TEST_F(MysqlSinkCopy, ANameThatNoTableCanHaveIsNotFound) {
    Ran const ran = between(server.url(database), server.url(server.fresh()),
                            {"--stream", "x😀"});
    EXPECT_EQ(ran.code, 2) << ran;
    EXPECT_EQ(ran.error_code(), "source.stream_not_found") << ran;
}

// Of a date that must not be null the server takes 0000-00-00 for NULL, where it joins.
TEST_F(MysqlSinkCopy, AKeyOfZeroDatesIsAKeyLikeOthers) {
    db.run("CREATE TABLE days (d date NOT NULL PRIMARY KEY, name text);"
           "INSERT INTO days VALUES ('0000-00-00', 'none'), ('2024-00-00', 'a year'),"
           " ('2024-01-02', 'a day')");
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    auto const copy_days = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"--stream", "days"});
        return between(server.url(database), server.url(other), more);
    };
    ASSERT_EQ(copy_days({}).code, 0);
    target.run("ALTER TABLE days ADD COLUMN mine int; UPDATE days SET mine = 7");
    for (std::vector<std::string> const& mode :
         {std::vector<std::string>{"--mode", "full", "--write", "replace"},
          {"--mode", "reconcile"},
          {"--mode", "reconcile", "--compare", "values"}}) {
        Ran const ran = copy_days(mode);
        ASSERT_EQ(ran.code, 0) << ran;
        EXPECT_EQ(ran.stream().value("deleted", 0), 0) << ran;
        EXPECT_EQ(target.one("SELECT COUNT(mine) FROM days"), "3") << ran;
    }
    db.run("DELETE FROM days WHERE d = 0");
    Ran const ran = copy_days({"--mode", "reconcile", "--max-delete-fraction", "1"});
    EXPECT_EQ(ran.stream().value("deleted", 0), 1) << ran;
    EXPECT_EQ(target.rows("SELECT d FROM days ORDER BY d"),
              (std::vector<Record>{{"2024-00-00"}, {"2024-01-02"}}));
}

// Each has an order, a comparison and a collation of its own in the server.
TEST_F(MysqlSinkCopy, ReconcileComparesValuesOfEveryTypeBitByBit) {
    make_types();
    db.run("INSERT INTO types SELECT 4, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t,"
           " u FROM types WHERE id = 1");
    std::string const other = server.fresh();
    My target = server.connect_as_owner(other);
    auto const reconcile = [&] {
        return between(server.url(database), server.url(other),
                       {"--stream", "types", "--mode", "reconcile", "--compare", "values"});
    };
    ASSERT_EQ(reconcile().code, 0);
    Ran ran = reconcile();
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream().at("drifted"), 0) << ran;
    // Equal by their collation, and not the same.
    for (char const* change :
         {"f = 'E😀'", "g = CONCAT(g, ' ')", "c = c + 0.000000000000000000000000000001",
          "d = 1.1000001", "e = 4e-324", is_mariadb ? "r = '{\"b\":1,\"a\":2}'" : "r = '1'",
          "q = 'x'", "k = '2024-00-15 01:02:03.000005'", "m = '-838:59:58'", "i = x'27005d'",
          "p = NULL", "o = b'101010100'", "s = POINT(1, 3)"}) {
        target.run(std::string{"UPDATE types SET "} + change + " WHERE id = 4");
        ran = reconcile();
        ASSERT_EQ(ran.code, 0) << ran;
        EXPECT_EQ(ran.stream().at("drifted"), 1) << change << ran;
        EXPECT_EQ(ran.stream().at("written"), 1) << change << ran;
        EXPECT_EQ(target.rows(everything()), db.rows(everything())) << change;
    }
}

TEST_F(MysqlSinkCopy, FromPostgresAndBackTheValuesAreEqual) {
    PostgresServer& postgres = PostgresServer::shared();
    std::string const there = postgres.fresh();
    Pg source = postgres.connect_as_owner(there);
    source.run(
        "SET TimeZone = 'UTC'; CREATE TABLE t (id bigint PRIMARY KEY, a text, b numeric(30,10),"
        " c double precision, d real, e boolean, f bytea, g date, h timestamp, i timestamptz,"
        " j json, k uuid);"
        "INSERT INTO t VALUES (1, E'it''s \\\\ é😀', -1.10, 1e-300, 1.1, true, '\\x00ff27',"
        " '2024-02-29', '2024-01-02 03:04:05.000006', '2024-01-02 03:04:05.000006Z',"
        " '{\"b\": 1,  \"a\": 1e400}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');"
        "INSERT INTO t (id) VALUES (2)");
    ASSERT_EQ(between(postgres.url(there), server.url(database), {"--stream", "public.t"}).code, 0);
    Ran const back = between(server.url(database), postgres.url(there),
                             {"--stream", "t", "--to", "back"});
    ASSERT_EQ(back.code, 0) << back;
    std::string const columns =
        "SELECT id, a, b, c, d, e::int, f, g, h, i, j::text, k FROM ";
    EXPECT_EQ(source.rows("SELECT id, a, b, c, d, e::int, f, g, h, i, j::text, k FROM back"
                          " ORDER BY id"),
              source.rows(columns + "t ORDER BY id"));
}

}  // namespace
}  // namespace weir::test
