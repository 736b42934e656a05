#include "sink_fixture.hpp"

namespace weir::test {

class SqliteDrift : public SqliteSink {
protected:
    static Schema orders() {
        return {{"id", Type::int64, false, "bigint"},
                {"total", Type::int64, true, "integer"},
                {"note", Type::utf8, true, "varchar(10)"}};
    }
    WriteRequest request(std::string const& selection = "null") const {
        WriteRequest out = upsert("orders");
        out.spec = "{\"fields\":" + selection + "}";
        return out;
    }
    void first_run() {
        Rows batch{orders()};
        batch.add(1, 5, "a");
        run(request(), batch, "{\"at\":1}");
    }
};

TEST_F(SqliteDrift, H33AColumnThatTheSourceGainedIsAdded) {
    first_run();
    Schema more = orders();
    more.push_back({"extra", Type::boolean, true, "boolean"});
    Rows batch{more};
    batch.add(2, 6, "b", true);
    testkit::Writer writer = sink.begin(request());
    EXPECT_EQ(sink.prepare(request(), batch.schema()),
              (std::vector<std::string>{"add column extra to orders"}));
    writer.write(batch);
    writer.commit("{\"at\":2}", true);
    EXPECT_EQ(rows("SELECT id, extra FROM orders"),
              (std::vector<Record>{{"1", std::nullopt}, {"2", "1"}}));
}

TEST_F(SqliteDrift, H33ADroppedColumnStopsTheRunAndKeepsThePosition) {
    first_run();
    Schema less = orders();
    less.pop_back();
    Rows batch{less};
    Failure const failure = failure_of([&] { sink.start(request(), batch.schema()); });
    EXPECT_EQ(failure.status, WEIR_E_SCHEMA);
    EXPECT_EQ(failure.code, "sqlite.column_gone");
    EXPECT_EQ(failure.where, "note");
    EXPECT_EQ(sink.begin(request()).cursor(), "{\"at\":1}");
}

TEST_F(SqliteDrift, H33ARenamedColumnStopsTheRun) {
    first_run();
    Schema renamed = orders();
    renamed[1].name = "sum";
    Rows batch{renamed};
    EXPECT_EQ(failure_of([&] { sink.start(request(), batch.schema()); }).where, "total");
    EXPECT_EQ(one("SELECT count(*) FROM pragma_table_info('orders')"), "3");
}

TEST_F(SqliteDrift, H33ARetypedColumnStopsTheRunAndSaysBothTypes) {
    first_run();
    Schema retyped = orders();
    retyped[1].type = Type::utf8;
    retyped[1].source_type = "text";
    Rows batch{retyped};
    Failure const failure = failure_of([&] { sink.start(request(), batch.schema()); });
    EXPECT_EQ(failure.code, "sqlite.column_retyped");
    EXPECT_NE(std::string{failure.what()}.find("\"total\" was integer"), std::string::npos);
    EXPECT_NE(std::string{failure.what()}.find("now text"), std::string::npos);
}

TEST_F(SqliteDrift, H33ADryRunSeesItToo) {
    first_run();
    Schema less = orders();
    less.pop_back();
    Rows batch{less};
    sink.peek(request());
    expect_code("sqlite.column_gone", [&] { sink.prepare(request(), batch.schema(), true); });
}

TEST_F(SqliteDrift, H33AWiderTextIsNoDrift) {
    first_run();
    Schema wider = orders();
    wider[2].source_type = "varchar(200)";
    Rows batch{wider};
    batch.add(2, 6, "b");
    EXPECT_NO_THROW(run(request(), batch));
}

TEST_F(SqliteDrift, H33AnotherChoiceOfFieldsIsNoDrift) {
    first_run();
    Schema less = orders();
    less.pop_back();
    Rows batch{less};
    batch.add(2, 6);
    EXPECT_NO_THROW(run(request(R"(["id","total"])"), batch));
    EXPECT_EQ(rows("SELECT note FROM orders"), (std::vector<Record>{{"a"}, {std::nullopt}}));
}

TEST_F(SqliteDrift, H33AColumnDroppedInTheSinkStopsTheRun) {
    first_run();
    sql("ALTER TABLE orders DROP COLUMN note");
    Rows batch{orders()};
    Failure const failure = failure_of([&] { sink.start(request(), batch.schema()); });
    EXPECT_EQ(failure.code, "sqlite.column_missing");
    EXPECT_NE(failure.suggestion.find("ADD COLUMN"), std::string::npos);
}

TEST_F(SqliteDrift, H33AFieldThatTurnsToTextWithinARunIsNoDrift) {
    Schema dates{{"id", Type::int64, false, "bigint"}, {"day", Type::date, true, "date"}};
    Schema texts = dates;
    texts[1].type = Type::utf8;
    Rows first{dates}, second{texts}, third{dates};
    first.add(1, 0);
    second.add(2, "infinity");
    third.add(3, 1);
    testkit::Writer writer = sink.start(upsert("days"), first.schema());
    writer.write(first);
    sink.prepare(upsert("days"), second.schema());
    writer.write(second);
    sink.prepare(upsert("days"), third.schema());
    writer.write(third);
    writer.commit("{}", true);
    EXPECT_EQ(rows("SELECT day FROM days"),
              (std::vector<Record>{{"1970-01-01"}, {"infinity"}, {"1970-01-02"}}));
}

TEST_F(SqliteDrift, H33AColumnGainedWithinARunJoinsTheOpenTransaction) {
    Schema more = people();
    more.push_back({"extra", Type::utf8});
    Rows first{people()}, second{more};
    first.add(1, "a");
    second.add(2, "b", "new");
    testkit::Writer writer = sink.start(append(), first.schema());
    writer.write(first);
    EXPECT_EQ(sink.prepare(append(), second.schema()).size(), 1u);
    writer.write(second);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "0") << "not committed yet";
    writer.commit("{}", true);
    EXPECT_EQ(rows("SELECT id, extra FROM people"),
              (std::vector<Record>{{"1", std::nullopt}, {"2", "new"}}));
}

}  // namespace weir::test
