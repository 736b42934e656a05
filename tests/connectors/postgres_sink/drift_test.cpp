#include "sink_fixture.hpp"

namespace weir::test {
namespace {

class PostgresDrift : public PostgresSinkTest {
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

TEST_F(PostgresDrift, H33AColumnThatTheSourceGainedIsAdded) {
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
    EXPECT_EQ(rows("SELECT id, extra FROM orders ORDER BY id"),
              (std::vector<Record>{{"1", std::nullopt}, {"2", "t"}}));
}

TEST_F(PostgresDrift, H33ADroppedOrRenamedColumnStopsTheRunAndKeepsThePosition) {
    first_run();
    Schema less = orders(), renamed = orders();
    less.pop_back();
    renamed[1].name = "sum";
    Rows batch{less}, other{renamed};
    Failure const failure = failure_of([&] { sink.start(request(), batch.schema()); });
    EXPECT_EQ(failure.status, WEIR_E_SCHEMA);
    EXPECT_EQ(failure.code, "postgres.column_gone");
    EXPECT_EQ(failure.where, "note");
    EXPECT_EQ(failure_of([&] { sink.start(request(), other.schema()); }).where, "total");
    EXPECT_EQ(sink.begin(request()).cursor(), "{\"at\":1}");
}

TEST_F(PostgresDrift, H33ARetypedColumnStopsTheRunAndSaysBothTypes) {
    first_run();
    Schema retyped = orders();
    retyped[1].type = Type::utf8;
    retyped[1].source_type = "text";
    Rows batch{retyped};
    Failure const failure = failure_of([&] { sink.start(request(), batch.schema()); });
    EXPECT_EQ(failure.code, "postgres.column_retyped");
    EXPECT_NE(std::string{failure.what()}.find("\"total\" was integer"), std::string::npos);
    EXPECT_NE(std::string{failure.what()}.find("now text"), std::string::npos);
}

// As MySQL and MariaDB spell it; a set of characters that may lack some rewrites texts.
TEST_F(PostgresDrift, H33AnotherOrderOfTextsIsNone) {
    auto const go = [&](std::string const& type) {
        Schema schema = orders();
        schema[2] = {"note", Type::utf8, true, type, 0, 0, "mysql"};
        Rows batch{schema};
        batch.add(1, 5, "a");
        run(request(), batch, "{\"at\":1}");
    };
    go("varchar(9) COLLATE latin1_swedish_ci");
    go("varchar(9) COLLATE latin1_bin");
    go("varchar(12) COLLATE utf8mb4_bin");
    for (char const* const type :
         {"varchar(12) COLLATE latin1_bin", "varchar(5) COLLATE utf8mb4_general_ci"})
        EXPECT_EQ(failure_of([&] { go(type); }).code, "postgres.column_retyped") << type;
}

TEST_F(PostgresDrift, H33AWiderTextAndAnotherChoiceOfFieldsAreNone) {
    first_run();
    Schema wider = orders(), less = orders();
    wider[2].source_type = "varchar(200)";
    less.pop_back();
    Rows batch{wider}, some{less};
    batch.add(2, 6, "b");
    some.add(3, 7);
    EXPECT_NO_THROW(run(request(), batch));
    EXPECT_NO_THROW(run(request(R"(["id","total"])"), some));
}

TEST_F(PostgresDrift, H33AColumnDroppedInTheSinkStopsTheRun) {
    first_run();
    sql("ALTER TABLE orders DROP COLUMN note");
    Rows batch{orders()};
    Failure const failure = failure_of([&] { sink.start(request(), batch.schema()); });
    EXPECT_EQ(failure.code, "postgres.column_missing");
    EXPECT_NE(failure.suggestion.find("ADD COLUMN"), std::string::npos);
}

TEST_F(PostgresDrift, H33AColumnRenamedInTheSinkAmidARunStopsIt) {
    first_run();
    Rows first{orders()}, second{orders()};
    first.add(2, 6, "b");
    second.add(3, 7, "c");
    testkit::Writer writer = sink.start(request(), first.schema());
    writer.write(first);
    writer.commit("{\"at\":2}", false);
    sql("ALTER TABLE orders RENAME note TO remark");
    Failure const failure = failure_of([&] { writer.write(second); });
    EXPECT_EQ(failure.status, WEIR_E_SCHEMA);
    EXPECT_EQ(failure.code, "postgres.column_missing");
    EXPECT_NE(std::string{failure.what()}.find("\"note\""), std::string::npos) << failure.what();
    EXPECT_EQ(sink.begin(request()).cursor(), "{\"at\":2}");
}

TEST_F(PostgresDrift, H33AColumnThatMayBeNullNowMayBeNullHere) {
    Schema strict = people(), loose = people();
    strict[1].nullable = false;
    Rows first{strict}, second{loose};
    first.add(1, "a");
    second.add(2, nullptr);
    run(upsert(), first);
    EXPECT_EQ(one("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'people'::regclass"
                  " AND attname = 'name'"),
              "t");
    run(upsert(), second);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "2");
}

TEST_F(PostgresDrift, H33ANotNullThatAPersonSetStays) {
    auto const is_strict = [&] {
        return one("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'orders'::regclass AND"
                   " attname = 'total'");
    };
    first_run();
    sql("ALTER TABLE orders ALTER total SET NOT NULL");
    Rows batch{orders()};
    batch.add(2, nullptr, "b");
    expect_code("postgres.not_null", [&] { run(request(), batch); });
    EXPECT_EQ(is_strict(), "t");
    EXPECT_EQ(one("SELECT count(*) FROM orders"), "1");
    // Of a checkpoint that does not know whose it is, it is at least told.
    sql("UPDATE _weir_checkpoint SET fields = (fields::jsonb - 'required')::text");
    EXPECT_NO_THROW(run(request(), batch));
    EXPECT_EQ(is_strict(), "f");
    EXPECT_TRUE(host.logged("\"total\" of orders is no longer NOT NULL"));
}

TEST_F(PostgresDrift, H33AFieldThatTurnsToTextWithinARunIsNoDrift) {
    for (WriteRequest const& request : {upsert("days"), replace("days"), replace("days")}) {
        Schema dates{{"id", Type::int64, false, "bigint"}, {"day", Type::date, true, "date"}};
        Schema texts = dates;
        texts[1].type = Type::utf8;
        Rows first{dates}, second{texts}, third{dates};
        first.add(1, 0);
        second.add(2, "infinity");
        third.add(3, 1);
        testkit::Writer writer = sink.start(request, first.schema());
        writer.write(first);
        sink.prepare(request, second.schema());
        writer.write(second);
        sink.prepare(request, third.schema());
        writer.write(third);
        writer.commit("{}", true);
        EXPECT_EQ(rows("SELECT day FROM days ORDER BY id"),
                  (std::vector<Record>{{"1970-01-01"}, {"infinity"}, {"1970-01-02"}}));
    }
}

TEST_F(PostgresDrift, H33OtherFieldsAmidStagedRowsStopTheRun) {
    Schema more = people();
    more.push_back({"extra", Type::utf8});
    Rows first{people()}, second{more};
    first.add(1, "a");
    second.add(2, "b", "new");
    run(upsert(), first);
    testkit::Writer writer = sink.start(replace(), first.schema());
    writer.write(first);
    expect_code("postgres.fields_changed", [&] { sink.prepare(replace(), second.schema()); });
}

TEST_F(PostgresDrift, H33AColumnGainedWithinARunJoinsTheOpenTransaction) {
    Schema more = people();
    more.push_back({"extra", Type::utf8});
    Rows first{people()}, second{more};
    first.add(1, "a");
    second.add(2, "b", "new");
    testkit::Writer writer = sink.start(append(), first.schema());
    writer.write(first);
    EXPECT_EQ(sink.prepare(append(), second.schema()).size(), 1u);
    writer.write(second);
    writer.commit("{}", true);
    EXPECT_EQ(rows("SELECT id, extra FROM people ORDER BY id"),
              (std::vector<Record>{{"1", std::nullopt}, {"2", "new"}}));
}

}  // namespace
}  // namespace weir::test
