// PostgreSQL to PostgreSQL by the binary: every built-in type of PostgreSQL 15 with its extremes,
// and afterwards `COPY … TO STDOUT` of both sides is the same text.
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

struct Case {
    std::string type;
    std::vector<std::string> literals;
};

std::vector<Case> const scalars{
    {"smallint", {"-32768", "32767"}},
    {"integer", {"-2147483648", "2147483647"}},
    {"bigint", {"-9223372036854775808", "9223372036854775807"}},
    {"oid", {"0", "4294967295"}},
    {"boolean", {"true", "false"}},
    {"real", {"1.1", "3.40282347e38", "1e-45", "-0", "NaN", "Infinity", "-Infinity"}},
    {"double precision",
     {"0.1", "1.7976931348623157e308", "5e-324", "-0", "NaN", "Infinity", "-Infinity"}},
    {"numeric",
     {"0", "1.10", "-0.00010", "NaN", "Infinity", "-Infinity", "1e-100", "1e131071",
      std::string(3000, '9') + "." + std::string(3000, '1')}},
    {"numeric(10,2)", {"1.1", "-99999999.99", "NaN"}},
    {"numeric(38,0)", {std::string(38, '9')}},
    {"numeric(3,-2)", {"12345"}},
    {"money", {"-92233720368547758.08", "12.34"}},
    {"text", {"", "é😀", "tab\there", "line\nfeed\r", "back\\slash", "\\N", "\\.", "a'b\"c"}},
    {"varchar(5)", {"abcde", "ab   "}},
    {"char(5)", {"ab", ""}},
    {"\"char\"", {"a"}},
    {"name", {"some_name"}},
    {"bytea", {"\\x", "\\x00ff5c0a"}},
    {"uuid", {"00000000-0000-0000-0000-000000000000", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"}},
    {"date",
     {"0001-01-01", "4713-01-01 BC", "5874897-12-31", "infinity", "-infinity", "1970-01-01"}},
    {"time", {"00:00", "24:00", "12:34:56.123456"}},
    {"time(0)", {"12:34:56"}},
    {"timetz", {"00:00+14", "24:00-12", "12:34:56.123456+02"}},
    {"timestamp",
     {"1970-01-01", "4713-01-01 00:00:00 BC", "294276-12-31 23:59:59.999999", "infinity",
      "-infinity", "0001-01-01 BC", "12345-06-07 08:09:10.5"}},
    {"timestamp(3)", {"2024-02-29 12:00:00.1234"}},
    {"timestamptz",
     {"1970-01-01 00:00+02", "4713-01-02 00:00:00+00 BC", "294276-12-31 23:59:59.999999+00",
      "infinity", "-infinity", "2024-10-27 02:30:00 Europe/Berlin", "0044-03-15 12:00+00 BC"}},
    {"interval",
     {"1 day", "24:00", "-1 year 2 mons -3 days 04:05:06.789", "178000000 years", "0"}},
    {"interval day to second(3)", {"1 day 00:00:01.2345"}},
    {"json", {"{\"b\" : 1, \"a\":[1,2], \"b\":2}", "1e400", "null", "\"\\u0000\""}},
    {"jsonb", {"{\"b\" : 1, \"a\":[1,2]}", "1e400", "null"}},
    {"jsonpath", {"$.a[*] ? (@ > 1)"}},
    {"xml", {"<a b=\"c\">d</a>", "just text", "<a/><b/>"}},
    {"bit(3)", {"101"}},
    {"bit varying", {"", "1010101010101"}},
    {"inet", {"192.168.0.1", "192.168.0.1/24", "::1", "fe80::1/64"}},
    {"cidr", {"10.0.0.0/8", "::/0"}},
    {"macaddr", {"08:00:2b:01:02:03"}},
    {"macaddr8", {"08:00:2b:01:02:03:04:05"}},
    {"point", {"(1,2)", "(-0,NaN)", "(Infinity,1e-300)"}},
    {"line", {"{1,2,3}"}},
    {"lseg", {"[(0,0),(1,1)]"}},
    {"box", {"(1,1),(0,0)"}},
    {"path", {"[(0,0),(1,1)]", "((0,0),(1,1))"}},
    {"polygon", {"((0,0),(1,1),(1,0))"}},
    {"circle", {"<(0,0),1>"}},
    {"tsvector", {"'a':1A 'b c':2"}},
    {"tsquery", {"'a' & !'b'"}},
    {"int4range", {"empty", "[1,10)", "(,)", "[5,)"}},
    {"numrange", {"[1.10,2.200]"}},
    {"tsrange", {"[2024-01-01,infinity]"}},
    {"tstzrange", {"[2024-01-01 00:00+00,)"}},
    {"daterange", {"[2024-01-01,2024-02-01)"}},
    {"int8multirange", {"{}", "{[1,2),[5,6)}"}},
    {"datemultirange", {"{[2024-01-01,2024-02-01)}"}},
    {"pg_lsn", {"16/B374D848"}},
    {"xid", {"4294967295"}},
    {"xid8", {"18446744073709551615"}},
    {"tid", {"(0,1)"}},
    {"pg_snapshot", {"10:20:10,14,15"}},
    {"regclass", {"pg_class"}},
    {"regtype", {"integer"}},
    {"oidvector", {"1 2 3"}},
    {"int2vector", {"1 2 3"}},
};

std::vector<Case> const made{
    {"mood", {"sad", "very 'happy'"}},
    {"positive", {"5"}},
    {"positive_odd", {"7"}},
    {"pair", {"(1,\"a,b\")", "(,)"}},
    {"spans", {"[1.5,2.5)"}},
};

std::vector<Case> const arrays{
    {"integer[]",
     {"{}", "{1,NULL,3}", "{{1,2},{3,4}}", "{{{1},{2}},{{3},{4}}}", "[0:1]={1,2}",
      "[-2:-1][5:5]={{1},{2}}"}},
    {"text[]", {"{a,\"b,c\",NULL,\"NULL\",\"\",\"q\\\"uote\",\"back\\\\slash\",é😀,\"{}\"}"}},
    {"numeric(6,2)[]", {"{1.1,NaN,-0.01}"}},
    {"double precision[]", {"{0.1,NaN,-Infinity,-0,5e-324}"}},
    {"boolean[]", {"{t,f,NULL}"}},
    {"timestamptz[]", {"{2024-01-01 00:00+00,infinity,0044-03-15 12:00+00 BC}"}},
    {"timestamp[]", {"{2024-01-01,-infinity,12345-06-07 08:09:10.5}"}},
    {"date[]", {"{2024-01-01,infinity}"}},
    {"time[]", {"{24:00,00:00:00.000001}"}},
    {"interval[]", {"{1 day,-00:00:01}"}},
    {"bytea[]", {"{\"\\\\x00ff\",\"\\\\x\"}"}},
    {"uuid[]", {"{00000000-0000-0000-0000-000000000000}"}},
    {"json[]",
     {"{\"{\\\"a\\\": [1, \\\"]\\\"]}\",NULL,2}", "{\"[1,2]\"}", "{\"null\",NULL}",
      "{{1,2},{3,NULL}}", "{\" [1]\",\" null\"}",
      "{\"\\\"text, with \\\\\\\\ and }\\\"\"}"}},
    {"jsonb[]", {"{\"{\\\"a\\\": 1}\",NULL}"}},
    {"box[]", {"{(1,1),(0,0);(2,2),(1,1)}"}},
    {"bit(3)[]", {"{101,010}"}},
    {"inet[]", {"{10.0.0.1,::1/64}"}},
    {"int4range[]", {"{\"[1,2)\",empty}"}},
    {"mood[]", {"{sad,\"very 'happy'\"}"}},
    {"positive[]", {"{1,2}"}},
    {"pair[]", {"{\"(1,\\\"a,b\\\")\",NULL}"}},
    {"money[]", {"{12.34}"}},
    {"\"char\"[]", {"{a,b}"}},
};

constexpr char types_sql[] =
    "CREATE TYPE mood AS ENUM ('sad', 'very ''happy''');"
    "CREATE DOMAIN positive AS integer CHECK (value > 0);"
    "CREATE DOMAIN positive_odd AS positive CHECK (value % 2 = 1);"
    "CREATE TYPE pair AS (a integer, b text);"
    "CREATE TYPE spans AS RANGE (subtype = float8)";

class PostgresSinkCopy : public CopyFixture {
protected:
    Ran move(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"copy", server.url(database), server.url(target)});
        arguments.push_back("--json");
        return weir(arguments, {.directory = directory.path().string()});
    }
    /// COPY … TO STDOUT, as psql has it.
    std::string printed(std::string const& where, std::string const& query) {
        Process process{{"psql", "-qX", "-v", "ON_ERROR_STOP=1", server.url(where), "-c",
                         "COPY (" + query + ") TO STDOUT"},
                        {}};
        EXPECT_EQ(process.wait(), 0) << process.err();
        return process.out();
    }
    void expect_same_print(std::string const& query) {
        EXPECT_EQ(printed(database, query), printed(target, query)) << query;
    }

    /// A table per type, t0, t1, …, with each literal, a null, and each literal again below it.
    void fill(std::vector<Case> const& cases) {
        for (Case const& each : cases) {
            std::string const name = "t" + std::to_string(tables.size());
            std::string sql = "CREATE TABLE " + name + " (id integer PRIMARY KEY, v " + each.type +
                              "); INSERT INTO " + name + " VALUES (0, NULL)";
            int id = 0;
            for (int turn = 0; turn < 2; ++turn)
                for (std::string const& literal : each.literals)
                    sql += ", (" + std::to_string(++id) + ", " + quoted(literal) + "::" +
                           each.type + ")";
            db.run(sql);
            tables.emplace_back(name, each.type);
        }
    }
    void expect_copies_equal() {
        expect_exit(move({"--stream", "public.t*", "--batch-rows", "3"}), 0);
        for (auto const& [name, type] : tables) {
            SCOPED_TRACE(type);
            expect_same_print("SELECT * FROM " + name + " ORDER BY id");
        }
    }
    std::string type_in(std::string const& table) {
        return sink.one("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE"
                        " attname = 'v' AND attrelid = " +
                        quoted(table) + "::regclass");
    }

    std::string const target = server.fresh();
    Pg sink = server.connect_as_owner(target);
    std::vector<std::pair<std::string, std::string>> tables;
};

