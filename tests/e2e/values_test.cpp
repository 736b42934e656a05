// Every built-in type of PostgreSQL 15 with its extremes, copied by the binary and compared value
// by value with what the Contract's "Values in SQLite" asks for: storage class and text.
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

/// What one literal becomes. `expected` empty: as the server prints it.
struct Value {
    std::string literal;
    std::string expected = {};
    std::string storage = {};  ///< another than the case's
};

struct Case {
    std::string type, storage;
    std::vector<Value> values;
};

std::vector<Case> const numbers{
    {"smallint", "integer", {{"-32768", "-32768"}, {"32767", "32767"}, {"0", "0"}}},
    {"integer", "integer", {{"-2147483648", "-2147483648"}, {"2147483647", "2147483647"}}},
    {"bigint",
     "integer",
     {{"-9223372036854775808", "-9223372036854775808"},
      {"9223372036854775807", "9223372036854775807"},
      {"9007199254740993", "9007199254740993"}}},
    {"oid", "integer", {{"4294967295", "4294967295"}, {"0", "0"}}},
    {"boolean", "integer", {{"true", "1"}, {"false", "0"}}},
    {"real",
     "real",
     {{"1.1", "1.1000000238418579"},
      {"3.40282347e38", "3.4028234663852886e+38"},
      {"1e-45", "1.4012984643248171e-45"},
      {"-0", "-0"},
      {"NaN", "NaN", "text"},
      {"Infinity", "Infinity", "text"},
      {"-Infinity", "-Infinity", "text"}}},
    {"double precision",
     "real",
     {{"0.1", "0.10000000000000001"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"5e-324", "4.9406564584124654e-324"},
      {"-0", "-0"},
      {"9007199254740993", "9007199254740992"},
      {"NaN", "NaN", "text"},
      {"Infinity", "Infinity", "text"},
      {"-Infinity", "-Infinity", "text"}}},
    {"numeric",
     "text",
     {{"1.10", "1.10"},
      {"-0.000", "0.000"},
      {"NaN", "NaN"},
      {"Infinity", "Infinity"},
      {"-Infinity", "-Infinity"},
      {"1e-100"},
      {std::string(131072, '9'), std::string(131072, '9')}}},
    {"numeric(10,2)", "text", {{"1.1", "1.10"}, {"-99999999.99", "-99999999.99"}, {"NaN", "NaN"}}},
    {"numeric(38,0)", "text", {{std::string(38, '9'), std::string(38, '9')}}},
    {"numeric(3,-2)", "text", {{"12345", "12300"}}},
    {"numeric(5,7)", "text", {{"0.0012345", "0.0012345"}}},
    {"numeric(1000,1000)",
     "text",
     {{"0." + std::string(1000, '7'), "0." + std::string(1000, '7')}}},
    {"money", "text", {{"12.34", "$12.34"}, {"-92233720368547758.08"}}},
};

