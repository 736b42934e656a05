// Hazards of replication by their numbers (tests/README.md), through the binary, from PostgreSQL
// into SQLite and into PostgreSQL.
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

/// The same claims for both sinks.
class Hazard : public CopyFixture, public testing::WithParamInterface<char const*> {
protected:
    bool is_sqlite() const { return std::string{GetParam()} == "sqlite"; }
    using Environment = std::map<std::string, std::string>;
    Ran go(std::vector<std::string> const& more, Environment const& environment = {}) {
        std::vector<std::string> line{"copy", server.url(database), url()};
        line.insert(line.end(), more.begin(), more.end());
        line.push_back("--json");
        ProcessOptions options;
        options.directory = directory.path().string();
        options.environment = environment;
        return weir(line, options);
    }
    Ran killed_at(std::string const& point, std::vector<std::string> const& more) {
        return go(more, {{"WEIR_FAILPOINT", point}});
    }
    std::string url() {
        if (is_sqlite()) return sink_url();
        open_other();
        return server.url(other);
    }
    void run(std::string const& sql) {
        if (is_sqlite()) return sink().run(sql);
        open_other();
        there->run(sql);
    }
    std::vector<Record> rows(std::string const& sql) {
        if (is_sqlite()) return sink().rows(sql);
        open_other();
        return there->rows(sql);
    }
    std::string one(std::string const& sql) { return rows(sql).at(0).at(0).value_or("NULL"); }
    void open_other() {
        if (there) return;
        other = server.fresh();
        there.emplace(server.connect_as_owner(other));
    }
    std::string other;
    std::optional<Pg> there;
};

INSTANTIATE_TEST_SUITE_P(Into, Hazard, testing::Values("sqlite", "postgres"),
                         [](auto const& info) { return std::string{info.param}; });

TEST_P(Hazard, H2NumbersThatOthersFillLoseNothingBelowTheGreatest) {
    db.run("CREATE TABLE docs (id text PRIMARY KEY, version int, label text COLLATE \"C\")");
    db.run("INSERT INTO docs SELECT i::text, i * 10, 'l' || i FROM generate_series(1, 9) i");
    db.run("CREATE VIEW shown AS SELECT * FROM docs");
    for (std::string const field : {"version", "label"}) {
        std::vector<std::string> const line{"--stream", "public.docs", "--to", "by_" + field,
                                            "--cursor", field};
        expect_moved(go(line), 9 + (field == "label"), 9 + (field == "label"));
        db.run("INSERT INTO docs VALUES ('late " + field + "', 5, 'a')");
        Ran const ran = go(line);
        expect_moved(ran, 1, 1);
        EXPECT_FALSE(ran.stream().contains("notes")) << ran;
        expect_moved(go(line), 0, 0);
    }
    // Nothing tells it of a view: then that is said.
    std::vector<std::string> const of_view{"--stream", "public.shown", "--key", "id", "--cursor",
                                           "version"};
    expect_exit(go(of_view), 0);
    db.run("INSERT INTO docs VALUES ('later', 5, 'a')");
    Ran const ran = go(of_view);
    EXPECT_NE(ran.stream().value("notes", Json::array()).dump().find("unproven"),
              std::string::npos)
        << ran;
    EXPECT_EQ(one("SELECT count(*) FROM shown WHERE id = 'later'"), "0") << "the control";
}

TEST_P(Hazard, H5ACompositeKeyLosesNoRowAtABorder) {
    db.run("CREATE TABLE parts (a int, b text, c int, at timestamptz NOT NULL, PRIMARY KEY (a, b, "
           "c))");
    db.run("INSERT INTO parts SELECT 1, 'same', i, timestamptz '2024-01-01Z' FROM (VALUES (9), "
           "(10), (100), (1000), (2), (99)) v (i)");
    db.run("INSERT INTO parts SELECT 2, b, c, timestamptz '2024-01-01Z' FROM (VALUES ('a'), ('B'), "
           "('é'), ('')) x (b), (VALUES (9), (10), (100)) y (c)");
    for (std::vector<std::string> mode :
         {std::vector<std::string>{"--to", "full"}, {"--to", "delta", "--cursor", "at"}}) {
        mode.insert(mode.end(), {"--stream", "public.parts", "--batch-rows", "1"});
        expect_moved(go(mode), 18, 18);
        std::string const all = "SELECT a || '/' || b || '/' || c FROM ";
        Differences const differences =
            compare(db.rows(all + "parts"), rows(all + "\"" + mode[1] + "\""));
        EXPECT_TRUE(differences.none()) << differences;
    }
}

