// What bad input gets: the exit code, one sentence with what to do, the same as an object under
// --json, and never a password.
#include <sys/stat.h>

#include "support/copy_fixture.hpp"
#include "support/small_disk.hpp"

namespace weir::test {
namespace {

class Failures : public CopyFixture {
protected:
    Ran from(std::string const& url, std::string const& stream = "public.users") {
        return weir({"copy", url, sink_url(), "--stream", stream, "--json"});
    }
    /// The exit code, a code that is not empty, and that nothing was made.
    std::string refused(Ran const& ran, ExitCode code) {
        EXPECT_NE(ran.error_code(), "") << ran;
        EXPECT_EQ(ran.json.value("status", ""), "failed") << ran;
        EXPECT_FALSE(std::filesystem::exists(sink_path())) << "nothing was made";
        return expect_failure(ran, code, ran.error_code());
    }
    static bool has(std::string const& text, std::string const& part) {
        return text.find(part) != std::string::npos;
    }
};

TEST_F(Failures, NobodyListens) {
    std::string const port = std::to_string(free_port());
    std::string const said =
        refused(from("postgres://weir:s3cret-Pa55@127.0.0.1:" + port + "/db"), 3);
    EXPECT_TRUE(has(said, port)) << said;
}

TEST_F(Failures, TheHostHasNoAddress) {
    std::string const said =
        refused(from("postgres://weir:s3cret-Pa55@no-such-host.invalid/db"), 3);
    EXPECT_TRUE(has(said, "no-such-host.invalid")) << said;
}

TEST_F(Failures, TheLoginIsRefused) {
    std::string const said = refused(from(server.url_as("weir", "wr0ng-Pa55", database)), 3);
    EXPECT_FALSE(has(said, "wr0ng-Pa55")) << said;
    EXPECT_TRUE(has(said, "weir")) << said;
}

TEST_F(Failures, TheDatabaseIsNotThere) {
    std::string const said = refused(from(server.url("no_such_database")), 3);
    EXPECT_TRUE(has(said, "no_such_database")) << said;
}

TEST_F(Failures, TheStreamIsNotThereAndTheNearestIsNamed) {
    make_users(3);
    Ran const ran = copy({"--stream", "public.user"});
    std::string const said = refused(ran, 2);
    EXPECT_TRUE(has(said, "public.user")) << said;
    EXPECT_TRUE(has(ran.json["error"].value("suggestion", ""), "public.users")) << ran;
}

TEST_F(Failures, TheFieldIsNotThereAndTheNearestIsNamed) {
    make_users(3);
    for (char const* option : {"--cursor", "--key", "--fields"}) {
        Ran const ran = copy({"--stream", "public.users", option, "updated_ad"});
        std::string const said = refused(ran, 2);
        EXPECT_TRUE(has(said, "updated_ad")) << said;
        EXPECT_TRUE(has(ran.json["error"].value("suggestion", ""), "updated_at")) << ran;
    }
}

TEST_F(Failures, APatternMatchesNothing) {
    make_users(3);
    EXPECT_TRUE(has(refused(copy({"--stream", "nothing.*"}), 2), "nothing.*"));
}

TEST_F(Failures, ThePrivilegeIsMissing) {
    make_users(3);
    Pg admin = server.connect(database);
    admin.run("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD 'gu3st-Pa55'");
    Ran const ran = from(server.url_as("guest", "gu3st-Pa55", database));
    std::string const said = refused(ran, 3);
    EXPECT_TRUE(has(said, "GRANT SELECT ON public.users")) << said;
    admin.run("DROP ROLE guest");
}

TEST_F(Failures, TheUrlIsBad) {
    refused(from("postgres://weir:s3cret-Pa55@127.0.0.1:notaport/db"), 2);
    refused(from("postgres//nothing"), 2);
    refused(from(server.url(database) + "?sslmode=sometimes"), 2);
    EXPECT_TRUE(has(refused(from("postgers://weir:s3cret-Pa55@127.0.0.1/db"), 2), "postgres"));
    refused(from("generator:rows=many", "users"), 2);
    EXPECT_EQ(weir({"copy", "generator:rows=1", "oracle:x", "--json"}).code, 2);
}

TEST_F(Failures, TheReferenceDoesNotResolve) {
    EXPECT_TRUE(has(refused(from("${env:NO_SUCH_NAME}"), 2), "NO_SUCH_NAME"));
    EXPECT_TRUE(has(refused(from("${file:/no/such/file}"), 2), "/no/such/file"));
}

TEST_F(Failures, AnUnknownOptionIsNamedWithTheNearest) {
    Ran const ran = copy({"--stream", "public.users", "--batch-row", "7"});
    std::string const said = refused(ran, 2);
    EXPECT_TRUE(has(said, "--batch-rows")) << said;
    EXPECT_EQ(weir({"cpoy"}).code, 2);
    EXPECT_TRUE(has(weir({"cpoy"}).err, "copy"));
    EXPECT_EQ(weir({}).code, 2);
}

TEST_F(Failures, OptionsThatConflictAreRefused) {
    std::vector<std::vector<std::string>> const conflicts{
        {"--stream", "public.users", "--stream", "public.orders", "--to", "one"},
        {"--stream", "public.users", "--write", "replace", "--mode", "delta"},
        {"--stream", "public.users", "--write", "replace", "--limit", "3"},
        {"--stream", "public.users", "--mode", "sometimes"},
        {"--stream", "public.users", "--write", "overwrite"},
        {"--stream", "public.users", "--on-error", "ignore"},
        {"--stream", "public.users", "--batch-rows", "0"},
        {"--stream", "public.users", "--batch-rows", "-1"},
        {"--stream", "public.users", "--limit", "many"},
        {"--stream", "public.users", "--dead-letters", "x.jsonl"},
        {"--stream", "public.users", "--max-delete-fraction", "0.5"}};
    make_users(3);
    for (auto const& arguments : conflicts) {
        SCOPED_TRACE(arguments.back());
        refused(copy(arguments), 2);
    }
}

TEST_F(Failures, WhatIsForLaterIsRefusedClearly) {
    make_users(3);
    refused(copy({"--stream", "public.users", "--transform", "a.json"}), 2);
}

TEST_F(Failures, ADeltaWithoutACursorIsRefused) {
    make_users(3);
    EXPECT_TRUE(has(refused(copy({"--stream", "public.users", "--mode", "delta"}), 2), "--cursor"));
}

TEST_F(Failures, AnUpsertWithoutAKeyIsRefused) {
    make_users(3);
    db.run("ALTER TABLE users DROP CONSTRAINT users_pkey");
    EXPECT_TRUE(has(refused(copy({"--stream", "public.users", "--write", "upsert"}), 2), "--key"));
}

TEST_F(Failures, ASourceOfManyStreamsNeedsAName) {
    make_users(3);
    db.run("CREATE TABLE orders (id int PRIMARY KEY)");
    EXPECT_TRUE(has(refused(copy({}), 2), "--stream"));
}

TEST_F(Failures, TheSinksDirectoryIsNotThere) {
    make_users(3);
    Ran const ran = weir({"copy", server.url(database), "sqlite:" + (directory / "no/out.db"),
                          "--stream", "public.users", "--json"});
    std::string const said = expect_failure(ran, 3, "sqlite.no_directory");
    EXPECT_TRUE(has(said, "mkdir -p " + (directory / "no"))) << said;
    Ran const odd = weir({"copy", server.url(database), "sqlite:" + (directory / "it's/out.db"),
                          "--stream", "public.users", "--json"});
    EXPECT_TRUE(has(expect_failure(odd, 3, "sqlite.no_directory"), "/it'\\''s'")) << odd;
}

TEST_F(Failures, TheSinksDirectoryIsNotWritable) {
    make_users(3);
    std::string const closed = directory / "closed";
    std::filesystem::create_directory(closed);
    ::chmod(closed.c_str(), 0555);
    ProcessOptions options{.directory = "/"};
    if (::geteuid() == 0) options.uid = options.gid = 65534;  // root may write everywhere
    Ran const ran = weir({"copy", server.url(database), "sqlite:" + closed + "/out.db", "--stream",
                          "public.users", "--json"},
                         options);
    expect_failure(ran, 3, ran.error_code());
}

TEST_F(Failures, TheSinkIsNoDatabase) {
    make_users(3);
    std::string const letter = "Dear reader, this is no database at all, but a letter.\n";
    write_file(sink_path(), letter);
    expect_failure(copy({"--stream", "public.users"}), 2, "sqlite.not_a_database");
    EXPECT_EQ(read_file(sink_path()), letter);
}

TEST_F(Failures, TheCheckpointIsSomebodyElses) {
    make_users(3);
    std::vector<std::string> const shapes{"CREATE TABLE _weir_checkpoint (job, at)",
                                          "CREATE VIEW _weir_checkpoint AS SELECT 1 AS job",
                                          "CREATE TABLE _weir_checkpoint (job, stream, epoch, "
                                          "batch, cursor, spec, target, target_id, "
                                          "fields, run_id, rows, updated_at)"};
    for (std::string const& shape : shapes) {
        std::filesystem::remove(sink_path());
        sink().run(shape);
        Ran const ran = copy({"--stream", "public.users"});
        std::string const said = expect_failure(ran, 1, "sqlite.foreign_checkpoint");
        EXPECT_TRUE(has(said, "_weir_checkpoint") && has(said, "out.db") && has(said, "rename it"))
            << said;
        EXPECT_FALSE(sink().has_table("users"));
    }
}

TEST_F(Failures, AHostInASqliteUrlIsAnsweredWithThePath) {
    make_users(3);
    Ran const ran = weir(
        {"copy", server.url(database), "sqlite://tmp/x.db", "--stream", "public.users", "--json"});
    std::string const said = expect_failure(ran, 2, "sqlite.url");
    EXPECT_TRUE(has(said, "write sqlite:/tmp/x.db or sqlite:///tmp/x.db")) << said;
}

TEST_F(Failures, TheSinksTableDoesNotFit) {
    make_users(3);
    sink().run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");
    std::string const missing =
        expect_failure(copy({"--stream", "public.users"}), 1, "sqlite.column_missing");
    EXPECT_TRUE(has(missing, "ALTER TABLE \"users\" ADD COLUMN \"updated_at\" TEXT")) << missing;
    sink().run(
        "DROP TABLE users; CREATE TABLE users (id TEXT PRIMARY KEY, name INTEGER, "
        "updated_at TEXT, must TEXT NOT NULL)");
    std::string const said = expect_failure(copy({"--stream", "public.users", "--mode", "full"}), 1,
                                            "sqlite.column_type");
    EXPECT_TRUE(has(said, "column \"id\" of users is TEXT")) << said;
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "0");
}

TEST_F(Failures, AColumnThatWouldChangeValuesIsRefused) {
    db.run(
        "CREATE TABLE prices (id int PRIMARY KEY, price numeric); "
        "INSERT INTO prices VALUES (1, 1.10)");
    sink().run("CREATE TABLE prices (id INTEGER PRIMARY KEY, price REAL)");
    Ran const ran = copy({"--stream", "public.prices"});
    EXPECT_TRUE(has(expect_failure(ran, 1, ran.error_code()), "price"));
    EXPECT_EQ(sink().one("SELECT count(*) FROM prices"), "0");
}

TEST_F(Failures, TheSinkIsLockedByAnotherProgram) {
    make_users(3);
    expect_moved(copy({"--stream", "public.users"}), 3, 3);
    SqliteLock const lock{sink_path()};
    Ran const ran = copy({"--stream", "public.users"});
    EXPECT_TRUE(has(expect_failure(ran, 3, "sqlite.locked"), "lock")) << ran;
    EXPECT_FALSE(has(ran.err, "0 rows")) << "nothing that looks like a result: " << ran;
}

TEST_F(Failures, TheDiskIsFull) {
    db.run(
        "CREATE TABLE big (id int PRIMARY KEY, v text);"
        "INSERT INTO big SELECT i, repeat(md5(i::text), 30) FROM generate_series(1, 4000) i");
    SmallDisk disk{1 << 20};
    ProcessOptions options;
    if (disk.file_size_max()) options.file_size_max = disk.file_size_max();
    std::vector<std::string> const arguments{"copy",
                                             server.url(database),
                                             "sqlite:" + (disk / "out.db"),
                                             "--stream",
                                             "public.big",
                                             "--batch-rows",
                                             "100",
                                             "--json"};
    Ran const ran = weir(arguments, options);
    EXPECT_TRUE(has(expect_failure(ran, 3, "sqlite.disk_full"), "no space is left")) << ran;
    disk.grow(64 << 20);
    Ran const again = weir(arguments);
    expect_exit(again, 0);
    Sqlite out{disk / "out.db"};
    EXPECT_EQ(out.one("PRAGMA integrity_check"), "ok");
    Differences const differences =
        compare(db.rows("SELECT id, v FROM big"), out.rows("SELECT id, v FROM big"));
    EXPECT_TRUE(differences.none()) << differences;
}

TEST_F(Failures, StandardOutputIsClosed) {
    make_users(3);
    for (bool closed : {true, false}) {
        ProcessOptions options{.directory = directory.path().string()};
        options.close_stdout = closed;
        if (!closed) options.stdout_path = "/dev/full";
        Ran const ran = copy({"--stream", "public.users"}, options);
        EXPECT_EQ(ran.code, 3) << ran;
        expect_users_equal();  // and the file is a database, not a report
    }
}

TEST_F(Failures, ARowTheSinkRefusesStopsTheRun) {
    make_users(10);
    sink().run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> 'user 5'), "
        "updated_at TEXT)");
    Ran const ran = copy({"--stream", "public.users", "--batch-rows", "4"});
    expect_failure(ran, 1, ran.error_code());
    EXPECT_EQ(sink().one("SELECT group_concat(id) FROM users"), "1,2,3,4");
    EXPECT_EQ(ran.stream().at("written"), 4);
}