TEST_F(PostgresSinkCopy, H26EveryBuiltInTypeArrivesAsItIs) {
    fill(scalars);
    expect_copies_equal();
    for (auto const& [name, type] : tables)
        EXPECT_EQ(type_in(name), db.one("SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
                                        " WHERE attname = 'v' AND attrelid = " +
                                        quoted(name) + "::regclass"));
}

TEST_F(PostgresSinkCopy, ArraysAndTypesOfTheUserArriveAsTheyAre) {
    db.run(types_sql);
    sink.run(types_sql);
    fill(made);
    fill(arrays);
    expect_copies_equal();
    EXPECT_EQ(type_in("t0"), "mood");
    EXPECT_EQ(type_in("t1"), "integer") << "a domain is its base type";
}

TEST_F(PostgresSinkCopy, ArraysKeepTheirNullsWhateverTheDatabasesSay) {
    for (std::string const& each : {database, target})
        server.connect().run("ALTER DATABASE " + each + " SET array_nulls = off");
    db.run("CREATE TABLE t (id int PRIMARY KEY, v text[]); INSERT INTO t SELECT i,"
           " ARRAY[NULL, 'NULL', 'x' || i] FROM generate_series(1, 9) i");
    std::vector<std::string> const line{"--stream", "public.t", "--mode", "full", "--batch-rows",
                                        "2"};
    expect_moved(move(line), 9, 9);
    expect_moved(move(line), 9, 9);
    EXPECT_EQ(sink.one("SELECT count(*) || ' ' || count(*) FILTER (WHERE v[1] IS NULL AND v[2] ="
                       " 'NULL') FROM t"),
              "9 9");
    expect_same_print("SELECT * FROM t ORDER BY id");
}

