// The options of `weir copy`, one by one, through the binary.
#include <csignal>

#include "support/connectors.hpp"
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

using Copy = CopyFixture;

TEST_F(Copy, MovesATableAndReportsWhatMoved) {
    make_users(50);
    Ran const ran = copy({"--stream", "public.users"});
    expect_moved(ran, 50, 50);
    expect_users_equal();
    Json const& stream = ran.stream();
    EXPECT_EQ(stream.at("stream"), "public.users");
    EXPECT_EQ(stream.at("target"), "users");
    for (char const* name : {"filtered", "rejected", "deleted"}) EXPECT_EQ(stream.at(name), 0);
    for (char const* name : {"batches", "bytes", "seconds"}) EXPECT_GT(stream.at(name), 0) << name;
    EXPECT_TRUE(stream.contains("cursor"));
    EXPECT_EQ(ran.json.at("run_id").get<std::string>().size(), 26u);
}

TEST_F(Copy, WithoutACursorEachRunReadsAll) {
    make_users(10);
    expect_moved(copy({"--stream", "public.users"}), 10, 10);
    db.run("UPDATE users SET name = 'new' WHERE id = 3; DELETE FROM users WHERE id = 4");
    add_users(11, 12);
    expect_moved(copy({"--stream", "public.users"}), 11, 11);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "12") << "upsert deletes nothing";
    EXPECT_EQ(sink().one("SELECT name FROM users WHERE id = 3"), "new");
}

TEST_F(Copy, TheKeyIsTheSourcesOwn) {
    make_users(3);
    expect_moved(copy({"--stream", "public.users"}), 3, 3);
    EXPECT_EQ(sink().one("SELECT group_concat(name) FROM pragma_table_info('users') WHERE pk"),
              "id");
}

TEST_F(Copy, AKeyMayBeOfAnyTypeWhoseTextIsTheValue) {
    std::vector<std::pair<std::string, std::string>> const types{
        {"inet", "('10.0.0.' || i)::inet"},
        {"cidr", "('10.' || i || '.0.0/16')::cidr"},
        {"macaddr", "('08:00:2b:01:02:' || lpad(i::text, 2, '0'))::macaddr"},
        {"macaddr8", "('08:00:2b:01:02:03:04:' || lpad(i::text, 2, '0'))::macaddr8"},
        {"bit(8)", "i::bit(8)"},
        {"bit varying", "repeat('1', i)::varbit"},
        {"xid8", "(18446744073709551600 + i)::text::xid8"},
        {"pg_lsn", "('FF/' || i)::pg_lsn"},
        {"time with time zone", "timetz '12:00+05:30' - i * interval '1 minute'"},
        {"interval", "i * interval '-1 mon 1 day 00:00:00.5'"},
        {"money", "(i - 5.5)::numeric::money"}};
    for (auto const& [type, value] : types) {
        SCOPED_TRACE(type);
        db.run("DROP TABLE IF EXISTS k; CREATE TABLE k (k " + type +
               " PRIMARY KEY, v int); INSERT INTO k SELECT " + value +
               ", i FROM generate_series(1, 9) i");
        std::vector<std::string> const arguments{"--stream", "public.k", "--batch-rows", "2"};
        ProcessOptions killed;
        killed.environment["WEIR_FAILPOINT"] = "pump.after_commit:2";
        EXPECT_EQ(copy(arguments, killed).code, 128 + SIGKILL);
        expect_moved(copy(arguments), 5, 5);  // on from the key that was committed
        expect_moved(copy(arguments), 9, 9);  // all again, in place
        EXPECT_EQ(sink().one("SELECT count(*) || ' ' || sum(v) FROM k"), "9 45");
        Sqlite{sink_path()}.run("DROP TABLE k");
    }
}

TEST_F(Copy, ToNamesTheTarget) {
    make_users(3);
    Ran const ran = copy({"--stream", "public.users", "--to", "people"});
    expect_moved(ran, 3, 3);
    EXPECT_EQ(ran.stream().at("target"), "people");
    expect_users_equal("people");
}

TEST_F(Copy, FieldsSelectsColumns) {
    make_users(3);
    expect_moved(copy({"--stream", "public.users", "--fields", "id,name"}), 3, 3);
    EXPECT_EQ(sink().one("SELECT group_concat(name) FROM pragma_table_info('users')"), "id,name");
}

TEST_F(Copy, WhatIsAppendedNeedsNoKeyAmongItsFields) {
    make_users(3);
    std::string const needed =
        expect_failure(copy({"--stream", "public.users", "--fields", "name,updated_at"}), 2,
                       "copy.field_needed");
    EXPECT_NE(needed.find("--fields id,name,updated_at"), std::string::npos) << needed;
    std::vector<std::string> const append{"--stream", "public.users", "--fields", "name,updated_at",
                                          "--write", "append", "--cursor", "updated_at"};
    expect_moved(copy(append), 3, 3);
    add_users(4, 5);
    expect_moved(copy(append), 2, 2);
    EXPECT_EQ(sink().one("SELECT group_concat(name) FROM users"),
              "user 1,user 2,user 3,user 4,user 5");
}

