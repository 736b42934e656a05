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

TEST_F(SqliteRejects, H25AClashOnAnotherUniqueIndexIsNamed) {
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

// SQLite itself would keep the bytes.
TEST_F(SqliteRejects, H27TextThatIsNoUtf8IsSaidInHex) {
    Rows batch{{{"id", Type::int64}, {"name", Type::utf8}, {"raw", Type::binary}}};
    batch.add(1, "a", "\xff").add(2, "n\xc3\xa9\xff\xfe", "b").add(3, "\xe2\x82\xac", nullptr);
    batch.add(4, "\xed\xa0\x80", "a surrogate").add(5, nullptr, nullptr);
    auto const refused = write(batch, upsert());
    ASSERT_EQ(refused.size(), 2u);
    EXPECT_EQ(refused[0].row, 1);
    EXPECT_EQ(refused[0].code, "sqlite.bad_text");
    EXPECT_EQ(refused[0].where, "name");
    EXPECT_NE(refused[0].message.find("id 2, has text in \"name\" that is no UTF-8: after 3 bytes "
                                      "stands, in hex, fffe"),
              std::string::npos)
        << refused[0].message;
    EXPECT_EQ(refused[1].row, 3);
    EXPECT_EQ(one("SELECT group_concat(id || hex(raw)) FROM people"), "1FF,3,5");
}

TEST_F(SqliteRejects, H27ACharacterCutBetweenTwoRowsIsNone) {
    Rows batch{nullable()};
    batch.add(1, "x\xc3").add(2, "\xa9y").add(3, "\xc3\xa9");
    auto const refused = write(batch, upsert());
    ASSERT_EQ(refused.size(), 2u);
    EXPECT_EQ(refused[0].row, 0);
    EXPECT_EQ(refused[1].row, 1);
    EXPECT_EQ(one("SELECT group_concat(id) FROM people"), "3");
}

TEST_F(SqliteRejects, H34NotNullCheckAndTypeAreNamed) {
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

TEST_F(SqliteRejects, H34ARowThatATriggerRefusesIsFound) {
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

// What comes behind such a row would be written outside of the transaction, without its position.
TEST_F(SqliteRejects, ATriggerThatRaisesRollbackEndsTheWriteAndLeavesNothing) {
    sql("CREATE TABLE people(id INTEGER, name TEXT);"
        "CREATE TRIGGER no AFTER INSERT ON people WHEN new.name = 'bad' "
        "BEGIN SELECT raise(ROLLBACK, 'not here'); END");
    Rows batch{nullable()};
    batch.add(1, "good").add(2, "bad").add(3, "good");
    testkit::Writer writer = sink.start(append(), batch.schema());
    Failure const failure = failure_of([&] { writer.write_some(batch); });
    EXPECT_EQ(failure.status, WEIR_E_SCHEMA);
    EXPECT_EQ(failure.code, "sqlite.trigger");
    EXPECT_NE(std::string{failure.what()}.find("raises ROLLBACK"), std::string::npos);
    expect_code("sqlite.writer_ended", [&] { writer.commit("{}", true); });
    EXPECT_EQ(one("SELECT count(*) FROM people"), "0");
}

TEST_F(SqliteRejects, H34AllOfAThousandRowsMayBeRefused) {
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

/// What comes late, into a table whose version was written by a run before.
class SqliteVersions : public SqliteRejects {
protected:
    /// The ids of {1: lower, 2: same, 3: higher, 4: null there, 5: not there} that are refused.
    template <class Value>
    std::string refused(Type type, Value lower, Value higher) {
        Schema const schema{{"id", Type::int64, false}, {"v", type}};
        WriteRequest request = upsert();
        Rows before{schema};
        before.add(1, higher).add(2, higher).add(3, lower).add(4, nullptr);
        run(request, before);
        request.version = "v";
        Rows late{schema};
        late.add(1, lower).add(2, higher).add(3, higher).add(4, lower).add(5, lower);
        std::string ids;
        for (Refused const& each : write(late, request)) {
            EXPECT_EQ(each.code, "sqlite.row_is_newer");
            EXPECT_EQ(each.where, "v");
            ids += std::to_string(each.row + 1);
        }
        EXPECT_EQ(one("SELECT count(*) FROM people WHERE v IS NOT NULL"), "5");
        EXPECT_EQ(one("SELECT count(DISTINCT v) FROM people WHERE id < 4"), "1") << "the higher";
        sql("DROP TABLE people");
        return ids;
    }
};

TEST_F(SqliteVersions, ANewerRowKeepsItsPlace) {
    EXPECT_EQ(refused(Type::int64, 9, 10), "1");
    EXPECT_EQ(refused(Type::float64, 9.5, 10.25), "1");
    EXPECT_EQ(refused(Type::instant, std::int64_t{9'000'000}, std::int64_t{10'000'000}), "1");
    EXPECT_EQ(refused(Type::utf8, "10", "9"), "1") << "text goes by its bytes";
    EXPECT_EQ(refused(Type::numeric, "9.50", "10.1"), "1") << "digits go by what they say";
    EXPECT_EQ(refused(Type::numeric, "-10.1", "-9.5"), "1");
    EXPECT_EQ(refused(Type::numeric, "10.09", "10.1"), "1");
    EXPECT_EQ(refused(Type::numeric, "-0.5", "00.25"), "1");
    EXPECT_EQ(refused(Type::numeric, "Infinity", "NaN"), "1");
}

TEST_F(SqliteVersions, WithinABatchTheNewerOneStays) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY, v INTEGER); INSERT INTO people VALUES (1, 5)");
    WriteRequest request = upsert();
    request.version = "v";
    Rows late{{{"id", Type::int64, false}, {"v", Type::int64}}};
    late.add(1, 8).add(1, 7).add(1, 3);
    auto const refused = write(late, request);
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 2);
    EXPECT_NE(refused[0].message.find("v is 3 in it, and 5 there"), std::string::npos)
        << refused[0].message;
    EXPECT_EQ(one("SELECT v FROM people"), "8");
}

TEST_F(SqliteVersions, H25OfRowsThatExchangeValuesTheNewerOfAKeyStays) {
    WriteRequest request = upsert();
    request.version = "v";
    Schema const schema{{"id", Type::int64}, {"name", Type::utf8}, {"v", Type::int64}};
    auto const refused_of = [&](std::function<void(Rows&)> const& fill) {
        sql("DROP TABLE IF EXISTS people; CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT "
            "UNIQUE, v INTEGER, mine TEXT DEFAULT 'm'); INSERT INTO people (id, name, v) VALUES "
            "(1, 'a', 5), (2, 'b', 5), (3, 'c', 5)");
        Rows late{schema};
        fill(late);
        return write(late, request).size();
    };
    char const all[] = "SELECT group_concat(id || name || mine) FROM people";
    EXPECT_EQ(refused_of([](Rows& to) { to.add(1, "b", 6).add(2, "a", 6); }), 0u);
    EXPECT_EQ(one(all), "1bm,2am,3cm");
    EXPECT_EQ(refused_of([](Rows& to) { to.add(1, "c", 5).add(1, "b", 6).add(2, "a", 6); }), 0u);
    EXPECT_EQ(one(all), "1bm,2am,3cm");
    EXPECT_EQ(refused_of([](Rows& to) { to.add(1, "b", 7).add(1, "c", 6).add(2, "a", 6); }), 0u);
    EXPECT_EQ(one(all), "1bm,2am,3cm");
    EXPECT_EQ(refused_of([](Rows& to) { to.add(1, "b", 6).add(1, "c", 7).add(2, "a", 6); }), 2u);
    EXPECT_EQ(one(all), "1am,2bm,3cm") << "the newer one of 1 clashes with 3";
    EXPECT_EQ(refused_of([](Rows& to) { to.add(1, "b", 6).add(2, "a", 4); }), 2u);
    EXPECT_EQ(one(all), "1am,2bm,3cm") << "2 is newer there";
}

TEST_F(SqliteVersions, AVersionThatIsNoFieldIsRefused) {
    WriteRequest request = upsert();
    request.version = "w";
    Rows late{nullable()};
    late.add(1, "a");
    expect_code("sqlite.no_field", [&] { write(late, request); });
}

}  // namespace weir::test
