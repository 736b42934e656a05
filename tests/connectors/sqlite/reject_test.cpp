#include <cmath>

#include "sink_fixture.hpp"

namespace weir::test {

class SqliteRejects : public SqliteSink {
protected:
    static Schema nullable() { return {{"id", Type::int64}, {"name", Type::utf8}}; }
    std::vector<Refused> write(Rows& batch, WriteRequest const& request) {
        testkit::Writer writer = sink.start(request, batch.schema());
        std::vector<Refused> refused = writer.write_some(batch);
        writer.commit("{}", true);
        return refused;
    }
};

TEST_F(SqliteRejects, ANullKeyIsNoNewKey) {
    Rows batch{nullable()};
    batch.add(1, "a").add(nullptr, "b").add(3, "c");
    auto const refused = write(batch, upsert());
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 1);
    EXPECT_EQ(refused[0].code, "sqlite.null_key");
    EXPECT_EQ(one("SELECT group_concat(id) FROM people"), "1,3");
}

TEST_F(SqliteRejects, AClashOnAnotherUniqueIndexIsNamed) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
    Rows batch{nullable()};
    batch.add(1, "a").add(2, "b").add(3, "a").add(4, "d").add(5, "b");
    auto const refused = write(batch, upsert());
    ASSERT_EQ(refused.size(), 2u);
    EXPECT_EQ(refused[0].row, 2);
    EXPECT_EQ(refused[0].code, "sqlite.unique");
    EXPECT_EQ(refused[0].where, "name");
    EXPECT_NE(refused[0].message.find("id 3"), std::string::npos) << refused[0].message;
    EXPECT_EQ(refused[1].row, 4);
    EXPECT_EQ(one("SELECT group_concat(id) FROM people"), "1,2,4");
}

TEST_F(SqliteRejects, NotNullCheckAndTypeAreNamed) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (name <> 'bad'))");
    Rows batch{nullable()};
    batch.add(1, nullptr).add(2, "bad").add(3, "good");
    auto const refused = write(batch, upsert());
    ASSERT_EQ(refused.size(), 2u);
    EXPECT_EQ(refused[0].code, "sqlite.not_null");
    EXPECT_EQ(refused[1].code, "sqlite.check");
    EXPECT_EQ(one("SELECT group_concat(id) FROM people"), "3");
}

TEST_F(SqliteRejects, WhatAStrictColumnForbidsIsNamed) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY, x REAL) STRICT");
    Rows batch{{{"id", Type::int64}, {"x", Type::float64}}};
    batch.add(1, 1.5).add(2, double{NAN}).add(3, 2.5);
    auto const refused = write(batch, upsert());
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 1);
    EXPECT_EQ(refused[0].code, "sqlite.datatype");
}

TEST_F(SqliteRejects, ARowThatATriggerRefusesIsFound) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT);"
        "CREATE TRIGGER no BEFORE INSERT ON people WHEN new.name = 'bad' "
        "BEGIN SELECT raise(ABORT, 'not here'); END");
    Rows batch{nullable()};
    for (int i = 0; i < 50; ++i) batch.add(i, i % 17 == 5 ? "bad" : "good");
    auto const refused = write(batch, upsert());
    ASSERT_EQ(refused.size(), 3u);
    for (Refused const& row : refused) EXPECT_EQ(row.row % 17, 5);
    EXPECT_NE(refused[0].message.find("not here"), std::string::npos);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "47");
}

TEST_F(SqliteRejects, ATriggerThatRaisesFailEndsTheWriteAndLeavesNothing) {
    sql("CREATE TABLE people(id INTEGER, name TEXT);"
        "CREATE TRIGGER no AFTER INSERT ON people WHEN new.name = 'bad' "
        "BEGIN SELECT raise(FAIL, 'not here'); END");
    Rows batch{nullable()};
    batch.add(1, "good").add(2, "bad").add(3, "good");
    testkit::Writer writer = sink.start(append(), batch.schema());
    expect_code("sqlite.trigger", [&] { writer.write_some(batch); });
    expect_code("sqlite.writer_ended", [&] { writer.commit("{}", true); });
    EXPECT_EQ(one("SELECT count(*) FROM people"), "0");
}

TEST_F(SqliteRejects, AllOfAThousandRowsMayBeRefused) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
    Rows batch{nullable()};
    for (int i = 0; i < 1000; ++i) batch.add(i, nullptr);
    EXPECT_EQ(write(batch, upsert()).size(), 1000u);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "0");
}

TEST_F(SqliteRejects, WithNobodyToTakeThemNothingOfTheBatchStays) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
    Rows first{nullable()}, bad{nullable()};
    first.add(1, "a");
    bad.add(2, "b").add(3, "a").add(4, "c");
    testkit::Writer writer = sink.start(upsert(), first.schema());
    writer.write(first);
    Failure const failure = failure_of([&] { writer.write(bad); });
    EXPECT_EQ(failure.status, WEIR_E_DATA);
    EXPECT_EQ(failure.code, "sqlite.unique");
    EXPECT_NE(std::string{failure.what()}.find("id 3"), std::string::npos) << failure.what();
    writer.commit("{}", true);
    EXPECT_EQ(one("SELECT group_concat(id) FROM people"), "1");
}

TEST_F(SqliteRejects, ARefusedRowOfAReplaceIsNamed) {
    Rows batch{nullable()};
    batch.add(1, "a").add(nullptr, "b").add(3, "c");
    auto const refused = write(batch, replace());
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 1);
    EXPECT_EQ(one("SELECT group_concat(id) FROM people"), "1,3");
}

}  // namespace weir::test