// What is read in two parts, with changes between them, is no state that ever was.
TEST_P(Hazard, H16WhatChangesBehindAKilledReadIsThereWhenTheNextHasEnded) {
    db.run("CREATE TABLE t (id int PRIMARY KEY, v text, changed int)");
    for (std::vector<std::string> const& how :
         {std::vector<std::string>{"--write", "replace"}, {"--cursor", "changed"}, {}}) {
        db.run("DELETE FROM t");
        db.run("INSERT INTO t SELECT i, 'old', i FROM generate_series(1, 50) i");
        std::string const to = "t" + std::to_string(how.size());
        std::vector<std::string> line{"--stream", "public.t", "--to", to, "--batch-rows", "7"};
        line.insert(line.end(), how.begin(), how.end());
        EXPECT_EQ(killed_at("pump.after_commit:3", line).code, 137);
        db.run("UPDATE t SET v = 'new', changed = 100 WHERE id = 3");
        db.run("INSERT INTO t VALUES (0, 'new', 101)");
        if (!how.empty() && how[0] == "--write") db.run("DELETE FROM t WHERE id = 4");
        Ran const ran = go(line);
        expect_exit(ran, 0);
        std::string const told = "goes on where an earlier run was cut off; what changed";
        bool const is_told = ran.stream().dump().find(told) != std::string::npos;
        EXPECT_EQ(is_told, how.empty()) << ran;
        if (is_told) expect_exit(go(line), 0);  // comes with the next run
        EXPECT_EQ(rows("SELECT id, v, changed FROM " + to + " ORDER BY id"),
                  db.rows("SELECT id, v, changed FROM t ORDER BY id"))
            << to;
    }
}

TEST_P(Hazard, H18RowSecurityIsAnErrorAndDeletesNothing) {
    make_users(10);
    std::vector<std::string> const line{"--stream", "public.users", "--mode", "full", "--write",
                                        "replace"};
    expect_moved(go(line), 10, 10);
    db.run("ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL "
           "SECURITY; CREATE POLICY few ON users USING (id < 3)");
    expect_failure(go(line), 3, "postgres.row_security");
    EXPECT_EQ(one("SELECT count(*) FROM users"), "10");
    db.run("ALTER TABLE users NO FORCE ROW LEVEL SECURITY");
    expect_moved(go(line), 10, 10);
}

TEST_P(Hazard, H19PartitionsComeAndGoBetweenRuns) {
    db.run("CREATE TABLE events (id int PRIMARY KEY, note text) PARTITION BY RANGE (id)");
    db.run("CREATE TABLE low PARTITION OF events FOR VALUES FROM (0) TO (100)");
    db.run("CREATE TABLE high (LIKE events INCLUDING ALL)");
    db.run("INSERT INTO events VALUES (1, 'a'), (2, 'b'); INSERT INTO high VALUES (101, 'c')");
    std::vector<std::string> const line{"--stream", "public.events", "--mode", "full", "--write",
                                        "replace"};
    expect_moved(go(line), 2, 2);
    db.run("ALTER TABLE events ATTACH PARTITION high FOR VALUES FROM (100) TO (200)");
    expect_moved(go(line), 3, 3);
    db.run("ALTER TABLE events DETACH PARTITION low");
    expect_moved(go(line), 1, 1);
    EXPECT_EQ(one("SELECT note FROM events"), "c");
}

