#include "sink_fixture.hpp"

namespace weir::test {
namespace {

class PostgresMerge : public PostgresSinkTest {
protected:
    void fill(std::vector<std::pair<int, std::string>> const& pairs) {
        Rows batch{people()};
        for (auto const& [id, name] : pairs) batch.add(id, name);
        run(upsert(), batch);
    }
    /// Where each row lies, and which transaction wrote or locked it last.
    std::vector<Record> places() {
        return rows("SELECT id, ctid, xmin, xmax FROM people ORDER BY id");
    }
};

TEST_F(PostgresMerge, ARowThatIsTheSameIsNotEvenLocked) {
    fill({{1, "a"}, {2, "b"}, {3, "c"}});
    auto const before = places();
    fill({{1, "a"}, {2, "changed"}, {3, "c"}});
    auto const after = places();
    EXPECT_EQ(before[0], after[0]);
    EXPECT_NE(before[1], after[1]);
    EXPECT_EQ(before[2], after[2]);
}

TEST_F(PostgresMerge, WhatPrintsOtherwiseDiffers) {
    Schema const schema{{"id", Type::int64}, {"n", Type::numeric}, {"f", Type::float64},
                        {"j", Type::json}};
    Rows first{schema}, again{schema};
    first.add(1, "1.1", 0.0, "{\"a\":1}").add(2, "1.1", 0.0, "[]");
    run(upsert(), first);
    auto const before = places();
    again.add(1, "1.10", -0.0, "{\"a\": 1}").add(2, "1.1", 0.0, "[]");
    run(upsert(), again);
    EXPECT_EQ(rows("SELECT * FROM people WHERE id = 1"),
              (std::vector<Record>{{"1", "1.10", "-0", "{\"a\": 1}"}}));
    EXPECT_EQ(before[1], places()[1]);
}

TEST_F(PostgresMerge, H25ColumnsOfOthersAreLeftAlone) {
    fill({{1, "a"}});
    sql("ALTER TABLE people ADD COLUMN mine text; UPDATE people SET mine = 'kept'");
    for (int i = 0; i < 3; ++i) fill({{1, "b" + std::to_string(i)}});
    EXPECT_EQ(rows("SELECT * FROM people"), (std::vector<Record>{{"1", "b2", "kept"}}));
}

TEST_F(PostgresMerge, H25OfOneKeyTheLastWinsWhereverItCame) {
    fill({{1, "a"}, {1, "b"}});
    EXPECT_EQ(one("SELECT name FROM people"), "b");
    fill({{2, "x"}, {1, "c"}, {2, "y"}, {1, "d"}});
    EXPECT_EQ(one("SELECT string_agg(name, ',' ORDER BY id) FROM people"), "d,y");
}

TEST_F(PostgresMerge, H31KeysThatTheServerCallsEqualAreOne) {
    Schema schema = people();
    schema[0] = {"id", Type::numeric, false};
    for (int i = 0; i < 2; ++i) {
        Rows batch{schema};
        batch.add("1.0", "a").add("1.00", "b").add("2", "c").add("1", "last");
        run(upsert(), batch);
        EXPECT_EQ(rows("SELECT name FROM people ORDER BY id"),
                  (std::vector<Record>{{"last"}, {"c"}}));
    }
}

TEST_F(PostgresMerge, ManyBatchesOfOneTransactionMeetTheirRows) {
    fill({{0, "a"}});
    Rows last{people()};
    testkit::Writer writer = sink.start(upsert(), last.schema());
    for (int i = 0; i < 20; ++i) {
        Rows batch{people()};
        for (int id = 0; id < 100; ++id) batch.add(id + i * 50, "batch " + std::to_string(i));
        writer.write(batch);
    }
    writer.commit("{}", true);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "1050");
    EXPECT_EQ(one("SELECT count(*) FROM people WHERE name = 'batch ' || least(id / 50, 19)"),
              "1050");
}

TEST_F(PostgresMerge, AKeyOfSeveralColumnsAndNothingElse) {
    Schema const schema{{"a", Type::utf8}, {"b", Type::int64}};
    WriteRequest request = upsert();
    request.key = {"a", "b"};
    for (int i = 0; i < 2; ++i) {
        Rows batch{schema};
        batch.add("x", 1).add("x", 2).add("x", 1).add("", 1);
        run(request, batch);
        EXPECT_EQ(one("SELECT count(*) FROM people"), "3");
    }
}

TEST_F(PostgresMerge, H32IdentityAndGeneratedColumnsAreTaken) {
    sql("CREATE TABLE people(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text,"
        " size integer GENERATED ALWAYS AS (length(name)) STORED);"
        "INSERT INTO people(name) VALUES ('one')");
    Schema schema = people();
    schema.push_back({"size", Type::int64});
    Rows batch{schema};
    batch.add(1, "first", 99).add(2, "two", 99);
    run(upsert(), batch);
    EXPECT_EQ(rows("SELECT * FROM people ORDER BY id"),
              (std::vector<Record>{{"1", "first", "5"}, {"2", "two", "3"}}));
}

TEST_F(PostgresMerge, WhatFilledATableGoesOnWithoutLooking) {
    Rows one_batch{people()}, two{people()};
    one_batch.add(1, "a");
    two.add(2, "b").add(1, "again");
    {
        testkit::Writer writer = sink.start(upsert(), one_batch.schema());
        writer.write(one_batch);
        writer.commit("{\"at\":1}");
    }
    EXPECT_EQ(one("SELECT is_filling FROM _weir_checkpoint"), "t");
    testkit::Writer writer = sink.start(upsert(), two.schema());
    writer.write(two);  // comes upon a row of the run before, and merges from there on
    writer.commit("{\"at\":2}");
    EXPECT_EQ(one("SELECT is_filling FROM _weir_checkpoint"), "f");
    EXPECT_EQ(one("SELECT string_agg(name, ',' ORDER BY id) FROM people"), "again,b");
}

}  // namespace
}  // namespace weir::test