TEST_F(Copy, LimitEndsTheRead) {
    make_users(20);
    expect_moved(copy({"--stream", "public.users", "--limit", "7"}), 7, 7);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "7");
}

TEST_F(Copy, BatchRowsBoundsABatch) {
    make_users(20);
    Ran const ran = copy({"--stream", "public.users", "--batch-rows", "7"});
    expect_moved(ran, 20, 20);
    EXPECT_EQ(ran.stream().at("batches"), 3);
}

TEST_F(Copy, BatchBytesBoundsABatch) {
    make_users(20);
    Ran const ran = copy({"--stream", "public.users", "--batch-bytes", "1"});
    expect_moved(ran, 20, 20);
    EXPECT_EQ(ran.stream().at("batches"), 20);
}

TEST_F(Copy, AppendAddsEachTime) {
    make_users(5);
    db.run("ALTER TABLE users DROP CONSTRAINT users_pkey");
    expect_moved(copy({"--stream", "public.users"}), 5, 5);
    expect_moved(copy({"--stream", "public.users"}), 5, 5);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "10");
}

TEST_F(Copy, AKeyMayBeGiven) {
    make_users(5);
    db.run("ALTER TABLE users DROP CONSTRAINT users_pkey");
    expect_moved(copy({"--stream", "public.users", "--key", "id"}), 5, 5);
    expect_moved(copy({"--stream", "public.users", "--key", "id"}), 5, 5);
    expect_users_equal();
}

TEST_F(Copy, ACompositeKeyMayBeGiven) {
    db.run(
        "CREATE TABLE parts (a int NOT NULL, b text NOT NULL, v int);"
        "INSERT INTO parts SELECT i / 3, 'b' || i % 3, i FROM generate_series(0, 29) i");
    for (int i = 0; i < 2; ++i)
        expect_moved(copy({"--stream", "public.parts", "--key", "a,b", "--batch-rows", "7"}), 30,
                     30);
    EXPECT_EQ(sink().one("SELECT count(*) || ' ' || sum(v) FROM parts"), "30 435");
}

TEST_F(Copy, AppendsIntoATableThatIsThere) {
    make_users(3);
    sink().run(
        "CREATE TABLE users (name TEXT, id INTEGER, extra TEXT DEFAULT 'kept', "
        "updated_at TEXT); INSERT INTO users (id, name) VALUES (100, 'mine')");
    expect_moved(copy({"--stream", "public.users", "--write", "append"}), 3, 3);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users WHERE extra = 'kept'"), "4");
    EXPECT_EQ(sink().one("SELECT name FROM users WHERE id = 100"), "mine");
}

TEST_F(Copy, UpsertLeavesOtherColumnsAlone) {
    make_users(3);
    sink().run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, updated_at TEXT, "
        "note TEXT); INSERT INTO users VALUES (2, 'old', '', 'mine')");
    expect_moved(copy({"--stream", "public.users"}), 3, 3);
    EXPECT_EQ(sink().rows("SELECT name, note FROM users WHERE id = 2"),
              (std::vector<Record>{{"user 2", "mine"}}));
}

TEST_F(Copy, ADryRunWritesNothing) {
    make_users(3);
    Ran const ran = copy({"--stream", "public.users", "--dry-run"});
    expect_exit(ran, 0);
    EXPECT_EQ(ran.stream().at("written"), 0);
    EXPECT_FALSE(std::filesystem::exists(sink_path()));
    expect_moved(copy({"--stream", "public.users"}), 3, 3);
    std::string const before = read_file(sink_path());
    add_users(4, 5);
    expect_exit(copy({"--stream", "public.users", "--dry-run"}), 0);
    EXPECT_EQ(read_file(sink_path()), before);
}

TEST_F(Copy, ADryRunOfWhatCannotWorkFails) {
    make_users(3);
    sink().run("CREATE TABLE users (something INTEGER)");
    expect_failure(copy({"--stream", "public.users", "--dry-run"}), 1, "sqlite.column_missing");
}

TEST_F(Copy, QuietSaysNothing) {
    make_users(3);
    Ran const ran =
        weir({"copy", server.url(database), sink_url(), "--stream", "public.users", "-q"});
    expect_exit(ran, 0);
    EXPECT_EQ(ran.out + ran.err, "");
}

TEST_F(Copy, WithoutJsonItSaysWhatMoved) {
    make_users(3);
    Ran const ran = weir({"copy", server.url(database), sink_url(), "--stream", "public.users"});
    expect_exit(ran, 0);
    EXPECT_NE((ran.out + ran.err).find("3 written"), std::string::npos) << ran;
}

