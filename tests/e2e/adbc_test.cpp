// Somebody else's driver, DuckDB's, as source and sink of the binary.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "e2e/weir_server.hpp"
#include "support/duckdb.hpp"
#include "support/sqlite.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

class Adbc : public testing::Test {
protected:
    std::string file(std::string const& name) const { return directory / name; }
    std::string duck(std::string const& name) const {
        return "adbc:" + duckdb_library() + "?path=" + file(name);
    }
    std::string lite(std::string const& name) const { return "sqlite:" + file(name); }
    static Ran copy(std::vector<std::string> words, ProcessOptions const& options = {}) {
        words.insert(words.begin(), {"copy", "--json"});
        return weir(words, options);
    }
    static void expect_moved(Ran const& ran, int written) {
        ASSERT_EQ(ran.code, 0) << ran;
        EXPECT_EQ(ran.stream().at("written"), written) << ran;
    }
    static constexpr char things[] =
        "CREATE TABLE things (id bigint PRIMARY KEY, b boolean, i int, f double, n decimal(20, 4), "
        "s varchar, x blob, u uuid, j json, d date, t time, ts timestamp, tz timestamptz);";
    /// 500 records of the types that both systems have.
    void make_things() {
        DuckDb{file("from.duck")}.run(
            std::string{things} +
            "INSERT INTO things SELECT i, i % 2 = 0, i - 250, i / 7.0, i * 1000003 / 16.0, "
            "CASE i % 9 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'é😀 ''x''' ELSE 's' || i END, "
            "('b' || i)::blob, ('00000000-0000-0000-0000-' || lpad(i::varchar, 12, '0'))::uuid, "
            "('{\"i\": ' || i || '}')::json, date '1969-12-01' + i::int, "
            "time '00:00:00.000001' + to_seconds(i), "
            "timestamp '1969-12-31 23:00:00.5' + to_seconds(i * 60), "
            "timestamptz '2024-03-31 00:59:59.999999+00' + to_seconds(i) FROM range(500) r(i)");
    }
    static constexpr char all[] =
        "SELECT id, b, i, f, n, s, x::varchar, u, j, d, t, ts, epoch_us(tz) FROM things ORDER BY "
        "id";

    TempDir directory;
};

TEST_F(Adbc, DuckDbToSqliteAndBackWithValuesEqual) {
    make_things();
    expect_moved(copy({duck("from.duck"), lite("a.db"), "--stream", "things"}), 500);
    EXPECT_EQ(Sqlite{file("a.db")}.one("SELECT count(*) || ' ' || sum(id) FROM things"),
              "500 124750");
    EXPECT_EQ(Sqlite{file("a.db")}.one("SELECT ts || ' ' || tz FROM things WHERE id = 1"),
              "1969-12-31T23:01:00.500000 2024-03-31T01:00:00.999999Z");
    // The table that it comes back into says what the texts of SQLite mean.
    DuckDb{file("back.duck")}.run(things);
    expect_moved(copy({lite("a.db"), duck("back.duck"), "--stream", "things"}), 500);
    EXPECT_EQ(DuckDb{file("back.duck")}.rows(all), DuckDb{file("from.duck")}.rows(all));
    expect_moved(copy({lite("a.db"), duck("whole.duck"), "--stream", "things"}), 500);
    expect_moved(copy({duck("whole.duck"), lite("b.db"), "--stream", "things"}), 500);
    char const every[] = "SELECT * FROM things ORDER BY id";
    EXPECT_EQ(Sqlite{file("b.db")}.rows(every), Sqlite{file("a.db")}.rows(every));
}