TEST_P(Hazard, H19APartitionAttachedAmidAReadComesWithTheNext) {
    db.run("CREATE TABLE events (id int PRIMARY KEY, note text) PARTITION BY RANGE (id)");
    db.run("CREATE TABLE low PARTITION OF events FOR VALUES FROM (0) TO (100000)");
    db.run("CREATE TABLE high (LIKE events INCLUDING ALL)");
    db.run("INSERT INTO events SELECT i, repeat('x', 500) FROM generate_series(1, 20000) i");
    db.run("INSERT INTO high VALUES (100001, 'new')");
    std::vector<std::string> const line{"--stream", "public.events", "--mode", "full",
                                        "--write",  "replace",       "--batch-rows", "100"};
    std::vector<std::string> command{"copy", server.url(database), url()};
    command.insert(command.end(), line.begin(), line.end());
    command.push_back("--json");
    Process process{weir_command(command)};
    db.run("ALTER TABLE events ATTACH PARTITION high FOR VALUES FROM (100000) TO (200000)");
    db.run("ALTER TABLE events DETACH PARTITION high");
    db.run("ALTER TABLE events ATTACH PARTITION high FOR VALUES FROM (100000) TO (200000)");
    Ran const first = finish(process);
    expect_exit(first, 0);
    EXPECT_GE(first.stream().at("written"), 20000) << first;
    expect_moved(go(line), 20001, 20001);
    EXPECT_EQ(one("SELECT note FROM events WHERE id = 100001"), "new");
}

TEST_P(Hazard, H19OlderRowsOfAPartitionThatIsAttachedAreToldAndRead) {
    db.run("CREATE TABLE events (id int PRIMARY KEY, note text, at timestamptz NOT NULL DEFAULT "
           "now()) PARTITION BY RANGE (id);"
           "CREATE TABLE low PARTITION OF events FOR VALUES FROM (0) TO (100);"
           "CREATE TABLE old (LIKE events INCLUDING ALL);"
           "INSERT INTO events VALUES (1, 'a'), (2, 'b');"
           "INSERT INTO old SELECT 200 + i, 'old', timestamptz '2020-01-01Z' FROM "
           "generate_series(1, 9) i");
    std::vector<std::string> const line{"--stream", "public.events", "--cursor", "at"};
    std::vector<std::string> append = line;
    append.insert(append.end(), {"--write", "append", "--to", "log"});
    expect_moved(go(line), 2, 2);
    expect_moved(go(append), 2, 2);
    auto const is_told = [](Ran const& ran) {
        return ran.err.find("cursor regressed: partitions came that hold records below what was "
                            "read") != std::string::npos &&
               ran.err.find("--mode reconcile") != std::string::npos;
    };
    // One that was made empty and filled since is the daily business of such tables.
    db.run("CREATE TABLE high PARTITION OF events FOR VALUES FROM (100) TO (200);"
           "INSERT INTO events VALUES (101, 'new')");
    Ran const daily = go(line);
    expect_moved(daily, 1, 1);
    EXPECT_FALSE(is_told(daily)) << daily;
    expect_moved(go(append), 1, 1);

    db.run("ALTER TABLE events ATTACH PARTITION old FOR VALUES FROM (200) TO (300)");
    Ran const found = go(line);
    expect_exit(found, 0);
    EXPECT_TRUE(is_told(found)) << found;
    EXPECT_EQ(one("SELECT count(*) FROM events"), "12");
    expect_moved(go(line), 0, 0);
    Ran const appended = go(append);
    EXPECT_TRUE(is_told(appended)) << appended;
    EXPECT_EQ(one("SELECT count(*) FROM log"), "3") << "which is why it is told";
}

TEST_P(Hazard, H19ChildrenAreReadWithTheirParent) {
    db.run("CREATE TABLE animals (id int PRIMARY KEY, name text)");
    db.run("CREATE TABLE birds (wings int) INHERITS (animals)");
    db.run("INSERT INTO animals VALUES (1, 'cow'); INSERT INTO birds VALUES (2, 'owl', 2)");
    expect_moved(go({"--stream", "public.animals"}), 2, 2);
    EXPECT_EQ(rows("SELECT id, name FROM animals ORDER BY id"),
              (std::vector<Record>{{"1", "cow"}, {"2", "owl"}}));
    // A key of the parent holds for none of its children: the same id may stand twice.
    db.run("INSERT INTO birds VALUES (1, 'ibis', 2)");
    expect_moved(go({"--stream", "public.animals", "--write", "replace"}), 3, 3);
    EXPECT_EQ(one("SELECT count(*) FROM animals"), "3");
}

TEST_P(Hazard, H19AViewHasTheKeyThatIsDeclared) {
    make_users(20);
    db.run("CREATE VIEW seen AS SELECT id, upper(name) AS name, updated_at FROM users");
    std::vector<std::string> const line{"--stream", "public.seen", "--key", "id", "--batch-rows",
                                        "3"};
    expect_moved(go(line), 20, 20);
    db.run("UPDATE users SET name = 'other' WHERE id = 7");
    expect_moved(go(line), 20, 20);
    EXPECT_EQ(one("SELECT name FROM seen WHERE id = 7"), "OTHER");
    EXPECT_EQ(one("SELECT count(*) FROM seen"), "20");
}