TEST_F(Copy, ThePasswordMayComeFromTheEnvironment) {
    make_users(3);
    std::string const url =
        "postgres://weir@127.0.0.1:" + std::to_string(server.port()) + "/" + database;
    Ran const by_libpq = weir({"copy", url, sink_url(), "--stream", "public.users", "--json"},
                              {.environment = {{"PGPASSWORD", PostgresServer::password}}});
    expect_moved(by_libpq, 3, 3);
    Ran const by_reference =
        weir({"copy", "${env:SHOP}", sink_url(), "--stream", "public.users", "--json"},
             {.environment = {{"SHOP", server.url(database)}}});
    expect_moved(by_reference, 3, 3);
    write_file(directory / "url", server.url(database) + "\n");
    expect_moved(weir({"copy", "${file:" + (directory / "url") + "}", sink_url(), "--stream",
                       "public.users", "--json"}),
                 3, 3);
}

TEST_F(Copy, TheSocketWillDo) {
    make_users(3);
    expect_moved(weir({"copy", server.socket_url(database), sink_url(), "--stream", "public.users",
                       "--json"}),
                 3, 3);
}

TEST_F(Copy, AStreamIsCopiedFromSqliteToo) {
    make_users(20);
    expect_moved(copy({"--stream", "public.users"}), 20, 20);
    std::string const other = directory / "other.db";
    for (std::uint64_t rows : {20u, 0u})
        expect_moved(weir({"copy", sink_url(), "sqlite:" + other, "--stream", "users", "--cursor",
                           "id", "--batch-rows", "7", "--json"}),
                     rows, rows);
    EXPECT_EQ(Sqlite{other}.rows("SELECT id, name, updated_at FROM users ORDER BY id"),
              sink().rows("SELECT id, name, updated_at FROM users ORDER BY id"));
}

TEST_F(Copy, ASourceOfOneStreamNeedsNoName) {
    expect_moved(weir({"copy", "generator:rows=100", sink_url(), "--json"}), 100, 100);
    EXPECT_EQ(sink().one("SELECT count(DISTINCT id) FROM users"), "100");
}

TEST_F(Copy, ARelativePathIsOfTheWorkingDirectory) {
    Ran const ran = weir({"copy", "generator:rows=10", "sqlite:here.db", "--json"},
                         {.directory = directory.path().string()});
    expect_moved(ran, 10, 10);
    EXPECT_TRUE(std::filesystem::exists(directory / "here.db"));
}

TEST_F(Copy, AViewIsCopied) {
    make_users(5);
    db.run("CREATE VIEW young AS SELECT * FROM users WHERE id <= 3");
    expect_moved(copy({"--stream", "public.young", "--key", "id"}), 3, 3);
}

TEST_F(Copy, APartitionedTableIsOneStream) {
    db.run(
        "CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
        "CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM (10) TO (20);"
        "INSERT INTO parts SELECT i, 'v' FROM generate_series(0, 19) i");
    expect_moved(copy({"--stream", "public.parts", "--batch-rows", "7"}), 20, 20);
}

TEST_F(Copy, APatternNamesManyStreams) {
    make_users(3);
    db.run("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2)");
    db.run("CREATE SCHEMA other; CREATE TABLE other.elsewhere (id int PRIMARY KEY)");
    Ran const ran = copy({"--stream", "public.*"});
    expect_exit(ran, 0);
    ASSERT_EQ(ran.json.at("streams").size(), 2u) << ran;
    expect_users_equal();
    EXPECT_EQ(sink().one("SELECT count(*) FROM orders"), "2");
    EXPECT_FALSE(sink().has_table("elsewhere"));
}

TEST_F(Copy, SeveralStreamsMayBeNamed) {
    make_users(3);
    db.run("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2)");
    Ran const ran = copy({"--stream", "public.users", "--stream", "public.orders"});
    expect_exit(ran, 0);
    EXPECT_EQ(ran.json.at("streams").size(), 2u) << ran;
}

TEST_F(Copy, AFailingStreamStopsNoOther) {
    make_users(3);
    db.run("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2)");
    sink().run("CREATE TABLE orders (something BLOB)");
    Ran const ran = copy({"--stream", "public.*"});
    expect_exit(ran, 4);
    EXPECT_EQ(ran.json.at("status"), "partial");
    expect_users_equal();
}

TEST_F(Copy, AnEmptyTableMakesAnEmptyTable) {
    db.run("CREATE TABLE users (id int PRIMARY KEY, name text)");
    expect_moved(copy({"--stream", "public.users"}), 0, 0);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "0");
}

TEST_F(Copy, HelpAndVersionAreAnswered) {
    Ran const help = weir({"copy", "--help"});
    EXPECT_EQ(help.code, 0);
    for (char const* option :
         {"--stream", "--to", "--mode", "--write", "--cursor", "--key", "--fields", "--transform",
          "--batch-rows", "--batch-bytes", "--limit", "--on-error", "--max-delete-fraction",
          "--force", "--dead-letters", "--dry-run", "--json"})
        EXPECT_NE(help.out.find(option), std::string::npos) << option;
    EXPECT_NE(help.out.find("${env:"), std::string::npos);
    EXPECT_EQ(weir({"--help"}).code, 0);
    Ran const version = weir({"--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_NE(version.out.find("weir "), std::string::npos);
}

}  // namespace
}  // namespace weir::test
