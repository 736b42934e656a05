#include <cmath>

#include "sink_fixture.hpp"

namespace weir::test {
namespace {

/// Values as they come from systems other than PostgreSQL; the types of that are tested from one
/// end to the other in tests/e2e.
class PostgresValues : public PostgresSinkTest {
protected:
    /// What the server prints of each value of one column.
    template <class... Values>
    std::vector<Record> stored(Field field, Values const&... values) {
        field.name = "v";
        sql("DROP TABLE IF EXISTS people");
        Rows batch{{{"id", Type::int64, false}, field}};
        std::int64_t id = 0;
        (batch.add(++id, values), ...);
        run(upsert(), batch);
        sql("SET TimeZone = 'UTC'");
        return rows("SELECT v FROM people ORDER BY id");
    }
};

TEST_F(PostgresValues, Numbers) {
    EXPECT_EQ(stored({"", Type::int64}, INT64_MIN, INT64_MAX, nullptr),
              (std::vector<Record>{{"-9223372036854775808"}, {"9223372036854775807"},
                                   {std::nullopt}}));
    EXPECT_EQ(stored({"", Type::float64}, 0.1, -0.0, 5e-324, double{NAN}, double{INFINITY},
                     -double{INFINITY}),
              (std::vector<Record>{{"0.1"}, {"-0"}, {"5e-324"}, {"NaN"}, {"Infinity"},
                                   {"-Infinity"}}));
    EXPECT_EQ(stored({"", Type::float32}, 1.1f, -0.0f),
              (std::vector<Record>{{"1.1"}, {"-0"}}));
}

TEST_F(PostgresValues, H26DigitsOfAnyNumber) {
    std::string const whole(2000, '7'), fraction(1500, '3');
    std::vector<std::string> const texts{
        "0",       "0.000", "-0.00010",   "1.10", "10000",    "9999.9999", "100000000",
        "0.00001", "NaN",   "12345.6789", "-1",   "Infinity", "-Infinity", whole + "." + fraction};
    Rows batch{{{"id", Type::int64, false}, {"v", Type::numeric}}};
    for (std::size_t i = 0; i < texts.size(); ++i) batch.add(i, texts[i]);
    run(upsert(), batch);
    auto const found = rows("SELECT v FROM people ORDER BY id");
    for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(found[i][0], texts[i]);
}

TEST_F(PostgresValues, DecimalsAndUnsignedNumbers) {
    Schema const schema{{"id", Type::int64, false},
                        {"d", Type::decimal, true, "", 38, 4},
                        {"u", Type::uint64}};
    Rows batch{schema};
    __extension__ typedef __int128 Wide;
    Wide big = 1;
    for (int i = 0; i < 37; ++i) big *= 10;
    std::uint64_t const largest = UINT64_MAX;
    std::vector<Wide> const numbers{0, 5, -5, 10'000, big};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        batch.builder().column(0).integer(static_cast<std::int64_t>(i));
        batch.builder().column(1).bytes16(&numbers[i]);
        batch.builder().column(2).unsigned_integer(largest - i);
    }
    run(upsert(), batch);
    EXPECT_EQ(rows("SELECT d FROM people ORDER BY id"),
              (std::vector<Record>{{"0.0000"}, {"0.0005"}, {"-0.0005"}, {"1.0000"},
                                   {"1000000000000000000000000000000000.0000"}}));
    EXPECT_EQ(one("SELECT max(u) FROM people"), "18446744073709551615");
}

TEST_F(PostgresValues, H27NulIsRefusedOrTakenOut) {
    sql("CREATE TABLE people(id bigint PRIMARY KEY, name text, doc jsonb, tags text[])");
    std::string const nul{"a\0b", 3};
    Schema const schema{{"id", Type::int64, false},
                        {"name", Type::utf8},
                        {"doc", Type::json},
                        {"tags", Type::json}};
    auto const write = [&](testkit::SinkInstance& into) {
        Rows batch{schema};
        batch.add(1, nul, "{}", "[]")
            .add(2, "b", R"(["\u0000x"])", "[]")
            .add(3, "c", R"(["\\u0000"])", R"(["\u0000y"])")
            .add(4, nullptr, nullptr, nullptr)
            .add(5, "e", "1", R"(["z"])");
        testkit::Writer writer = into.start(upsert(), batch.schema());
        std::vector<testkit::Refused> refused = writer.write_some(batch);
        writer.commit("{}", true);
        return refused;
    };
    auto const refused = write(sink);
    ASSERT_EQ(refused.size(), 3u);
    EXPECT_EQ(refused[0].code, "postgres.value");
    EXPECT_EQ(one("SELECT string_agg(id::text, ',' ORDER BY id) FROM people"), "4,5");
    std::string const url = server.url(database);
    char const* const behind = url.find('?') == url.npos ? "?" : "&";
    testkit::SinkInstance stripping = make(url + behind + "nul=strip&connect_timeout=9");
    EXPECT_TRUE(write(stripping).empty());
    EXPECT_EQ(rows("SELECT name, doc, tags FROM people ORDER BY id"),
              (std::vector<Record>{{"ab", "{}", "{}"},
                                   {"b", "[\"x\"]", "{}"},
                                   {"c", R"(["\\u0000"])", "{y}"},
                                   {std::nullopt, std::nullopt, std::nullopt},
                                   {"e", "1", "{z}"}}));
    Rows keyed{{{"k", Type::utf8, false}, {"doc", Type::utf8}}};
    keyed.add(nul, "1").add("b", R"(["\u0000x"])");
    sql("CREATE TABLE docs(k text PRIMARY KEY, doc jsonb)");
    WriteRequest const by_k{.target = "docs", .write_mode = WEIR_WRITE_UPSERT, .key = {"k"}};
    testkit::Writer refusing = sink.start(by_k, keyed.schema());
    EXPECT_NE(refusing.write_some(keyed).at(0).message.find("a\\0b"), std::string::npos);
    testkit::Writer taking = stripping.start(by_k, keyed.schema());
    EXPECT_TRUE(taking.write_some(keyed).empty());
    testkit::Failure const bad = failure_of([&] { make(url + behind + "nul=no"); });
    EXPECT_EQ(bad.code, "postgres.bad_url") << bad.what();
}

TEST_F(PostgresValues, TextAndBytes) {
    EXPECT_EQ(stored({"", Type::utf8}, "", "é😀", "a\tb\nc\\N", "\\N", "\\."),
              (std::vector<Record>{{""}, {"é😀"}, {"a\tb\nc\\N"}, {"\\N"}, {"\\."}}));
    EXPECT_EQ(stored({"", Type::binary}, "", std::string{"\0\xFF", 2}),
              (std::vector<Record>{{"\\x"}, {"\\x00ff"}}));
    EXPECT_EQ(stored({"", Type::json}, "{\"a\" :1}", "1e400", "null"),
              (std::vector<Record>{{"{\"a\" :1}"}, {"1e400"}, {"null"}}));
}

TEST_F(PostgresValues, TextsCrossInTextFormToo) {
    // An interval has no binary form here, and takes its neighbours with it.
    sql("CREATE TABLE people(id bigint PRIMARY KEY, s interval, t text, f float8, b bytea,"
        " d date, at timestamptz, n numeric, ok boolean)");
    Field interval{"s", Type::utf8, true, "interval"};
    interval.vendor = "postgres";
    Schema const schema{{"id", Type::int64, false}, interval,           {"t", Type::utf8},
                        {"f", Type::float64},       {"b", Type::binary}, {"d", Type::date},
                        {"at", Type::instant},      {"n", Type::numeric}, {"ok", Type::boolean}};
    Rows batch{schema};
    batch.add(1, "1 day 00:00:01", "a\tb\\c\r\n", -0.0, std::string{"\\\0", 2}, -800'000,
              std::int64_t{-1}, "1.10", false);
    batch.add(2, nullptr, "\\N", double{NAN}, "", 0, std::int64_t{0}, "NaN", true);
    run(upsert(), batch);
    sql("SET TimeZone = 'UTC'");
    EXPECT_EQ(rows("SELECT * FROM people ORDER BY id"),
              (std::vector<Record>{{"1", "1 day 00:00:01", "a\tb\\c\r\n", "-0", "\\x5c00",
                                    "0222-09-04 BC", "1969-12-31 23:59:59.999999+00", "1.10", "f"},
                                   {"2", std::nullopt, "\\N", "NaN", "\\x", "1970-01-01",
                                    "1970-01-01 00:00:00+00", "NaN", "t"}}));
}

TEST_F(PostgresValues, Times) {
    constexpr std::int64_t day = 86'400'000'000;
    EXPECT_EQ(stored({"", Type::date}, 0, -719'529, 2'921'940),
              (std::vector<Record>{{"1970-01-01"}, {"0002-12-31 BC"}, {"9970-01-01"}}));
    EXPECT_EQ(stored({"", Type::time}, 0, day, 1),
              (std::vector<Record>{{"00:00:00"}, {"24:00:00"}, {"00:00:00.000001"}}));
    EXPECT_EQ(stored({"", Type::instant}, 0, -719'529 * day),
              (std::vector<Record>{{"1970-01-01 00:00:00+00"}, {"0002-12-31 00:00:00+00 BC"}}));
}

TEST_F(PostgresValues, H28WhatPostgresqlHasNoDateForIsRefusedAndNeverInfinite) {
    Rows batch{{{"id", Type::int64, false}, {"at", Type::timestamp}, {"d", Type::date}}};
    batch.add(1, INT64_MAX, 0).add(2, INT64_MIN, 0).add(3, 0, INT32_MAX).add(4, 0, INT32_MIN);
    batch.add(5, 0, 0).add(6, INT64_MIN + 946'684'800'000'000, 0);
    testkit::Writer writer = sink.start(upsert(), batch.schema());
    auto const refused = writer.write_some(batch);
    writer.commit("{}", true);
    EXPECT_EQ(refused.size(), 4u);
    EXPECT_EQ(rows("SELECT id FROM people"), (std::vector<Record>{{"1"}, {"5"}}));
}

TEST_F(PostgresValues, ArraysComeAsJson) {
    sql("CREATE TABLE people(id bigint PRIMARY KEY, n numeric[], t text[], j json[], b box[])");
    Schema const schema{{"id", Type::int64, false}, {"n", Type::json}, {"t", Type::json},
                        {"j", Type::json},          {"b", Type::json}};
    Rows batch{schema};
    batch.add(1, "[[1.10,null],[\"NaN\",-3]]",
              "[\"a\\\"b\\\\\",\"NULL\",\"\",null,\"\\u00e9\\ud83d\\ude00\"]",
              "[{\"a\":[1,\"]\"]},null, null,2]", "[\"(1,1),(0,0)\",\"(2,2),(1,1)\"]");
    batch.add(2, "[]", "[]", "[]", "[]");
    run(upsert(), batch);
    EXPECT_EQ(rows("SELECT n, t, j, b FROM people ORDER BY id"),
              (std::vector<Record>{
                  {"{{1.10,NULL},{NaN,-3}}", "{\"a\\\"b\\\\\",\"NULL\",\"\",NULL,é😀}",
                   "{\"{\\\"a\\\":[1,\\\"]\\\"]}\",NULL,\"null\",2}", "{(1,1),(0,0);(2,2),(1,1)}"},
                  {"{}", "{}", "{}", "{}"}}));
}

}  // namespace
}  // namespace weir::test
