#include "sink_fixture.hpp"

namespace weir::test {

using testkit::FoundStream;
using testkit::Reader;
using testkit::ReadRequest;

class SqliteSource : public SqliteSink {
protected:
    std::vector<testkit::Record> read(ReadRequest const& request) {
        Reader reader = source.open(request);
        auto all = reader.rest();
        end = reader.end_cursor().value_or("");
        fields = reader.fields();
        return all;
    }
    static ReadRequest full(std::string const& stream, Json key) {
        return {.stream = stream, .select = {{"key", std::move(key)}}, .rows_max = 7};
    }
    static ReadRequest delta(std::string const& stream, Json key, std::string const& tracking,
                             std::string const& cursor = "") {
        ReadRequest request = full(stream, std::move(key));
        request.mode = WEIR_READ_DELTA;
        request.select["tracking"] = tracking;
        request.cursor = cursor;
        return request;
    }
    FoundStream discovered(std::string const& name) {
        auto const found = source.discover(name.c_str());
        EXPECT_EQ(found.size(), 1u) << name;
        return found.empty() ? FoundStream{} : found[0];
    }
    /// Everything of `table`, copied into another file and read there by SQLite itself.
    std::vector<Record> copied(std::string const& table, Json const& key) {
        std::string const other = directory / "copy.db";
        testkit::SinkInstance target = make("sqlite:" + other);
        WriteRequest request{.target = table, .job = table};
        Reader reader = source.open(full(table, key));
        testkit::Writer writer = target.start(request, reader.schema());
        while (auto batch = reader.next()) writer.write(reader.schema(), &batch->array());
        writer.commit("", true);
        return Sqlite{other}.rows("SELECT *, typeof(v) FROM \"" + table + "\"");
    }

