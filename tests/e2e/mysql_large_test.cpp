// Records of MariaDB that are too large are found there, and never cross the wire.
#include <fstream>

#include "support/mysql_copy_fixture.hpp"

namespace weir::test {
namespace {

#ifdef __SANITIZE_ADDRESS__  // which keeps three times as much, and what was freed
constexpr std::int64_t resident_kib_max = 1 << 20;
#else
constexpr std::int64_t resident_kib_max = 64 << 10;
#endif

class H29MysqlLarge : public MysqlCopyFixture {
protected:
    Ran copy_docs(std::vector<std::string> more) {
        more.insert(more.end(), {"--stream", "docs", "--on-error", "dead_letter", "--dead-letters",
                                 "letters.jsonl"});
        return copy(more);
    }
    Json letter() {
        std::ifstream file{directory / "letters.jsonl"};
        std::string line;
        std::getline(file, line);
        return Json::parse(line, nullptr, false);
    }
};

TEST_F(H29MysqlLarge, ADocumentOf100MegabytesIsRejectedUnread) {
    server.connect().run("SET GLOBAL max_allowed_packet = 1 << 30");
    My fresh = server.connect_as_owner(database);
    fresh.run("CREATE TABLE docs (id int PRIMARY KEY, name text NOT NULL, doc json);"
              "INSERT INTO docs VALUES (1, 'one', '[1]'), (2, 'two', CONCAT('\"', REPEAT('x',"
              " 104857600), '\"')), (3, 'three', '[3]')");
    Ran const ran = copy_docs({});
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream().at("read"), 3) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 1) << ran;
    EXPECT_EQ(sink().rows("SELECT id, doc FROM docs ORDER BY id"),
              (std::vector<Record>{{"1", "[1]"}, {"3", "[3]"}}));
    Json const kept = letter();
    EXPECT_EQ(kept.at("code"), "source.row_too_large");
    EXPECT_EQ(kept.at("where"), "doc");
    EXPECT_EQ(kept.at("record"), (Json{{"id", 2}, {"name", "two"}, {"doc", nullptr}}));
    std::string const message = kept.at("message");
    EXPECT_NE(message.find("id 2"), std::string::npos) << message;
    EXPECT_NE(message.find("104857602 bytes in its field \"doc\""), std::string::npos) << message;
    EXPECT_LE(ran.peak_kib, resident_kib_max);
}

TEST_F(H29MysqlLarge, OfEveryKindOfValue) {
    db.run("CREATE TABLE docs (id int PRIMARY KEY, a longtext, b longblob, c json, d geometry,"
           " e varchar(4000), f varbinary(4000));"
           "INSERT INTO docs VALUES (0, 'a', 'b', '1', POINT(1, 2), 'e', 'f');"
           "SET @big = REPEAT('x', 3000);"
           "INSERT INTO docs (id, a) VALUES (1, @big); INSERT INTO docs (id, b) VALUES (2, @big);"
           "INSERT INTO docs (id, c) VALUES (3, CONCAT('\"', @big, '\"'));"
           "INSERT INTO docs (id, d) VALUES (4, ST_GeomFromText(CONCAT('LINESTRING(0 0',"
           " REPEAT(',1 1', 200), ')')));"
           "INSERT INTO docs (id, e) VALUES (5, @big); INSERT INTO docs (id, f) VALUES (6, @big)");
    Ran const ran = copy_docs({"--row-bytes-max", "2500"});
    EXPECT_EQ(ran.stream().at("rejected"), 6) << ran;
    EXPECT_EQ(sink().one("SELECT group_concat(id) FROM docs"), "0");
    EXPECT_EQ(sink().one("SELECT length(d) FROM docs"), "25") << "the others are as they were";
}

// What counts is what is sent: a character of latin1 is two bytes by then.
TEST_F(H29MysqlLarge, FieldsThatAreTooMuchTogetherOnlyAndOtherCharacterSets) {
    db.run("CREATE TABLE docs (id int PRIMARY KEY, a text CHARACTER SET latin1, b text);"
           "INSERT INTO docs VALUES (1, REPEAT('é', 800), REPEAT('b', 1700)), (2, 'a', 'b'),"
           " (3, REPEAT('a', 800), REPEAT('b', 1700))");
    EXPECT_EQ(copy_docs({"--row-bytes-max", "3000"}).stream().at("rejected"), 1);
    EXPECT_EQ(letter().at("where"), "b");
    EXPECT_EQ(letter().at("record").at("id"), 1);
    Ran const ran = copy_docs({"--row-bytes-max", "3301", "--mode", "full"});
    EXPECT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(sink().one("SELECT length(a) FROM docs WHERE id = 1"), "800");
}

TEST_F(H29MysqlLarge, InADeltaThePositionGoesPastIt) {
    db.run("CREATE TABLE docs (id int PRIMARY KEY, at datetime(6) NOT NULL DEFAULT NOW(6), doc"
           " text, KEY (at));"
           "INSERT INTO docs SELECT seq, DATE_ADD('2024-01-01', INTERVAL seq SECOND),"
           " IF(seq % 10 = 0, REPEAT('x', 5000), 'small') FROM " + numbers(100));
    std::vector<std::string> const more{"--cursor", "at", "--row-bytes-max", "4000",
                                        "--batch-rows", "7"};
    Ran const first = copy_docs(more);
    EXPECT_EQ(first.stream().at("written"), 90) << first;
    EXPECT_EQ(first.stream().at("rejected"), 10) << first;
    EXPECT_EQ(copy_docs(more).stream().at("read"), 0);
    db.run("UPDATE docs SET doc = 'smaller', at = '2025-01-01' WHERE id = 50");
    EXPECT_EQ(copy_docs(more).stream().at("written"), 1);
    EXPECT_EQ(sink().one("SELECT doc FROM docs WHERE id = 50"), "smaller");
}

}  // namespace
}  // namespace weir::test