// Those that neither Arrow nor SQLite has, and values that SQLite has no class for.
TEST_F(Adbc, RarerTypesComeBackFromSqliteWithValuesEqual) {
    char const rare[] =
        "CREATE TABLE rare (id bigint PRIMARY KEY, f float, d double, u ubigint, s timestamp_s, ms "
        "timestamp_ms, ns timestamp_ns, z timetz, l integer[], a integer[3], st struct(a integer, "
        "b varchar), m map(varchar, integer), w varchar[], h hugeint, y interval, t bit);";
    DuckDb{file("from.duck")}.run(
        std::string{rare} +
        "INSERT INTO rare SELECT i, i / 7.0, CASE i WHEN 1 THEN 'nan' WHEN 2 THEN 'inf' WHEN 3 "
        "THEN '-inf' ELSE i / 7.0 END, CASE WHEN i > 5 THEN 18446744073709551615 - i ELSE i END, "
        "timestamp '1969-12-31 23:59:50' + to_seconds(i), "
        "timestamp '1969-12-31 23:59:59.990' + to_milliseconds(i * 7), "
        "'2024-02-29 10:00:00.12345678'||(i % 10), '10:00:00.5+01:'||(10 + i), [i, NULL, 3], "
        "[i, i + 1, i + 2], {'a': i, 'b': 'it''s, ' || i}, map {'k' || i: i}, "
        "['a, b', 'NULL', NULL, '', '\"' || i, 'it''s'], i * 1000000000000000000000::hugeint, "
        "to_days(i::int) + to_microseconds(i), '01'::bit FROM range(20) r(i);"
        "INSERT INTO rare (id) VALUES (99); UPDATE rare SET f = 'inf' WHERE id = 1;"
        "UPDATE rare SET f = 'nan' WHERE id = 2");
    // As texts: what reads them here knows no lists.
    char const every[] = "SELECT COLUMNS(*)::VARCHAR FROM rare ORDER BY id";
    expect_moved(copy({duck("from.duck"), lite("a.db"), "--stream", "rare"}), 21);
    DuckDb{file("back.duck")}.run(rare);
    expect_moved(copy({lite("a.db"), duck("back.duck"), "--stream", "rare"}), 21);
    EXPECT_EQ(DuckDb{file("back.duck")}.rows(every), DuckDb{file("from.duck")}.rows(every));
    // A target that is made has numbers as such.
    expect_moved(copy({lite("a.db"), duck("new.duck"), "--stream", "rare"}), 21);
    char const numbers[] = "SELECT id, d, u FROM rare ORDER BY id";
    EXPECT_EQ(DuckDb{file("new.duck")}.rows(numbers), DuckDb{file("from.duck")}.rows(numbers));
    EXPECT_EQ(DuckDb{file("new.duck")}.one("SELECT typeof(d) || ' ' || typeof(u) FROM rare"),
              "DOUBLE UBIGINT");
    expect_moved(copy({duck("new.duck"), lite("b.db"), "--stream", "rare"}), 21);
    char const classes[] = "SELECT *, typeof(d), typeof(u) FROM rare ORDER BY id";
    EXPECT_EQ(Sqlite{file("b.db")}.rows(classes), Sqlite{file("a.db")}.rows(classes));
}

// The first row alone is taken; SQLite sends literals for columns of several classes.
TEST_F(Adbc, TextsLandInNumbersAndListsWhereNothingIsLost) {
    Sqlite{file("a.db")}.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, d ANY, f ANY, l TEXT, s TEXT, w ANY) STRICT;"
        "INSERT INTO t VALUES "
        "(1, '0.1', 0.5, '[1, 2]', '2024-02-29T10:00:00.000000', '[''it\\''s'']'),"
        "(2, x'00', 1.5, '[]', '2024-02-29', '[]'), (3, '0.10', 1.5, '[]', '2024-02-29', '[]'),"
        "(4, 0.25, 0.1, '[]', '2024-02-29', '[]'), (5, 0.25, 1.5, '[1,2]', '2024-02-29', '[]'),"
        "(6, 0.25, 1.5, '[1.5]', '2024-02-29', '[]'),"
        "(7, 0.25, 1.5, '[]', '2024-02-29T10:00:00.5', '[]'),"
        "(8, 0.25, 1.5, '[]', '2024-02-29', 5),"
        "(9, 0.12345678901234567890, 1e300, '[]', '2024-02-29', '[]')");
    DuckDb{file("to.duck")}.run("CREATE TABLE t (id bigint PRIMARY KEY, d double, f float, l "
                                "integer[], s timestamp_s, w varchar[])");
    Ran const ran = copy({lite("a.db"), duck("to.duck"), "--stream", "t", "--on-error",
                          "dead_letter", "--dead-letters", file("letters.jsonl")});
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 8) << ran;
    EXPECT_EQ(DuckDb{file("to.duck")}.one("SELECT string_agg(concat_ws(' ', id, d, f, l, s, w)) "
                                          "FROM t"),
              "1 0.1 0.5 [1, 2] 2024-02-29 10:00:00 ['it\\'s']");
}