TEST_F(Failures, RefusedRowsAreSkippedOnRequest) {
    make_users(10);
    sink().run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> 'user 5'), "
        "updated_at TEXT)");
    Ran const ran = copy({"--stream", "public.users", "--on-error", "skip"});
    expect_exit(ran, 4);
    EXPECT_EQ(ran.json.at("status"), "partial");
    EXPECT_EQ(ran.stream().at("read"), 10);
    EXPECT_EQ(ran.stream().at("written"), 9);
    EXPECT_EQ(ran.stream().at("rejected"), 1);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "9");
    EXPECT_FALSE(std::filesystem::exists(directory / "weir-dead-letters.jsonl"));
}

TEST_F(Failures, RefusedRowsAreKeptAsDeadLetters) {
    make_users(10);
    sink().run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> 'user 5'), "
        "updated_at TEXT)");
    Ran const ran = copy({"--stream", "public.users", "--on-error", "dead_letter"});
    expect_exit(ran, 4);
    EXPECT_TRUE(has(ran.json.value("dead_letters", ""), "weir-dead-letters.jsonl")) << ran;
    Json const letter = Json::parse(read_file(directory / "weir-dead-letters.jsonl"));
    EXPECT_EQ(letter.at("record").at("name"), "user 5");
    EXPECT_EQ(letter.at("stream"), "public.users");
    EXPECT_EQ(letter.at("run_id"), ran.json.at("run_id"));
    EXPECT_FALSE(letter.at("message").get<std::string>().empty());

    sink().run(
        "DROP TABLE users; CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT CHECK "
        "(name <> 'user 5'), updated_at TEXT)");
    Ran const named = copy({"--stream", "public.users", "--mode", "full", "--on-error",
                            "dead_letter", "--dead-letters", "mine.jsonl"});
    expect_exit(named, 4);
    EXPECT_EQ(Json::parse(read_file(directory / "mine.jsonl")).at("record").at("name"), "user 5");
}

