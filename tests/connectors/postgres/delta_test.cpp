#include "postgres_test.hpp"
#include "support/tcp_gate.hpp"

namespace weir::test {
namespace {

class PostgresDelta : public PostgresTest {
protected:
    static ReadRequest request(std::string const& stream, std::string const& tracking,
                               std::vector<std::string> const& key, std::uint32_t rows_max = 1000) {
        return {.stream = stream,
                .mode = WEIR_READ_DELTA,
                .select = {{"key", key}, {"tracking", tracking}},
                .rows_max = rows_max};
    }
    /// Goes on from where `last` ended.
    Run again(ReadRequest request, Run const& last) {
        request.cursor = last.cursor;
        return run(request);
    }
    std::vector<std::string> sorted(Records const& records) {
        std::vector<std::string> out = firsts(records);
        std::sort(out.begin(), out.end(), [](auto const& a, auto const& b) {
            return std::pair{a.size(), a} < std::pair{b.size(), b};
        });
        return out;
    }
    static std::vector<std::string> numbers(int from, int to) {
        std::vector<std::string> out;
        for (int i = from; i <= to; ++i) out.push_back(std::to_string(i));
        return out;
    }
};

constexpr char users[] =
    "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text,"
    " updated_at timestamptz DEFAULT now());"
    "CREATE INDEX ON t (updated_at, id);"
    "INSERT INTO t (v, updated_at) SELECT 'v' || i, '2024-01-01+00'::timestamptz + i * '1 "
    "us'::interval"
    " FROM generate_series(1, 1000) i";

TEST_F(PostgresDelta, ReadsAllThenNothingThenWhatChanged) {
    owner_.run(users);
    ReadRequest const ask = request("public.t", "updated_at", {"id"}, 300);
    Run const first = run(ask);
    EXPECT_EQ(first.records.size(), 1000u);
    Run const idle = again(ask, first);
    EXPECT_EQ(idle.records.size(), 0u);
    EXPECT_EQ(Json::parse(idle.cursor)["settled"], Json::parse(first.cursor)["settled"]);
    owner_.run(
        "UPDATE t SET v = 'new', updated_at = now() WHERE id IN (5, 500);"
        "INSERT INTO t (v) VALUES ('more')");
    Run const changed = again(ask, idle);
    EXPECT_EQ(sorted(changed.records), (std::vector<std::string>{"5", "500", "1001"}));
    EXPECT_EQ(again(ask, changed).records.size(), 0u);
}

TEST_F(PostgresDelta, AnIdleRunAsksTheServerFourTimes) {
    owner_.run(users);
    ReadRequest const ask = request("public.t", "updated_at", {"id"}, 300);
    TcpGate gate{server_.port()};
    source_ = connect("postgres://weir:" + std::string{PostgresServer::password} + "@127.0.0.1:" +
                      std::to_string(gate.port()) + "/" + database_ + "?sslmode=disable");
    Run last = run(ask);  // logs in
    auto turns = [&] {
        int const before = gate.turns();
        discover_one("public.t");
        last = again(ask, last);
        return gate.turns() - before;
    };
    EXPECT_EQ(turns(), 4);  // the catalog; settings and lock; the last row and who is at work; end
    last.cursor.clear();
    EXPECT_EQ(turns(), 4) << "rows and the end are one";
    EXPECT_EQ(last.records.size(), 1000u);
}

TEST_F(PostgresDelta, CursorHasThePartsThatTheFenceNeeds) {
    owner_.run(users);
    ReadRequest ask = request("public.t", "updated_at", {"id"}, 300);
    Json const during = Json::parse(run(ask, 1).cursor);
    EXPECT_TRUE(during["settled"].is_null());
    EXPECT_EQ(during["pending"], Json::array());
    EXPECT_EQ(during["scan"]["by"], "key");
    EXPECT_EQ(during["scan"]["at"], Json({"300"}));
    EXPECT_EQ(during["scan"]["mark"], Json({"2024-01-01 00:00:00.001+00", "1000"}));
    EXPECT_TRUE(during["scan"]["xmin"].is_string());
    EXPECT_TRUE(during["xmin"].is_null()) << "no scan is complete";
    EXPECT_TRUE(during["src"]["system"].is_string());
    EXPECT_EQ(during["src"]["timeline"], 1);
    Json const after = Json::parse(run(ask).cursor);
    EXPECT_EQ(after["settled"], during["scan"]["mark"]);
    EXPECT_TRUE(after["scan"].is_null());
    EXPECT_EQ(after["xmin"], during["scan"]["xmin"]);
    EXPECT_EQ(after["fp"], during["fp"]);
}

TEST_F(PostgresDelta, H1TiesThatStraddleBatchesAreReadOnce) {
    owner_.run(
        "CREATE TABLE t (id int PRIMARY KEY, u timestamptz DEFAULT '2024-01-01');"
        "INSERT INTO t SELECT i FROM generate_series(1, 1000) i");
    ReadRequest ask = request("public.t", "u", {"id"}, 7);
    Run first = run_with_kills(ask, 13);
    EXPECT_EQ(sorted(first.records), numbers(1, 1000));
    owner_.run("UPDATE t SET u = '2024-01-02'");
    ask.cursor = first.cursor;
    Run const second = run_with_kills(ask, 13);
    EXPECT_EQ(sorted(second.records), numbers(1, 1000));
    ask.cursor = second.cursor;
    EXPECT_EQ(run(ask).records.size(), 0u);
}

TEST_F(PostgresDelta, H16AResumedFirstRunEndsWithWhatChangedBehindItsPlace) {
    owner_.run(users);
    ReadRequest ask = request("public.t", "updated_at", {"id"}, 300);
    Run const killed = run(ask, 1);
    owner_.run(
        "UPDATE t SET v = 'behind', updated_at = '2024-01-02' WHERE id = 7;"
        "UPDATE t SET v = 'ahead', updated_at = '2024-01-03' WHERE id = 900");
    ask.cursor = killed.cursor;
    Run const rest = run(ask);
    // 301 to 1000, and by the first run's mark both that changed since; 900 comes twice.
    EXPECT_EQ(rest.records.size(), 702u);
    std::vector<std::string> const ids = sorted(rest.records);
    EXPECT_EQ(std::count(ids.begin(), ids.end(), "7"), 1);
    ask.cursor = rest.cursor;
    EXPECT_EQ(run(ask).records.size(), 0u);
}

TEST_F(PostgresDelta, H6TheFirstRunTakesNullTrackingValues) {
    owner_.run(
        "CREATE TABLE t (id int PRIMARY KEY, u timestamptz);"
        "INSERT INTO t SELECT i, CASE WHEN i % 100 > 0 THEN now() END"
        " FROM generate_series(1, 1000) i");
    ReadRequest ask = request("public.t", "u", {"id"}, 70);
    Run const first = run_with_kills(ask);
    EXPECT_EQ(sorted(first.records), numbers(1, 1000));
    owner_.run("UPDATE t SET u = now() WHERE id = 100; UPDATE t SET u = NULL WHERE id = 1");
    ask.cursor = first.cursor;
    EXPECT_EQ(sorted(run(ask).records), (std::vector<std::string>{"1", "100"}));
}

TEST_F(PostgresDelta, H6NothingButNullsIsReadOnce) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY, u timestamptz); INSERT INTO t VALUES (1), (2)");
    ReadRequest ask = request("public.t", "u", {"id"});
    Run const first = run(ask);
    EXPECT_EQ(first.records.size(), 2u);
    ask.cursor = first.cursor;
    Run const second = run(ask);
    EXPECT_EQ(second.records.size(), 0u);
    owner_.run("INSERT INTO t VALUES (3, now())");
    EXPECT_EQ(again(ask, second).records.size(), 1u);
}

