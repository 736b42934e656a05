#include "sink_fixture.hpp"

namespace weir::test {

class SqliteReplace : public SqliteSink {
protected:
    void fill(WriteRequest const& request, std::vector<std::int64_t> const& ids) {
        Rows batch{people()};
        for (std::int64_t const id : ids) batch.add(id, "n" + std::to_string(id));
        deleted = run(request, batch);
    }
    std::uint64_t deleted = 0;
};

TEST_F(SqliteReplace, KeepsViewsIndexesAndColumnsOfOthers) {
    fill(upsert(), {1, 2, 3});
    sql("ALTER TABLE people ADD COLUMN mine TEXT; UPDATE people SET mine = 'kept ' || id;"
        "CREATE VIEW names AS SELECT name FROM people; CREATE INDEX by_name ON people(name)");
    fill(replace(), {2, 3, 4});
    EXPECT_EQ(deleted, 1u);
    EXPECT_EQ(rows("SELECT id, name, mine FROM people ORDER BY id"),
              (std::vector<Record>{
                  {"2", "n2", "kept 2"}, {"3", "n3", "kept 3"}, {"4", "n4", std::nullopt}}));
    EXPECT_EQ(one("SELECT count(*) FROM names"), "3");
    EXPECT_EQ(one("PRAGMA integrity_check"), "ok");
}

TEST_F(SqliteReplace, WithoutAKeyPutsAllRowsInPlaceOfAll) {
    WriteRequest request = replace();
    request.key = {};
    fill(request, {1, 1, 2});
    fill(request, {5, 5});
    EXPECT_EQ(deleted, 3u);
    EXPECT_EQ(one("SELECT group_concat(id) FROM people"), "5,5");
}

TEST_F(SqliteReplace, AReaderNeverSeesAHalfFilledTable) {
    fill(upsert(), {1, 2});
    Sqlite reader{file};
    Rows first{people()}, second{people()};
    for (int i = 10; i < 5000; ++i) first.add(i, "x");
    for (int i = 5000; i < 9000; ++i) second.add(i, "y");
    testkit::Writer writer = sink.start(replace(), first.schema());
    writer.write(first);
    writer.commit("{\"at\":1}");
    EXPECT_EQ(reader.one("SELECT count(*) FROM people"), "2");
    reader.run("BEGIN");
    EXPECT_EQ(reader.one("SELECT count(*) FROM people"), "2");
    writer.write(second);
    EXPECT_EQ(writer.commit("", true), 2u);
    EXPECT_EQ(reader.one("SELECT count(*) FROM people"), "2") << "its own snapshot";
    reader.run("COMMIT");
    EXPECT_EQ(reader.one("SELECT count(*) FROM people"), "8990");
}

TEST_F(SqliteReplace, ANewTableComesWithItsRows) {
    Rows batch{people()};
    batch.add(1, "a");
    testkit::Writer writer = sink.start(replace(), batch.schema());
    writer.write(batch);
    writer.commit("{}");
    EXPECT_FALSE(Sqlite{file}.has_table("people"));
    writer.commit("", true);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "1");
}

TEST_F(SqliteReplace, LeavesNoFileBehind) {
    fill(replace(), {1, 2});
    EXPECT_EQ(files(), std::vector<std::string>{"out.db"});
    {
        Rows batch{people()};
        batch.add(1, "a");
        testkit::Writer writer = sink.start(replace(), batch.schema());
        writer.write(batch);
        EXPECT_GT(files().size(), 1u);
    }
    EXPECT_EQ(files(), std::vector<std::string>{"out.db"});
}

TEST_F(SqliteReplace, DropsTheStageOfADeadRun) {
    fill(upsert(), {1});
    std::string stage;
    {
        Rows batch{people()};
        batch.add(1, "a");
        testkit::Writer writer = sink.start(replace(), batch.schema());
        for (std::string const& name : files())
            if (name.ends_with(".stage")) stage = name;
    }
    ASSERT_FALSE(stage.empty());
    write_file(directory / stage, "left over");
    sink.begin(upsert());
    EXPECT_EQ(files(), std::vector<std::string>{"out.db"});
}

TEST_F(SqliteReplace, H25TheLastOfOneKeyWins) {
    Rows one_batch{people()}, two{people()};
    one_batch.add(1, "first").add(1, "second");
    two.add(1, "last");
    testkit::Writer writer = sink.start(replace(), one_batch.schema());
    writer.write(one_batch);
    writer.write(two);
    writer.commit("", true);
    EXPECT_EQ(rows("SELECT * FROM people"), (std::vector<Record>{{"1", "last"}}));
}

TEST_F(SqliteReplace, AStagedAppendShowsAtItsEndBesideWhatIsThere) {
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

TEST_F(SqliteReplace, AnUnchangedRowIsNotWritten) {
    fill(upsert(), {1, 2});
    sql("CREATE TABLE changes(id); CREATE TRIGGER t AFTER UPDATE ON people "
        "BEGIN INSERT INTO changes VALUES (new.id); END");
    Rows batch{people()};
    batch.add(1, "n1").add(2, "other");
    run(replace(), batch);
    EXPECT_EQ(rows("SELECT id FROM changes"), (std::vector<Record>{{"2"}}));
}

TEST_F(SqliteReplace, WhatDoesNotFitAtTheEndChangesNothing) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT UNIQUE); "
        "INSERT INTO people VALUES (7, 'old')");
    Rows batch{people()};
    batch.add(1, "same").add(2, "same");
    testkit::Writer writer = sink.start(replace(), batch.schema());
    writer.write(batch);
    expect_code("sqlite.unique", [&] { writer.commit("", true); });
    writer.close();
    EXPECT_EQ(rows("SELECT * FROM people"), (std::vector<Record>{{"7", "old"}}));
}

}  // namespace weir::test
