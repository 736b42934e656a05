#include "sink_fixture.hpp"

namespace weir::test {

class SqliteFence : public SqliteSink {};

TEST_F(SqliteFence, TheCheckpointRowSaysWhatTheContractSays) {
    host.stop_clock_at(1'700'000'000'123'456);
    Rows batch{people()};
    batch.add(1, "a").add(2, "b");
    WriteRequest request = upsert();
    request.spec = R"({"fields":null})";
    run(request, batch, "{\"at\":2}");
    auto const found = rows(
        "SELECT job, stream, epoch, \"cursor\", run_id, \"rows\", updated_at, batch, target, spec "
        "FROM _weir_checkpoint");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0], (Record{"job", "stream", "1", "{\"at\":2}", "run", "2",
                                "2023-11-14T22:13:20.123456Z", "1", "people", request.spec}));
}

TEST_F(SqliteFence, RefusesAnOlderEpochAndSaysTheStoredOne) {
    Rows batch{people()};
    batch.add(1, "a");
    WriteRequest request = upsert();
    request.epoch = 7;
    sink.begin(request);
    request.epoch = 6;
    Failure const failure = failure_of([&] { sink.begin(request); });
    EXPECT_EQ(failure.status, WEIR_E_FENCED);
    EXPECT_EQ(failure.code, "sink.fenced");
    EXPECT_EQ(one("SELECT epoch FROM _weir_checkpoint"), "7");
}

TEST_F(SqliteFence, AnEmptyCommitIsFencedToo) {
    Rows batch{people()};
    testkit::Writer early = sink.start(upsert(), batch.schema());
    testkit::Writer late = sink.begin(upsert());
    Failure const failure = failure_of([&] { early.commit("{}", true); });
    EXPECT_EQ(failure.status, WEIR_E_FENCED);
    EXPECT_NE(std::string{failure.what()}.find("newer run"), std::string::npos);
    late.commit("{\"at\":1}", true);
    EXPECT_EQ(one("SELECT \"cursor\" FROM _weir_checkpoint"), "{\"at\":1}");
}

TEST_F(SqliteFence, H24TwoWritersOfOneTableWithoutAKeyLeaveNoRowTwice) {
    Rows one_row{people()};
    one_row.add(1, "a");
    testkit::SinkInstance other = make("sqlite:" + file);
    testkit::Writer early = sink.start(append(), one_row.schema());
    early.write(one_row);
    early.commit("{\"at\":1}");
    testkit::Writer late = other.start(append(), one_row.schema());
    EXPECT_EQ(late.cursor(), "{\"at\":1}");
    EXPECT_EQ(failure_of([&] { early.write(one_row); }).status, WEIR_E_FENCED);
    // The earlier one holds no lock any more.
    late.write(one_row);
    late.commit("{\"at\":2}", true);
    EXPECT_EQ(failure_of([&] { early.commit("{\"at\":9}"); }).status, WEIR_E_STATE);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "2");
    EXPECT_EQ(one("SELECT \"cursor\" FROM _weir_checkpoint"), "{\"at\":2}");
}

TEST_F(SqliteFence, NothingIsLockedBetweenTransactions) {
    Rows batch{people()};
    batch.add(1, "a");
    testkit::Writer writer = sink.start(upsert(), batch.schema());
    writer.write(batch);
    writer.commit("{\"at\":1}");
    sql("BEGIN IMMEDIATE; INSERT INTO people VALUES (9, 'other'); COMMIT");
    writer.commit("", true);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "2");
}

TEST_F(SqliteFence, AStagedCommitIsFenced) {
    Rows batch{people()};
    batch.add(1, "a");
    testkit::Writer early = sink.start(replace(), batch.schema());
    early.write(batch);
    testkit::Writer late = sink.begin(replace());
    EXPECT_EQ(failure_of([&] { early.commit("{}"); }).status, WEIR_E_FENCED);
}