    testkit::SourceInstance source{host, plugin.component(), {{"url", "sqlite:" + file}}};
    std::string end;
    std::vector<FieldView> fields;
};

TEST_F(SqliteSource, ReadsAVirtualTableAndHidesWhatItKeepsItsRowsIn) {
    sql("CREATE VIRTUAL TABLE notes USING fts5(title, body);"
        "INSERT INTO notes VALUES ('a', 'one'), ('b', 'two')");
    std::vector<std::string> names;
    for (FoundStream const& stream : source.discover()) names.push_back(stream.name);
    EXPECT_EQ(names, (std::vector<std::string>{"notes"}));
    FoundStream const notes = discovered("notes");
    EXPECT_TRUE(notes.meta["keys"].empty());
    EXPECT_NE(notes.meta["caveats"].dump().find("a virtual table"), std::string::npos);
    EXPECT_EQ(read(full("notes", Json::array())),
              (std::vector<testkit::Record>{{"a", "one"}, {"b", "two"}}));
}

TEST_F(SqliteSource, DiscoversTablesAndViewsAsUsersWriteThem) {
    sql("CREATE TABLE users(id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, updated_at TEXT "
        "NOT "
        "NULL, created_at TEXT); CREATE INDEX u ON users(updated_at);"
        "CREATE TABLE \"odd.na\"\"me\"(a TEXT, b INTEGER, PRIMARY KEY(a, b)) WITHOUT ROWID;"
        "CREATE VIEW v AS SELECT 1 AS x; CREATE TABLE _weir_checkpoint(x);"
        "INSERT INTO users VALUES (1, 'a', '2020', NULL)");
    std::vector<std::string> names;
    for (FoundStream const& stream : source.discover()) names.push_back(stream.name);
    EXPECT_EQ(names, (std::vector<std::string>{"\"odd.na\"\"me\"", "users", "v"}));

    FoundStream const users = discovered("users");
    EXPECT_EQ(users.meta["keys"], Json::parse(R"([["id"],["email"]])"));
    EXPECT_EQ(users.meta["target"], "users");
    EXPECT_EQ(users.meta["rows"], 1);
    EXPECT_EQ(users.meta["tracking"][0]["field"], "updated_at");
    EXPECT_TRUE(users.meta["tracking"][0]["notes"].empty());
    EXPECT_EQ(users.meta["tracking"][1]["field"], "created_at");
    EXPECT_GE(users.meta["tracking"][1]["notes"].size(), 2u);

    EXPECT_EQ(discovered("\"odd.na\"\"me\"").meta["keys"], Json::parse(R"([["a","b"]])"));
    EXPECT_EQ(discovered("main.users").name, "users");
    EXPECT_EQ(discovered("u*").name, "users");
    EXPECT_EQ(discovered("user?").name, "users");
    EXPECT_TRUE(source.discover("\"user?\"").empty());
    EXPECT_TRUE(discovered("v").meta["keys"].empty());
}

TEST_F(SqliteSource, APrimaryKeyThatHoldsNullIsNoKey) {
    sql("CREATE TABLE t(id TEXT PRIMARY KEY); INSERT INTO t VALUES ('a')");
    EXPECT_EQ(discovered("t").meta["keys"], Json::parse(R"([["id"]])"));
    sql("INSERT INTO t VALUES (NULL)");
    EXPECT_TRUE(discovered("t").meta["keys"].empty());
}

TEST_F(SqliteSource, PlainColumnsHaveTheirTypes) {
    sql("CREATE TABLE t(i INTEGER, r DOUBLE, s VARCHAR(9), b BLOB, d DATETIME);"
        "INSERT INTO t VALUES (1, 2, 3, x'00', '2020-01-01'), (NULL, 1.5, 'x', NULL, NULL)");
    read(full("t", Json::array()));
    std::vector<Layout> layouts;
    for (FieldView const& field : fields) layouts.push_back(field.layout);
    EXPECT_EQ(layouts, (std::vector<Layout>{Layout::int64, Layout::float64, Layout::text,
                                            Layout::text, Layout::text}));
    EXPECT_EQ(fields[4].source_type, "sqlite.any");
}

TEST_F(SqliteSource, AColumnOfSeveralClassesArrivesExactly) {
    std::string const insert =
        "(1, 1), (2, 'it''s 1'), (3, 1.5), (4, x'00ff'), (5, NULL), (6, '1'), (7, -0.0), "
        "(8, 9007199254740993), (9, 1e300), (10, ''), (11, x''), (12, 2.0)";
    for (std::string const type : {"INTEGER", "", "BLOB"}) {
        std::string const table = "t" + type;
        sql("CREATE TABLE \"" + table + "\"(id INTEGER PRIMARY KEY, v " + type +
            ");"
            "INSERT INTO \"" +
            table + "\" VALUES " + insert);
        EXPECT_EQ(copied(table, {"id"}), rows("SELECT *, typeof(v) FROM \"" + table + "\""))
            << type;
    }
    sql("CREATE TABLE strict(id INTEGER PRIMARY KEY, v ANY) STRICT; INSERT INTO strict VALUES " +
        insert);
    EXPECT_EQ(copied("strict", {"id"}), rows("SELECT *, typeof(v) FROM strict"));
}

// NaN, the infinities and whole numbers beyond 2^63-1 are texts in a column of numbers, as the sink
// stores them. What is not quite that crosses as literals; either way the copy is the same.
TEST_F(SqliteSource, NumbersThatSqliteHasNoClassForCrossAsNumbers) {
    struct Case {
        std::string values;
        Layout layout;
    };
    std::string const floats = "(1, 1.5), (2, 'NaN'), (3, 'Infinity'), (4, '-Infinity'), (5, NULL)";
    std::string const wholes = "(1, 0), (2, '18446744073709551615'), (3, '9223372036854775808')";
    int number = 0;
    for (Case const& each : {Case{floats + ", (6, -0.0), (7, 1e308)", Layout::float64},
                             Case{floats + ", (6, 9e999)", Layout::text},
                             Case{floats + ", (6, 'nan')", Layout::text},
                             Case{floats + ", (6, '1.5')", Layout::text},
                             Case{floats + ", (6, 7)", Layout::text},
                             Case{floats + ", (6, x'00')", Layout::text},
                             Case{wholes + ", (4, 9223372036854775807)", Layout::uint64},
                             Case{wholes + ", (4, '9223372036854775807')", Layout::text},
                             Case{wholes + ", (4, '18446744073709551616')", Layout::text},
                             Case{wholes + ", (4, '09223372036854775808')", Layout::text},
                             Case{wholes + ", (4, '9223372036854775808' || char(0))", Layout::text},
                             Case{wholes + ", (4, -1)", Layout::text},
                             Case{wholes + ", (4, '')", Layout::text}}) {
        std::string const table = "t" + std::to_string(++number);
        sql("CREATE TABLE " + table + "(id INTEGER PRIMARY KEY, v ANY COLLATE NOCASE) STRICT;"
            "INSERT INTO " + table + " VALUES " + each.values);
        read(full(table, {"id"}));
        EXPECT_EQ(fields[1].layout, each.layout) << each.values;
        EXPECT_EQ(fields[1].source_type, "sqlite.any") << each.values;
        EXPECT_EQ(copied(table, {"id"}), rows("SELECT *, typeof(v) FROM " + table))
            << each.values;
    }
}

// SQLite keeps 7 in a DECIMAL as a whole number, and 10.5 as a float: one type all the same.
TEST_F(SqliteSource, DecimalsAreNumbersWhateverTheirClass) {
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY, d DECIMAL(10, 2), n NUMERIC, v NUMBER);"
        "INSERT INTO t VALUES (1, 10.5, 7, NULL), (2, 7, -9223372036854775808, NULL), "
        "(3, NULL, 9e999, NULL), (4, 0.1, 1e300, NULL)");
    std::vector<Record> const all = read(full("t", {"id"}));
    for (std::size_t i = 1; i <= 3; ++i) EXPECT_EQ(fields[i].extension, "weir.numeric") << i;
    EXPECT_EQ(all, (std::vector<Record>{{"1", "10.5", "7", std::nullopt},
                                        {"2", "7", "-9223372036854775808", std::nullopt},
                                        {"3", std::nullopt, "Infinity", std::nullopt},
                                        {"4", "0.1", "1e+300", std::nullopt}}));
    sql("DELETE FROM t WHERE id = 3; UPDATE t SET v = d");
    EXPECT_EQ(copied("t", {"id"}), rows("SELECT *, typeof(v) FROM t"))
        << "each in its class again";
    sql("UPDATE t SET d = 'none' WHERE id = 1");
    read(full("t", {"id"}));
    EXPECT_EQ(fields[1].extension, "arrow.opaque");
}

