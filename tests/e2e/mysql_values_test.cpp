// Every type of MariaDB 10.11 with its extremes, copied by the binary and compared value by value
// with what the Contract's "Values in SQLite" asks for: storage class and text.
#include "support/mysql_copy_fixture.hpp"

namespace weir::test {
namespace {

/// What one literal becomes.
struct Value {
    std::string literal, expected;
    std::string storage = {};  ///< another than the case's
};

struct Case {
    std::string type, storage;
    std::vector<Value> values;
};

std::string const wide = std::string(35, '9') + "." + std::string(30, '9');

std::vector<Case> const numbers{
    {"tinyint", "integer", {{"-128", "-128"}, {"127", "127"}}},
    {"tinyint(1)", "integer", {{"2", "2"}}},
    {"smallint unsigned", "integer", {{"65535", "65535"}}},
    {"mediumint", "integer", {{"-8388608", "-8388608"}}},
    {"int unsigned zerofill", "integer", {{"4294967295", "4294967295"}, {"7", "7"}}},
    {"bigint",
     "integer",
     {{"-9223372036854775808", "-9223372036854775808"},
      {"9007199254740993", "9007199254740993"}}},
    {"bigint unsigned",
     "integer",
     {{"0", "0"},
      {"9223372036854775807", "9223372036854775807"},
      {"9223372036854775808", "9223372036854775808", "text"},
      {"18446744073709551615", "18446744073709551615", "text"}}},
    {"bit(64)",
     "integer",
     {{"b'101'", "5"}, {"x'ffffffffffffffff'", "18446744073709551615", "text"}}},
    {"year", "integer", {{"1901", "1901"}, {"2155", "2155"}, {"0", "0"}}},
    {"decimal(10,2)", "text", {{"1.1", "1.10"}, {"-99999999.99", "-99999999.99"}, {"0", "0.00"}}},
    {"decimal(38,0)", "text", {{std::string(38, '9'), std::string(38, '9')}}},
    {"decimal(38,38)", "text", {{"-0.1", "-0.1" + std::string(37, '0')}}},
    {"decimal(65,30)", "text", {{"-" + wide, "-" + wide}, {"1.5", "1.5" + std::string(29, '0')}}},
    {"float",
     "real",
     {{"1.1", "1.1000000238418579"}, {"3.402823466e38", "3.4028234663852886e+38"}}},
    {"double",
     "real",
     {{"0.1", "0.10000000000000001"},
      {"5e-324", "4.9406564584124654e-324"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"}}},
};

std::vector<Case> const texts{
    {"text", "text", {{"''", ""}, {"'é😀'", "é😀"}, {"'it''s \\\\ \"'", "it's \\ \""}}},
    {"longtext", "text", {{"REPEAT('x', 1000000)", std::string(1'000'000, 'x')}}},
    {"text", "text", {{"'a\\0b'", std::string{"a\0b", 3}}}},
    {"varchar(5)", "text", {{"'ab  '", "ab  "}}},
    {"char(5)", "text", {{"'ab  '", "ab"}}},
    {"varchar(9) CHARACTER SET latin1", "text", {{"'é€'", "é€"}, {"x'81'", "\xC2\x81"}}},
    {"varchar(9) CHARACTER SET utf8mb3", "text", {{"'漢'", "漢"}}},
    {"varchar(9) COLLATE utf8mb4_bin", "text", {{"'A'", "A"}}},
    {"enum('a','é,')", "text", {{"'é,'", "é,"}}},
    {"set('a','b')", "text", {{"'b,a'", "a,b"}, {"''", ""}}},
    {"inet4", "text", {{"'1.2.3.4'", "1.2.3.4"}}},
    {"inet6", "text", {{"'::ffff:1.2.3.4'", "::ffff:1.2.3.4"}}},
    {"uuid",
     "text",
     {{"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}}},
    {"json",
     "text",
     {{R"('{"b":1,  "a":[1e400,1.10],"b":2}')", R"({"b":1,  "a":[1e400,1.10],"b":2})"}}},
};

std::vector<Case> const bytes{
    {"blob", "blob", {{"''", ""}, {"x'00ff80'", std::string{"\0\xff\x80", 3}}}},
    {"binary(3)", "blob", {{"'a'", std::string{"a\0\0", 3}}}},
    {"varbinary(5)", "blob", {{"'a '", "a "}}},
    {"point",
     "blob",
     {{"POINT(1, 2)",
       std::string{"\0\0\0\0\1\1\0\0\0\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\x40", 25}}}},
};

std::vector<Case> const times{
    {"date",
     "text",
     {{"'2024-02-29'", "2024-02-29"},
      {"'9999-12-31'", "9999-12-31"},
      {"'0001-01-01'", "0001-01-01"},
      {"'0000-00-00'", "0000-00-00"},
      {"'2024-00-15'", "2024-00-15"}}},
    {"datetime(6)",
     "text",
     {{"'2024-01-02 03:04:05.000001'", "2024-01-02T03:04:05.000001"},
      {"'0000-00-00'", "0000-00-00T00:00:00.000000"},
      {"'9999-12-31 23:59:59.999999'", "9999-12-31T23:59:59.999999"}}},
    {"datetime", "text", {{"'2024-01-02 03:04:05'", "2024-01-02T03:04:05.000000"}}},
    {"timestamp(3)",
     "text",
     {{"'2024-01-02 03:04:05.5'", "2024-01-02T03:04:05.500000Z"},
      {"'2038-01-19 03:14:07'", "2038-01-19T03:14:07.000000Z"},
      {"'0000-00-00'", "0000-00-00T00:00:00.000000Z"}}},
    {"time(6)",
     "text",
     {{"'23:59:59.999999'", "23:59:59.999999"},
      {"'838:59:59'", "838:59:59.000000"},
      {"'-838:59:59'", "-838:59:59.000000"},
      {"'-00:00:00.5'", "-00:00:00.500000"},
      {"'24:00:00'", "24:00:00.000000"}}},
};

class MysqlValues : public MysqlCopyFixture {
protected:
    void copies(std::vector<Case> const& cases) {
        for (std::size_t i = 0; i < cases.size(); ++i) make_table(i, cases[i]);
        Ran const ran = copy({"--stream", database + ".*"});
        ASSERT_EQ(ran.code, 0) << ran;
        Sqlite out = sink();
        for (std::size_t i = 0; i < cases.size(); ++i) check(i, cases[i], out);
    }

private:
    static std::string table(std::size_t i) { return "t" + std::to_string(i); }

    void make_table(std::size_t i, Case const& a_case) {
        db.run("CREATE TABLE " + table(i) + " (id int PRIMARY KEY, v " + a_case.type + " NULL);" +
               "INSERT INTO " + table(i) + " VALUES (0, NULL)");
        int id = 0;
        for (Value const& value : a_case.values)
            db.run("INSERT INTO " + table(i) + " VALUES (" + std::to_string(++id) + ", " +
                   value.literal + ")");
    }
    void check(std::size_t i, Case const& a_case, Sqlite& out) {
        SCOPED_TRACE(a_case.type);
        ASSERT_TRUE(out.has_table(table(i)));
        std::vector<Record> const found =
            out.rows("SELECT typeof(v), v FROM " + table(i) + " ORDER BY id");
        ASSERT_EQ(found.size(), a_case.values.size() + 1);
        EXPECT_EQ(found[0], (Record{"null", std::nullopt}));
        for (std::size_t at = 0; at < a_case.values.size(); ++at) {
            Value const& value = a_case.values[at];
            EXPECT_EQ(found[at + 1][0], value.storage.empty() ? a_case.storage : value.storage)
                << value.literal.substr(0, 80);
            EXPECT_TRUE(found[at + 1][1] == value.expected)
                << value.literal.substr(0, 80) << " became "
                << found[at + 1][1].value_or("null").substr(0, 200);
        }
    }
};

TEST_F(MysqlValues, H26NumbersKeepTheirDigits) { copies(numbers); }
TEST_F(MysqlValues, TextsKeepTheirCharacters) { copies(texts); }
TEST_F(MysqlValues, BytesKeepTheirBytes) { copies(bytes); }
TEST_F(MysqlValues, H28TimesAreIsoTextInUtc) { copies(times); }

}  // namespace
}  // namespace weir::test
