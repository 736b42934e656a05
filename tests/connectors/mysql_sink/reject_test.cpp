#include <algorithm>
#include <limits>
#include <string>

#include "sink_fixture.hpp"

namespace weir::test {
namespace {

using MysqlRejects = MysqlSinkFixture;

TEST_F(MysqlRejects, H34EachRowIsRefusedForWhatItBreaks) {
    db.run(
        "CREATE TABLE teams (id bigint PRIMARY KEY); INSERT INTO teams VALUES (1);"
        "CREATE TABLE people (id bigint PRIMARY KEY, name varchar(5) NOT NULL UNIQUE"
        " CHECK (name <> 'bad'), team bigint, FOREIGN KEY (team) REFERENCES teams (id));"
        "CREATE TRIGGER no_seven BEFORE INSERT ON people FOR EACH ROW"
        " IF NEW.id = 7 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not seven'; END IF");
    Schema schema = people();
    schema.push_back({"team", Type::int64});
    Rows rows{schema};
    rows.add(1, "a", 1)
        .add(nullptr, "b", 1)
        .add(2, nullptr, 1)
        .add(3, "bad", 1)
        .add(4, "d", 9)
        .add(5, "a", 1)
        .add(6, "too long", 1)
        .add(7, "g", 1)
        .add(8, "h", nullptr);
    std::vector<Refused> refused = write(rows, upsert());
    std::ranges::sort(refused, {}, &Refused::row);
    std::vector<std::string> codes;
    for (Refused const& each : refused) codes.push_back(each.code);
    EXPECT_EQ(codes, (std::vector<std::string>{"mysql.null_key", "mysql.not_null", "mysql.check",
                                               "mysql.foreign_key", "mysql.unique", "mysql.value",
                                               "mysql.trigger"}));
    EXPECT_EQ(content(), (std::vector<Record>{{"1", "a"}, {"8", "h"}}));
}

TEST_F(MysqlRejects, H34AnAppendAmongManyRowsFindsThem) {
    db.run("CREATE TABLE people (id bigint, name varchar(5) NOT NULL)");
    Rows rows{people()};
    for (int i = 0; i < 3000; ++i) {
        if (i % 1000 == 500)
            rows.add(i, nullptr);
        else
            rows.add(i, "x");
    }
    EXPECT_EQ(write(rows, append()).size(), 3u);
    EXPECT_EQ(db.one("SELECT count(*) FROM people"), "2997");
}

TEST_F(MysqlRejects, WhatMariadbHasNoValueForIsRefused) {
    Rows rows{{{"id", Type::int64, false}, {"name", Type::float64}}};
    rows.add(1, std::numeric_limits<double>::quiet_NaN())
        .add(2, std::numeric_limits<double>::infinity())
        .add(3, -0.0);
    std::vector<Refused> const refused = write(rows, upsert());
    ASSERT_EQ(refused.size(), 2u);
    EXPECT_EQ(refused[0].code, "mysql.value");
    std::string const kept = is_mariadb ? "0" : "-0";
    EXPECT_EQ(content(), (std::vector<Record>{{"3", kept}})) << "MariaDB has no -0";
}

TEST_F(MysqlRejects, NullIsNeitherTheNextNumberNorTheTimeOfNow) {
    db.run("CREATE TABLE people (id bigint PRIMARY KEY, name bigint NOT NULL AUTO_INCREMENT,"
           " at timestamp(6) NOT NULL, UNIQUE (name))");
    Schema schema{{"id", Type::int64}, {"name", Type::int64}, {"at", Type::instant}};
    Rows rows{schema};
    rows.add(1, nullptr, 1'000'000).add(2, 7, nullptr).add(3, 8, 1'000'000);
    std::vector<Refused> refused = write(rows, upsert());
    std::ranges::sort(refused, {}, &Refused::row);
    ASSERT_EQ(refused.size(), 2u);
    for (Refused const& each : refused) EXPECT_EQ(each.code, "mysql.not_null");
    EXPECT_EQ(content(), (std::vector<Record>{{"3", "8"}}));
}

// A server hangs up on a statement that is larger than it takes.
TEST_F(MysqlRejects, H29ARecordLargerThanAPacketIsRefusedAndOthersAreParted) {
    server.connect().run("SET GLOBAL max_allowed_packet = 65536");
    Rows rows{people()};
    for (int i = 0; i < 100; ++i) {
        if (i == 50)
            rows.add(i, std::string(70'000, 'x'));
        else
            rows.add(i, std::string(i % 10 == 0 ? 60'000 : 500, i == 60 ? 'y' : '\''));
    }
    std::vector<Refused> refused = write(rows, upsert());
    server.connect().run("SET GLOBAL max_allowed_packet = DEFAULT");
    std::ranges::sort(refused, {}, &Refused::row);
    ASSERT_EQ(refused.size(), 9u) << "a quote takes two bytes";
    for (Refused const& each : refused) EXPECT_EQ(each.code, "mysql.too_large");
    EXPECT_EQ(refused[5].where, "name");
    EXPECT_NE(refused[5].message.find("row 51 of a batch, id 50, was refused by people: it takes"),
              std::string::npos)
        << refused[5].message;
    EXPECT_NE(refused[5].message.find("\"name\" alone has 70000, and the server takes 65536"),
              std::string::npos)
        << refused[5].message;
    EXPECT_EQ(db.one("SELECT CONCAT(COUNT(*), ' ', SUM(LENGTH(name))) FROM people"),
              "91 105000");
}

TEST_F(MysqlRejects, H34ARowThatNoPartitionOrPageTakesIsRefusedWithItsKey) {
    db.run("CREATE TABLE people (id bigint PRIMARY KEY, name text) PARTITION BY RANGE (id)"
           " (PARTITION low VALUES LESS THAN (1000))");
    My root = server.connect(database);
    root.run("SET SESSION innodb_strict_mode = OFF;"
             "CREATE TABLE wide (id bigint PRIMARY KEY, a text, b text, c text, d text, e text,"
             " f text, g text, h text, i text, j text, k text) ROW_FORMAT=COMPACT");
    Rows rows{people()};
    for (int i = 0; i < 600; ++i) rows.add(i == 7 ? 1007 : i, "x");
    std::vector<Refused> refused = write(rows, upsert());
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 7);
    EXPECT_EQ(refused[0].code, "mysql.value");
    EXPECT_NE(refused[0].message.find("row 8 of a batch, id 1007, was refused"), std::string::npos)
        << refused[0].message;
    EXPECT_EQ(db.one("SELECT COUNT(*) FROM people"), "599");
    Schema schema{{"id", Type::int64}};
    for (char name = 'a'; name <= 'k'; ++name)
        schema.push_back({std::string(1, name), Type::utf8});
    Rows wide{schema};
    std::string const text(800, 'x');
    wide.add(1, "a", "", "", "", "", "", "", "", "", "", "");
    wide.add(2, text, text, text, text, text, text, text, text, text, text, text);
    WriteRequest request = upsert();
    request.target = "wide";
    refused = write(wide, request);
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 1);
    EXPECT_EQ(db.one("SELECT GROUP_CONCAT(id) FROM wide"), "1");
}

TEST_F(MysqlRejects, BitsHaveNoNumberBelowZero) {
    db.run("CREATE TABLE people (id bigint PRIMARY KEY, name bit(64))");
    Rows rows{{{"id", Type::int64}, {"name", Type::int64}}};
    rows.add(1, -1).add(2, 1);
    std::vector<Refused> const refused = write(rows, upsert());
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].code, "mysql.value");
    EXPECT_EQ(db.one("SELECT GROUP_CONCAT(id) FROM people"), "2");
}

