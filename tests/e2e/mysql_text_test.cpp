// Texts of MariaDB that are no UTF-8 are refused by their row; bytes of other character sets and
// NUL arrive as they are.
#include <filesystem>
#include <fstream>

#include "support/mysql_copy_fixture.hpp"
#include "support/postgres_server.hpp"

namespace weir::test {
namespace {

class H27MysqlText : public MysqlCopyFixture {
protected:
    Ran copy_texts(std::vector<std::string> more = {}) {
        more.insert(more.end(), {"--stream", "texts", "--on-error", "dead_letter",
                                 "--dead-letters", "letters.jsonl"});
        return copy(more);
    }
    std::vector<Json> letters() {
        std::ifstream file{directory / "letters.jsonl"};
        std::vector<Json> out;
        for (std::string line; std::getline(file, line);)
            out.push_back(Json::parse(line, nullptr, false));
        return out;
    }
    /// No statement stores what is no text at all: the rows of a table of bytes, which `rows` are
    /// put into, take the place of those of `texts`.
    void make_texts_of_bytes(std::string const& rows) {
        My root = server.connect(database);
        char const columns[] = " (id int PRIMARY KEY, name varchar(9) CHARACTER SET latin1, v ";
        root.run("CREATE TABLE bytes" + (columns + std::string{"varbinary(36)) ENGINE = MyISAM;"}) +
                 "CREATE TABLE texts" + columns +
                 "varchar(9) CHARACTER SET utf8mb4) ENGINE = MyISAM;"
                 "INSERT INTO bytes " + rows + "; FLUSH TABLES");
        std::filesystem::path const folder =
            std::filesystem::path{root.one("SELECT @@datadir")} / database;
        for (char const* const part : {".MYD", ".MYI"})
            std::filesystem::copy_file(folder / (std::string{"bytes"} + part),
                                       folder / (std::string{"texts"} + part),
                                       std::filesystem::copy_options::overwrite_existing);
    }
};

TEST_F(H27MysqlText, ABadTextIsRefusedByItsRowAndTheOthersArrive) {
    make_texts_of_bytes("VALUES (1, 'one', 'good'), (2, 'two', x'61ff62'), (3, 'three', 'é'),"
                        " (4, 'four', x'c3'), (5, 'five', NULL)");
    Ran const ran = copy_texts();
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream().at("read"), 5) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 2) << ran;
    EXPECT_EQ(sink().rows("SELECT id, name, v FROM texts ORDER BY id"),
              (std::vector<Record>{
                  {"1", "one", "good"}, {"3", "three", "é"}, {"5", "five", std::nullopt}}));
    ASSERT_EQ(letters().size(), 2u);
    Json const kept = letters()[0];
    EXPECT_EQ(kept.at("code"), "mysql.bad_text");
    EXPECT_EQ(kept.at("where"), "v");
    EXPECT_EQ(kept.at("record"), (Json{{"id", 2}, {"name", "two"}, {"v", nullptr}}));
    std::string const message = kept.at("message");
    EXPECT_NE(message.find("the record id 2 of "), std::string::npos) << message;
    EXPECT_NE(message.find("\"v\" (varchar(9) "), std::string::npos) << message;
    EXPECT_NE(message.find("x'61ff62'"), std::string::npos) << message;
    EXPECT_EQ(letters()[1].at("record").at("id"), 4);
}

TEST_F(H27MysqlText, WithoutARuleForThatItEndsTheRunAndNamesTheRow) {
    make_texts_of_bytes("VALUES (1, 'one', 'good'), (2, 'two', x'61ff62')");
    Ran const ran = copy({"--stream", "texts"});
    EXPECT_EQ(ran.code, 1) << ran;
    EXPECT_EQ(ran.error_code(), "mysql.bad_text") << ran;
    EXPECT_NE(ran.err.find("id 2"), std::string::npos) << ran;
    EXPECT_NE(ran.err.find("--fields"), std::string::npos) << ran;
    EXPECT_EQ(copy({"--stream", "texts", "--fields", "id,name"}).code, 0);
    EXPECT_EQ(sink().one("SELECT group_concat(name) FROM texts"), "one,two");
}

// Two bytes of every kind: what came and what did not is told by what UTF-8 is.
TEST_F(H27MysqlText, OfEveryFirstByteJustWhatIsUtf8Arrives) {
    make_texts_of_bytes(
        "SELECT seq, HEX(CHAR(seq DIV 8, CONV(SUBSTR('00417f80a0bfc2ff', seq MOD 8 * 2 + 1, 2),"
        " 16, 10))), CHAR(seq DIV 8, CONV(SUBSTR('00417f80a0bfc2ff', seq MOD 8 * 2 + 1, 2), 16,"
        " 10)) FROM seq_0_to_2047");
    Ran const ran = copy_texts();
    // Of 128 first bytes the three below 0x80, of the 30 that begin two those three that go on.
    EXPECT_EQ(ran.stream().at("written"), 128 * 3 + 30 * 3) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 2048 - 128 * 3 - 30 * 3) << ran;
    EXPECT_EQ(sink().one("SELECT count(*) FROM texts WHERE hex(v) <> name"), "0");
}

