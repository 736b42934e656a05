// What a read brings, and where it goes on.
#include "connectors/adbc/adbc_fixture.hpp"

namespace weir::test {
namespace {

class AdbcRead : public AdbcTest {
protected:
    std::vector<Record> read(ReadRequest const& request) { return source().open(request).rest(); }
    /// The 16 bytes of a decimal, without its point.
    static std::string decimal(__int128 digits) {
        return testkit::hex({reinterpret_cast<char const*>(&digits), sizeof digits});
    }
};

TEST_F(AdbcRead, EveryTypeArrivesAsItIs) {
    sql("CREATE TABLE t (b boolean, i8 tinyint, i64 bigint, u64 ubigint, f float, d double, "
        "n decimal(18, 4), s varchar, x blob, u uuid, j json, da date, ti time, ts timestamp, "
        "tz timestamptz, tss timestamp_s, h hugeint, e enum('a', 'b'), l int[], iv interval, "
        "bits bit, tns timestamp_ns);"
        "INSERT INTO t VALUES (true, -128, 9223372036854775807, 18446744073709551615, 1.5, 0.1, "
        "-1234567.8901, 'é😀', '\\x00\\xFF'::blob, '00112233-4455-6677-8899-aabbccddeeff', "
        "'{\"a\": [1]}', '0001-01-01', '23:59:59.999999', '2024-01-02 03:04:05.678901', "
        "'2024-01-02 03:04:05+02', '2024-01-02 03:04:05', "
        "170141183460469231731687303715884105727, 'b', [1, 2], interval 1 month, '101', "
        "'2024-01-02 03:04:05.123456789'), "
        "(null, null, null, null, null, null, null, null, null, null, null, null, null, null, "
        "null, null, null, null, null, null, null, null)");
    std::vector<Record> const all = read({.stream = "t"});
    ASSERT_EQ(all.size(), 2u);
    Record const expected{"true",
                          "-128",
                          "9223372036854775807",
                          "18446744073709551615",
                          "1.5",
                          "0.10000000000000001",
                          decimal(-12'345'678'901),
                          "é😀",
                          std::string{"\0\xff", 2},
                          "00112233445566778899aabbccddeeff",
                          "{\"a\": [1]}",
                          "-719162",
                          "86399999999",
                          "1704164645678901",
                          "1704157445000000",
                          "1704164645000000",
                          "170141183460469231731687303715884105727",
                          "b",
                          "[1, 2]",
                          "1 month",
                          "101",
                          "2024-01-02 03:04:05.123456789"};
    EXPECT_EQ(all[0], expected);
    for (Cell const& cell : all[1]) EXPECT_FALSE(cell) << *cell;
}

// Closing DuckDB while one of its threads ends hangs now and then: it has none of its own here.
TEST_F(AdbcRead, DuckDbHasNoThreadsOfItsOwnUnlessThatIsSaid) {
    sql("CREATE VIEW v AS SELECT current_setting('threads') AS n");
    EXPECT_EQ(read({.stream = "v"}), std::vector<Record>{{"1"}});
    EXPECT_EQ(source(of_file(file + "&threads=3")).open({.stream = "v"}).rest(),
              std::vector<Record>{{"3"}});
}

TEST_F(AdbcRead, InfinityIsRefusedAndNotANumber) {
    sql("CREATE TABLE t AS SELECT 'infinity'::timestamp AS ts");
    Failure const failure = expect_code("adbc.data", [&] { read({.stream = "t"}); });
    EXPECT_NE(std::string{failure.what()}.find("ts"), std::string::npos);
}

TEST_F(AdbcRead, KeysAreFoundPrimaryFirst) {
    sql("CREATE TABLE t (a int NOT NULL UNIQUE, b int, c int UNIQUE, PRIMARY KEY (b, a))");
    testkit::SourceInstance from = source();
    std::vector<testkit::FoundStream> const found = from.discover("t");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].meta.at("keys"), (Json{{"b", "a"}, {"a"}}));
}

TEST_F(AdbcRead, NamesOfOtherSchemasAndOddNamesAreWrittenAsAUserWould) {
    sql("CREATE SCHEMA sales; CREATE TABLE sales.t (i int); CREATE TABLE \"odd \"\"one\" (i int); "
        "INSERT INTO sales.t VALUES (7)");
    std::vector<std::string> names;
    for (testkit::FoundStream const& each : source().discover()) names.push_back(each.name);
    EXPECT_EQ(names, (std::vector<std::string>{"\"odd \"\"one\"", "sales.t"}));
    EXPECT_EQ(source().discover("sales.*").size(), 1u);
    EXPECT_EQ(read({.stream = "sales.t"}), (std::vector<Record>{{"7"}}));
    EXPECT_TRUE(read({.stream = "\"odd \"\"one\""}).empty());
}

TEST_F(AdbcRead, ResumesByKeysOfEveryType) {
    for (auto const& [type, value] : std::vector<std::pair<std::string, std::string>>{
             {"varchar", "'k' || lpad(i::varchar, 3, '0')"},
             {"uuid", "('00000000-0000-0000-0000-' || lpad(i::varchar, 12, '0'))::uuid"},
             {"decimal(20, 3)", "i - 4.5"},
             {"double", "i / 10.0"},
             {"date", "date '2024-01-01' + i::int"},
             {"timestamp", "timestamp '2024-01-01' + to_seconds(i)"},
             {"timestamptz", "timestamptz '2024-01-01 00:00:00+00' + to_seconds(i)"},
             {"time", "time '01:00' + to_seconds(i)"},
             {"hugeint", "i::hugeint * 1000000000000000000000 - 5"},
             {"ubigint", "18446744073709551600::ubigint + i::ubigint"},
             {"blob", "('x' || lpad(i::varchar, 3, '0'))::blob"}}) {
        SCOPED_TRACE(type);
        sql("CREATE OR REPLACE TABLE t (k " + type + " PRIMARY KEY, v int); INSERT INTO t SELECT " +
            value + ", i FROM range(9) r(i)");
        ReadRequest request{.stream = "t", .select = {{"key", {"k"}}}, .rows_max = 2};
        std::vector<Record> const all = read(request);
        ASSERT_EQ(all.size(), 9u);
        testkit::SourceInstance from = source();
        testkit::Reader reader = from.open(request);
        std::size_t done = 0;
        while (std::optional<testkit::ReadBatch> batch = reader.next()) {
            done += static_cast<std::size_t>(batch->rows());
            request.cursor = batch->cursor().value();
            EXPECT_EQ(read(request).size(), 9u - done) << request.cursor;
        }
    }
}

TEST_F(AdbcRead, ADeltaDoesNotPassWhatIsOfThisMoment) {
    sql("CREATE TABLE t (id int PRIMARY KEY, \"at\" timestamptz); INSERT INTO t VALUES "
        "(1, '2024-01-01 00:00:00+00'), (2, now() + interval 1 hour), (3, NULL)");
    ReadRequest request{.stream = "t",
                        .mode = WEIR_READ_DELTA,
                        .select = {{"key", {"id"}}, {"tracking", "at"}}};
    testkit::SourceInstance from = source();
    {
        testkit::Reader reader = from.open(request);
        EXPECT_EQ(reader.rest().size(), 3u);
        request.cursor = reader.end_cursor().value();
    }
    EXPECT_EQ(from.open(request).rest().size(), 1u) << "the one of the future comes again";
    request.select["append"] = true;
    EXPECT_EQ(from.open(request).rest().size(), 0u) << "where it would stand twice it waits";
}

TEST_F(AdbcRead, WithoutAKeyADeltaGoesOnBetweenTwoValues) {
    sql("CREATE TABLE t (v int, n int); INSERT INTO t SELECT i // 3, i FROM range(9) r(i)");
    ReadRequest request{.stream = "t",
                        .mode = WEIR_READ_DELTA,
                        .select = {{"key", Json::array()}, {"tracking", "v"}},
                        .rows_max = 4};
    testkit::SourceInstance from = source();
    testkit::Reader reader = from.open(request);
    std::optional<testkit::ReadBatch> const first = reader.next();
    ASSERT_TRUE(first && first->cursor());
    request.cursor = *first->cursor();
    EXPECT_EQ(from.open(request).rest().size(), 6u) << "the group that was cut comes whole";
}

}  // namespace
}  // namespace weir::test