TEST_F(SqliteFence, AStagedEndIsFencedAfterItsFileWasTaken) {
    Rows batch{people()};
    batch.add(1, "a");
    testkit::Writer early = sink.start(replace(), batch.schema());
    early.write(batch);
    testkit::Writer late = sink.begin(replace());
    EXPECT_LT(failure_of([&] { early.commit("", true); }).status, 0);
    EXPECT_FALSE(Sqlite{file}.has_table("people"));
}

TEST_F(SqliteFence, AnUncommittedTransactionBelongsToNobodyAfterClose) {
    Rows batch{people()};
    batch.add(1, "a");
    {
        testkit::Writer writer = sink.start(append(), batch.schema());
        writer.write(batch);
    }
    run(append(), batch, "{}");
    EXPECT_EQ(one("SELECT count(*) FROM people"), "1");
}

TEST_F(SqliteFence, PeekMakesNoFile) {
    EXPECT_TRUE(sink.peek(upsert()).is_null());
    EXPECT_TRUE(files().empty());
    Rows batch{people()};
    batch.add(1, "a");
    run(upsert(), batch, "{}");
    auto const before = files();
    EXPECT_FALSE(sink.peek(upsert()).is_null());
    EXPECT_EQ(files(), before);
}

class SqlitePosition : public SqliteSink {
protected:
    std::string cursor_after(std::string const& change) {
        Rows batch{people()};
        batch.add(1, "a");
        run(upsert(), batch, "{\"at\":1}");
        sql(change);
        bool const holds = !sink.peek(upsert()).is_null();
        std::string const cursor = sink.begin(upsert()).cursor();
        EXPECT_EQ(holds, !cursor.empty());
        return cursor;
    }
};

TEST_F(SqlitePosition, IsIgnoredWhenTheTableIsGone) {
    EXPECT_EQ(cursor_after("DROP TABLE people"), "");
    EXPECT_TRUE(host.logged("the table is gone"));
}

TEST_F(SqlitePosition, IsIgnoredWhenTheTableIsAnotherOne) {
    EXPECT_EQ(cursor_after("DROP TABLE people; CREATE TABLE people(id INTEGER PRIMARY KEY, name "
                           "TEXT); INSERT INTO people VALUES (1, 'x')"),
              "");
    EXPECT_TRUE(host.logged("not the one that was written"));
}

TEST_F(SqlitePosition, HoldsThroughAddedColumnsIndexesAndVacuum) {
    EXPECT_EQ(
        cursor_after("ALTER TABLE people ADD COLUMN mine TEXT; CREATE INDEX i ON people(name);"
                     "VACUUM"),
        "{\"at\":1}");
}

TEST_F(SqlitePosition, IsIgnoredWhenAForeignTableWasEmptied) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT)");
    EXPECT_EQ(cursor_after("DELETE FROM people"), "");
    EXPECT_TRUE(host.logged("empty"));
}

TEST_F(SqlitePosition, HoldsForAForeignTable) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT)");
    EXPECT_EQ(cursor_after("UPDATE people SET name = 'changed'"), "{\"at\":1}");
}

TEST_F(SqlitePosition, OfAReplaceThatDidNotEndIsTheOneBefore) {
    Rows batch{people()};
    batch.add(1, "a");
    run(upsert(), batch, "{\"at\":1}");
    {
        testkit::Writer writer = sink.start(replace(), batch.schema());
        EXPECT_EQ(writer.cursor(), "") << "what is read for staged rows begins at the beginning";
        writer.write(batch);
        writer.commit("{\"at\":5}");
    }
    EXPECT_EQ(sink.begin(upsert()).cursor(), "{\"at\":1}");
}

TEST_F(SqlitePosition, ATableReplacedWhileItIsCopiedIntoStopsTheRun) {
    Rows batch{people()};
    batch.add(1, "a");
    testkit::Writer writer = sink.start(upsert(), batch.schema());
    writer.write(batch);
    writer.commit("{\"at\":1}");
    sql("DROP TABLE people; CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT)");
    expect_code("sqlite.target_replaced", [&] { writer.write(batch); });
}

}  // namespace weir::test