TEST_F(PostgresDelta, AnEmptyTableSettlesNothing) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY, u timestamptz)");
    ReadRequest ask = request("public.t", "u", {"id"});
    Run const empty = run(ask);
    EXPECT_TRUE(Json::parse(empty.cursor)["settled"].is_null());
    owner_.run("INSERT INTO t VALUES (1, now()), (2, NULL)");
    EXPECT_EQ(again(ask, empty).records.size(), 2u);
}

TEST_F(PostgresDelta, H7InfinityAndTheFutureAreNeverAMark) {
    for (std::string const type : {"timestamptz", "timestamp", "date"}) {
        owner_.run("DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, u " + type +
                   ");"
                   "INSERT INTO t VALUES (1, 'infinity'), (2, '2099-01-01'), (3, '-infinity'),"
                   " (4, '2024-01-01')");
        ReadRequest ask = request("public.t", "u", {"id"}, 2);
        Run last = run(ask);
        EXPECT_EQ(last.records.size(), 4u) << type;
        std::string const marked = Json::parse(last.cursor)["settled"][1];
        EXPECT_EQ(marked, "4") << type;
        owner_.run(
            "INSERT INTO t SELECT i, '2024-02-01'::date + i / 100 FROM generate_series(11, 1010) "
            "i");
        ask.cursor = last.cursor;
        last = run(ask);
        EXPECT_EQ(last.records.size(), 1000u) << type << ": what was read does not come again";
        EXPECT_EQ(Json::parse(last.cursor)["settled"][1], "1010") << type;
        EXPECT_EQ(again(ask, last).records.size(), 0u) << type;
    }
    EXPECT_GT(host_.metric("weir_cursor_future_rows"), 0);
}