std::vector<Case> const texts{
    {"text",
     "text",
     {{"", ""},
      {"é😀", "é😀"},
      {"tab\tline\nback\\slash \\N \\.", "tab\tline\nback\\slash \\N \\."},
      {"it's \"quoted\"", "it's \"quoted\""},
      {std::string(1'000'000, 'x'), std::string(1'000'000, 'x')}}},
    {"varchar(5)", "text", {{"abc", "abc"}, {"ééééé", "ééééé"}}},
    {"varchar", "text", {{"", ""}, {"\\N", "\\N"}, {"NULL", "NULL"}, {"\x01\x7f", "\x01\x7f"}}},
    {"char(5)", "text", {{"ab", "ab   "}, {"", "     "}}},
    {"name", "text", {{"a name", "a name"}}},
    {"bpchar", "text", {{"abc  ", "abc  "}}},
    {"\"char\"", "text", {{"x", "x"}}},
    {"citext", "text", {{"MiXed", "MiXed"}}},
    {"xml", "text", {{"<a b=\"1\">é</a>", "<a b=\"1\">é</a>"}}},
    {"mood", "text", {{"very happy", "very happy"}}},
    {"uuid",
     "text",
     {{"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
      {"00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"}}},
    {"bytea", "blob", {{"\\x00ff5c0a", std::string("\x00\xff\x5c\x0a", 4)}, {"\\x", ""}}},
    {"json",
     "text",
     {{"{\"b\": 1e400,  \"a\":2, \"a\":3}", "{\"b\": 1e400,  \"a\":2, \"a\":3}"},
      {"null", "null"},
      {"\"\\u00e9\"", "\"\\u00e9\""}}},
    {"jsonb", "text", {{"{\"b\": 1.10, \"a\": null}", "{\"a\": null, \"b\": 1.10}"}}},
};

std::vector<Case> const times{
    {"date",
     "text",
     {{"2024-02-29", "2024-02-29"},
      {"0001-01-01", "0001-01-01"},
      {"9999-12-31", "9999-12-31"},
      {"5874897-12-31", "5874897-12-31"},
      {"infinity", "infinity"},
      {"-infinity", "-infinity"},
      {"4714-11-24 BC", "4714-11-24 BC"},
      {"0001-12-31 BC", "0001-12-31 BC"},
      {"10000-01-01", "10000-01-01"}}},
    {"time",
     "text",
     {{"00:00:00", "00:00:00.000000"},
      {"23:59:59.999999", "23:59:59.999999"},
      {"24:00:00", "24:00:00.000000"}}},
    {"time(0)", "text", {{"12:34:56.7", "12:34:57.000000"}}},
    {"timestamp",
     "text",
     {{"2024-01-01 00:00:00", "2024-01-01T00:00:00.000000"},
      {"1969-12-31 23:59:59.999999", "1969-12-31T23:59:59.999999"},
      {"0001-01-01 00:00:00.5", "0001-01-01T00:00:00.500000"},
      {"294276-12-31 23:59:59.999999", "294276-12-31T23:59:59.999999"},
      {"infinity", "infinity"},
      {"-infinity", "-infinity"}}},
    {"timestamptz",
     "text",
     {{"2024-01-01 00:00:00.1+05:30", "2023-12-31T18:30:00.100000Z"},
      {"2024-06-30 23:59:59.999999 America/New_York", "2024-07-01T03:59:59.999999Z"},
      {"2018-02-17 23:30:00 America/Sao_Paulo", "2018-02-18T02:30:00.000000Z"},
      {"0044-03-15 01:02:03.5+00 BC", "0044-03-15T01:02:03.500000Z BC"},
      {"1880-01-01 00:00:00 Europe/Amsterdam", "1879-12-31T23:40:28.000000Z"},
      {"294276-12-31 23:59:59.999999Z", "294276-12-31T23:59:59.999999Z"},
      {"infinity", "infinity"}}},
    {"timetz",
     "text",
     {{"12:00:00+02", "12:00:00+02"}, {"23:59:59.999999-11:30"}, {"24:00:00+15:59:59"}}},
    {"interval",
     "text",
     {{"1 day 02:03:04.5", "1 day 02:03:04.5"},
      {"178000000 years", "178000000 years"},
      {"-1 mon -1 day -00:00:01", "-1 mons -1 days -00:00:01"},
      {"-178000000 years", "-178000000 years"},
      {"-1 year -2 mons +3 days -04:05:06.789", "-1 years -2 mons +3 days -04:05:06.789"},
      {"2147483647 days 2562047788:00:54.775807", "2147483647 days 2562047788:00:54.775807"}}},
    {"interval day to second(2)", "text", {{"1 2:3:4.567", "1 day 02:03:04.57"}}},
};

std::vector<Case> const arrays{
    {"integer[]",
     "text",
     {{"{1,NULL,-3}", "[1,null,-3]"},
      {"{}", "[]"},
      {"{{1,2},{3,4}}", "[[1,2],[3,4]]"},
      {"[0:1]={1,2}", "[0:1]={1,2}"}}},
    {"bigint[]", "text", {{"{9223372036854775807}", "[9223372036854775807]"}}},
    {"numeric[]", "text", {{"{1.10,NaN}", "[1.10,\"NaN\"]"}}},
    {"double precision[]", "text", {{"{0.1,NaN,-Infinity}", "[0.1,\"NaN\",\"-Infinity\"]"}}},
    {"boolean[]", "text", {{"{t,f,NULL}", "[true,false,null]"}}},
    {"text[]",
     "text",
     {{"{a,\"b\\\"c\\\\\",NULL,\"\",\"NULL\",\"x,y{}\"}",
       "[\"a\",\"b\\\"c\\\\\",null,\"\",\"NULL\",\"x,y{}\"]"}}},
    {"uuid[]",
     "text",
     {{"{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", "[\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"]"}}},
    {"bytea[]", "text", {{"{\"\\\\x00ff\"}", "[\"\\\\x00ff\"]"}}},
    {"timestamptz[]", "text", {{"{2024-01-01 00:00:00+00}", "[\"2024-01-01T00:00:00.000000Z\"]"}}},
    {"date[]", "text", {{"{2024-02-29}", "[\"2024-02-29\"]"}}},
    {"int[]",
     "text",
     {{"{{{1},{NULL}},{{3},{4}}}", "[[[1],[null]],[[3],[4]]]"},
      {"{{{{{{7,7}}}}}}", "[[[[[[7,7]]]]]]"}}},
    {"text[]", "text", {{"{{NULL,\"\"},{x,\"NULL\"}}", "[[null,\"\"],[\"x\",\"NULL\"]]"}}},
    {"char(3)[]", "text", {{"{a,\"\"}", "[\"a  \",\"   \"]"}}},
    {"interval[]", "text", {{"{-1 day,1 mon}", "[\"-1 days\",\"1 mon\"]"}}},
    {"money[]", "text", {{"{1.5,1234.5}", "[\"$1.50\",\"$1,234.50\"]"}}},
    {"int4range[]", "text", {{"{\"[1,5)\",empty,NULL}", "[\"[1,5)\",\"empty\",null]"}}},
    {"jsonb[]", "text", {{"{\"{\\\"a\\\":\\\"x,y\\\"}\",NULL}", "[{\"a\": \"x,y\"},null]"}}},
    {"price[]", "text", {{"{1.5,NULL}", "[1.50,null]"}}},
};

std::vector<Case> const others{
    {"bit(3)", "text", {{"101", "101"}}},
    {"varbit", "text", {{"1", "1"}, {"", ""}, {std::string(1000, '0')}}},
    {"int4range", "text", {{"[1,5)"}, {"empty"}, {"(,)"}}},
    {"int8range", "text", {{"[1,9223372036854775807)"}}},
    {"numrange", "text", {{"[1.10,2.2]"}}},
    {"daterange", "text", {{"[2024-01-01,2024-02-01)"}}},
    {"tsrange", "text", {{"[2024-01-01 00:00,2024-01-02 00:00)"}}},
    {"tstzrange", "text", {{"[2024-01-01 00:00+05,2024-01-02 00:00+05)"}}},
    {"int4multirange", "text", {{"{[1,3),[5,7)}"}, {"{}"}, {"{(,)}"}}},
    {"nummultirange", "text", {{"{[1.0,2.00]}"}}},
    {"tstzmultirange", "text", {{"{[2024-01-01 00:00+05,infinity)}"}}},
    {"inet", "text", {{"192.168.1.1/24"}, {"::1"}, {"::ffff:1.2.3.4"}, {"0.0.0.0/0"}}},
    {"cidr", "text", {{"10.0.0.0/8"}, {"::/0"}}},
    {"macaddr", "text", {{"08:00:2b:01:02:03"}}},
    {"macaddr8", "text", {{"08:00:2b:01:02:03:04:05"}}},
    {"tsvector", "text", {{"a:1 fat:2 cat:3"}}},
    {"tsquery", "text", {{"fat & (rat | cat)"}}},
    {"point", "text", {{"(1.5,-2)"}, {"(NaN,-Infinity)"}, {"(1e300,5e-324)"}}},
    {"line", "text", {{"{1,2,3}"}}},
    {"lseg", "text", {{"[(0,0),(1,1)]"}}},
    {"box", "text", {{"(1,1),(0,0)"}}},
    {"path", "text", {{"((0,0),(1,1))"}}},
    {"polygon", "text", {{"((0,0),(1,1),(2,0))"}}},
    {"circle", "text", {{"<(0,0),2>"}}},
    {"pg_lsn", "text", {{"16/B374D848"}}},
    {"pg_snapshot", "text", {{"10:20:10,14,15"}}},
    {"xid8", "text", {{"18446744073709551615"}}},
    {"regclass", "text", {{"pg_catalog.pg_class"}}},
    {"jsonpath", "text", {{"$.a[*]"}}},
    {"hstore", "text", {{"\"a\"=>\"1\", \"b\"=>NULL"}}},
    {"pair",
     "text",
     {{"(1,\"two words\")"}, {"(,)"}, {"(2,\"\")"}, {"(1,\"a \"\"q\"\" \\\\ b\")"}}},
    {"price", "text", {{"1.1", "1.10"}}},
    {"small", "integer", {{"7", "7"}}},
};

class Values : public CopyFixture {
protected:
    Values() {
        server.connect(database).run("CREATE EXTENSION citext; CREATE EXTENSION hstore");
        db.run(
            "CREATE TYPE mood AS ENUM ('sad', 'very happy');"
            "CREATE TYPE pair AS (a int, b text);"
            "CREATE DOMAIN price AS numeric(10,2);"
            "CREATE DOMAIN small AS smallint;"
            "SET TimeZone = 'UTC'; SET IntervalStyle = 'postgres'; SET lc_monetary = 'C';");
    }

    void copies(std::vector<Case> const& cases) {
        for (std::size_t i = 0; i < cases.size(); ++i) make_table(i, cases[i]);
        Ran const ran = copy({"--stream", "public.*"});
        expect_exit(ran, 0);
        Sqlite out = sink();
        for (std::size_t i = 0; i < cases.size(); ++i) check(i, cases[i], out);
    }

private:
    static std::string table(std::size_t i) { return "t" + std::to_string(i); }

    void make_table(std::size_t i, Case const& a_case) {
        db.run("CREATE TABLE " + table(i) + " (id int PRIMARY KEY, v " + a_case.type + ")");
        int id = 0;
        for (Value const& value : a_case.values)
            db.run("INSERT INTO " + table(i) + " VALUES (" + std::to_string(++id) + ", " +
                   quoted(value.literal) + ")");
        db.run("INSERT INTO " + table(i) + " VALUES (0, NULL)");
    }
    void check(std::size_t i, Case const& a_case, Sqlite& out) {
        SCOPED_TRACE(a_case.type);
        ASSERT_TRUE(out.has_table(table(i)));
        std::vector<Record> const printed =
            db.rows("SELECT format('%s', v) FROM " + table(i) + " ORDER BY id");
        std::vector<Record> const found =
            out.rows("SELECT typeof(v), v FROM " + table(i) + " ORDER BY id");
        ASSERT_EQ(found.size(), a_case.values.size() + 1);
        EXPECT_EQ(found[0], (Record{"null", std::nullopt}));
        for (std::size_t at = 0; at < a_case.values.size(); ++at) {
            Value const& value = a_case.values[at];
            bool const as_printed = value.expected.empty() && !value.literal.empty() &&
                                    a_case.storage != "blob" && a_case.storage != "real";
            std::string const expected =
                as_printed ? printed[at + 1][0].value_or("") : value.expected;
            std::string const storage = value.storage.empty() ? a_case.storage : value.storage;
            EXPECT_EQ(found[at + 1][0], storage) << value.literal.substr(0, 80);
            EXPECT_TRUE(found[at + 1][1] == expected)
                << value.literal.substr(0, 80) << " became "
                << found[at + 1][1].value_or("null").substr(0, 200) << " and not "
                << expected.substr(0, 200);
        }
    }
};

TEST_F(Values, H26NumbersKeepTheirDigits) { copies(numbers); }
TEST_F(Values, H27TextsKeepTheirBytes) { copies(texts); }
TEST_F(Values, H28TimesAreIsoTextInUtc) { copies(times); }
TEST_F(Values, ArraysAreJson) { copies(arrays); }
TEST_F(Values, OtherTypesAreAsTheSourcePrintsThem) { copies(others); }

TEST_F(Values, H26AHundredThousandFloatsComeThroughBitByBit) {
    db.run(
        "SELECT setseed(0.25);"
        "CREATE TABLE floats AS SELECT i AS id, (random() - 0.5) * 10::float8 ^ "
        "(random() * 600 - 300) AS v FROM generate_series(1, 100000) i;"
        "ALTER TABLE floats ADD PRIMARY KEY (id); SET extra_float_digits = 1");
    expect_exit(copy({"--stream", "public.floats"}), 0);
    std::vector<Record> source = db.rows("SELECT id, v FROM floats ORDER BY id");
    for (Record& record : source) {
        char text[40];
        std::snprintf(text, sizeof text, "%.17g", std::stod(*record[1]));
        record[1] = text;
    }
    Differences const differences = compare(source, sink().rows("SELECT id, v FROM floats"));
    EXPECT_TRUE(differences.none()) << differences;
}

}  // namespace
}  // namespace weir::test