// Rows are made while the server takes those before: what it has by then goes as well.
TEST_F(MysqlRejects, AValueThatFitsNowhereInTheMiddleOfALoad) {
    Rows rows{{{"id", Type::int64, false}, {"name", Type::float64}}};
    for (int i = 0; i < 20'000; ++i) {
        if (i == 15'000)
            rows.add(i, std::numeric_limits<double>::quiet_NaN());
        else
            rows.add(i, i / 2.0);
    }
    expect_code("mysql.value", [&] { run(append(), rows); });
    EXPECT_EQ(db.one("SELECT count(*) FROM people"), "0");
    std::vector<Refused> const refused = write(rows, append());
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 15'000);
    EXPECT_EQ(db.one("SELECT CONCAT(count(*), ' ', sum(id), ' ', sum(name)) FROM people"),
              "19999 199975000 99987500");
}

TEST_F(MysqlRejects, AStagedRowThatNobodyTakesFailsTheRunAndChangesNothing) {
    db.run("CREATE TABLE people (id bigint PRIMARY KEY, name text CHECK (name <> 'bad'));"
           "INSERT INTO people VALUES (1, 'old')");
    Rows rows{people()};
    rows.add(2, "bad").add(3, "c");
    expect_code("mysql.check", [&] { run(replace(), rows); });
    EXPECT_EQ(content(), (std::vector<Record>{{"1", "old"}}));
}

TEST_F(MysqlRejects, AStagedRowThatGivesUpItsValueLetsAnotherIn) {
    db.run("CREATE TABLE people (id bigint PRIMARY KEY, name varchar(9) UNIQUE);"
           "INSERT INTO people VALUES (1, 'x'), (2, 'y')");
    Rows rows{people()};
    rows.add(3, "x").add(2, "z").add(1, "y");
    run(replace(), rows);
    EXPECT_EQ(content(), (std::vector<Record>{{"1", "y"}, {"2", "z"}, {"3", "x"}}));
}

TEST_F(MysqlRejects, WhatComesLateIsRefused) {
    db.run("CREATE TABLE people (id bigint PRIMARY KEY, name text, v varchar(9))");
    Schema const schema{{"id", Type::int64}, {"name", Type::utf8}, {"v", Type::utf8}};
    WriteRequest request = upsert();
    request.version = "v";
    Rows first{schema}, late{schema};
    first.add(1, "five", "e").add(2, "five", "e").add(3, "five", "e").add(4, "six", "f");
    EXPECT_TRUE(write(first, request).empty());
    late.add(1, "four", "d").add(2, "six", "f").add(2, "seven", "g").add(2, "six again", "f");
    late.add(3, "also five", "e").add(4, "by its bytes older", "Z").add(5, "new", "a");
    std::vector<Refused> refused = write(late, request);
    std::ranges::sort(refused, {}, &Refused::row);
    ASSERT_EQ(refused.size(), 2u);
    EXPECT_EQ(refused[0].row, 0);
    EXPECT_EQ(refused[1].row, 5);
    EXPECT_EQ(refused[0].code, "mysql.row_is_newer");
    EXPECT_EQ(db.one("SELECT GROUP_CONCAT(name ORDER BY id) FROM people"),
              "five,seven,also five,six,new");
}

}  // namespace
}  // namespace weir::test