TEST_F(PostgresDelta, H7NaNIsNeverAMark) {
    owner_.run(
        "CREATE TABLE t (id int PRIMARY KEY, n numeric);"
        "CREATE VIEW v AS SELECT * FROM t;"  // a table would be asked by its transactions
        "INSERT INTO t VALUES (1, 'NaN'), (2, 'Infinity'), (3, 1.50)");
    ReadRequest const ask = request("public.v", "n", {"id"});
    Run const first = run(ask);
    EXPECT_EQ(Json::parse(first.cursor)["settled"], Json({"1.50", "3"}));
    owner_.run("INSERT INTO t VALUES (4, 1.7)");
    Run const next = again(ask, first);
    EXPECT_EQ(Json::parse(next.cursor)["settled"], Json({"1.7", "4"}));
    EXPECT_EQ(next.records.size(), 3u) << "what is no mark comes each time: nothing tells its age";
}

TEST_F(PostgresDelta, GoesByTheKeyItself) {
    owner_.run(
        "CREATE TABLE t (a int, id bigint, PRIMARY KEY (a, id));"
        "INSERT INTO t SELECT i % 3, i FROM generate_series(1, 100) i;"
        "CREATE TABLE s (id bigserial PRIMARY KEY, v int); INSERT INTO s (v) SELECT "
        "generate_series(1, 100)");
    for (auto const& [stream, key, more] :
         {std::tuple{"public.t", std::vector<std::string>{"a", "id"},
                     "INSERT INTO t VALUES (0, 101)"},
          std::tuple{"public.s", std::vector<std::string>{"id"}, "INSERT INTO s (v) VALUES (1)"}}) {
        ReadRequest ask = request(stream, "id", key, 7);
        Run const first = run_with_kills(ask);
        EXPECT_EQ(first.records.size(), 100u);
        EXPECT_EQ(again(ask, first).records.size(), 0u);
        owner_.run(more);
        EXPECT_EQ(again(ask, first).records.size(), 1u);
    }
}

