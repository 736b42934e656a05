#include <cmath>
#include <random>

#include "postgres_test.hpp"

namespace weir::test {
namespace {

class PostgresTypes : public PostgresTest {
protected:
    /// The cells of one column of `type` that holds `values`, in order, and how it crossed.
    struct Column {
        std::vector<testkit::Cell> cells;
        testkit::Json layout;
        std::vector<FieldView> fields;
    };
    Column column(std::string const& type, std::string const& values) {
        owner_.run("DROP TABLE IF EXISTS t; CREATE TABLE t (n serial PRIMARY KEY, v " + type +
                   ");"
                   "INSERT INTO t (v) " +
                   values);
        testkit::Reader reader =
            source_->open({.stream = "public.t", .select = {{"key", {"n"}}, {"fields", {"v"}}}});
        Column out;
        while (auto batch = reader.next())
            for (testkit::Record const& record : batch->records()) out.cells.push_back(record[0]);
        out.fields = reader.fields();
        return out;
    }
    /// Text columns must be what the server prints.
    void expect_printed(std::string const& type, std::string const& values,
                        std::string const& extension) {
        Column const found = column(type, values);
        owner_.run(
            "SET TimeZone = 'UTC'; SET bytea_output = 'hex'; SET IntervalStyle = 'postgres'");
        std::vector<testkit::Cell> printed;
        for (Record const& row : owner_.rows("SELECT v FROM t ORDER BY n"))
            printed.push_back(row[0]);
        EXPECT_EQ(found.cells, printed) << type;
        EXPECT_EQ(found.fields[0].extension, extension) << type;
        EXPECT_EQ(found.fields[0].source_type,
                  owner_.one("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE"
                             " attrelid = 't'::regclass AND attname = 'v'"))
            << type;
    }
    static std::vector<testkit::Cell> cells(std::initializer_list<char const*> texts) {
        std::vector<testkit::Cell> out;
        for (char const* text : texts) out.push_back(text ? testkit::Cell{text} : std::nullopt);
        return out;
    }
};

TEST_F(PostgresTypes, Integers) {
    EXPECT_EQ(column("smallint", "VALUES (-32768), (32767), (0), (NULL)").cells,
              cells({"-32768", "32767", "0", nullptr}));
    EXPECT_EQ(column("integer", "VALUES (-2147483648), (2147483647)").cells,
              cells({"-2147483648", "2147483647"}));
    EXPECT_EQ(column("bigint",
                     "VALUES (-9223372036854775808), (9223372036854775807),"
                     " (9007199254740993), (999999999999999999), (1000000000000000000)")
                  .cells,
              cells({"-9223372036854775808", "9223372036854775807", "9007199254740993",
                     "999999999999999999", "1000000000000000000"}));
    EXPECT_EQ(column("oid", "VALUES (0), (4294967295)").cells, cells({"0", "4294967295"}));
    EXPECT_EQ(column("bigint", "VALUES (1)").fields[0].layout, Layout::int64);
}

TEST_F(PostgresTypes, H26NumericsKeepTheirDigits) {
    expect_printed("numeric(10,2)", "VALUES (1.10), (-0.00), (99999999.99), ('NaN'), (NULL)",
                   "weir.numeric");
    expect_printed(
        "numeric",
        "VALUES (1.10), (1.1), (0), ('NaN'), ('Infinity'), ('-Infinity'),"
        " (1e-1000), (repeat('9', 131072)::numeric), (('0.' || repeat('7', 16383))::numeric)",
        "weir.numeric");
}

TEST_F(PostgresTypes, H26FloatsKeepTheirBits) {
    std::string const values =
        "VALUES ('NaN'), ('Infinity'), ('-Infinity'), ('-0'), (1.1), (1e-45), (3.4028235e38), "
        "(NULL)";
    Column const single = column("real", values);
    EXPECT_EQ(single.fields[0].layout, Layout::float32);
    EXPECT_EQ(single.cells, cells({"nan", "inf", "-inf", "-0", "1.1000000238418579",
                                   "1.4012984643248171e-45", "3.4028234663852886e+38", nullptr}));
    Column const twice = column("double precision",
                                "VALUES ('NaN'), ('-Infinity'), ('-0'), (0.1), (5e-324), "
                                "(1.7976931348623157e308), (2.2250738585072014e-308)");
    EXPECT_EQ(twice.fields[0].layout, Layout::float64);
    EXPECT_EQ(twice.cells,
              cells({"nan", "-inf", "-0", "0.10000000000000001", "4.9406564584124654e-324",
                     "1.7976931348623157e+308", "2.2250738585072014e-308"}));
}

TEST_F(PostgresTypes, H26RandomFloatsComeBackBitByBit) {
    std::uint64_t seed = std::random_device{}();
    if (char const* given = std::getenv("WEIR_SEED")) seed = std::stoull(given);
    SCOPED_TRACE("WEIR_SEED=" + std::to_string(seed));
    std::mt19937_64 random{seed};
    std::vector<testkit::Cell> expected;
    std::string values = "VALUES ";
    for (int i = 0; i < 5000; ++i) {
        std::uint64_t const bits = random();
        double number;
        std::memcpy(&number, &bits, sizeof number);
        if (!std::isfinite(number)) continue;
        char text[64];
        std::snprintf(text, sizeof text, "%.17g", number);
        expected.push_back(text);
        values += (expected.size() > 1 ? ",('" : "('") + std::string{text} + "')";
    }
    EXPECT_EQ(column("double precision", values).cells, expected);
}

TEST_F(PostgresTypes, Booleans) {
    EXPECT_EQ(column("boolean", "VALUES (true), (false), (NULL)").cells,
              cells({"true", "false", nullptr}));
}

TEST_F(PostgresTypes, Texts) {
    owner_.run(
        "CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('sad', 'o''k', 'tab\there');"
        "CREATE DOMAIN email AS varchar(40) CHECK (value <> 'x'); CREATE DOMAIN mail AS email");
    std::string const odd =
        "VALUES (''), (E'\\\\'), (E'\\\\N'), ('\\N'), (E'a\\tb\\nc\\rd\\be\\ff\\vg'), ('é😀'), "
        "(E'\\\\.'), (NULL), (E'\\x01\\x1f\\x7f'), (E'end\\\\'), ('\"quoted\"'), (E'\\t'), "
        "(E'\\n')";
    expect_printed("text", odd, "");
    expect_printed("varchar(20)", odd, "");
    expect_printed("citext", odd, "");
    expect_printed("char(5)", "VALUES ('a'), (''), ('abcde')", "");
    expect_printed("bpchar", "VALUES ('a  ')", "");
    expect_printed("\"char\"", "VALUES ('a'), (''), ('\\')", "");
    expect_printed("name", "VALUES ('a'), ('b c')", "");
    expect_printed("xml", "VALUES ('<a b=\"c\">d&amp;</a>')", "");
    expect_printed("mood", "VALUES ('sad'), ('o''k'), ('tab\there')", "");
    Column const domain = column("mail", "VALUES ('a@b')");
    EXPECT_EQ(domain.cells, cells({"a@b"}));
    EXPECT_EQ(domain.fields[0].source_type, "character varying(40)");
}

TEST_F(PostgresTypes, UuidAndBytes) {
    Column const uuid = column("uuid",
                               "VALUES ('A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11'), (NULL),"
                               " ('ffffffff-ffff-ffff-ffff-ffffffffffff')");
    EXPECT_EQ(uuid.cells, cells({"a0eebc999c0b4ef8bb6d6bb9bd380a11", nullptr,
                                 "ffffffffffffffffffffffffffffffff"}));
    EXPECT_EQ(uuid.fields[0].extension, "arrow.uuid");
    Column const bytes =
        column("bytea",
               "SELECT decode(v, 'hex') FROM (VALUES (''), ('00'), ('5c4e090a00ff'), (NULL)) x(v)");
    EXPECT_EQ(bytes.fields[0].meaning, Meaning::binary);
    EXPECT_EQ(bytes.cells, (std::vector<testkit::Cell>{"", std::string(1, '\0'),
                                                       std::string("\x5c\x4e\x09\x0a\x00\xff", 6),
                                                       std::nullopt}));
}

TEST_F(PostgresTypes, H28DatesAndTimes) {
    Column const dates =
        column("date",
               "VALUES ('1970-01-01'), ('0044-03-15 BC'), ('5874897-12-31'),"
               " ('4713-01-01 BC'), ('0001-12-31 BC'), ('2000-02-29'), ('10000-01-01')");
    EXPECT_EQ(dates.fields[0].meaning, Meaning::date);
    EXPECT_EQ(dates.cells,
              cells({"0", "-735160", "2145042905", "-2440550", "-719163", "11016", "2932897"}));
    EXPECT_EQ(
        column("time", "VALUES ('00:00'), ('24:00'), ('23:59:59.999999'), ('12:34:56.5')").cells,
        cells({"0", "86400000000", "86399999999", "45296500000"}));
    std::string const moments =
        "VALUES ('1970-01-01 00:00:00.000001'), ('1969-12-31 23:59:59.999999'), ('2024-02-29 "
        "12:00'),"
        " ('0044-03-15 01:02:03.5 BC'), ('4714-11-24 00:00 BC'), ('10000-01-01 00:00')";
    std::vector<testkit::Cell> const expected =
        cells({"1", "-1", "1709208000000000", "-63517820276500000", "-210866803200000000",
               "253402300800000000"});
    owner_.run("SET TimeZone = 'UTC'");
    EXPECT_EQ(column("timestamp", moments).cells, expected);
    Column const instants = column("timestamptz", moments);
    EXPECT_EQ(instants.cells, expected);
    EXPECT_EQ(instants.fields[0].meaning, Meaning::instant);
}

TEST_F(PostgresTypes, H28ServerZoneDoesNotMatter) {
    // The hour that America/Sao_Paulo had twice.
    EXPECT_EQ(
        column("timestamptz", "VALUES ('2018-02-18 01:30+00'), ('2018-02-18 02:30+00')").cells,
        cells({"1518917400000000", "1518921000000000"}));
}

TEST_F(PostgresTypes, EveryDayThereIsMatchesTheServer) {
    Column const days =
        column("date", "SELECT '4713-01-01 BC'::date + i * 429479 FROM generate_series(0, 4999) i");
    std::vector<Record> const expected =
        owner_.rows("SELECT v - '1970-01-01'::date FROM t ORDER BY n");
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(days.cells[i], expected[i][0]);
}

TEST_F(PostgresTypes, WhatATimeCannotHoldTurnsTheFieldIntoText) {
    owner_.run(
        "CREATE TABLE m (id int PRIMARY KEY, d date, t timestamp, z timestamptz);"
        "INSERT INTO m SELECT i, '2024-01-01', '2024-01-01', '2024-01-01+00' FROM "
        "generate_series(1, 9) i;"
        "UPDATE m SET z = 'infinity' WHERE id = 4;"
        "UPDATE m SET t = '-infinity', d = 'infinity' WHERE id = 6;"
        "UPDATE m SET z = '0044-03-15 01:02:03.5+00 BC', t = '294276-12-31 23:59:59.999999' WHERE "
        "id = 8");
    testkit::Reader reader = source_->open({.stream = "public.m", .select = {{"key", {"id"}}}});
    auto const first = reader.next(), second = reader.next(), third = reader.next();
    EXPECT_FALSE(reader.next());
    ASSERT_TRUE(first && second && third);
    EXPECT_EQ(first->rows(), 3);
    EXPECT_FALSE(first->has_new_schema());
    EXPECT_TRUE(second->has_new_schema());
    EXPECT_EQ(Json::parse(*first->cursor())["scan"]["at"], Json({"3"}));
    EXPECT_EQ(second->records()[0],
              (testkit::Record{"4", "19723", "1704067200000000", "infinity"}));
    EXPECT_EQ(second->records()[1][3], "2024-01-01T00:00:00.000000Z");
    EXPECT_TRUE(third->has_new_schema());
    EXPECT_EQ(third->records()[0],
              (testkit::Record{"6", "infinity", "-infinity", "2024-01-01T00:00:00.000000Z"}));
    EXPECT_EQ(third->records()[1], (testkit::Record{"7", "2024-01-01", "2024-01-01T00:00:00.000000",
                                                    "2024-01-01T00:00:00.000000Z"}));
    EXPECT_EQ(third->records()[2],
              (testkit::Record{"8", "2024-01-01", "294276-12-31T23:59:59.999999",
                               "0044-03-15T01:02:03.500000Z BC"}));
    EXPECT_EQ(third->fields()[3].source_type, "timestamp with time zone");
}

TEST_F(PostgresTypes, JsonKeepsItsBytes) {
    expect_printed("json",
                   "VALUES ('{\"b\": 1,  \"a\":1e400, \"a\": \"\\u0000\\n\"}'), ('null'), (NULL), "
                   "('\"\\\\\"')",
                   "arrow.json");
    expect_printed("jsonb", "VALUES ('{\"b\": 1.10,  \"a\":\"é\\t\"}'), ('[1, 2]')", "arrow.json");
}

TEST_F(PostgresTypes, ArraysAreJson) {
    owner_.run(
        "CREATE EXTENSION hstore; CREATE TYPE mood AS ENUM ('sad', 'a,b'); CREATE DOMAIN score AS "
        "numeric;"
        "SET TimeZone = 'UTC'");
    auto json = [&](std::string const& type, std::string const& value) {
        Column const found = column(type, "VALUES (" + value + ")");
        EXPECT_EQ(found.fields[0].extension, "arrow.json") << type;
        return *found.cells[0];
    };
    EXPECT_EQ(json("int[]", "'{}'"), "[]");
    EXPECT_EQ(json("int[]", "'{1,NULL,-3}'"), "[1,null,-3]");
    EXPECT_EQ(json("bigint[][]", "'{{1,2},{3,9223372036854775807}}'"),
              "[[1,2],[3,9223372036854775807]]");
    EXPECT_EQ(json("numeric(6,2)[]", "'{1.10,NaN,-0.5}'"), R"([1.10,"NaN",-0.50])");
    EXPECT_EQ(json("score[]", "'{1.10}'"), "[1.10]");
    EXPECT_EQ(json("numeric[]", "'{Infinity,-Infinity,1}'"), R"(["Infinity","-Infinity",1])");
    EXPECT_EQ(json("float8[]", "'{1e300,-0,NaN,Infinity}'"), R"([1e+300,-0,"NaN","Infinity"])");
    EXPECT_EQ(json("bool[]", "'{t,f,NULL}'"), "[true,false,null]");
    EXPECT_EQ(json("text[]", R"(E'{"a\\"b","NULL",null,"",c\\\\d,"x,y","{z}","tab\there",é}')"),
              R"(["a\"b","NULL",null,"","c\\d","x,y","{z}","tab\there","é"])");
    EXPECT_EQ(json("varchar(9)[]", "ARRAY['a b', E'\\x01']"), R"(["a b","\u0001"])");
    EXPECT_EQ(json("mood[]", "ARRAY['sad', 'a,b']::mood[]"), R"(["sad","a,b"])");
    EXPECT_EQ(json("uuid[]", "ARRAY['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11']::uuid[]"),
              R"(["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"])");
    EXPECT_EQ(json("bytea[]", "ARRAY['\\x00ff', '']::bytea[]"), R"(["\\x00ff","\\x"])");
    EXPECT_EQ(json("date[]", "ARRAY['2024-02-29', 'infinity']::date[]"),
              R"(["2024-02-29","infinity"])");
    EXPECT_EQ(json("time[]", "ARRAY['01:02']::time[]"), R"(["01:02:00.000000"])");
    EXPECT_EQ(json("timestamptz[]", "ARRAY['2024-02-29 01:02:03.5+00', 'infinity']::timestamptz[]"),
              R"(["2024-02-29T01:02:03.500000Z","infinity"])");
    EXPECT_EQ(json("timestamp[]", "ARRAY['0044-03-15 BC']::timestamp[]"),
              R"(["0044-03-15T00:00:00.000000 BC"])");
    EXPECT_EQ(json("jsonb[]", R"(ARRAY['{"a": [1, "x"]}', 'null']::jsonb[])"),
              R"([{"a": [1, "x"]}, null])");
    EXPECT_EQ(json("box[]", "ARRAY['(2,2),(1,1)', '(4,4),(3,3)']::box[]"),
              R"j(["(2,2),(1,1)","(4,4),(3,3)"])j");
    EXPECT_EQ(json("int4range[]", "ARRAY['[1,5)']::int4range[]"), R"j(["[1,5)"])j");
    EXPECT_EQ(json("hstore[]", R"(ARRAY['a=>"b c"']::hstore[])"), R"(["\"a\"=>\"b c\""])");
    EXPECT_EQ(json("interval[]", "ARRAY['1 day 2 hours']::interval[]"), R"(["1 day 02:00:00"])");
}

