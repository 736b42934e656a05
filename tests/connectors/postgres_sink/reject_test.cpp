#include "sink_fixture.hpp"

namespace weir::test {
namespace {

class PostgresRejects : public PostgresSinkTest {
protected:
    static Schema nullable() { return {{"id", Type::int64}, {"name", Type::utf8}}; }
    std::vector<Refused> write(Rows& batch, WriteRequest const& request) {
        testkit::Writer writer = sink.start(request, batch.schema());
        std::vector<Refused> refused = writer.write_some(batch);
        writer.commit("{}", true);
        return refused;
    }
    std::string ids() { return one("SELECT string_agg(id::text, ',' ORDER BY id) FROM people"); }
};

TEST_F(PostgresRejects, ANullKeyIsNoNewKey) {
    Rows batch{nullable()};
    batch.add(1, "a").add(nullptr, "b").add(3, "c");
    auto const refused = write(batch, upsert());
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 1);
    EXPECT_EQ(refused[0].code, "postgres.null_key");
    EXPECT_EQ(ids(), "1,3");
}

TEST_F(PostgresRejects, H25AClashOnAnotherUniqueIndexIsNamed) {
    sql("CREATE TABLE people(id bigint PRIMARY KEY, name text UNIQUE);"
        "INSERT INTO people VALUES (9, 'z')");
    for (WriteRequest const& request : {upsert(), append()}) {
        Rows batch{nullable()};
        batch.add(1, "a").add(2, "b").add(3, "a").add(4, "d").add(5, "b");
        auto const refused = write(batch, request);
        ASSERT_EQ(refused.size(), 2u);
        EXPECT_EQ(refused[0].row, 2);
        EXPECT_EQ(refused[0].code, "postgres.unique");
        EXPECT_NE(refused[0].message.find("(name)=(a)"), std::string::npos) << refused[0].message;
        EXPECT_EQ(refused[1].row, 4);
        EXPECT_EQ(ids(), "1,2,4,9");
        sql("DELETE FROM people WHERE id < 9");
    }
}

TEST_F(PostgresRejects, H34NotNullAndCheckAreNamed) {
    sql("CREATE TABLE people(id bigint PRIMARY KEY, name text NOT NULL CHECK (name <> 'bad'))");
    Rows batch{nullable()};
    batch.add(1, nullptr).add(2, "bad").add(3, "good");
    auto const refused = write(batch, upsert());
    ASSERT_EQ(refused.size(), 2u);
    EXPECT_EQ(refused[0].code, "postgres.not_null");
    EXPECT_EQ(refused[0].where, "name");
    EXPECT_EQ(refused[1].code, "postgres.check");
    EXPECT_EQ(ids(), "3");
}

TEST_F(PostgresRejects, H34AMissingParentAtFiveHundredOfAThousandIsOneReject) {
    sql("CREATE TABLE parents(id bigint PRIMARY KEY); INSERT INTO parents VALUES (1);"
        "CREATE TABLE people(id bigint PRIMARY KEY, parent bigint REFERENCES parents)");
    Rows batch{{{"id", Type::int64}, {"parent", Type::int64}}};
    for (int i = 0; i < 1000; ++i) batch.add(i, i == 500 ? 2 : 1);
    auto const refused = write(batch, upsert());
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 500);
    EXPECT_EQ(refused[0].code, "postgres.foreign_key");
    EXPECT_EQ(one("SELECT count(*) FROM people"), "999");
}

TEST_F(PostgresRejects, H34ARowThatATriggerRefusesIsFound) {
    sql("CREATE TABLE people(id bigint PRIMARY KEY, name text);"
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
        "IF new.name = 'bad' THEN RAISE 'not here'; END IF; RETURN new; END$$;"
        "CREATE TRIGGER no BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION no()");
    Rows batch{nullable()};
    for (int i = 0; i < 50; ++i) batch.add(i, i % 17 == 5 ? "bad" : "good");
    auto const refused = write(batch, upsert());
    ASSERT_EQ(refused.size(), 3u);
    for (Refused const& row : refused) EXPECT_EQ(row.row % 17, 5);
    EXPECT_EQ(refused[0].code, "postgres.trigger");
    EXPECT_NE(refused[0].message.find("not here"), std::string::npos);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "47");
}