TEST_P(Hazard, H25ColumnsOfTheUserOutliveManyUpserts) {
    make_users(3);
    std::vector<std::string> const line{"--stream", "public.users", "--mode", "full"};
    expect_moved(go(line), 3, 3);
    run("ALTER TABLE users ADD COLUMN note TEXT");
    run("UPDATE users SET note = 'mine'");
    for (int i = 0; i < 20; ++i) {
        db.run("UPDATE users SET name = 'version " + std::to_string(i) + "'");
        ASSERT_EQ(go(line).code, 0);
    }
    EXPECT_EQ(one("SELECT count(*) FROM users WHERE note = 'mine' AND name = 'version 19'"), "3");
}

TEST_P(Hazard, H25AClashOnASecondUniqueIndexIsAReject) {
    make_users(5);
    run("CREATE TABLE users (id bigint PRIMARY KEY, name text UNIQUE, updated_at " +
        std::string{is_sqlite() ? "text" : "timestamptz"} + ")");
    run("INSERT INTO users (id, name) VALUES (99, 'user 3')");
    Ran const ran = go({"--stream", "public.users", "--on-error", "skip"});
    expect_exit(ran, 4);
    EXPECT_EQ(ran.stream().at("written"), 4) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 1) << ran;
    EXPECT_EQ(one("SELECT count(*) FROM users"), "5");
    EXPECT_EQ(one("SELECT id FROM users WHERE name = 'user 3'"), "99");
}

TEST_P(Hazard, H25OfThreeVersionsInOneBatchTheLastStays) {
    db.run("CREATE TABLE log (k int, at int, v text)");
    db.run("INSERT INTO log VALUES (1, 1, 'a'), (2, 2, 'b'), (1, 3, 'c'), (1, 4, 'd')");
    db.run("CREATE VIEW versions AS SELECT * FROM log ORDER BY at");
    expect_exit(go({"--stream", "public.versions", "--key", "k", "--write", "upsert"}), 0);
    EXPECT_EQ(rows("SELECT k, v FROM versions ORDER BY k").size(), 2u);
    EXPECT_EQ(one("SELECT v FROM versions WHERE k = 1"), "d");
}

TEST_P(Hazard, H30NamesOfAnyKindArrive) {
    db.run(R"(CREATE TABLE "Sel""ect é😀.x y" ("select" int PRIMARY KEY, "a""b" text, "dot.ted" int,
              " blank " int, "é😀" int))");
    db.run(R"(INSERT INTO "Sel""ect é😀.x y" VALUES (1, 'a', 2, 3, 4))");
    expect_moved(go({"--stream", R"(public."Sel""ect é😀.x y")"}), 1, 1);
    EXPECT_EQ(rows(R"(SELECT "select", "a""b", "dot.ted", " blank ", "é😀" FROM "Sel""ect é😀.x y")"),
              (std::vector<Record>{{"1", "a", "2", "3", "4"}}));
}

TEST_P(Hazard, H30NamesThatTheSinkWouldFoldOrCutAreRefusedBeforeAnythingIsWritten) {
    db.run(R"(CREATE TABLE "Order" (id int PRIMARY KEY); CREATE TABLE "order" (id int PRIMARY KEY);
              INSERT INTO "Order" VALUES (1); INSERT INTO "order" VALUES (2))");
    Ran const ran = go({"--stream", "public.*"});
    if (is_sqlite()) {
        expect_failure(ran, 2, "copy.same_target");
        return;
    }
    expect_exit(ran, 0);
    EXPECT_EQ(rows(R"(SELECT id FROM "Order" UNION ALL SELECT id FROM "order" ORDER BY 1)"),
              (std::vector<Record>{{"1"}, {"2"}}));
    std::string const name(64, 'n');
    expect_failure(go({"--stream", "public.\"Order\"", "--to", name}), 2, "postgres.bad_name");
}