TEST_F(PostgresTypes, ArraysOfOtherBoundsStayAsPrinted) {
    Column const found = column("int[]", "VALUES ('{7}'), ('[0:1]={1,2}'), ('{8,9}')");
    EXPECT_EQ(found.cells, cells({"[7]", "[0:1]={1,2}", "[8,9]"}));
    EXPECT_EQ(found.fields[0].extension, "");
}

TEST_F(PostgresTypes, OthersAreTextAsPrinted) {
    owner_.run(
        "CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE TYPE pair AS (a int, b text);"
        "CREATE TABLE loose (a int)");
    std::vector<std::pair<std::string, std::string>> const types{
        {"interval", "'1 year 2 mons -3 days 04:05:06.789'"},
        {"timetz", "'24:00:00-15:59'"},
        {"money", "'-92233720368547758.08'"},
        {"bit(5)", "B'10101'"},
        {"bit varying(9)", "B'1'"},
        {"inet", "'2001:db8::1/64'"},
        {"cidr", "'10.0.0.0/8'"},
        {"macaddr", "'08:00:2b:01:02:03'"},
        {"macaddr8", "'08:00:2b:01:02:03:04:05'"},
        {"tsvector", "'a:1A b c'"},
        {"tsquery", "'a & !b'"},
        {"point", "'(1.5,-0)'"},
        {"line", "'{1,2,3}'"},
        {"lseg", "'[(0,0),(1,1)]'"},
        {"box", "'(2,2),(1,1)'"},
        {"path", "'[(0,0),(1,1)]'"},
        {"polygon", "'((0,0),(1,1),(1,0))'"},
        {"circle", "'<(0,0),1e300>'"},
        {"int4range", "'[1,10)'"},
        {"int8range", "'empty'"},
        {"numrange", "'[1.10,)'"},
        {"tsrange", "'[2024-01-01,infinity]'"},
        {"tstzrange", "'(,2024-01-01+00]'"},
        {"daterange", "'[2024-01-01,2024-02-01)'"},
        {"int4multirange", "'{[1,3),[5,7)}'"},
        {"datemultirange", "'{}'"},
        {"pg_lsn", "'FFFFFFFF/FFFFFFFF'"},
        {"txid_snapshot", "'10:20:10,14,15'"},
        {"pg_snapshot", "'10:20:10,14,15'"},
        {"xid", "'4294967295'"},
        {"xid8", "'18446744073709551615'"},
        {"cid", "'7'"},
        {"tid", "'(0,1)'"},
        {"regclass", "'pg_class'"},
        {"regtype", "'int4'"},
        {"regproc", "'pg_catalog.array_in'"},
        {"regrole", "'weir'"},
        {"regnamespace", "'public'"},
        {"jsonpath", "'$.a[*]'"},
        {"int2vector", "'1 2 3'"},
        {"oidvector", "'1 2'"},
        {"hstore", "'a=>\"b\", c=>NULL'"},
        {"ltree", "'a.b.c'"},
        {"pair", "ROW(1, 'a \"b\" \\ c')::pair"},
        {"aclitem", "'weir=r/weir'"},
        {"refcursor", "'c'"},
        {"loose", "ROW(1)::loose"}};
    for (auto const& [type, value] : types)
        expect_printed(type, "VALUES (" + value + "::" + type + "), (NULL)", "arrow.opaque");
}