// Each row but the first has one value that DuckDB's cast would round, cut, wrap or move.
TEST_F(Adbc, WhatATableWouldNotHoldExactlyIsRefusedRowByRow) {
    Sqlite{file("a.db")}.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, b INTEGER, n TEXT, d TEXT, tz TEXT, "
        "e TEXT);"
        "INSERT INTO t VALUES (1, -32768, 1, '-1.50', '2024-02-29', '2024-01-01T00:00:00Z', 'a'),"
        "(2, 32768, 1, '1', '2024-02-29', '2024-01-01T00:00:00Z', 'a'),"
        "(3, 1, 2, '1', '2024-02-29', '2024-01-01T00:00:00Z', 'a'),"
        "(4, 1, 0, '1.05', '2024-02-29', '2024-01-01T00:00:00Z', 'a'),"
        "(5, 1, 0, '1', '2024-02-30', '2024-01-01T00:00:00Z', 'a'),"
        "(6, 1, 0, '1', '2024-02-29 10:00:00', '2024-01-01T00:00:00Z', 'a'),"
        "(7, 1, 0, '1', '2024-02-29', '2024-01-01T00:00:00', 'a'),"
        "(8, 1, 0, '1', '2024-02-29', '2024-01-01T00:00:00.1234567Z', 'a'),"
        "(9, 1, 0, '1', '2024-02-29', '2024-01-01T00:00:00Z', 'c')");
    DuckDb{file("to.duck")}.run("CREATE TABLE t (id bigint PRIMARY KEY, i smallint, b boolean, n "
                                "decimal(9, 1), d date, tz timestamptz, e enum('a', 'b'))");
    Ran const ran = copy({lite("a.db"), duck("to.duck"), "--stream", "t", "--on-error",
                          "dead_letter", "--dead-letters", file("letters.jsonl")});
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 8) << ran;
    EXPECT_EQ(DuckDb{file("to.duck")}.one("SELECT string_agg(id || ' ' || i || ' ' || b || ' ' || "
                                          "n || ' ' || d || ' ' || epoch(tz) || ' ' || e, ';') "
                                          "FROM t"),
              "1 -32768 true -1.5 2024-02-29 1704067200.0 a");
}

TEST_F(Adbc, ItCannotCompareAndSaysSo) {
    Sqlite{file("a.db")}.run("CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1)");
    Ran const ran = copy({lite("a.db"), duck("to.duck"), "--stream", "t", "--mode", "reconcile"});
    EXPECT_EQ(ran.code, 2) << ran;
    EXPECT_EQ(ran.error_code(), "reconcile.sink_cannot") << ran;
}

TEST_F(Adbc, DuckDbToDuckDbKeepsEachType) {
    make_things();
    DuckDb{file("from.duck")}.run("ALTER TABLE things ADD COLUMN h hugeint; UPDATE things SET h = "
                                  "id::hugeint * 1000000000000000000000");
    expect_moved(copy({duck("from.duck"), duck("to.duck"), "--stream", "things"}), 500);
    EXPECT_EQ(DuckDb{file("to.duck")}.rows(all), DuckDb{file("from.duck")}.rows(all));
    EXPECT_EQ(DuckDb{file("to.duck")}.one("SELECT typeof(h) || ' ' || sum(h) FROM things GROUP BY "
                                          "typeof(h)"),
              "HUGEINT 124750000000000000000000000");
    DuckDb{file("to.duck")}.run("UPDATE things SET f = f + 1e-12 WHERE id = 7");
    EXPECT_NE(DuckDb{file("to.duck")}.rows(all), DuckDb{file("from.duck")}.rows(all))
        << "else nothing above was shown";
}