TEST_F(PostgresRejects, WhatAColumnCannotHoldIsNamed) {
    sql("CREATE TABLE people(id bigint PRIMARY KEY, name varchar(3), n smallint)");
    Schema schema = nullable();
    schema.push_back({"n", Type::int64});
    Rows batch{schema};
    batch.add(1, "abc", 1).add(2, "abcd", 1).add(3, "a", 70'000).add(4, std::string{"a\0b", 3}, 1);
    batch.add(5, "\xFF", 1).add(6, "ok", nullptr);
    auto const refused = write(batch, upsert());
    ASSERT_EQ(refused.size(), 4u);
    for (Refused const& row : refused) EXPECT_EQ(row.code, "postgres.value") << row.message;
    EXPECT_EQ(ids(), "1,6");
}

TEST_F(PostgresRejects, AnExclusionAndARowThatIsTooBigAreNamed) {
    sql("CREATE TABLE people(id bigint PRIMARY KEY, name text, EXCLUDE (name WITH =));"
        "CREATE TABLE big(id text PRIMARY KEY)");
    Rows batch{nullable()};
    batch.add(1, "a").add(2, "a");
    auto const excluded = write(batch, upsert());
    ASSERT_EQ(excluded.size(), 1u);
    EXPECT_EQ(excluded[0].code, "postgres.constraint") << excluded[0].message;
    std::string noise;  // that no compression makes short
    for (unsigned i = 0, x = 1; i < 20'000; ++i, x = x * 1664525 + 1013904223)
        noise += static_cast<char>('!' + (x >> 24) % 90);
    Rows keys{{{"id", Type::utf8, false}}};
    keys.add("short").add(noise);
    auto const refused = write(keys, upsert("big"));
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].code, "postgres.row_too_big") << refused[0].message;
}

TEST_F(PostgresRejects, H34AllOfAThousandRowsMayBeRefused) {
    sql("CREATE TABLE people(id bigint PRIMARY KEY, name text NOT NULL)");
    Rows batch{nullable()};
    for (int i = 0; i < 1000; ++i) batch.add(i, nullptr);
    EXPECT_EQ(write(batch, upsert()).size(), 1000u);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "0");
}

TEST_F(PostgresRejects, WithNobodyToTakeThemNothingOfTheBatchStays) {
    sql("CREATE TABLE people(id bigint PRIMARY KEY, name text UNIQUE)");
    Rows first{nullable()}, bad{nullable()};
    first.add(1, "a");
    bad.add(2, "b").add(3, "a").add(4, "c");
    testkit::Writer writer = sink.start(upsert(), first.schema());
    writer.write(first);
    Failure const failure = failure_of([&] { writer.write(bad); });
    EXPECT_EQ(failure.status, WEIR_E_DATA);
    EXPECT_EQ(failure.code, "postgres.unique");
    EXPECT_NE(std::string{failure.what()}.find("id 3"), std::string::npos) << failure.what();
    writer.commit("{}", true);
    EXPECT_EQ(ids(), "1");
}

TEST_F(PostgresRejects, ARowThatWaitsForAnotherIsWrittenAfterIt) {
    sql("CREATE TABLE people(id bigint PRIMARY KEY, name text UNIQUE);"
        "INSERT INTO people VALUES (1, 'x'), (2, 'y')");
    Rows batch{nullable()};
    batch.add(3, "x").add(2, "z").add(1, "y");
    EXPECT_TRUE(write(batch, upsert()).empty());
    EXPECT_EQ(one("SELECT string_agg(id || name, ' ' ORDER BY id) FROM people"), "1y 2z 3x");
}

TEST_F(PostgresRejects, ARefusedRowOfAReplaceIsNamed) {
    Rows batch{nullable()};
    batch.add(1, "a").add(nullptr, "b").add(3, "c");
    auto const refused = write(batch, replace());
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 1);
    EXPECT_EQ(ids(), "1,3");
}

TEST_F(PostgresRejects, WhatComesLateIsRefused) {
    Schema const schema{{"id", Type::int64}, {"name", Type::utf8}, {"v", Type::int64}};
    WriteRequest request = upsert();
    request.version = "v";
    Rows first{schema}, late{schema};
    first.add(1, "five", 5).add(2, "five", 5).add(3, "five", 5);
    EXPECT_TRUE(write(first, request).empty());
    late.add(1, "four", 4).add(2, "six", 6).add(2, "seven", 7).add(2, "six again", 6);
    late.add(3, "also five", 5);
    auto const refused = write(late, request);
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 0);
    EXPECT_EQ(refused[0].code, "postgres.row_is_newer");
    EXPECT_EQ(one("SELECT string_agg(name, ',' ORDER BY id) FROM people"), "five,seven,also five");
}

}  // namespace
}  // namespace weir::test