TEST_F(PostgresTypes, EveryBuiltInTypeCanBeAColumn) {
    // Whatever a new server brings must at least cross as text.
    std::string columns;
    for (Record const& row : owner_.rows(
             "SELECT format_type(oid, NULL) FROM pg_type WHERE typnamespace = "
             "'pg_catalog'::regnamespace"
             " AND typtype IN ('b', 'r', 'm') AND typinput <> 'pg_node_tree_in'::regproc"
             " AND typname NOT LIKE 'pg\\_%' AND typname NOT LIKE '\\_pg\\_%' AND typname NOT IN"
             " ('gtsvector', '_gtsvector', '_cstring', '_record')"))
        columns += (columns.empty() ? "c" : ", c") + std::to_string(columns.size()) + " " + *row[0];
    owner_.run("CREATE TABLE every (" + columns + "); INSERT INTO every DEFAULT VALUES");
    Records const all = read({.stream = "public.every"});
    ASSERT_EQ(all.size(), 1u);
    EXPECT_GT(all[0].size(), 100u);
}

TEST_F(PostgresTypes, BinaryAndTextFormAgree) {
    owner_.run(
        "CREATE TYPE mood AS ENUM ('sad', 'ok');"
        "CREATE TABLE n (id bigint PRIMARY KEY, s smallint, i int, o oid, f4 real, f8 double "
        "precision,"
        " b boolean, x text, v varchar, c char(4), na name, e mood, j json, u uuid, y bytea, d "
        "date,"
        " t time, ts timestamp, tz timestamptz, d2 date, ts2 timestamp, tz2 timestamptz);"
        "INSERT INTO n (id) VALUES (0); INSERT INTO n VALUES"
        " (1, -32768, -2147483648, 4294967295, '-0', '-Infinity', true, E'a\\\\\tb\n', '', 'a', "
        "'n', 'sad',"
        "  '{ }', 'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11', '\\x005c', '4713-01-01 BC', '24:00',"
        "  '4714-11-24 BC', '4714-11-24+00 BC', 'infinity', '-infinity', 'infinity'),"
        " (2, 32767, 2147483647, 0, 'NaN', 5e-324, false, 'é😀', 'x', 'abcd', '', 'ok', '[1e400]',"
        "  'ffffffff-ffff-ffff-ffff-ffffffffffff', '', '5874897-12-31', '00:00:00.000001',"
        "  '294246-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999+00', '0044-03-15 BC',"
        "  '294276-12-31 23:59:59.999999', '0044-03-15 01:02:03.45+00 BC');"
        "CREATE TABLE odd AS SELECT *, NULL::interval AS q FROM n");
    for (std::uint32_t rows_max : {1u, 1000u}) {
        Records const binary =
            read({.stream = "public.n", .select = {{"key", {"id"}}}, .rows_max = rows_max});
        Records text =
            read({.stream = "public.odd", .select = {{"key", {"id"}}}, .rows_max = rows_max});
        for (testkit::Record& record : text) record.pop_back();
        ASSERT_EQ(binary.size(), 3u);
        for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(binary[i], text[i]) << i;
    }
}