TEST_F(Adbc, AKilledCopyGoesOnAndLosesNothing) {
    make_things();
    std::vector<std::string> const words{duck("from.duck"), duck("to.duck"), "--stream",
                                         "things", "--batch-rows", "50"};
    ProcessOptions killed;
    killed.environment["WEIR_FAILPOINT"] = "pump.after_commit:2";
    EXPECT_EQ(copy(words, killed).code, 128 + SIGKILL);
    Ran const rest = copy(words);
    ASSERT_EQ(rest.code, 0) << rest;
    EXPECT_LT(rest.stream().at("read").get<int>(), 500) << "it began at the beginning";
    EXPECT_EQ(DuckDb{file("to.duck")}.rows(all), DuckDb{file("from.duck")}.rows(all));
}

TEST_F(Adbc, ADeltaMovesWhatChanged) {
    make_things();
    std::vector<std::string> const words{duck("from.duck"), lite("a.db"), "--stream", "things",
                                         "--cursor", "tz"};
    expect_moved(copy(words), 500);
    expect_moved(copy(words), 0);
    DuckDb{file("from.duck")}.run("UPDATE things SET s = 'changed', tz = '2025-01-01 00:00:00+00' "
                                  "WHERE id IN (3, 4)");
    expect_moved(copy(words), 2);
    EXPECT_EQ(Sqlite{file("a.db")}.one("SELECT count(*) FROM things WHERE s = 'changed'"), "2");
}

TEST_F(Adbc, AReplaceBringsTheTargetToTheSource) {
    make_things();
    expect_moved(copy({duck("from.duck"), duck("to.duck"), "--stream", "things"}), 500);
    DuckDb{file("from.duck")}.run("DELETE FROM things WHERE id >= 100");
    Ran const ran =
        copy({duck("from.duck"), duck("to.duck"), "--stream", "things", "--write", "replace"});
    expect_moved(ran, 100);
    EXPECT_EQ(ran.stream().at("deleted"), 400) << ran;
    EXPECT_EQ(DuckDb{file("to.duck")}.rows(all), DuckDb{file("from.duck")}.rows(all));
}

// What never came into the stage of a replace may be a row that is there.
TEST_F(Adbc, H34AReplaceThatCouldNotTellSomeRecordsDeletesNothing) {
    Sqlite from{file("a.db")};
    from.run("CREATE TABLE docs (id INTEGER PRIMARY KEY, n INTEGER, doc TEXT);"
             "INSERT INTO docs VALUES (1, 1, 'small'), (2, 2, 'small'), (3, 3, 'small'), "
             "(4, 4, 'small'), (5, 5, 'small'); CREATE VIEW keyless AS SELECT n FROM docs");
    DuckDb{file("to.duck")}.run("CREATE TABLE docs (id bigint PRIMARY KEY, n smallint, doc "
                                "varchar, mine int); CREATE TABLE keyless (n smallint)");
    auto const replace = [&](std::string const& stream) {
        return copy({lite("a.db"), duck("to.duck"), "--stream", stream, "--write", "replace",
                     "--on-error", "skip", "--row-bytes-max", "2000"});
    };
    for (char const* const stream : {"docs", "keyless"}) expect_moved(replace(stream), 5);
    DuckDb{file("to.duck")}.run("UPDATE docs SET mine = 7");
    from.run("UPDATE docs SET doc = printf('%.3000c', 'x') WHERE id = 1; DELETE FROM docs WHERE "
             "id = 4; UPDATE docs SET n = 100000 WHERE id = 2; UPDATE docs SET doc = 'new' WHERE "
             "id = 5; INSERT INTO docs VALUES (6, 6, 'six')");
    Ran const ran = replace("docs");
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 2) << ran;
    EXPECT_EQ(ran.stream().at("deleted"), 0) << ran;
    EXPECT_NE(ran.stream().at("notes").dump().find("no row of docs was deleted"),
              std::string::npos)
        << ran;
    char const every[] = "SELECT string_agg(concat_ws(' ', id, n, doc, mine), ',' ORDER BY id) "
                         "FROM docs";
    EXPECT_EQ(DuckDb{file("to.duck")}.one(every),
              "1 1 small 7,2 2 small 7,3 3 small 7,4 4 small 7,5 5 new 7,6 6 six");
    Ran const keyless = replace("keyless");
    EXPECT_EQ(keyless.code, 1) << keyless;
    EXPECT_EQ(keyless.error_code(), "copy.replace_refused") << keyless;
    EXPECT_EQ(DuckDb{file("to.duck")}.one("SELECT string_agg(n, ',' ORDER BY n) FROM keyless"),
              "1,2,3,4,5");
    // The control: of what is told apart it is known.
    from.run("UPDATE docs SET doc = 'one' WHERE id = 1; UPDATE docs SET n = 2 WHERE id = 2");
    EXPECT_EQ(replace("docs").stream().at("deleted"), 1);
    EXPECT_EQ(DuckDb{file("to.duck")}.one("SELECT string_agg(id, ',' ORDER BY id) FROM docs"),
              "1,2,3,5,6");
}