TEST_F(PostgresDelta, EveryTypeOfTrackingFieldComparesAtFullPrecision) {
    std::vector<std::pair<std::string, std::string>> const fields{
        {"timestamptz", "'2024-01-01'::timestamptz + i * '1 us'::interval"},
        {"timestamp", "'2024-01-01'::timestamp + i * '1 us'::interval"},
        {"date", "'2020-01-01'::date + i"},
        {"smallint", "i"},
        {"int", "i"},
        {"bigint", "9007199254740992 + i"},
        {"numeric", "9007199254740992.0000000000001 + i"},
        {"text COLLATE \"C\"", "chr(64 + i)"},
        {"varchar(9) COLLATE \"C\"", "chr(64 + i)"},
        {"xid8", "(i::text)::xid8"},
        {"pg_lsn", "'0/0'::pg_lsn + i"}};
    for (auto const& [type, value] : fields) {
        owner_.run("DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, u " + type +
                   ");"
                   "INSERT INTO t SELECT i, " +
                   value + " FROM generate_series(1, 50) i");
        ReadRequest ask = request("public.t", "u", {"id"}, 7);
        ask.cursor = run(ask).cursor;
        EXPECT_EQ(run(ask).records.size(), 0u) << type;
        owner_.run("INSERT INTO t SELECT i, " + value + " FROM generate_series(51, 60) i");
        EXPECT_EQ(sorted(run_with_kills(ask).records), numbers(51, 60)) << type;
    }
}

TEST_F(PostgresDelta, RefusesFieldsWithoutAnOrderOfTime) {
    owner_.run(
        "CREATE TABLE t (id int PRIMARY KEY, f float8, r real, u uuid, j json, b jsonb,"
        " x text COLLATE \"en-x-icu\", a int[], l bool, seen timestamptz)");
    for (std::string const field : {"f", "r", "u", "j", "b", "x", "a", "l"}) {
        testkit::Failure const refused =
            failure([&] { source_->open(request("public.t", field, {"id"})); });
        EXPECT_EQ(refused.status, WEIR_E_CONFIG) << field;
        EXPECT_EQ(refused.code, "source.cursor_unsuitable") << field;
        EXPECT_NE(std::string{refused.what()}.find("seen"), std::string::npos) << field;
    }
    EXPECT_EQ(failure([&] { source_->open(request("public.t", "sen", {"id"})); }).code,
              "source.field_not_found");
}

TEST_F(PostgresDelta, WithoutAKeyItCommitsOnlyWhereTheTrackingValueChanges) {
    owner_.run(
        "CREATE TABLE t (n int, u timestamptz); INSERT INTO t SELECT i,"
        " CASE WHEN i > 20 THEN '2024-01-01'::timestamptz + i / 5 * '1 s'::interval END"
        " FROM generate_series(1, 400) i");
    for (auto const& [kill_after, appends] : {std::pair{1, true}, {2, false}, {5, true}}) {
        ReadRequest ask = request("public.t", "u", {}, 7);
        ask.select["append"] = appends;
        Run all;
        // A kill in the middle of a tie goes back to its begin.
        for (int round = 0; round < 2000; ++round) {
            Run const part = run(ask, kill_after + round % 9);
            append(all.records, part.records);
            ask.cursor = part.cursor;
            if (part.batches < kill_after + round % 9) break;
        }
        EXPECT_EQ(sorted(all.records), numbers(1, 400)) << kill_after;
        EXPECT_EQ(run(ask).records.size(), 0u);
        owner_.run("INSERT INTO t VALUES (401, '2025-01-01'), (402, 'infinity')");
        EXPECT_EQ(firsts(run(ask).records), numbers(401, appends ? 401 : 402));
        owner_.run("DELETE FROM t WHERE n > 400");
    }
    EXPECT_TRUE(host_.logged("leaves them out"));
}

TEST_F(PostgresDelta, WithoutAKeyEqualNumbersOfOtherDigitsAreATie) {
    owner_.run(
        "CREATE TABLE t (n int, u numeric);"
        "CREATE VIEW v AS SELECT * FROM t;"  // a table would be asked by its transactions
        "INSERT INTO t VALUES (1, 1), (2, 1.0), (3, 1.00), (4, 2), (5, 2.0)");
    ReadRequest ask = request("public.v", "u", {}, 1);
    testkit::Reader reader = source_->open(ask);
    int cursors = 0;
    Records all;
    while (auto batch = reader.next()) {
        cursors += batch->cursor().has_value();
        append(all, batch->records());
    }
    EXPECT_EQ(cursors, 2);
    EXPECT_EQ(sorted(all), numbers(1, 5));
}