// The server itself takes halves of a pair of UTF-16 for characters.
TEST_F(H27MysqlText, HalvesOfAPairAreNoTextInWhateverCharacterSetTheyStand) {
    db.run("CREATE TABLE texts (id int PRIMARY KEY, a varchar(9), b text CHARACTER SET utf8mb3,"
           " c varchar(9) CHARACTER SET ucs2, d json);"
           "INSERT INTO texts VALUES (0, 'a', 'b', 'c', '1');"
           "INSERT INTO texts (id, a) VALUES (1, x'eda080'); INSERT INTO texts (id, b) VALUES"
           " (2, x'61edbfbf'); INSERT INTO texts (id, c) VALUES (3, x'd8000061');"
           "INSERT INTO texts (id, d) VALUES (4, CONCAT('\"', x'eda080', '\"'))");
    Ran const ran = copy_texts({"--row-bytes-max", "1000000"});
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(sink().one("SELECT group_concat(id) FROM texts"), "0");
    std::string fields;
    for (Json const& letter : letters()) fields += letter.at("where").get<std::string>();
    EXPECT_EQ(fields, "abcd");
}

TEST_F(H27MysqlText, InADeltaThePositionGoesPastIt) {
    db.run("CREATE TABLE texts (id int PRIMARY KEY, at datetime(6) NOT NULL DEFAULT NOW(6),"
           " v varchar(9), KEY (at));"
           "INSERT INTO texts SELECT seq, DATE_ADD('2024-01-01', INTERVAL seq SECOND),"
           " IF(seq % 10 = 0, x'eda080', 'good') FROM " + numbers(100));
    std::vector<std::string> const more{"--cursor", "at", "--batch-rows", "7"};
    Ran const first = copy_texts(more);
    EXPECT_EQ(first.stream().at("written"), 90) << first;
    EXPECT_EQ(first.stream().at("rejected"), 10) << first;
    EXPECT_EQ(copy_texts(more).stream().at("read"), 0);
    db.run("UPDATE texts SET v = 'mended', at = '2025-01-01' WHERE id = 50");
    EXPECT_EQ(copy_texts(more).stream().at("written"), 1);
    EXPECT_EQ(sink().one("SELECT v FROM texts WHERE id = 50"), "mended");
}

// A position is UTF-8: it stays before a key that is none, and the rest is read all the same.
TEST_F(H27MysqlText, AKeyThatIsNoneIsRefusedWherever) {
    for (std::string const bad : {"x'20eda080'", "x'6beda080'", "x'eea080eda080'"}) {
        SCOPED_TRACE(bad);
        db.run("DROP TABLE IF EXISTS texts; CREATE TABLE texts (k varchar(9) COLLATE utf8mb4_bin"
               " PRIMARY KEY, v int);"
               "INSERT INTO texts VALUES ('a', 1), ('z', 2), (" + bad + ", 3)");
        Ran const ran =
            copy_texts({"--mode", "full", "--write", "replace", "--batch-rows", "1"});
        EXPECT_EQ(ran.code, 4) << ran;
        EXPECT_EQ(ran.stream().at("rejected"), 1) << ran;
        EXPECT_EQ(sink().one("SELECT group_concat(v) FROM texts"), "1,2");
        EXPECT_EQ(letters().back().at("where"), "k");
    }
}

TEST_F(H27MysqlText, EveryCharacterOfLatin1AndNulArriveAndComeBack) {
    db.run("CREATE TABLE texts (id int PRIMARY KEY, v varchar(3) CHARACTER SET latin1)"
           " DEFAULT CHARSET latin1;"
           "INSERT INTO texts SELECT seq, CONCAT('a', CHAR(seq USING latin1), 'b') FROM"
           " seq_0_to_255");
    Ran const there = copy_texts();
    EXPECT_EQ(there.code, 0) << there;
    char const nul[] = "SELECT hex(v) FROM texts WHERE id = 0";
    EXPECT_EQ(sink().one(nul), "610062");
    EXPECT_EQ(sink().one("SELECT hex(v) FROM texts WHERE id = 128"), "61E282AC62") << "the euro";
    Ran const back = weir({"copy", "sqlite:" + sink_path(), server.url(database), "--stream",
                           "texts", "--to", "back", "--json"});
    EXPECT_EQ(back.code, 0) << back;
    EXPECT_EQ(db.one("SELECT COUNT(*) FROM texts t JOIN back b ON b.id = t.id AND HEX(b.v) ="
                     " HEX(CONVERT(t.v USING utf8mb4))"),
              "256");
    // PostgreSQL has no NUL in texts: that row alone is refused.
    std::string const far = PostgresServer::shared().fresh();
    Ran const pg = weir({"copy", server.url(database), PostgresServer::shared().url(far),
                         "--stream", "texts", "--on-error", "skip", "--json"});
    EXPECT_EQ(pg.code, 4) << pg;
    EXPECT_EQ(pg.stream().at("rejected"), 1) << pg;
    EXPECT_EQ(PostgresServer::shared().connect_as_owner(far).one(
                  "SELECT count(*) || ' ' || min(id) FROM texts"),
              "255 1");
}

}  // namespace
}  // namespace weir::test