TEST_F(PostgresSinkCopy, ATypeThatIsNotThereIsMadeOrArrivesAsItsText) {
    db.run(types_sql);
    fill(made);
    expect_copies_equal();
    EXPECT_EQ(type_in("t0"), "mood");
    EXPECT_EQ(type_in("t3"), "pair");
    EXPECT_EQ(type_in("t4"), "text") << "a range";
}

TEST_F(PostgresSinkCopy, ArraysOfTypesThatAreNotThereArriveAsTheyAre) {
    db.run(types_sql);
    fill(arrays);
    fill(std::vector<Case>{{"spans[]", {"{\"[1.5,2.5)\",NULL}"}}});
    expect_copies_equal();
    EXPECT_EQ(type_in(tables.back().first), "text[]");
}

TEST_F(PostgresSinkCopy, CarriesKeysAndNotNullAndMovesOnlyWhatChanged) {
    make_users(1000);
    std::vector<std::string> const delta{"--stream", "public.users", "--cursor", "updated_at"};
    expect_moved(move(delta), 1000, 1000);
    std::string const shape =
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull, (SELECT"
        " pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = attrelid) FROM pg_attribute"
        " WHERE attrelid = 'users'::regclass AND attnum > 0 ORDER BY attnum";
    expect_same_print(shape);
    expect_moved(move(delta), 0, 0);
    add_users(1001, 1010);
    db.run("UPDATE users SET name = 'changed', updated_at = timestamptz '2025-01-01Z'"
           " WHERE id = 5");
    expect_moved(move(delta), 11, 11);
    expect_same_print("SELECT * FROM users ORDER BY id");
}

TEST_F(PostgresSinkCopy, WritesInEachMode) {
    make_users(100);
    for (char const* mode : {"upsert", "replace", "append"}) {
        std::vector<std::string> const full{"--stream", "public.users", "--mode", "full",
                                            "--write",  mode,           "--to",   mode};
        expect_moved(move(full), 100, 100);
        expect_moved(move(full), 100, 100);
    }
    EXPECT_EQ(sink.one("SELECT count(*) FROM upsert"), "100");
    EXPECT_EQ(sink.one("SELECT count(*) FROM replace"), "100");
    EXPECT_EQ(sink.one("SELECT count(*) FROM append"), "200");
    db.run("DELETE FROM users WHERE id <= 40");
    Ran const ran = move({"--stream", "public.users", "--mode", "full", "--write", "replace",
                          "--to", "replace"});
    expect_moved(ran, 60, 60);
    EXPECT_EQ(ran.stream().at("deleted"), 40);
    EXPECT_EQ(sink.one("SELECT count(*) FROM replace"), "60");
}

TEST_F(PostgresSinkCopy, RefusedRowsAreDeadLetters) {
    make_users(100);
    sink.run("CREATE TABLE users (id bigint PRIMARY KEY, name text CHECK (name <> 'user 50'),"
             " updated_at timestamptz)");
    std::string const stream = "public.users";
    expect_failure(move({"--stream", stream}), 1, "postgres.check");
    Ran const ran = move({"--stream", stream, "--on-error", "dead_letter"});
    expect_exit(ran, 4);
    EXPECT_EQ(ran.stream().at("written"), 99);
    EXPECT_EQ(ran.stream().at("rejected"), 1);
    std::string const letters = read_file(directory / "weir-dead-letters.jsonl");
    EXPECT_NE(letters.find("user 50"), std::string::npos) << letters;
}

TEST_F(PostgresSinkCopy, RefusalsNameWhatIsWrongAndNoPassword) {
    make_users(1);
    expect_failure(move({"--stream", "public.users", "--to", std::string(64, 'n')}), 2,
                   "postgres.bad_name");
    sink.run("CREATE VIEW users AS SELECT 1 AS id");
    expect_failure(move({"--stream", "public.users"}), 1, "postgres.not_a_table");
    std::string const wrong = server.url_as("weir", "wr0ng-Pa55", target);
    Ran const refused = weir({"copy", server.url(database), wrong, "--stream", "public.users",
                              "--json"});
    expect_failure(refused, 3, "postgres.login_refused");
    EXPECT_EQ((refused.out + refused.err).find("wr0ng-Pa55"), std::string::npos) << refused;
}

TEST_F(PostgresSinkCopy, AWholeSchemaGoesOnToAThirdDatabase) {
    db.run("CREATE TABLE a (id bigint PRIMARY KEY); INSERT INTO a VALUES (1);"
           "CREATE TABLE \"B \"\"é\" (id bigint PRIMARY KEY); INSERT INTO \"B \"\"é\" VALUES (2);"
           "CREATE VIEW v AS SELECT * FROM a");
    expect_exit(move({"--stream", "public.*"}), 0);
    std::string const third = server.fresh();
    Ran const ran = weir({"copy", server.url(target), server.url(third), "--stream", "public.*",
                          "--json"});
    expect_exit(ran, 0);
    EXPECT_EQ(ran.json.at("streams").size(), 3u) << "what Weir keeps there is no stream" << ran;
    EXPECT_EQ(server.connect_as_owner(third).one("SELECT id FROM \"B \"\"é\""), "2");
}

TEST_F(PostgresSinkCopy, FromSqliteToo) {
    Sqlite file{directory / "in.db"};
    file.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b REAL, c BLOB, d);"
             "INSERT INTO t VALUES (1, 'é', 0.1, x'00ff', 'any'), (9007199254740993, NULL, -2.5,"
             " x'', 5)");
    std::vector<std::string> const command{"copy",     "sqlite:" + (directory / "in.db"),
                                           server.url(target), "--stream", "t", "--json"};
    for (int i = 0; i < 2; ++i) {
        expect_moved(weir(command), 2, 2);
        EXPECT_EQ(sink.rows("SELECT id, a, b, c FROM t ORDER BY id"),
                  (std::vector<Record>{{"1", "é", "0.1", "\\x00ff"},
                                       {"9007199254740993", std::nullopt, "-2.5", "\\x"}}));
    }
}