// I9: whatever is typed in the wrong place, a password in it is not said again.
TEST_F(Failures, AWrongPlaceEchoesNoPassword) {
    std::string const url = server.url(database);
    std::vector<std::vector<std::string>> const slips{
        {url, sink_url(), "--json"},
        {"copy", url, sink_url(), url, "--json"},
        {"discover", url, url, "--json"},
        {"copy", url, sink_url(), "--limit", url, "--json"},
        {"copy", url, sink_url(), "--mode", url, "--json"},
        {"copy", url, sink_url(), "--stream", url, "--json"},
        {"copy", url, "sqlite:" + url, "--stream", "public.users", "--json"}};
    make_users(1);
    for (std::vector<std::string> const& slip : slips) {
        Ran const ran = weir(slip, {.directory = directory.path().string()});
        EXPECT_NE(ran.code, 0) << ran;
        EXPECT_TRUE(ran.json.contains("error")) << ran;
        EXPECT_EQ((ran.out + ran.err).find(PostgresServer::password), std::string::npos) << ran;
    }
}

TEST_F(Failures, AnEmptyNameIsNoName) {
    make_users(1);
    for (char const* option : {"--stream", "--to", "--cursor", "--key", "--fields"})
        expect_failure(copy({option, ""}), 2, "usage");
}

TEST_F(Failures, SourceAndSinkAreOneFile) {
    Sqlite{sink_path()}.run("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    Ran const ran = weir({"copy", sink_url(), sink_url(), "--stream", "t", "--to", "u", "--json"});
    expect_failure(ran, 2, "copy.same_system");
}

// Nothing was committed, so nothing is tried again: what is said is what a person can do.
TEST_F(Failures, AConnectionLostBeforeTheFirstBatchSaysToRunAgain) {
    db.run("CREATE VIEW dies AS SELECT 1 AS id WHERE pg_terminate_backend(pg_backend_pid())");
    Ran const ran = copy({"--stream", "public.dies"});
    expect_failure(ran, 3, "postgres.connection_lost");
    EXPECT_NE(ran.err.find("Run it again"), std::string::npos) << ran;
    EXPECT_EQ(ran.err.find("is tried again"), std::string::npos) << ran;
}

}  // namespace
}  // namespace weir::test