TEST_F(SqliteSource, ManyColumnsOfSeveralClasses) {
    std::string columns = "id INTEGER PRIMARY KEY", values = "1";
    for (int i = 0; i < 1500; ++i) {
        columns += ", c" + std::to_string(i);
        values += i % 2 ? ", 'x'" : ", 5";
    }
    sql("CREATE TABLE wide(" + columns + "); INSERT INTO wide VALUES (" + values + ")");
    auto const records = read(full("wide", {"id"}));
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0][1500], "x");
    EXPECT_EQ(fields[1].layout, Layout::int64);
}

TEST_F(SqliteSource, H5ACompositeKeyLosesNoRowAtABorder) {
    sql("CREATE TABLE t(a TEXT, b INTEGER, c REAL, PRIMARY KEY(a, b, c)) WITHOUT ROWID;"
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199) "
        "INSERT INTO t SELECT 'same', i % 3, i / 7.0 FROM n");
    ReadRequest request = full("t", {"a", "b", "c"});
    std::size_t count = 0;
    for (;;) {
        Reader reader = source.open(request);
        auto batch = reader.next();
        if (!batch) break;
        count += static_cast<std::size_t>(batch->rows());
        request.cursor = *batch->cursor();
    }
    EXPECT_EQ(count, 200u);
}

TEST_F(SqliteSource, H31AKeyThatIgnoresCaseIsReadInItsOwnOrder) {
    sql("CREATE TABLE t(k TEXT COLLATE NOCASE PRIMARY KEY NOT NULL);"
        "INSERT INTO t VALUES ('b'), ('A'), ('a '), ('C'), ('d')");
    ReadRequest request = full("t", {"k"});
    request.rows_max = 1;
    std::string order;
    for (int i = 0; i < 6; ++i) {
        Reader reader = source.open(request);
        auto batch = reader.next();
        if (!batch) break;
        order += *batch->records()[0][0] + ",";
        request.cursor = *batch->cursor();
    }
    EXPECT_EQ(order, "A,a ,b,C,d,");
}

