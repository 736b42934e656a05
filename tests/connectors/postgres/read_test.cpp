#include "postgres_test.hpp"

namespace weir::test {
namespace {

using PostgresRead = PostgresTest;

TEST_F(PostgresRead, H5ReadsByTheKeyAndNotByItsText) {
    owner_.run(
        "CREATE TABLE t (id text, n bigint PRIMARY KEY);"
        "INSERT INTO t VALUES ('c', 100), ('a', 9), ('b', 10)");
    Records const all = read({.stream = "public.t", .select = {{"key", {"n"}}}, .rows_max = 1});
    EXPECT_EQ(firsts(all), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(PostgresRead, H5ResumesAfterEveryBatchByACompositeKey) {
    owner_.run(
        "CREATE TABLE t (a int, b text, c numeric, v int, PRIMARY KEY (a, b, c));"
        "INSERT INTO t SELECT i % 2, chr(97 + i % 3), i / 10.0, i FROM generate_series(1, 200) i");
    ReadRequest const request{
        .stream = "public.t", .select = {{"key", {"a", "b", "c"}}}, .rows_max = 7};
    Run const whole = run(request);
    Run const killed = run_with_kills(request);
    ASSERT_EQ(whole.records.size(), 200u);
    EXPECT_EQ(killed.records, whole.records);
    EXPECT_EQ(whole.cursor, "");
    EXPECT_EQ(whole.batches, 29);
}

TEST_F(PostgresRead, ResumesWhereTheKeyIsNotSelected) {
    owner_.run(
        "CREATE TABLE t (id int PRIMARY KEY, v text);"
        "INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 50) i");
    Run const killed = run_with_kills(
        {.stream = "public.t", .select = {{"key", {"id"}}, {"fields", {"v"}}}, .rows_max = 7});
    ASSERT_EQ(killed.records.size(), 50u);
    EXPECT_EQ(killed.records.front(), testkit::Record{"v1"});
    EXPECT_EQ(killed.records.back(), testkit::Record{"v50"});
}

TEST_F(PostgresRead, H31KeepsTheSourcesOrderOfTextKeys) {
    owner_.run(R"sql(CREATE EXTENSION citext;
        CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE c (k citext PRIMARY KEY);
        INSERT INTO c VALUES ('b'), ('A'), ('a '), ('B2'), ('Z'), ('c'), ('D'), ('e'), ('_');
        CREATE TABLE n (k text COLLATE nocase PRIMARY KEY);
        INSERT INTO n VALUES ('b'), ('A'), ('a '), ('B2'), ('Z'), ('c'), ('D'), ('é'), ('E');
        CREATE TABLE w (k text COLLATE "en-x-icu" PRIMARY KEY);
        INSERT INTO w VALUES ('b'), ('A'), ('a'), ('B'), ('a''b'), ('a\b'), ('é'),
                                ('-'), ('') )sql");
    for (std::string const table : {"c", "n", "w"}) {
        std::vector<std::string> expected;
        for (Record const& row : owner_.rows("SELECT k FROM " + table + " ORDER BY k"))
            expected.push_back(*row[0]);
        Run const killed = run_with_kills(
            {.stream = "public." + table, .select = {{"key", {"k"}}}, .rows_max = 3});
        EXPECT_EQ(firsts(killed.records), expected) << table;
    }
}

TEST_F(PostgresRead, FindsTheOperatorsOfAnExtensionOutsideTheSearchPath) {
    owner_.run(R"(CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;
        CREATE TABLE c (k ext.citext PRIMARY KEY);
        INSERT INTO c VALUES ('b'), ('A'), ('C'), ('d'), ('E'))");
    Run const killed =
        run_with_kills({.stream = "public.c", .select = {{"key", {"k"}}}, .rows_max = 1});
    EXPECT_EQ(firsts(killed.records), (std::vector<std::string>{"A", "b", "C", "d", "E"}));
}

TEST_F(PostgresRead, H5GoesOnBehindEveryTypeOfKey) {
    std::vector<std::pair<std::string, std::string>> const keys{
        {"timestamptz", "SELECT '2024-03-31 00:00+00'::timestamptz + i * '1 us'::interval"},
        {"timestamp", "SELECT '0044-03-15 00:00 BC'::timestamp + i * '1000 years'::interval"},
        {"date", "SELECT '2024-02-28'::date + i"},
        {"time", "SELECT '00:00'::time + i * '61 minutes'::interval"},
        {"uuid", "SELECT md5(i::text)::uuid"},
        {"bytea", "SELECT decode(md5(i::text), 'hex')"},
        {"numeric", "SELECT i / 7.0"},
        {"float8", "SELECT i / 7.0"},
        {"real", "SELECT i / 7.0"},
        {"char(5)", "SELECT 'x''\\' || i"},
        {"boolean", "SELECT i % 2 = 0 WHERE i < 3"},
        {"inet", "SELECT '10.0.0.0'::inet + i"},
        {"int4range", "SELECT int4range(i, i + 5)"},
        {"jsonb", "SELECT to_jsonb(i)"},
        {"int[]", "SELECT ARRAY[i, -i]"},
        {"mood", "SELECT (ARRAY['sad','ok','happy']::mood[])[i] WHERE i < 4"},
        {"positive", "SELECT i"},
        {"interval", "SELECT i * '1 day 2 hours'::interval"}};
    owner_.run(
        "CREATE TYPE mood AS ENUM ('happy', 'ok', 'sad');"
        "CREATE DOMAIN positive AS numeric(10,3) CHECK (value > 0)");
    for (auto const& [type, values] : keys) {
        owner_.run("DROP TABLE IF EXISTS t; CREATE TABLE t (k " + type +
                   " PRIMARY KEY);"
                   "INSERT INTO t SELECT v FROM generate_series(1, 20) i, LATERAL (" +
                   values + ") x(v)");
        ReadRequest const request{.stream = "public.t", .select = {{"key", {"k"}}}, .rows_max = 1};
        Run const whole = run(request);
        Run const killed = run_with_kills(request);
        EXPECT_EQ(std::to_string(whole.records.size()), owner_.one("SELECT count(*) FROM t"))
            << type;
        EXPECT_EQ(killed.records, whole.records) << type;
    }
}

TEST_F(PostgresRead, ReadsWithoutAKeyInOnePass) {
    owner_.run("CREATE TABLE t (v int); INSERT INTO t SELECT generate_series(1, 100)");
    testkit::Reader reader = source_->open({.stream = "public.t", .rows_max = 30});
    std::vector<std::int64_t> sizes;
    while (auto batch = reader.next()) {
        EXPECT_FALSE(batch->cursor());
        sizes.push_back(batch->rows());
    }
    EXPECT_EQ(sizes, (std::vector<std::int64_t>{30, 30, 30, 10}));
    EXPECT_FALSE(reader.end_cursor());
}

TEST_F(PostgresRead, H29EndsWithAnEmptyTableAndAnExactMultiple) {
    owner_.run(
        "CREATE TABLE none (id int PRIMARY KEY);"
        "CREATE TABLE ten (id int PRIMARY KEY); INSERT INTO ten SELECT generate_series(1, 10)");
    EXPECT_TRUE(read({.stream = "public.none", .select = {{"key", {"id"}}}}).empty());
    Run const exact = run({.stream = "public.ten", .select = {{"key", {"id"}}}, .rows_max = 5});
    EXPECT_EQ(exact.records.size(), 10u);
    EXPECT_EQ(exact.batches, 2);
}

TEST_F(PostgresRead, StopsAtTheLimit) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)");
    Json const select{{"key", {"id"}}, {"limit", 17}};
    EXPECT_EQ(read({.stream = "public.t", .select = select, .rows_max = 7}).size(), 17u);
    EXPECT_EQ(read({.stream = "public.t", .select = {{"limit", 0}}}).size(), 0u);
}

TEST_F(PostgresRead, CutsBatchesByBytes) {
    owner_.run(
        "CREATE TABLE t (id int PRIMARY KEY, v text);"
        "INSERT INTO t SELECT i, repeat('x', CASE i WHEN 5 THEN 100000 ELSE 100 END)"
        " FROM generate_series(1, 100) i");
    testkit::Reader reader =
        source_->open({.stream = "public.t", .select = {{"key", {"id"}}}, .bytes_max = 10'000});
    std::int64_t rows = 0;
    while (auto batch = reader.next()) {
        std::size_t bytes = 0;
        for (testkit::Record const& record : batch->records()) bytes += record[1]->size();
        EXPECT_LE(bytes, batch->rows() == 1 ? 100'000u : 10'000u);
        rows += batch->rows();
    }
    EXPECT_EQ(rows, 100);
}

TEST_F(PostgresRead, ReadsOneSnapshot) {
    owner_.run(
        "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, 0 FROM "
        "generate_series(1, 100) i");
    testkit::Reader reader =
        source_->open({.stream = "public.t", .select = {{"key", {"id"}}}, .rows_max = 10});
    Records all = reader.next()->records();
    owner_.run("UPDATE t SET v = 1; INSERT INTO t VALUES (101, 1); DELETE FROM t WHERE id = 50");
    append(all, reader.rest());
    ASSERT_EQ(all.size(), 100u);
    for (testkit::Record const& record : all) EXPECT_EQ(record[1], "0");
}

TEST_F(PostgresRead, KeepsATableFromBeingRewrittenUnderIt) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)");
    testkit::Reader reader = source_->open({.stream = "public.t", .select = {{"key", {"id"}}}});
    owner_.run("SET lock_timeout = '20ms'");
    EXPECT_ANY_THROW(owner_.run("ALTER TABLE t ALTER id TYPE bigint"));
    EXPECT_EQ(reader.rest().size(), 100u);
}

TEST_F(PostgresRead, H30TakesOddNames) {
    owner_.run(R"(CREATE SCHEMA "we.ird"; CREATE TABLE "we.ird"."odd ""na*me" (
            "Sel""ect é😀" int PRIMARY KEY, "ORDER" int, "order" int, "a\b" int, "t" int);
        INSERT INTO "we.ird"."odd ""na*me" SELECT i, i, i, i, i FROM generate_series(1, 10) i)");
    std::string const name = R"("we.ird"."odd ""na*me")";
    testkit::FoundStream const found = discover_one(name);
    EXPECT_EQ(found.name, name);
    EXPECT_EQ(found.meta["target"], R"(odd "na*me)");
    Run const killed =
        run_with_kills({.stream = name, .select = {{"key", {R"(Sel"ect é😀)"}}}, .rows_max = 3});
    EXPECT_EQ(killed.records.size(), 10u);
}

TEST_F(PostgresRead, ReadsAllThatCanBeSelected) {
    admin(
        "CREATE EXTENSION postgres_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO weir");
    owner_.run(
        "CREATE TABLE base (id int PRIMARY KEY, v int);"
        "INSERT INTO base SELECT i, i FROM generate_series(1, 20) i;"
        "CREATE VIEW vw AS SELECT id, v * 2 AS v FROM base;"
        "CREATE MATERIALIZED VIEW mv AS SELECT * FROM vw; CREATE UNIQUE INDEX ON mv (id);"
        "CREATE TABLE part (id int, v int, PRIMARY KEY (id)) PARTITION BY RANGE (id);"
        "CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (11);"
        "CREATE TABLE part2 PARTITION OF part DEFAULT;"
        "INSERT INTO part SELECT * FROM base;"
        "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child () INHERITS (parent);"
        "INSERT INTO parent SELECT generate_series(1, 10);"
        "INSERT INTO child SELECT generate_series(1, 10);"
        "CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '" +
        server_.socket_directory() + "', port '" + std::to_string(server_.port()) + "', dbname '" +
        database_ +
        "');"
        "CREATE USER MAPPING FOR weir SERVER self OPTIONS (user 'weir');"
        "CREATE FOREIGN TABLE far (id int, v int) SERVER self OPTIONS (table_name 'base')");
    admin("ALTER USER MAPPING FOR weir SERVER self OPTIONS (ADD password_required 'false')");
    for (std::string const name : {"vw", "mv", "part", "part1", "far"}) {
        Run const killed = run_with_kills(
            {.stream = "public." + name, .select = {{"key", {"id"}}}, .rows_max = 3});
        EXPECT_EQ(killed.records.size(), name == "part1" ? 10u : 20u) << name;
    }
    EXPECT_EQ(read({.stream = "public.parent"}).size(), 20u);
}

TEST_F(PostgresRead, RefusesACursorOfAnotherRead) {
    owner_.run(
        "CREATE TABLE t (id int PRIMARY KEY, other int UNIQUE NOT NULL);"
        "CREATE TABLE u (id int PRIMARY KEY, other int);"
        "INSERT INTO t SELECT i, i FROM generate_series(1, 10) i");
    ReadRequest request{.stream = "public.t", .select = {{"key", {"id"}}}, .rows_max = 3};
    request.cursor = run(request, 1).cursor;
    auto refused = [&](ReadRequest const& other) { return failure([&] { source_->open(other); }); };
    ReadRequest other_key = request, other_table = request, other_fields = request,
                nonsense = request;
    other_key.select["key"] = {"other"};
    other_table.stream = "public.u";
    other_fields.select["fields"] = {"id"};
    nonsense.cursor = "{\"lsn\":1}";
    for (ReadRequest const& other : {other_key, other_table, other_fields}) {
        EXPECT_EQ(refused(other).status, WEIR_E_CONFLICT);
        EXPECT_EQ(refused(other).code, "source.cursor_mismatch");
    }
    EXPECT_NE(std::string{refused(other_key).what()}.find("another key"), std::string::npos);
    EXPECT_EQ(refused(nonsense).status, WEIR_E_CONFLICT);
    ReadRequest other_server = request;
    Json cursor = Json::parse(request.cursor);
    cursor["src"]["system"] = "1";
    other_server.cursor = cursor.dump();
    EXPECT_EQ(refused(other_server).code, "source.replaced");
    owner_.run("DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, other int UNIQUE NOT NULL)");
    EXPECT_EQ(refused(request).code, "source.cursor_mismatch");
}

TEST_F(PostgresRead, RefusesACursorWhoseKeyIsSortedOrSpelledOtherwiseNow) {
    owner_.run(
        "CREATE TYPE mood AS ENUM ('sad', 'glad');"
        "CREATE TABLE t (name text COLLATE \"C\" PRIMARY KEY); INSERT INTO t VALUES ('B'), ('a');"
        "CREATE TABLE m (mood mood PRIMARY KEY); INSERT INTO m VALUES ('sad'), ('glad')");
    auto const cut_off = [&](std::string const& stream, char const* key) {
        ReadRequest request{.stream = stream, .select = {{"key", {key}}}, .rows_max = 1};
        request.cursor = run(request, 1).cursor;
        return request;
    };
    ReadRequest const sorted = cut_off("public.t", "name"), spelled = cut_off("public.m", "mood");
    owner_.run("ALTER TABLE t ALTER name TYPE text COLLATE \"und-x-icu\";"
               "ALTER TYPE mood RENAME VALUE 'sad' TO 'mad'");
    testkit::Failure const other = failure([&] { source_->open(sorted); });
    EXPECT_EQ(other.code, "source.cursor_mismatch") << other.what();
    testkit::Failure const gone = failure([&] { read(spelled); });
    EXPECT_EQ(gone.code, "source.cursor_mismatch") << gone.what();
}

TEST_F(PostgresRead, WhatDiscoverSawMayHaveChanged) {
    owner_.run(
        "CREATE TABLE base (id int PRIMARY KEY); INSERT INTO base SELECT generate_series(1, 10);"
        "CREATE TABLE t AS TABLE base; CREATE MATERIALIZED VIEW m AS TABLE base");
    discover_one("public.t");
    discover_one("public.m");
    owner_.run(
        "DROP TABLE t; DROP MATERIALIZED VIEW m;"
        "CREATE TABLE m AS TABLE base; CREATE MATERIALIZED VIEW t AS TABLE base");
    EXPECT_EQ(read({.stream = "public.t"}).size(), 10u) << "no longer to be locked";
    EXPECT_EQ(read({.stream = "public.m"}).size(), 10u) << "to be locked now";
    owner_.run("DROP TABLE m");
    EXPECT_EQ(failure([&] { read({.stream = "public.m"}); }).code, "source.stream_not_found");
    discover_one("public.base");
    admin("ALTER TABLE base OWNER TO postgres; REVOKE ALL ON base FROM weir");
    EXPECT_EQ(failure([&] { read({.stream = "public.base"}); }).code, "postgres.privilege");
}

TEST_F(PostgresRead, CountsBytes) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)");
    read({.stream = "public.t"});
    EXPECT_GT(host_.metric("weir_postgres_bytes_total"), 200);
}

TEST_F(PostgresRead, SettingsDoNotOutliveItsTransaction) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    read({.stream = "public.t"});
    // Another read runs on the same session.
    owner_.run(
        "CREATE VIEW s AS SELECT 1 AS id, current_setting('row_security') AS v,"
        " (SELECT count(*) FROM pg_stat_activity WHERE application_name = 'weir'"
        "   AND datname = current_database())::text AS sessions");
    Records const again = read({.stream = "public.s"});
    EXPECT_EQ(again[0][1], "off");
    EXPECT_EQ(again[0][2], "1");
}

}  // namespace
}  // namespace weir::test
