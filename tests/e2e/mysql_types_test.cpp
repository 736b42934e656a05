// Values between MariaDB and PostgreSQL, type by type: into the type that the tables of the design
// name, and back as they were; what a type of the other cannot hold is refused by row.
#include <fstream>

#include "support/mysql_copy_fixture.hpp"
#include "support/postgres_server.hpp"

namespace weir::test {
namespace {

/// A type, what it becomes there, and values as SQL of where they come from.
struct Line {
    std::string type, there;
    std::vector<std::string> values;
};

std::string const wide = std::string(35, '9') + "." + std::string(30, '9');

std::vector<Line> const of_mariadb{
    {"tinyint", "smallint", {"-128", "127"}},
    {"tinyint(1)", "smallint", {"2", "1"}},
    {"tinyint unsigned", "smallint", {"0", "255"}},
    {"smallint", "smallint", {"-32768", "32767"}},
    {"smallint unsigned", "integer", {"65535"}},
    {"mediumint", "integer", {"-8388608"}},
    {"mediumint unsigned", "integer", {"16777215"}},
    {"int", "integer", {"-2147483648", "2147483647"}},
    {"int unsigned zerofill", "bigint", {"4294967295", "7"}},
    {"bigint", "bigint", {"-9223372036854775808", "9007199254740993"}},
    {"bigint unsigned", "numeric(20,0)", {"0", "18446744073709551615"}},
    {"year", "smallint", {"1901", "2155", "0"}},
    {"bit(1)", "bit(1)", {"b'0'", "b'1'"}},
    {"bit(9)", "bit(9)", {"b'101010101'", "0"}},
    {"bit(64)", "bit(64)", {"x'ffffffffffffffff'", "1"}},
    {"decimal(10,2)", "numeric(10,2)", {"1.1", "-99999999.99", "0"}},
    {"decimal(38,38)", "numeric(38,38)", {"-0.1"}},
    {"decimal(65,30)", "numeric(65,30)", {"-" + wide, "1.5", "0"}},
    {"float", "real", {"1.1", "-3.402823466e38", "1e-45"}},
    {"double", "double precision", {"0.1", "5e-324", "-1.7976931348623157e308"}},
    {"char(5)", "text", {"'ab  '"}},
    {"varchar(9) CHARACTER SET latin1", "text", {"'é€'", "'A '"}},
    {"varchar(9) CHARACTER SET utf8mb3", "text", {"'漢'"}},
    {"longtext", "text", {"'é😀'", "''", "'it''s \\\\ \\n\\t'"}},
    {"enum('a','é,')", "text", {"'é,'"}},
    {"set('a','b')", "text", {"'b,a'", "''"}},
    {"inet4", "inet", {"'1.2.3.4'"}},
    {"inet6", "inet", {"'::1'", "'fe80::ff'"}},
    {"binary(3)", "bytea", {"'a'"}},
    {"longblob", "bytea", {"x'00ff80275c'", "''"}},
    {"point", "bytea", {"POINT(1, 2)"}},
    {"uuid", "uuid", {"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"}},
    {"json", "json", {R"('{"b":1,  "a":[1e400,1.10],"b":2}')"}},
    {"date", "date", {"'2024-02-29'", "'9999-12-31'", "'0001-01-01'"}},
    {"datetime(6)", "timestamp without time zone", {"'9999-12-31 23:59:59.999999'"}},
    {"timestamp(3)",
     "timestamp with time zone",
     {"'2038-01-19 03:14:07'", "'1970-01-01 00:00:01'"}},
    {"time(6)", "time without time zone", {"'23:59:59.999999'", "'00:00:00'"}},
};

std::vector<Line> const of_postgres{
    {"smallint", "smallint", {"-32768", "32767"}},
    {"integer", "int", {"-2147483648", "2147483647"}},
    {"bigint", "bigint", {"-9223372036854775808", "9007199254740993"}},
    {"numeric(30,10)", "decimal(30,10)", {"-1.10", "0"}},
    {"numeric(65,30)", "decimal(65,30)", {wide, "'-0.5'"}},
    {"numeric", "longtext", {"1.10", "'NaN'", "1e100", "0.00"}},
    {"numeric(70,2)", "longtext", {"1.10"}},
    {"real", "float", {"1.1", "'-3.4028235e38'"}},
    {"double precision", "double", {"0.1", "5e-324"}},
    {"text", "longtext", {"'é😀'", "''", "E'it''s \\\\ \\n\\t'"}},
    {"varchar(5)", "longtext", {"'ab  '"}},
    {"char(5)", "longtext", {"'ab'"}},
    {"bytea", "longblob", {"'\\x00ff80275c'", "''"}},
    {"uuid", "uuid", {"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"}},
    {"json", "json", {R"('{"b":1,  "a":[1e400,1.10],"b":2}')"}},
    {"bit(9)", "bit(9)", {"B'101010101'", "B'000000000'"}},
    {"bit(64)", "bit(64)", {"(-1)::bit(64)"}},
    {"bit(80)", "longtext", {"(-1)::bit(80)"}},
    {"bit varying(9)", "longtext", {"B'0101'", "B''"}},
    {"date", "date", {"'2024-02-29'", "'9999-12-31'"}},
    {"timestamp", "datetime(6)", {"'2024-01-02 03:04:05.000006'", "'0001-01-01 00:00:00'"}},
    {"timestamptz", "timestamp(6)", {"'2024-01-02 03:04:05.000006Z'", "'2038-01-19 03:14:07Z'"}},
    {"time", "time(6)", {"'23:59:59.999999'", "'24:00:00'"}},
    {"interval", "longtext", {"'1 day 24:00:01.5'", "'-1 mon'"}},
    {"money", "longtext", {"'-1234.50'"}},
    {"inet", "longtext", {"'10.0.0.1/8'"}},
    {"int4range", "longtext", {"'[1,5)'"}},
    {"timetz", "longtext", {"'03:04:05+02'"}},
    {"xml", "longtext", {"'<a>&amp;</a>'"}},
};

class MysqlTypes : public MysqlCopyFixture {
protected:
    Ran move(std::string const& from, std::string const& to, std::vector<std::string> more) {
        more.insert(more.begin(), {"copy", from, to});
        more.push_back("--json");
        return weir(more, {.directory = directory.path().string()});
    }
    /// One table with a column of each line, c0 to cN, and a row of each value.
    template <class Db>
    static void make(Db& db, std::vector<Line> const& lines) {
        std::string columns = "id int PRIMARY KEY";
        for (std::size_t i = 0; i < lines.size(); ++i)
            columns += ", c" + std::to_string(i) + " " + lines[i].type + " NULL";
        db.run("CREATE TABLE t (" + columns + ")");
        int id = 0;
        for (std::size_t i = 0; i < lines.size(); ++i)
            for (std::string const& value : lines[i].values)
                db.run("INSERT INTO t (id, c" + std::to_string(i) + ") VALUES (" +
                       std::to_string(++id) + ", " + value + ")");
    }
    /// A column of MariaDB, however it is declared: numbers and times as numbers, a float by all of
    /// its digits, texts by their bytes.
    static std::string as_compared(std::string const& name, std::string const& there) {
        if (there == "real") return name + " + 0e0";
        if (there == "bytea") return "HEX(" + name + ")";
        if (there == "text" || there == "inet" || there == "json" || there == "uuid")
            return "HEX(CONVERT(" + name + " USING utf8mb4))";
        if (there.starts_with("timestamp")) return "CAST(" + name + " AS DATETIME(6))";
        return name + " + 0";
    }
    std::string const far = PostgresServer::shared().fresh();
    std::string const url = PostgresServer::shared().url(far);
    Pg pg = PostgresServer::shared().connect_as_owner(far);
};

TEST_F(MysqlTypes, OfMariadbAreInPostgresWhatTheTableSaysAndComeBackEqual) {
    make(db, of_mariadb);
    Ran const there = move(server.url(database), url, {"--stream", "t"});
    ASSERT_EQ(there.code, 0) << there;
    std::vector<Record> const types =
        pg.rows("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid ="
                " 't'::regclass AND attnum > 1 ORDER BY attnum");
    std::string equal;
    for (std::size_t i = 0; i < of_mariadb.size(); ++i) {
        EXPECT_EQ(types.at(i).at(0), of_mariadb[i].there) << of_mariadb[i].type;
        std::string const name = "c" + std::to_string(i);
        equal += ", " + as_compared(name, of_mariadb[i].there);
    }
    Ran const back = move(url, server.url(database), {"--stream", "public.t", "--to", "back"});
    ASSERT_EQ(back.code, 0) << back;
    std::vector<Record> const was = db.rows("SELECT id" + equal + " FROM t ORDER BY id"),
                              is = db.rows("SELECT id" + equal + " FROM back ORDER BY id");
    ASSERT_EQ(was.size(), is.size());
    for (std::size_t row = 0; row < was.size(); ++row)
        for (std::size_t at = 1; at < was[row].size(); ++at)
            EXPECT_EQ(was[row][at], is[row][at]) << of_mariadb[at - 1].type << ", row " << row + 1;
}

TEST_F(MysqlTypes, OfPostgresComeBackEqualFromMariadb) {
    make(pg, of_postgres);
    Ran const there = move(url, server.url(database), {"--stream", "public.t"});
    ASSERT_EQ(there.code, 0) << there;
    std::vector<Record> const types = db.rows(
        "SELECT IF(COLUMN_TYPE LIKE '%int(%', DATA_TYPE, IF(EXISTS (SELECT 1 FROM"
        " information_schema.CHECK_CONSTRAINTS k WHERE k.CONSTRAINT_SCHEMA = TABLE_SCHEMA AND"
        " k.TABLE_NAME = 't' AND k.CONSTRAINT_NAME = COLUMN_NAME), 'json', COLUMN_TYPE)) FROM"
        " information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't' AND"
        " ORDINAL_POSITION > 1 ORDER BY ORDINAL_POSITION");
    Ran const back = move(server.url(database), url, {"--stream", "t", "--to", "back"});
    ASSERT_EQ(back.code, 0) << back;
    for (std::size_t i = 0; i < of_postgres.size(); ++i) {
        EXPECT_EQ(types.at(i).at(0), of_postgres[i].there) << of_postgres[i].type;
        std::string const name = "c" + std::to_string(i) + "::text";
        // As text it loses its blanks.
        std::string const each =
            "SELECT " + (of_postgres[i].type == "char(5)" ? "rpad(" + name + ", 5)" : name) +
            " FROM ";
        EXPECT_EQ(pg.rows(each + "back ORDER BY id"), pg.rows(each + "t ORDER BY id"))
            << of_postgres[i].type;
    }
}

TEST_F(MysqlTypes, WhatPostgresCannotHoldIsRefusedByRowAndTheRestGoesOn) {
    db.run("CREATE TABLE t (id int PRIMARY KEY, a time(6), b date, c datetime, d text, e timestamp"
           " NULL);"
           "INSERT INTO t VALUES (1, '12:00:00', '2024-01-01', '2024-01-01', 'x', '2024-01-01');"
           "INSERT INTO t (id, a) VALUES (2, '838:59:59'), (3, '-00:00:01'), (4, '24:00:00');"
           "INSERT INTO t (id, b) VALUES (5, '0000-00-00'), (6, '2024-00-15');"
           "INSERT INTO t (id, c) VALUES (7, '0000-00-00 00:00:00'), (8, '2024-02-00 01:02:03');"
           "INSERT INTO t (id, d) VALUES (9, 'a\\0b');"
           "INSERT INTO t (id, e) VALUES (10, '0000-00-00');"
           "INSERT INTO t VALUES (11, '13:00:00', '2024-01-02', '2024-01-02', 'y', '2024-01-02')");
    Ran const ran = move(server.url(database), url,
                         {"--stream", "t", "--on-error", "dead_letter", "--dead-letters",
                          "letters.jsonl"});
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(pg.rows("SELECT id, a FROM t ORDER BY id"),
              (std::vector<Record>{{"1", "12:00:00"}, {"4", "24:00:00"}, {"11", "13:00:00"}}));
    std::ifstream file{directory / "letters.jsonl"};
    std::string line, ids;
    while (std::getline(file, line)) {
        Json const letter = Json::parse(line);
        ids += letter.at("record").at("id").dump() + " ";
        EXPECT_FALSE(letter.at("message").get<std::string>().empty());
        if (letter["record"]["id"] == 2) EXPECT_EQ(letter["record"]["a"], "838:59:59.000000");
        if (letter["record"]["id"] == 6) EXPECT_EQ(letter["record"]["b"], "2024-00-15");
    }
    EXPECT_EQ(ids, "2 3 5 6 7 8 9 10 ");
}

TEST_F(MysqlTypes, H28ATimeBeyondADayGoesThereAsAnIntervalAndComesBack) {
    db.run("CREATE TABLE t (id int PRIMARY KEY, a time(6), b time NOT NULL);"
           "INSERT INTO t VALUES (1, '838:59:59', '-838:59:59'), (2, '-00:00:00.5', '24:00:00'),"
           " (3, '12:00:00.000001', '00:00:00'), (4, NULL, '23:59:59');"
           "CREATE TABLE back LIKE t; ALTER TABLE back MODIFY b time(6) NOT NULL");
    std::string const as_intervals = server.url(database) + "?schema=t.a:interval,b:interval";
    Ran const there = move(as_intervals, url, {"--stream", "t"});
    ASSERT_EQ(there.code, 0) << there;
    EXPECT_EQ(pg.one("SELECT string_agg(atttypid::regtype::text, ' ') FROM pg_attribute WHERE"
                     " attrelid = 't'::regclass AND attnum > 1"),
              "interval interval");
    EXPECT_EQ(pg.rows("SELECT a, extract(epoch FROM b)::int FROM t ORDER BY id"),
              (std::vector<Record>{{"838:59:59", "-3020399"},
                                   {"-00:00:00.5", "86400"},
                                   {"12:00:00.000001", "0"},
                                   {std::nullopt, "86399"}}));
    pg.run("INSERT INTO t VALUES (5, '1 day', '0'), (6, '839:00:00', '0'), (7, '1 mon', '0')");
    Ran const back = move(url, server.url(database),
                          {"--stream", "public.t", "--to", "back", "--on-error", "skip"});
    EXPECT_EQ(back.code, 4) << back;
    EXPECT_EQ(back.stream().at("rejected"), 3) << back;
    char const all[] = "SELECT id, a, b + INTERVAL 0 MICROSECOND FROM ";
    EXPECT_EQ(db.rows(all + std::string{"back ORDER BY id"}),
              db.rows(all + std::string{"t ORDER BY id"}));
    Ran const into_file = move(as_intervals, "sqlite:" + sink_path(), {"--stream", "t"});
    ASSERT_EQ(into_file.code, 0) << into_file;
    EXPECT_EQ(sink().one("SELECT a || ' ' || b FROM t WHERE id = 1"),
              "838:59:59.000000 -838:59:59.000000");
    // Without the setting that row is refused, as it always was.
    EXPECT_EQ(move(server.url(database), url, {"--stream", "t", "--to", "plain"}).code, 1);
}

TEST_F(MysqlTypes, H28ZeroDatesAreNoValuesWhereThatIsAskedFor) {
    db.run("CREATE TABLE t (id int PRIMARY KEY, b date NOT NULL, c datetime NOT NULL, e timestamp"
           " NOT NULL);"
           "INSERT INTO t VALUES (1, '2024-01-01', '2024-01-01', '2024-01-01'),"
           " (2, '0000-00-00', '0000-00-00', '0000-00-00'),"
           " (3, '2024-00-15', '2024-02-00 01:02:03', '2024-01-03'),"
           " (4, '2024-01-04', '2024-01-04', '2024-01-04')");
    std::string const as_null = server.url(database) + "?zero_date=null";
    Ran const there = move(as_null, url, {"--stream", "t", "--cursor", "id"});
    ASSERT_EQ(there.code, 0) << there;
    EXPECT_NE(there.err.find("2 values of field \"b\" are no dates"), std::string::npos) << there;
    EXPECT_EQ(pg.rows("SELECT id, b, c::date, (e AT TIME ZONE 'UTC')::date FROM t ORDER BY id"),
              (std::vector<Record>{{"1", "2024-01-01", "2024-01-01", "2024-01-01"},
                                   {"2", std::nullopt, std::nullopt, std::nullopt},
                                   {"3", std::nullopt, std::nullopt, "2024-01-03"},
                                   {"4", "2024-01-04", "2024-01-04", "2024-01-04"}}));
    std::string const own = server.fresh();
    Ran const there_too = move(as_null, server.url(own), {"--stream", "t"});
    ASSERT_EQ(there_too.code, 0) << there_too;
    EXPECT_EQ(server.connect_as_owner(own).one(
                  "SELECT GROUP_CONCAT(id) FROM t WHERE b IS NULL AND c IS NULL"),
              "2,3");
    Ran const as_text = move(server.url(database) + "?zero_date=text", "sqlite:" + sink_path(),
                             {"--stream", "t"});
    ASSERT_EQ(as_text.code, 0) << as_text;
    EXPECT_EQ(sink().one("SELECT b FROM t WHERE id = 3"), "2024-00-15");
}

TEST_F(MysqlTypes, FormsThatCannotBeAreSaidBeforeAnythingIsRead) {
    db.run("CREATE TABLE t (id int PRIMARY KEY, a time)");
    std::vector<std::pair<std::string, std::string>> const wrong{
        {"?zero_date=nil", "neither text nor null"},
        {"?schema=a", "\"a\" without a type"},
        {"?schema=a:int", "\"a\" as int"},
        {"?schema=t.id:interval", "field \"id\" of " + database + ".t is int"},
        {"?schema=t.b:interval", "\"t.b\", which " + database + ".t does not have"}};
    for (auto const& [parameters, words] : wrong) {
        Ran const ran = move(server.url(database) + parameters, url, {"--stream", "t"});
        EXPECT_NE(ran.code, 0) << ran;
        EXPECT_EQ(ran.error_code(), "mysql.bad_schema") << parameters << ran;
        EXPECT_NE(ran.err.find(words), std::string::npos) << parameters << ran;
    }
}

TEST_F(MysqlTypes, WhatMariadbCannotHoldIsRefusedByRowAndTheRestGoesOn) {
    pg.run("CREATE TABLE t (id int PRIMARY KEY, a timestamptz, b double precision, c date, d"
           " numeric(5,2), e timestamp);"
           "INSERT INTO t VALUES (1, '2024-01-01Z', 1, '2024-01-01', 1, '2024-01-01');"
           "INSERT INTO t (id, a) VALUES (2, '2038-01-19 03:14:08Z'), (3, '1969-12-31Z'),"
           " (4, 'infinity');"
           "INSERT INTO t (id, b) VALUES (5, 'NaN'), (6, '-Infinity');"
           "INSERT INTO t (id, c) VALUES (7, '0001-01-01 BC'), (8, '10000-01-01');"
           "INSERT INTO t (id, d) VALUES (9, 'NaN');"
           "INSERT INTO t (id, e) VALUES (10, '-infinity');"
           "INSERT INTO t VALUES (11, '2024-01-02Z', 2, '2024-01-02', 2, '2024-01-02')");
    Ran const ran = move(url, server.url(database),
                         {"--stream", "public.t", "--on-error", "dead_letter", "--dead-letters",
                          "letters.jsonl"});
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 9) << ran;
    EXPECT_EQ(db.rows("SELECT id FROM t ORDER BY id"), (std::vector<Record>{{"1"}, {"11"}}));
}

// Where its own type for instants ends, its others do not, and the refusal says so.
TEST_F(MysqlTypes, H28AnInstantThatTimestampDoesNotReachGoesIntoADatetimeAsUtc) {
    pg.run("CREATE TABLE t (id int PRIMARY KEY, until timestamptz);"
           "INSERT INTO t VALUES (1, '2024-01-01 00:00:00.5+02'), (2, '9999-12-31Z'),"
           " (3, '0001-01-01Z'), (4, NULL)");
    auto const copy = [&] { return move(url, server.url(database), {"--stream", "public.t"}); };
    Ran const refused = copy();
    EXPECT_EQ(refused.error_code(), "mysql.value") << refused;
    EXPECT_EQ(refused.json.at("error").at("where"), "until") << refused;
    std::string const remedy = refused.json.at("error").at("suggestion");
    std::size_t const statement = remedy.find("ALTER TABLE");
    ASSERT_NE(statement, remedy.npos) << remedy;
    db.run(remedy.substr(statement));
    Ran const ran = copy();
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(db.rows("SELECT id, until FROM t ORDER BY id"),
              (std::vector<Record>{{"1", "2023-12-31 22:00:00.500000"},
                                   {"2", "9999-12-31 00:00:00.000000"},
                                   {"3", "0001-01-01 00:00:00.000000"},
                                   {"4", std::nullopt}}));
}

}  // namespace
}  // namespace weir::test