TEST_F(SqliteSource, CursorsCarryEveryClassExactly) {
    sql("CREATE TABLE t(k PRIMARY KEY NOT NULL) WITHOUT ROWID;"
        "INSERT INTO t VALUES (9007199254740993), (9007199254740992), (0.1), (x'00ff'), "
        "('text'), (''), (-9223372036854775808), ('\xC3\xA9')");
    ReadRequest request = full("t", {"k"});
    request.rows_max = 1;
    std::size_t count = 0;
    for (; count < 20; ++count) {
        Reader reader = source.open(request);
        auto batch = reader.next();
        if (!batch) break;
        request.cursor = *batch->cursor();
        EXPECT_NO_THROW(Json::parse(request.cursor).at("fp"));
    }
    EXPECT_EQ(count, 8u);
}

TEST_F(SqliteSource, ADeltaBringsWhatChangedAndAnIdleOneNothing) {
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY, u TEXT, v TEXT); CREATE INDEX i ON t(u, id);"
        "INSERT INTO t VALUES (1, '2020-01-01 00:00:00', 'a'), (2, NULL, 'b'), "
        "(3, '2020-01-01 00:00:00', 'c')");
    EXPECT_EQ(read(delta("t", {"id"}, "u")).size(), 3u) << "null comes with the first read";
    std::string const first = end;
    EXPECT_TRUE(read(delta("t", {"id"}, "u", first)).empty());
    EXPECT_EQ(end, first);
    sql("UPDATE t SET u = '2020-01-02 00:00:00', v = 'new' WHERE id = 1;"
        "INSERT INTO t VALUES (4, '2020-01-01 00:00:00', 'tie')");
    auto const changed = read(delta("t", {"id"}, "u", first));
    ASSERT_EQ(changed.size(), 2u);
    EXPECT_EQ(*changed[0][0], "4") << "of one time the greater key is new";
    EXPECT_EQ(*changed[1][2], "new");
    EXPECT_TRUE(read(delta("t", {"id"}, "u", end)).empty());
}

TEST_F(SqliteSource, AScanThatGoesOnKeepsTheMarkOfItsBeginning) {
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY, u INTEGER);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) "
        "INSERT INTO t SELECT i, i FROM n");
    std::string at;
    {
        Reader reader = source.open(delta("t", {"id"}, "u"));
        at = *reader.next()->cursor();
    }
    // One row behind the scan and one before it change while it is interrupted.
    sql("UPDATE t SET u = 100 WHERE id = 2; UPDATE t SET u = 101 WHERE id = 15");
    auto const rest = read(delta("t", {"id"}, "u", at));
    std::vector<std::string> ids;
    for (auto const& record : rest) ids.push_back(*record[0]);
    EXPECT_EQ(ids.size(), 14u) << "12 unchanged, and each changed one once";
    EXPECT_EQ(std::count(ids.begin(), ids.end(), "2"), 1);
    EXPECT_EQ(std::count(ids.begin(), ids.end(), "15"), 1);
    EXPECT_TRUE(read(delta("t", {"id"}, "u", end)).empty());
}

TEST_F(SqliteSource, AFullReadWithATrackingFieldLeavesADeltasPosition) {
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY, u INTEGER); INSERT INTO t VALUES (1, 5), (2, 4)");
    ReadRequest request = delta("t", {"id"}, "u");
    request.mode = WEIR_READ_FULL;
    EXPECT_EQ(read(request).size(), 2u);
    EXPECT_TRUE(read(delta("t", {"id"}, "u", end)).empty());
    EXPECT_EQ(Json::parse(end)["settled"], Json::parse("[5,1]"));
    read(full("t", {"id"}));
    EXPECT_EQ(end, "") << "without a tracking field the position is cleared";
}

TEST_F(SqliteSource, H12ATieOfThisVerySecondIsNotLost) {
    // 2023-11-14 22:13:20 UTC, and the clock stands in that second.
    host.stop_clock_at(1'700'000'000'400'000);
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY, u TEXT);"
        "INSERT INTO t VALUES (1, '2023-11-14 22:00:00'), (10, '2023-11-14 22:13:20')");
    std::size_t const first = read(delta("t", {"id"}, "u")).size();
    std::string const cursor = end;
    sql("INSERT INTO t VALUES (5, '2023-11-14 22:13:20')");
    host.stop_clock_at(1'700'000'009'000'000);
    std::size_t const second = read(delta("t", {"id"}, "u", cursor)).size();
    EXPECT_EQ(first + second, 3u) << "each row once";
}