TEST_F(PostgresTypes, PositionsAreTheServersTextInBinaryForm) {
    owner_.run(
        "SET TimeZone = 'UTC'; CREATE TABLE p (z timestamptz, t timestamp, d date, u uuid, x text,"
        " PRIMARY KEY (z, t, d, u, x));"
        "INSERT INTO p SELECT '4000-01-01+00 BC'::timestamptz + i * '97 days 1.00013 s'::interval,"
        " '0001-01-01'::timestamp + i * '1 day 0.1 s'::interval, '0400-02-28 BC'::date + i * 31,"
        " md5(i::text)::uuid, E'\\t\\\\' || i FROM generate_series(1, 2000) i");
    Records const expected = [&] {
        Records out;
        for (Record const& row : owner_.rows("SELECT * FROM p ORDER BY z, t, d, u, x"))
            out.push_back(row);
        return out;
    }();
    testkit::Reader reader = source_->open(
        {.stream = "public.p", .select = {{"key", {"z", "t", "d", "u", "x"}}}, .rows_max = 1});
    for (testkit::Record const& row : expected) {
        auto const batch = reader.next();
        ASSERT_TRUE(batch);
        std::vector<std::string> texts;
        for (testkit::Cell const& cell : row) texts.push_back(*cell);
        ASSERT_EQ(Json::parse(*batch->cursor())["scan"]["at"], Json(texts));
    }
}