TEST_P(Hazard, H31ATargetThatFoldsKeysOfTheSourceIsRefused) {
    db.run("CREATE TABLE words (w text PRIMARY KEY); INSERT INTO words VALUES ('a'), ('A')");
    if (is_sqlite()) {
        run("CREATE TABLE words (w TEXT PRIMARY KEY COLLATE NOCASE)");
    } else {
        open_other();
        server.connect(other).run("CREATE EXTENSION citext");
        run("CREATE TABLE words (w citext PRIMARY KEY)");
    }
    Ran const ran = go({"--stream", "public.words"});
    EXPECT_NE(ran.code, 0) << ran;
    EXPECT_TRUE(ran.error_code().ends_with(".no_unique_index")) << ran;
    EXPECT_EQ(one("SELECT count(*) FROM words"), "0");
}

TEST_P(Hazard, H31ANewSpellingOfAnEqualKeyArrives) {
    if (is_sqlite()) return;  // there it is another key
    open_other();
    for (std::string const& each : {database, other})
        server.connect(each).run("CREATE EXTENSION IF NOT EXISTS citext");
    db.run("CREATE TABLE words (w citext, n numeric, v text, PRIMARY KEY (w, n));"
           "INSERT INTO words VALUES ('key', 5.10, 'x')");
    expect_moved(go({"--stream", "public.words"}), 1, 1);
    db.run("UPDATE words SET w = 'KEY', n = 5.100");
    expect_exit(go({"--stream", "public.words", "--mode", "full"}), 0);
    EXPECT_EQ(one("SELECT w || ' ' || n FROM words"), "KEY 5.100");
}

TEST_P(Hazard, H31CitextKeysKeepTheSourcesEqualityAndOrder) {
    server.connect(database).run("CREATE EXTENSION citext");
    db.run("CREATE TABLE words (w citext PRIMARY KEY, n int)");
    db.run("INSERT INTO words VALUES ('b', 1), ('A', 2), ('C', 3), ('a ', 4), ('B2', 5), ('d', 6), "
           "('ä', 7), ('Z', 8)");
    std::vector<std::string> const line{"--stream", "public.words", "--mode", "full",
                                        "--batch-rows", "3"};
    expect_moved(go(line), 8, 8);
    EXPECT_EQ(one("SELECT count(*) FROM words"), "8");
    EXPECT_EQ(one("SELECT n FROM words WHERE w = 'a '"), "4") << "a blank is a character";
}

TEST_P(Hazard, H31AKeyThatChangesItsCaseIsAnotherRecord) {
    db.run("CREATE TABLE words (w text PRIMARY KEY, n int); INSERT INTO words VALUES ('A', 1)");
    expect_moved(go({"--stream", "public.words"}), 1, 1);
    db.run("UPDATE words SET w = 'a'; INSERT INTO words VALUES ('a ', 3)");
    expect_moved(go({"--stream", "public.words", "--mode", "full", "--write", "replace"}), 2, 2);
    EXPECT_EQ(rows("SELECT w, n FROM words ORDER BY n"),
              (std::vector<Record>{{"a", "1"}, {"a ", "3"}}));
}

TEST_P(Hazard, H33ARetypedColumnStopsAndRepairedGoesOn) {
    make_users(5);
    std::vector<std::string> const line{"--stream", "public.users", "--cursor", "updated_at"};
    expect_moved(go(line), 5, 5);
    add_users(6, 6);
    db.run("ALTER TABLE users ALTER name TYPE bytea USING name::bytea");
    expect_failure(go(line), 1, is_sqlite() ? "sqlite.column_retyped" : "postgres.column_retyped");
    EXPECT_EQ(one("SELECT count(*) FROM users"), "5");
    db.run("ALTER TABLE users ALTER name TYPE text USING convert_from(name, 'UTF8')");
    expect_moved(go(line), 1, 1);
    EXPECT_EQ(one("SELECT name FROM users WHERE id = 6"), "user 6");
}

TEST_P(Hazard, H33AColumnAddedAmidAReadComesWithTheNext) {
    db.run("CREATE TABLE wide (id int PRIMARY KEY, body text)");
    db.run("INSERT INTO wide SELECT i, repeat('x', 2000) FROM generate_series(1, 20000) i");
    std::vector<std::string> const more{"--stream", "public.wide", "--batch-rows", "100"};
    std::vector<std::string> line{"copy", server.url(database), url()};
    line.insert(line.end(), more.begin(), more.end());
    line.push_back("--json");
    Process process{weir_command(line)};
    // Its lock is held until the last row is read: the change waits for that.
    db.run("SET lock_timeout = '60s'");
    db.run("ALTER TABLE wide ADD colour text");
    expect_moved(finish(process), 20000, 20000);
    db.run("UPDATE wide SET colour = 'red' WHERE id = 5");
    expect_moved(go({"--stream", "public.wide", "--mode", "full"}), 20000, 20000);
    EXPECT_EQ(one("SELECT colour FROM wide WHERE id = 5"), "red");
}