TEST_F(PostgresSinkCopy, H27NulOfSqliteIsTakenOutWhereTheUrlSaysSo) {
    Sqlite{directory / "in.db"}.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);"
                                    "INSERT INTO t VALUES (1, 'a' || char(0) || 'b'), (2, 'c')");
    auto const copy_to = [&](std::string const& url) {
        return weir({"copy", "sqlite:" + (directory / "in.db"), url, "--stream", "t", "--json"});
    };
    std::string const url = server.url(target);
    std::string const said = expect_failure(copy_to(url), 1, "postgres.value");
    EXPECT_NE(said.find("nul=strip"), std::string::npos) << said;
    expect_moved(copy_to(url + (url.find('?') == url.npos ? "?" : "&") + "nul=strip"), 2, 2);
    EXPECT_EQ(sink.rows("SELECT id, a FROM t ORDER BY id"),
              (std::vector<Record>{{"1", "ab"}, {"2", "c"}}));
}

// In SQLite the class of a decimal is that of its value; each run here brings another one.
TEST_F(PostgresSinkCopy, H26DecimalsOfSqliteAreNumericInEachRun) {
    Sqlite file{directory / "in.db"};
    file.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v DECIMAL(10, 2))");
    std::vector<std::string> const command{"copy", "sqlite:" + (directory / "in.db"),
                                           server.url(target), "--cursor", "id", "--json"};
    for (std::string const value : {"NULL", "7", "10.25", "9e999"}) {
        file.run("INSERT INTO t (v) VALUES (" + value + ")");
        expect_exit(weir(command), 0);
    }
    EXPECT_EQ(type_in("t"), "numeric");
    EXPECT_EQ(sink.one("SELECT string_agg(coalesce(v::text, '-'), ' ' ORDER BY id) FROM t"),
              "- 7 10.25 Infinity");
}

}  // namespace
}  // namespace weir::test
