#include <bit>
#include <random>

#include "mysql_test.hpp"

namespace weir::test {
namespace {

class MysqlTypes : public MysqlTest {
protected:
    /// What one column of `type` that holds `values`, in order, became.
    struct Column {
        std::vector<testkit::Cell> cells;
        FieldView first, last;  ///< the field as it was announced, and as it ended
    };
    Column column(std::string const& type, std::string const& values) {
        owner_.run("DROP TABLE IF EXISTS t; CREATE TABLE t (n int AUTO_INCREMENT PRIMARY KEY, v " +
                   type + " NULL); INSERT INTO t (v) VALUES " + values);
        testkit::Reader reader = source_->open(
            {.stream = stream("t"), .select = {{"key", {"n"}}, {"fields", {"v"}}}});
        Column out;
        out.first = reader.fields().at(0);
        while (auto batch = reader.next())
            for (testkit::Record const& record : batch->records()) out.cells.push_back(record[0]);
        out.last = reader.fields().at(0);
        return out;
    }
    static std::vector<testkit::Cell> cells(std::initializer_list<char const*> texts) {
        std::vector<testkit::Cell> out;
        for (char const* text : texts) out.push_back(text ? testkit::Cell{text} : std::nullopt);
        return out;
    }
};

TEST_F(MysqlTypes, H26IntegersHaveTheirWholeRange) {
    EXPECT_EQ(column("tinyint", "(-128), (127), (NULL)").cells, cells({"-128", "127", nullptr}));
    EXPECT_EQ(column("tinyint(1)", "(2)").cells, cells({"2"}));
    EXPECT_EQ(column("tinyint unsigned", "(255)").cells, cells({"255"}));
    EXPECT_EQ(column("smallint", "(-32768), (32767)").cells, cells({"-32768", "32767"}));
    EXPECT_EQ(column("smallint unsigned", "(65535)").cells, cells({"65535"}));
    EXPECT_EQ(column("mediumint", "(-8388608), (8388607)").cells, cells({"-8388608", "8388607"}));
    EXPECT_EQ(column("mediumint unsigned", "(16777215)").cells, cells({"16777215"}));
    EXPECT_EQ(column("int", "(-2147483648), (2147483647)").cells,
              cells({"-2147483648", "2147483647"}));
    EXPECT_EQ(column("int unsigned", "(4294967295)").cells, cells({"4294967295"}));
    EXPECT_EQ(column("int(8) unsigned zerofill", "(42)").cells, cells({"42"}));
    EXPECT_EQ(column("bigint", "(-9223372036854775808), (9223372036854775807)").cells,
              cells({"-9223372036854775808", "9223372036854775807"}));
    EXPECT_EQ(column("year", "(0), (1901), (2155)").cells, cells({"0", "1901", "2155"}));
    Column const big = column("bigint unsigned", "(0), (18446744073709551615), (NULL)");
    EXPECT_EQ(big.cells, cells({"0", "18446744073709551615", nullptr}));
    EXPECT_EQ(big.first.layout, Layout::uint64);
    EXPECT_EQ(big.first.source_type, "bigint(20) unsigned");
    EXPECT_EQ(big.first.vendor, "mysql");
}

TEST_F(MysqlTypes, BitsAreNumbers) {
    EXPECT_EQ(column("bit(1)", "(b'0'), (b'1')").cells, cells({"0", "1"}));
    EXPECT_EQ(column("bit(9)", "(b'101010101')").cells, cells({"341"}));
    EXPECT_EQ(column("bit(64)", "(x'ffffffffffffffff'), (x'8000000000000000')").cells,
              cells({"18446744073709551615", "9223372036854775808"}));
}

TEST_F(MysqlTypes, H26DecimalsKeepTheirDigits) {
    Column const small = column("decimal(10,2)", "(1.1), (-0.05), (-99999999.99)");
    EXPECT_EQ(small.first.layout, Layout::decimal);
    EXPECT_EQ(small.first.precision, 10);
    EXPECT_EQ(small.first.scale, 2);
    EXPECT_EQ(small.cells, cells({"6e000000000000000000000000000000",
                                  "fbffffffffffffffffffffffffffffff",
                                  "011cf4abfdffffffffffffffffffffff"}));
    std::string const nines(38, '9');
    EXPECT_EQ(column("decimal(38,0)", "(" + nines + "), (-" + nines + ")").cells,
              cells({"ffffffff3f228a097ac4865aa84c3b4b", "01000000c0dd75f6853b79a557b3c4b4"}));
    std::string const wide = std::string(35, '9') + "." + std::string(30, '9');
    Column const large = column("decimal(65,30)", "(-" + wide + "), (1.5)");
    EXPECT_EQ(large.first.extension, "weir.numeric");
    EXPECT_EQ(large.cells,
              cells({("-" + wide).c_str(), "1.500000000000000000000000000000"}));
}

TEST_F(MysqlTypes, H26FloatsKeepTheirBits) {
    EXPECT_EQ(column("float", "(1.1), (16777217), (3.402823466e38)").cells,
              cells({"1.1000000238418579", "16777216", "3.4028234663852886e+38"}));
    EXPECT_EQ(column("double", "(0.1), (1.7976931348623157e308), (5e-324)").cells,
              cells({"0.10000000000000001", "1.7976931348623157e+308",
                     "4.9406564584124654e-324"}));
    std::mt19937_64 random{20'240'101};
    std::string values;
    std::vector<double> sent;
    while (sent.size() < 1000) {
        double const value = std::bit_cast<double>(random());
        if (!(value - value == 0)) continue;
        char text[40];
        std::snprintf(text, sizeof text, "(%.17g)", value);
        values += (sent.empty() ? "" : ",") + std::string{text};
        sent.push_back(value);
    }
    Column const found = column("double", values);
    ASSERT_EQ(found.cells.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i)
        EXPECT_EQ(std::bit_cast<std::uint64_t>(std::stod(found.cells[i].value())),
                  std::bit_cast<std::uint64_t>(sent[i]));
}

TEST_F(MysqlTypes, H27TextsOfEveryCharacterSetAreUtf8) {
    for (char const* type : {"varchar(20)", "char(20)", "text", "longtext", "tinytext"})
        EXPECT_EQ(column(type, "(''), ('é😀'), ('a\\0b'), (' x')").cells,
                  (std::vector<testkit::Cell>{"", "é😀", std::string{"a\0b", 3}, " x"}))
            << type;
    EXPECT_EQ(column("varchar(9) CHARACTER SET latin1", "('é€'), (x'81')").cells,
              cells({"é€", "\xC2\x81"}));
    EXPECT_EQ(column("varchar(9) CHARACTER SET utf8mb3", "('é漢')").cells, cells({"é漢"}));
    EXPECT_EQ(column("varchar(9) CHARACTER SET utf16", "('é😀')").cells, cells({"é😀"}));
    EXPECT_EQ(column("varchar(9) CHARACTER SET sjis", "('漢字')").cells, cells({"漢字"}));
    EXPECT_EQ(column("enum('a','é')", "('é'), ('a'), ('')").cells, cells({"é", "a", ""}));
    EXPECT_EQ(column("set('a','b')", "('b,a'), ('')").cells, cells({"a,b", ""}));
    EXPECT_EQ(column("inet4", "('1.2.3.4')").cells, cells({"1.2.3.4"}));
    EXPECT_EQ(column("inet6", "('::ffff:1.2.3.4')").cells, cells({"::ffff:1.2.3.4"}));
}

TEST_F(MysqlTypes, BytesAreBytes) {
    Column const blob = column("varbinary(9)", "(''), (x'00ff80'), ('abc')");
    EXPECT_EQ(blob.first.meaning, Meaning::binary);
    EXPECT_EQ(blob.cells, (std::vector<testkit::Cell>{"", std::string{"\0\xff\x80", 3}, "abc"}));
    EXPECT_EQ(column("binary(3)", "('a')").cells,
              (std::vector<testkit::Cell>{std::string{"a\0\0", 3}}));
    EXPECT_EQ(testkit::hex(column("point", "(POINT(1, 2))").cells[0].value()),
              "000000000101000000000000000000f03f0000000000000040");
    Column const uuid = column("uuid", "('123E4567-E89B-12D3-A456-426655440000')");
    EXPECT_EQ(uuid.first.extension, "arrow.uuid");
    EXPECT_EQ(uuid.cells, cells({"123e4567e89b12d3a456426655440000"}));
}

TEST_F(MysqlTypes, JsonIsTheSameBytes) {
    Column const json = column("json", R"(('{"b": 1,  "a":[1e400, 1.10], "a": null}'))");
    EXPECT_EQ(json.first.extension, "arrow.json");
    EXPECT_EQ(json.cells, cells({R"({"b": 1,  "a":[1e400, 1.10], "a": null})"}));
    EXPECT_EQ(column("longtext", "('{}')").first.extension, "");
}

TEST_F(MysqlTypes, TimesAreCountsOfMicroseconds) {
    EXPECT_EQ(column("date", "('1970-01-02'), ('0001-01-01'), ('9999-12-31')").cells,
              cells({"1", "-719162", "2932896"}));
    EXPECT_EQ(column("datetime(6)", "('1970-01-01 00:00:00.000001'), ('1000-01-01')").cells,
              cells({"1", "-30610224000000000"}));
    Column const instant = column("timestamp(3)", "('1970-01-01 00:00:01.5')");
    EXPECT_EQ(instant.cells, cells({"1500000"})) << "the server's zone is another";
    EXPECT_EQ(instant.first.meaning, Meaning::instant);
    EXPECT_EQ(column("time(6)", "('00:00:00'), ('23:59:59.999999')").cells,
              cells({"0", "86399999999"}));
}

TEST_F(MysqlTypes, WhatATypeCannotHoldMakesItTextFromThereOn) {
    Column const dates = column("date", "('1970-01-02'), ('0000-00-00'), ('2024-00-15')");
    EXPECT_EQ(dates.first.meaning, Meaning::date);
    EXPECT_EQ(dates.last.meaning, Meaning::plain);
    EXPECT_EQ(dates.cells, cells({"1", "0000-00-00", "2024-00-15"}));
    EXPECT_EQ(column("datetime", "('0000-00-00'), ('2024-01-02 03:04:05')").cells,
              cells({"0000-00-00T00:00:00.000000", "2024-01-02T03:04:05.000000"}));
    EXPECT_EQ(column("timestamp", "('0000-00-00'), ('2024-01-02 03:04:05')").cells,
              cells({"0000-00-00T00:00:00.000000Z", "2024-01-02T03:04:05.000000Z"}));
    EXPECT_EQ(column("time(3)", "('838:59:59'), ('-00:00:01.5'), ('01:02:03')").cells,
              cells({"838:59:59.000000", "-00:00:01.500000", "01:02:03.000000"}));
    owner_.run("SET sql_mode = 'ALLOW_INVALID_DATES'");
    EXPECT_EQ(column("date", "('2024-02-31')").cells, cells({"2024-02-31"}));
}

// As a document has it: the word unquoted is no value to YAML.
TEST_F(MysqlTypes, FormsOfTheConfigurationHold) {
    owner_.run("CREATE TABLE t (n int PRIMARY KEY, a time, b date NOT NULL);"
               "INSERT INTO t VALUES (1, '99:00:00', '0000-00-00')");
    for (Json const& zero : {Json(nullptr), Json("null")}) {
        testkit::SourceInstance source{host_, plugin_.component(),
                                       Json{{"url", server_.url(database_)},
                                            {"zero_date", zero},
                                            {"schema", {{database_ + ".t.a", "interval"}}}}};
        testkit::Reader reader =
            source.open({.stream = stream("t"), .select = {{"fields", {"a", "b"}}}});
        EXPECT_EQ(reader.fields().at(0).source_type, "interval");
        EXPECT_EQ(reader.fields().at(0).extension, "arrow.opaque");
        EXPECT_TRUE(reader.fields().at(1).nullable);
        EXPECT_EQ(reader.rest(), (Records{{"99:00:00.000000", std::nullopt}}));
    }
    for (char const* const schema : {R"(["a"])", R"({"a": 1})", R"({"a": "text"})"})
        EXPECT_EQ(failure([&] {
                      testkit::SourceInstance{
                          host_, plugin_.component(),
                          Json{{"url", server_.url(database_)}, {"schema", Json::parse(schema)}}};
                  }).code,
                  "mysql.bad_schema");
    EXPECT_EQ(failure([&] {
                  testkit::SourceInstance{
                      host_, plugin_.component(),
                      Json{{"url", server_.url(database_)}, {"zero_date", 0}}};
              }).code,
              "mysql.bad_schema");
}

}  // namespace
}  // namespace weir::test