TEST_F(PostgresDelta, ALimitLeavesTheRestForTheNextRun) {
    owner_.run(users);
    ReadRequest ask = request("public.t", "updated_at", {"id"}, 30);
    ask.select["limit"] = 100;
    Records all;
    for (int i = 0; i < 12; ++i) {
        Run const part = run(ask);
        EXPECT_LE(part.records.size(), 100u);
        append(all, part.records);
        ask.cursor = part.cursor;
    }
    EXPECT_EQ(sorted(all), numbers(1, 1000));
    owner_.run("UPDATE t SET updated_at = '2025-01-01' WHERE id <= 150");
    Run const first = run(ask);
    EXPECT_EQ(first.records.size(), 100u);
    EXPECT_EQ(again(ask, first).records.size(), 50u);
}

TEST_F(PostgresDelta, AFullReadLeavesADeltasCursorBehind) {
    owner_.run(users);
    owner_.run("CREATE TABLE k AS SELECT * FROM t");
    for (std::vector<std::string> const& key : {std::vector<std::string>{"id"}, {}}) {
        ReadRequest ask = request(key.empty() ? "public.k" : "public.t", "updated_at", key, 300);
        ask.mode = WEIR_READ_FULL;
        Run const full = run(ask);
        EXPECT_EQ(full.records.size(), 1000u);
        ask.mode = WEIR_READ_DELTA;
        EXPECT_EQ(again(ask, full).records.size(), 0u);
        ask.mode = WEIR_READ_FULL;
        EXPECT_EQ(again(ask, full).records.size(), 1000u);
    }
}

TEST_F(PostgresDelta, SaysWhichPartOfThePositionDiffers) {
    owner_.run(users);
    owner_.run("ALTER TABLE t ADD other timestamptz DEFAULT now()");
    ReadRequest ask = request("public.t", "updated_at", {"id"});
    ask.cursor = run(ask).cursor;
    ask.select["tracking"] = "other";
    testkit::Failure const refused = failure([&] { source_->open(ask); });
    EXPECT_EQ(refused.code, "source.cursor_mismatch");
    EXPECT_NE(std::string{refused.what()}.find("tracking field (updated_at, now other)"),
              std::string::npos)
        << refused.what();
    ask.select["tracking"] = "updated_at";
    owner_.run("ALTER TABLE t ALTER updated_at TYPE date");
    EXPECT_EQ(failure([&] { source_->open(ask); }).code, "source.cursor_mismatch");
}

TEST_F(PostgresDelta, AnAddedColumnKeepsThePosition) {
    owner_.run(users);
    ReadRequest ask = request("public.t", "updated_at", {"id"});
    ask.cursor = run(ask).cursor;
    owner_.run("ALTER TABLE t ADD more int; INSERT INTO t (more) VALUES (1)");
    Run const next = run(ask);
    ASSERT_EQ(next.records.size(), 1u);
    EXPECT_EQ(next.records[0].size(), 4u);
}

TEST_F(PostgresDelta, H5UsesTheIndexOnBothOfItsColumns) {
    owner_.run(users);
    owner_.run("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off");
    std::string const plan = owner_.one(
        "EXPLAIN (FORMAT json) SELECT t.id FROM public.t AS t WHERE (t.updated_at, t.id) >"
        " ('2024-01-01 00:00:00.0009+00'::timestamp with time zone, '900'::bigint)"
        " ORDER BY t.updated_at, t.id");
    EXPECT_NE(plan.find("Index Cond"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("\"Sort\""), std::string::npos) << plan;
}

}  // namespace
}  // namespace weir::test
