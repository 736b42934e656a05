// How rows land in a table: Weir's own, and those of others.
#include "connectors/adbc/adbc_fixture.hpp"

namespace weir::test {
namespace {

class AdbcWrite : public AdbcTest {
protected:
    static std::vector<std::string> codes(std::vector<Refused> const& refused) {
        std::vector<std::string> out;
        for (Refused const& row : refused) out.push_back(std::to_string(row.row) + " " + row.code);
        return out;
    }
    using Words = std::vector<std::string>;
    Words types_of(std::string const& table) {
        Words out;
        std::string const query =
            "SELECT data_type FROM duckdb_columns() WHERE table_name = '" + table + "' ORDER BY ";
        for (Record const& row : rows(query + "column_index"))
            out.push_back(row.at(0).value());
        return out;
    }
};

TEST_F(AdbcWrite, EveryTypeLandsInOneThatHoldsIt) {
    Schema schema{{"id", Type::int64, false}, {"b", Type::boolean},   {"u", Type::uint64},
                  {"f", Type::float32},       {"d", Type::float64},   {"s", Type::utf8},
                  {"x", Type::binary},        {"k", Type::uuid},      {"da", Type::date},
                  {"ti", Type::time},         {"ts", Type::timestamp}, {"tz", Type::instant},
                  {"n", Type::decimal},       {"m", Type::numeric},   {"j", Type::json},
                  {"o", Type::opaque}};
    schema[12].precision = 38;
    schema[12].scale = 2;
    Rows rows{schema};
    Batch& batch = rows.builder();
    char const uuid[] = "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
    __int128 const digits = -12'345;
    batch.column(0).integer(1);
    batch.column(1).boolean(true);
    batch.column(2).unsigned_integer(UINT64_MAX);
    batch.column(3).float32(1.5f);
    batch.column(4).float64(0.1);
    batch.column(5).text("é😀 'x' \"y\"");
    batch.column(6).text(std::string_view{"\0\xff", 2});
    batch.column(7).bytes16(uuid);
    batch.column(8).integer(-719'162);
    batch.column(9).integer(86'399'999'999);
    batch.column(10).integer(1'704'164'645'678'901);
    batch.column(11).integer(1'704'157'445'000'000);
    batch.column(12).bytes16(&digits);
    batch.column(13).text("1234567890123456789012345678901234567890.5");
    batch.column(14).text("{\"a\": [1]}");
    batch.column(15).text("[1,2)");
    run(upsert("t"), rows);
    EXPECT_EQ(types_of("t"),
              (Words{"BIGINT", "BOOLEAN", "UBIGINT", "FLOAT", "DOUBLE", "VARCHAR", "BLOB", "UUID",
                     "DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "DECIMAL(38,2)",
                     "VARCHAR", "JSON", "VARCHAR"}));
    EXPECT_EQ(
        this->rows("SELECT id, b, u, f, d, s, hex(x), k, da, ti, ts, epoch_us(tz), n, m, j, o "
                   "FROM t"),
        (std::vector<Record>{{"1", "true", "18446744073709551615", "1.5", "0.1",
                              "é😀 'x' \"y\"", "00FF", "00112233-4455-6677-8899-aabbccddeeff",
                              "0001-01-01", "23:59:59.999999", "2024-01-02 03:04:05.678901",
                              "1704157445000000", "-123.45",
                              "1234567890123456789012345678901234567890.5", "{\"a\": [1]}",
                              "[1,2)"}}));
}

TEST_F(AdbcWrite, AKeyOfTheTargetIsUniqueThere) {
    Rows rows{people()};
    rows.add(1, "a");
    run(upsert(), rows);
    testkit::SourceInstance from = source();
    EXPECT_EQ(from.discover("people").at(0).meta.at("keys"), (Json{{"id"}}));
    EXPECT_TRUE(from.discover("_weir*").empty()) << "positions are nobody's stream";
}

TEST_F(AdbcWrite, ABatchMayBringAColumnMore) {
    Schema wider = people();
    wider.push_back({"age", Type::int64});
    Rows first{people()}, second{wider};
    first.add(1, "a");
    second.add(2, "b", 30);
    testkit::SinkInstance into = sink();
    {
        testkit::Writer writer = into.start(upsert(), first.schema());
        writer.write(first);
        writer.commit("{}");
        writer.write(second);
        writer.commit("{}", true);
    }
    EXPECT_EQ(this->rows("SELECT * FROM people ORDER BY id"),
              (std::vector<Record>{{"1", "a", std::nullopt}, {"2", "b", "30"}}));
}

TEST_F(AdbcWrite, NothingOfAReplaceShowsBeforeItsEnd) {
    Rows rows{people()};
    rows.add(1, "a");
    testkit::SinkInstance into = sink();
    testkit::Writer writer = into.start(replace(), rows.schema());
    writer.write(rows);
    writer.commit("{}");
    testkit::SourceInstance from = source();
    EXPECT_TRUE(from.discover("people").empty());
    writer.commit("", true);
    EXPECT_EQ(from.discover("people").size(), 1u);
}

TEST_F(AdbcWrite, AReplaceWithoutAKeyIsAllOutAllIn) {
    Rows old{people()}, rows{people()};
    old.add(1, "a").add(1, "a");
    rows.add(2, "b").add(2, "b").add(3, "c");
    WriteRequest request = replace();
    request.key = {};
    run(request, old);
    EXPECT_EQ(run(request, rows), 2u);
    EXPECT_EQ(one("SELECT string_agg(name, '' ORDER BY name) FROM people"), "bbc");
}

TEST_F(AdbcWrite, AnUpsertWithoutAKeyIsRefused) {
    Rows rows{people()};
    WriteRequest request = upsert();
    request.key = {};
    expect_code("adbc.key_missing", [&] { run(request, rows); });
    request.key = {"nothing"};
    expect_code("adbc.key_missing", [&] { run(request, rows); });
}

TEST_F(AdbcWrite, NamesThatWeirKeepsAreRefused) {
    Rows rows{people()}, twice{{{"a", Type::int64}, {"A", Type::int64}}};
    expect_code("adbc.reserved_name", [&] { run(append("_weir_checkpoint"), rows); });
    expect_code("adbc.reserved_name", [&] { run(append("t"), twice); });
    Rows ours{{{"_weir_n", Type::int64}}};
    expect_code("adbc.reserved_name", [&] { run(append("t"), ours); });
}

TEST_F(AdbcWrite, ATableOfSomebodyElseIsTakenWhereItHoldsEachValue) {
    sql("CREATE TABLE people (id bigint, name varchar, extra int DEFAULT 7)");
    Rows rows{people()};
    rows.add(1, "a");
    run(upsert(), rows);
    EXPECT_EQ(this->rows("SELECT * FROM people"), (std::vector<Record>{{"1", "a", "7"}}));
    for (char const* const type : {"double", "varchar", "date"}) {
        sql(std::string{"DROP TABLE people; CREATE TABLE people (name varchar, id "} + type + ")");
        expect_code("adbc.column_type", [&] { run(upsert(), rows); });
    }
    sql("DROP TABLE people; CREATE TABLE people (id int, name varchar)");
    Rows wide{people()};
    wide.add(2'147'483'647, "fits").add(2'147'483'648, "does not");
    {
        testkit::SinkInstance into = sink();
        testkit::Writer writer = into.start(upsert(), wide.schema());
        EXPECT_EQ(codes(writer.write_some(wide)), (Words{"1 adbc.data"}));
        writer.commit("{}", true);
    }
    EXPECT_EQ(one("SELECT string_agg(id, ' ') FROM people"), "2147483647");
    sql("DROP TABLE people; CREATE TABLE people (id bigint)");
    expect_code("adbc.column_missing", [&] { run(upsert(), rows); });
    sql("DROP TABLE people; CREATE VIEW people AS SELECT 1 AS id");
    expect_code("adbc.column_type", [&] { run(upsert(), rows); });
}

TEST_F(AdbcWrite, WhatItsRulesRefuseIsNamedAndTheOthersAreWritten) {
    sql("CREATE TABLE people (id bigint PRIMARY KEY CHECK (id <> 3), name varchar NOT NULL UNIQUE);"
        "INSERT INTO people VALUES (9, 'taken')");
    Rows rows{people()};
    rows.add(1, "a").add(2, nullptr).add(3, "check").add(4, "taken").add(5, "e").add(6, "e");
    testkit::SinkInstance into = sink();
    {
        testkit::Writer writer = into.start(upsert(), rows.schema());
        EXPECT_EQ(codes(writer.write_some(rows)),
                  (Words{"1 adbc.not_null", "2 adbc.data", "3 adbc.data", "5 adbc.data"}));
        writer.commit("{}", true);
    }
    EXPECT_EQ(one("SELECT string_agg(id, ' ' ORDER BY id) FROM people"), "1 5 9");
}

TEST_F(AdbcWrite, TextThatIsNoJsonIsRefusedBeforeItLands) {
    Rows rows{{{"id", Type::int64, false}, {"j", Type::json}}};
    rows.add(1, "{}").add(2, "{no").add(3, "null");
    testkit::SinkInstance into = sink();
    {
        testkit::Writer writer = into.start(upsert("t"), rows.schema());
        EXPECT_EQ(codes(writer.write_some(rows)), (Words{"1 adbc.data"}));
        writer.commit("{}", true);
    }
    EXPECT_EQ(one("SELECT string_agg(j, ' ' ORDER BY id) FROM t"), "{} null");
}

TEST_F(AdbcWrite, ARecordThatComesLateIsRefused) {
    Schema const schema{{"id", Type::int64, false}, {"version", Type::int64}, {"s", Type::utf8}};
    WriteRequest request = upsert("t");
    request.version = "version";
    Rows there{schema}, rows{schema};
    there.add(1, 5, "new").add(2, 5, "old");
    rows.add(1, 4, "late").add(2, 6, "newer").add(3, 2, "c").add(3, 1, "late");
    run(request, there);
    testkit::SinkInstance into = sink();
    {
        testkit::Writer writer = into.start(request, rows.schema());
        EXPECT_EQ(codes(writer.write_some(rows)),
                  (Words{"0 adbc.row_is_newer", "3 adbc.row_is_newer"}));
        writer.commit("{}", true);
    }
    EXPECT_EQ(one("SELECT string_agg(s, ' ' ORDER BY id) FROM t"), "new newer c");
}

TEST_F(AdbcWrite, ATargetThatWasReplacedMeanwhileIsNotWritten) {
    Rows rows{people()};
    rows.add(1, "a");
    testkit::SinkInstance into = sink();
    testkit::Writer writer = into.start(append(), rows.schema());
    sql("CREATE OR REPLACE TABLE people (id bigint, name varchar)");  // no row waits: it is closed
    writer.write(rows);
    expect_code("adbc.target_replaced", [&] { writer.commit("{}"); });
    expect_code("adbc.writer_ended", [&] { writer.write(rows); });
}

TEST_F(AdbcWrite, BetweenTwoTransactionsOthersHaveTheFile) {
    Rows rows{people()}, more{people()};
    rows.add(1, "a");
    more.add(2, "b");
    testkit::SinkInstance into = sink();
    testkit::Writer writer = into.start(append(), rows.schema());
    writer.write(rows);
    writer.commit("{}");
    EXPECT_EQ(one("SELECT count(*) FROM people"), "1");
    writer.write(more);
    writer.commit("{}", true);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "2");
}

}  // namespace
}  // namespace weir::test