TEST_F(PostgresTypes, GeneratedColumnsAreRead) {
    owner_.run(
        "CREATE TABLE g (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c int);"
        "ALTER TABLE g DROP c; INSERT INTO g VALUES (21)");
    EXPECT_EQ(read({.stream = "public.g"}), (Records{{"21", "42"}}));
}

TEST_F(PostgresTypes, H29WideTables) {
    std::string columns = "id int PRIMARY KEY", values = "SELECT i";
    for (int i = 0; i < 1500; ++i) {
        columns += ", c" + std::to_string(i) + " smallint";
        values += ", " + std::to_string(i);
    }
    owner_.run("CREATE TABLE wide (" + columns +
               ");"
               "INSERT INTO wide " +
               values + " FROM generate_series(1, 3) i");
    Records const all = read({.stream = "public.wide", .select = {{"key", {"id"}}}});
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[2].size(), 1501u);
    EXPECT_EQ(all[2][1500], "1499");
}

TEST_F(PostgresTypes, H29HugeValues) {
    owner_.run(
        "CREATE TABLE huge (id int PRIMARY KEY, v json);"
        "INSERT INTO huge SELECT i, ('\"' || repeat(md5(i::text), 1048576) || '\"')::json FROM "
        "generate_series(1, 2) i");
    testkit::Reader reader = source_->open({.stream = "public.huge", .select = {{"key", {"id"}}}});
    for (int i = 1; i <= 2; ++i) {
        auto const batch = reader.next();
        ASSERT_TRUE(batch);
        EXPECT_EQ(batch->rows(), 1);
        EXPECT_EQ(batch->records()[0][1]->size(), 33554434u);
    }
    EXPECT_FALSE(reader.next());
}

}  // namespace
}  // namespace weir::test