TEST_F(SqliteSource, H7ARowFarAheadComesEachTimeAndIsNoMark) {
    host.stop_clock_at(1'700'000'000'000'000);
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY, u TEXT);"
        "INSERT INTO t VALUES (1, '2023-01-01T00:00:00Z'), (2, '2099-01-01T00:00:00Z')");
    EXPECT_EQ(read(delta("t", {"id"}, "u")).size(), 2u);
    sql("INSERT INTO t VALUES (3, '2023-06-01T00:00:00Z')");
    EXPECT_EQ(read(delta("t", {"id"}, "u", end)).size(), 2u);
}

TEST_F(SqliteSource, WithoutAKeyADeltaStopsOnlyWhereTheValueChanges) {
    sql("CREATE TABLE t(u INTEGER, v TEXT);"
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 39) "
        "INSERT INTO t SELECT i / 10, i FROM n");
    read(delta("t", Json::array(), "u"));
    sql("WITH RECURSIVE n(i) AS (SELECT 40 UNION ALL SELECT i + 1 FROM n WHERE i < 79) "
        "INSERT INTO t SELECT i / 10, i FROM n");
    ReadRequest request = delta("t", Json::array(), "u", end);
    request.rows_max = 5;
    Reader reader = source.open(request);
    std::size_t count = 0;
    while (auto batch = reader.next()) {
        count += static_cast<std::size_t>(batch->rows());
        EXPECT_EQ(batch->cursor().has_value(), count % 10 == 0) << count;
    }
    EXPECT_EQ(count, 40u);
}

TEST_F(SqliteSource, APositionOfAnotherReadIsRefused) {
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY, u INTEGER, w INTEGER); INSERT INTO t VALUES (1, 1, "
        "1)");
    read(delta("t", {"id"}, "u"));
    std::string const cursor = end;
    for (ReadRequest request :
         {delta("t", {"id"}, "w", cursor), delta("t", {"u"}, "u", cursor), full("t", {"id"})}) {
        request.cursor = cursor;
        Failure const failure = failure_of([&] { read(request); });
        EXPECT_EQ(failure.status, WEIR_E_CONFLICT);
        EXPECT_EQ(failure.code, "source.cursor_mismatch");
    }
}

TEST_F(SqliteSource, AReadThatCannotBeSaysWhy) {
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY, u INTEGER); CREATE TABLE bare(u INTEGER)");
    ReadRequest limited = delta("bare", Json::array(), "u");
    limited.select["limit"] = 3;
    ReadRequest untracked = full("t", {"id"});
    untracked.mode = WEIR_READ_DELTA;
    ReadRequest chosen = full("t", {"id"});
    chosen.select["fields"] = {"id", "none"};
    for (auto const& [code, request] :
         {std::pair{"sqlite.no_stream", full("none", {"id"})},
          {"sqlite.stream_name", full("a.b.c", {"id"})},
          {"sqlite.no_field", chosen},
          {"sqlite.no_tracking", untracked},
          {"sqlite.limit_without_key", limited}})
        EXPECT_EQ(failure_of([&] { read(request); }).code, code);
}

TEST_F(SqliteSource, ALimitedDeltaGoesOnBehindItsLastRow) {
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY, u INTEGER);"
        "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 4)");
    ReadRequest request = delta("t", {"id"}, "u");
    request.select["limit"] = 3;
    EXPECT_EQ(read(request).size(), 3u);
    request.cursor = end;
    EXPECT_EQ(read(request).size(), 1u);
    request.cursor = end;
    EXPECT_TRUE(read(request).empty());
}

TEST_F(SqliteSource, OneReadSeesOneInstant) {
    sql("PRAGMA journal_mode=WAL; CREATE TABLE t(id INTEGER PRIMARY KEY);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) "
        "INSERT INTO t SELECT i FROM n");
    Reader reader = source.open(full("t", {"id"}));
    std::size_t count = static_cast<std::size_t>(reader.next()->rows());
    sql("INSERT INTO t VALUES (1000)");
    EXPECT_EQ(count + reader.rest().size(), 50u);
}

TEST_F(SqliteSource, ReadingLeavesNoFile) {
    sql("PRAGMA journal_mode=WAL; CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES "
        "(1)");
    auto const before = files();
    source.discover();
    read(full("t", {"id"}));
    EXPECT_EQ(files(), before);
}

}  // namespace weir::test