TEST_P(Hazard, H34ARowThatIsRefusedCostsItselfOnly) {
    make_users(1000);
    run("CREATE TABLE users (id bigint PRIMARY KEY, name text CHECK (name <> 'user 500'), "
        "updated_at " + std::string{is_sqlite() ? "text" : "timestamptz"} + ")");
    Ran const ran = go({"--stream", "public.users", "--on-error", "skip"});
    expect_exit(ran, 4);
    EXPECT_EQ(ran.stream().at("written"), 999) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 1) << ran;
    EXPECT_EQ(one("SELECT count(*) FROM users"), "999");
}

/// PostgreSQL alone has them.
class PostgresHazard : public CopyFixture {
protected:
    Ran go(std::vector<std::string> const& more) {
        std::vector<std::string> line{"copy", server.url(database), server.url(other)};
        line.insert(line.end(), more.begin(), more.end());
        line.push_back("--json");
        return weir(line);
    }
    std::string const other = server.fresh();
    Pg there = server.connect_as_owner(other);
};

TEST_F(PostgresHazard, H32GeneratedColumnsAreSkippedAndIdentitiesWritten) {
    make_users(5);
    there.run("CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, "
              "updated_at timestamptz, shout text GENERATED ALWAYS AS (upper(name)) STORED)");
    db.run("ALTER TABLE users ADD shout text GENERATED ALWAYS AS (name || '!') STORED");
    for (char const* write : {"upsert", "replace"}) {
        db.run(std::string{"UPDATE users SET name = '"} + write + "' WHERE id = 2");
        expect_moved(go({"--stream", "public.users", "--mode", "full", "--write", write}), 5, 5);
        EXPECT_EQ(there.one("SELECT shout FROM users WHERE id = 2"),
                  std::string{write} == "upsert" ? "UPSERT" : "REPLACE");
    }
    EXPECT_EQ(there.one("SELECT string_agg(id::text, ',' ORDER BY id) FROM users"), "1,2,3,4,5");
}

TEST_F(PostgresHazard, H34AForeignKeyAtFiveHundredOfAThousandIsOneReject) {
    make_users(1000);
    there.run("CREATE TABLE ids (id bigint PRIMARY KEY); INSERT INTO ids SELECT i FROM "
              "generate_series(1, 1000) i WHERE i <> 500");
    there.run("CREATE TABLE users (id bigint PRIMARY KEY REFERENCES ids, name text, updated_at "
              "timestamptz)");
    Ran const ran = go({"--stream", "public.users", "--on-error", "skip"});
    expect_exit(ran, 4);
    EXPECT_EQ(ran.stream().at("written"), 999) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 1) << ran;
}

TEST_F(PostgresHazard, H19AForeignTableIsReadAndItsDeltaNeedsALookback) {
    make_users(10);
    Pg root = server.connect(database);
    root.run("CREATE EXTENSION postgres_fdw; CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw "
             "OPTIONS (dbname '" + database + "', host '" + server.socket_directory() +
             "', port '" + std::to_string(server.port()) + "'); CREATE USER MAPPING FOR PUBLIC "
             "SERVER self OPTIONS (user 'weir', password_required 'false'); CREATE FOREIGN TABLE "
             "far (id bigint, name text, updated_at timestamptz) SERVER self OPTIONS (table_name "
             "'users'); GRANT SELECT ON far TO weir");
    expect_moved(go({"--stream", "public.far", "--key", "id"}), 10, 10);
    std::vector<std::string> line{"--stream", "public.far", "--key", "id", "--cursor",
                                  "updated_at", "--to", "later"};
    expect_failure(go(line), 2, "source.cursor_unsafe");
    line.insert(line.end(), {"--lookback", "10m"});
    expect_moved(go(line), 10, 10);
}

}  // namespace
}  // namespace weir::test