TEST_F(Adbc, AFileThatAnotherProgramHasOpenIsBusy) {
    make_things();
    DuckDb const open{file("from.duck")};
    Ran const ran = weir({"discover", duck("from.duck"), "--json"});
    EXPECT_NE(ran.code, 0) << ran;
    EXPECT_NE((ran.out + ran.err).find("adbc.busy"), std::string::npos) << ran;
    EXPECT_EQ(ran.json.at("error").value("suggestion", ""), "Run again when it is done.") << ran;
}

// What its library declares for the code, where the connector itself did not say what to do.
TEST_F(Adbc, AnErrorSaysWhatToDo) {
    Ran const ran = weir({"discover", duck("nowhere.duck")});
    EXPECT_NE(ran.code, 0) << ran;
    EXPECT_NE(ran.err.find("adbc.no_database"), std::string::npos) << ran;
    EXPECT_NE(ran.err.find("→ Check the path.\n"), std::string::npos) << ran;
}

TEST_F(Adbc, RunsInAProcessOfItsOwnWhereverItLies) {
    make_things();
    std::ofstream{file("weir.yaml")} << "plugins: {in_process: [dev.weir.adbc]}\n";
    WeirServer host{file("data"), {"--config", file("weir.yaml")}};
    ASSERT_EQ(host.post("/replication/connections", {{"id", "duck"},
                                                     {"connector", "adbc"},
                                                     {"config", {{"url", duck("from.duck")}}}})
                  .status,
              201u);
    Answer const made = host.post(
        "/replication/jobs", {{"id", "things"},
                              {"source", {{"connection", "duck"}, {"stream", "things"}}},
                              {"destination", {{"connection", "local"}, {"table", "things"}}}});
    ASSERT_EQ(made.status, 201u) << made;
    EXPECT_EQ(host.run_job("things").body.at("written"), 500);
    Answer const plugins = host.get("/plugins");
    for (Json const& plugin : plugins.body.at("items")) {
        bool const is_adbc = plugin.at("id") == "dev.weir.adbc";
        EXPECT_EQ(plugin.at("placement"), is_adbc ? "child" : "host") << plugin;
    }
    std::string const map = read_file("/proc/" + std::to_string(host.process().pid()) + "/maps");
    EXPECT_EQ(map.find("libduckdb"), std::string::npos) << "the driver is in the server";
    EXPECT_NE(map.find("sqlite.so"), std::string::npos) << "else the line above shows nothing";
}

}  // namespace
}  // namespace weir::test
