#include "sink_fixture.hpp"

namespace weir::test {
namespace {

class PostgresReplace : public PostgresSinkTest {
protected:
    void fill(WriteRequest const& request, std::vector<std::int64_t> const& ids) {
        Rows batch{people()};
        for (std::int64_t const id : ids) batch.add(id, "n" + std::to_string(id));
        deleted = run(request, batch);
    }
    std::uint64_t deleted = 0;
};

TEST_F(PostgresReplace, KeepsViewsGrantsForeignKeysIndexesAndColumnsOfOthers) {
    fill(upsert(), {1, 2, 3});
    sql("ALTER TABLE people ADD COLUMN mine text; UPDATE people SET mine = 'kept ' || id;"
        "CREATE VIEW names AS SELECT name FROM people; CREATE INDEX by_name ON people(name);"
        "CREATE TABLE pets(owner bigint REFERENCES people); INSERT INTO pets VALUES (2), (3)");
    server.connect(database).run("GRANT SELECT ON people TO pg_monitor");
    std::string const grants = one("SELECT relacl FROM pg_class WHERE relname = 'people'");
    fill(replace(), {2, 3, 4});
    EXPECT_EQ(deleted, 1u);
    EXPECT_EQ(rows("SELECT id, name, mine FROM people ORDER BY id"),
              (std::vector<Record>{
                  {"2", "n2", "kept 2"}, {"3", "n3", "kept 3"}, {"4", "n4", std::nullopt}}));
    EXPECT_EQ(one("SELECT count(*) FROM names"), "3");
    EXPECT_EQ(one("SELECT relacl FROM pg_class WHERE relname = 'people'"), grants);
    EXPECT_EQ(one("SELECT count(*) FROM pets JOIN people ON owner = id"), "2");
    EXPECT_EQ(one("SELECT count(*) FROM pg_indexes WHERE tablename = 'people'"), "2");
}

TEST_F(PostgresReplace, WithoutAKeyPutsAllRowsInPlaceOfAll) {
    WriteRequest request = replace();
    request.key = {};
    fill(request, {1, 1, 2});
    fill(request, {5, 5});
    EXPECT_EQ(deleted, 3u);
    EXPECT_EQ(one("SELECT string_agg(id::text, ',') FROM people"), "5,5");
}

TEST_F(PostgresReplace, AReaderNeverSeesAHalfFilledTable) {
    fill(upsert(), {1, 2});
    Pg reader = server.connect_as_owner(database);
    Rows first{people()}, second{people()};
    for (int i = 10; i < 5000; ++i) first.add(i, "x");
    for (int i = 5000; i < 9000; ++i) second.add(i, "y");
    testkit::Writer writer = sink.start(replace(), first.schema());
    writer.write(first);
    writer.commit("{\"at\":1}");
    EXPECT_EQ(reader.one("SELECT count(*) FROM people"), "2");
    reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    EXPECT_EQ(reader.one("SELECT count(*) FROM people"), "2");
    writer.write(second);
    EXPECT_EQ(writer.commit("", true), 2u);
    EXPECT_EQ(reader.one("SELECT count(*) FROM people"), "2") << "its own snapshot";
    reader.run("COMMIT");
    EXPECT_EQ(reader.one("SELECT count(*) FROM people"), "8990");
}

TEST_F(PostgresReplace, ANewTableComesWithItsRows) {
    Rows batch{people()};
    batch.add(1, "a").add(1, "b");
    testkit::Writer writer = sink.start(replace(), batch.schema());
    writer.write(batch);
    writer.commit("{}");
    EXPECT_EQ(one("SELECT to_regclass('people') IS NULL"), "t");
    writer.commit("", true);
    EXPECT_EQ(rows("SELECT * FROM people"), (std::vector<Record>{{"1", "b"}}));
}

TEST_F(PostgresReplace, LeavesNothingBehindWhateverItsEnd) {
    fill(replace(), {1, 2});
    {
        Rows batch{people()};
        batch.add(3, "a");
        testkit::Writer writer = sink.start(replace(), batch.schema());
        writer.write(batch);
    }
    fill(replace(), {1, 2});
    EXPECT_EQ(one("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class"
                  " WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_cat|info)'"),
              "_weir_checkpoint people");
}

TEST_F(PostgresReplace, TheLastOfOneKeyWins) {
    fill(upsert(), {1});
    Rows one_batch{people()}, two{people()};
    one_batch.add(1, "first").add(1, "second");
    two.add(1, "last");
    testkit::Writer writer = sink.start(replace(), one_batch.schema());
    writer.write(one_batch);
    writer.write(two);
    writer.commit("", true);
    EXPECT_EQ(rows("SELECT * FROM people"), (std::vector<Record>{{"1", "last"}}));
}

TEST_F(PostgresReplace, AStagedAppendShowsAtItsEndBesideWhatIsThere) {
    fill(append(), {1});
    WriteRequest request = append();
    request.flags = WEIR_BEGIN_STAGED;
    Rows batch{people()};
    batch.add(1, "again").add(2, "b");
    testkit::Writer writer = sink.start(request, batch.schema());
    writer.write(batch);
    writer.commit("{}");
    EXPECT_EQ(one("SELECT count(*) FROM people"), "1");
    EXPECT_EQ(writer.commit("", true), 0u);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "3");
    EXPECT_EQ(one("SELECT \"rows\" FROM _weir_checkpoint"), "3");
}

TEST_F(PostgresReplace, AnUnchangedRowIsNotWritten) {
    fill(upsert(), {1, 2});
    auto const before = rows("SELECT ctid, xmin, xmax FROM people ORDER BY id");
    Rows batch{people()};
    batch.add(1, "n1").add(2, "other");
    run(replace(), batch);
    auto const after = rows("SELECT ctid, xmin, xmax FROM people ORDER BY id");
    EXPECT_EQ(before[0], after[0]);
    EXPECT_NE(before[1], after[1]);
}

TEST_F(PostgresReplace, WhatDoesNotFitAtTheEndChangesNothing) {
    sql("CREATE TABLE people(id bigint PRIMARY KEY, name text UNIQUE);"
        "INSERT INTO people VALUES (7, 'old')");
    Rows batch{people()};
    batch.add(1, "same").add(2, "same");
    testkit::Writer writer = sink.start(replace(), batch.schema());
    writer.write(batch);
    Failure const failure = failure_of([&] { writer.commit("", true); });
    EXPECT_EQ(failure.code, "postgres.unique") << failure.what();
    EXPECT_NE(std::string{failure.what()}.find("id 2"), std::string::npos) << failure.what();
    writer.close();
    EXPECT_EQ(rows("SELECT * FROM people"), (std::vector<Record>{{"7", "old"}}));
}

TEST_F(PostgresReplace, ARowThatOthersReferToStaysAndTheReplaceIsRefused) {
    fill(upsert(), {1, 2});
    sql("CREATE TABLE pets(owner bigint REFERENCES people); INSERT INTO pets VALUES (1)");
    Rows batch{people()};
    batch.add(2, "n2");
    testkit::Writer writer = sink.start(replace(), batch.schema());
    writer.write(batch);
    expect_code("postgres.foreign_key", [&] { writer.commit("", true); });
    writer.close();
    EXPECT_EQ(one("SELECT count(*) FROM people"), "2");
}

}  // namespace
}  // namespace weir::test
