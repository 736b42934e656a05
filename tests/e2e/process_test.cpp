// The process itself: Ctrl-C, libraries good and bad, discover, and the README's commands.
#include <sys/stat.h>

#include <csignal>
#include <sstream>

#include "support/connectors.hpp"
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Interrupt : public CopyFixture {
protected:
    /// A source that gives `rate` rows each second, so that the run is amid them.
    std::vector<std::string> slow(std::string const& rate) const {
        return {"copy",         "generator:rows=1000000,rate=" + rate,
                sink_url(),     "--cursor",
                "id",           "--json",
                "--batch-rows", "50"};
    }
    /// Waits, by looking, until rows are committed.
    void wait_for_rows(Process& process) {
        Sqlite watch{sink_path()};
        auto count = [&watch] {
            return watch.has_table("users") ? watch.one("SELECT count(*) FROM users") : "0";
        };
        std::string const before = count();
        while (!process.ended())
            if (count() != before) return;
        FAIL() << process.output();
    }
};

TEST_F(Interrupt, KeepsThePosition) {
    for (int signal : {SIGINT, SIGTERM}) {
        Process process{weir_command(slow("2000"))};
        wait_for_rows(process);
        process.kill(signal);
        Ran const ran = finish(process);
        EXPECT_EQ(ran.code, 130) << ran;
        EXPECT_EQ(ran.stream().at("read"), ran.stream().at("written")) << ran;
        // Of the second one the first one's rows are none.
        std::string const written = std::to_string(ran.stream().at("written").get<int>());
        std::string const reached = sink().one("SELECT max(id) FROM users");
        EXPECT_NE(ran.err.find(written + " rows of this run are safe, cursor " + reached),
                  std::string::npos)
            << ran;
    }
    std::string const so_far = sink().one("SELECT count(*) FROM users");
    EXPECT_EQ(sink().one("SELECT count(DISTINCT id) || ' ' || max(id) FROM users"),
              so_far + " " + so_far);
    int const target = std::stoi(so_far) + 100;
    Ran const rest = weir({"copy", "generator:rows=" + std::to_string(target), sink_url(),
                           "--cursor", "id", "--json"});
    expect_exit(rest, 0);
    EXPECT_EQ(sink().one("SELECT count(*) || ' ' || max(id) FROM users"),
              std::to_string(target) + " " + std::to_string(target));
}

TEST_F(Interrupt, ASecondOneEndsItAtOnce) {
    bool is_caught = false;
    for (int round = 0; round < 10 && !is_caught; ++round) {
        Process process{weir_command(slow("20000"))};
        wait_for_rows(process);
        SqliteLock const lock{sink_path()};  // what is in hand cannot be committed
        process.kill(SIGINT);
        EXPECT_TRUE(process.wait_for("again to end at once")) << process.output();
        process.kill(SIGINT);
        Ran const ran = finish(process);
        EXPECT_EQ(ran.code, 130) << ran;
        is_caught = ran.json.is_null();  // a report: it stood between two batches, and was through
    }
    EXPECT_TRUE(is_caught);
    std::string const rows = sink().one("SELECT count(*) FROM users");
    EXPECT_EQ(sink().one("SELECT count(DISTINCT id) || ' ' || max(id) FROM users"),
              rows + " " + rows);
}

TEST_F(Interrupt, EndsAReadThatBlocks) {
    make_users(10);
    Pg locker = server.connect_as_owner(database);
    locker.run("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
    ProcessOptions const options{.directory = directory.path().string()};
    Process process{weir_command(copy_arguments({"--stream", "public.users"})), options};
    while (db.one("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0")
        ASSERT_FALSE(process.ended()) << process.output();
    process.kill(SIGINT);
    EXPECT_EQ(finish(process).code, 130);
    locker.run("ROLLBACK");
    expect_moved(copy({"--stream", "public.users"}), 10, 10);
}

TEST_F(Interrupt, BetweenStreamsKeepsThoseThatEndedAndBeginsNoOther) {
    for (char const* name : {"ended", "waits", "never"})
        db.run(std::string{"CREATE TABLE "} + name + " AS SELECT generate_series(1, 10) AS id");
    std::vector<std::string> const streams{"--stream", "public.ended",    "--stream",
                                           "public.waits", "--stream", "public.never"};
    Pg locker = server.connect_as_owner(database);
    locker.run("BEGIN; LOCK TABLE waits IN ACCESS EXCLUSIVE MODE");
    ProcessOptions const options{.directory = directory.path().string()};
    Process process{weir_command(copy_arguments(streams)), options};
    while (db.one("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0")
        ASSERT_FALSE(process.ended()) << process.output();
    process.kill(SIGINT);
    Ran const ran = finish(process);
    EXPECT_EQ(ran.code, 130) << ran;
    ASSERT_EQ(ran.json["streams"].size(), 2u) << ran;
    EXPECT_EQ(ran.stream(0).at("written"), 10) << ran;
    EXPECT_FALSE(ran.stream(1).at("error").is_null()) << ran;
    EXPECT_EQ(ran.json["error"]["message"], "interrupted before 1 of 3 streams") << ran;
    EXPECT_NE(ran.err.find("public.ended: 10 rows of this run are safe · public.waits: shows "
                           "when it is whole, so it starts over"),
              std::string::npos)
        << ran;
    EXPECT_EQ(sink().one("SELECT count(*) FROM ended"), "10");
    EXPECT_FALSE(sink().has_table("never"));
    locker.run("ROLLBACK");
    Ran const rest = copy({"--stream", "public.waits", "--stream", "public.never"});
    expect_exit(rest, 0);
    EXPECT_EQ(sink().one("SELECT (SELECT count(*) FROM waits) + (SELECT count(*) FROM never)"),
              "20");
}

class Libraries : public CopyFixture {
protected:
    Libraries() {
        std::filesystem::create_directories(more);
        ::chmod(more.c_str(), 0755);
    }
    Ran run() {
        return weir({"copy", "generator:rows=10", sink_url(), "--json", "--connector-dir", more});
    }
    void expect_told(std::string const& name) {
        Ran const ran = run();
        expect_moved(ran, 10, 10);
        EXPECT_NE(ran.err.find(name), std::string::npos) << "said why it is refused: " << ran;
    }
    std::string const more = directory / "more";
};

TEST_F(Libraries, ADirectoryThatIsNotThereIsSaid) {
    std::filesystem::remove_all(more);
    std::string const said = expect_failure(run(), 2, "usage");
    EXPECT_NE(said.find(more), std::string::npos) << said;
}

TEST_F(Libraries, OneFileSeenTwiceIsOne) {
    std::string const beside = std::filesystem::path{connector_path("generator")}.parent_path();
    std::filesystem::create_symlink(connector_path("generator"), more + "/again.so");
    Ran const ran = weir({"copy", "generator:rows=10", sink_url(), "--json", "--connector-dir",
                          beside, "--connector-dir", more, "--connector-dir", more});
    expect_moved(ran, 10, 10);
    EXPECT_EQ(ran.err.find("again.so"), std::string::npos) << ran;
    EXPECT_EQ(ran.err.find("generator.so"), std::string::npos) << ran;
}

TEST_F(Libraries, ACorruptOneStopsNoOther) {
    write_file(more + "/broken.so", "this is no library");
    expect_told("broken.so");
}

TEST_F(Libraries, AnEmptyOneStopsNoOther) {
    write_file(more + "/empty.so", "");
    expect_told("empty.so");
}

TEST_F(Libraries, ACutOneStopsNoOther) {
    std::string const whole = read_file(connector_path("generator"));
    write_file(more + "/cut.so", whole.substr(0, whole.size() / 2));
    expect_told("cut.so");
}

TEST_F(Libraries, AForeignOneStopsNoOther) {
    std::filesystem::copy_file("/lib/x86_64-linux-gnu/libm.so.6", more + "/foreign.so");
    expect_told("foreign.so");
}

TEST_F(Libraries, OneThatOthersMayWriteIsRefused) {
    std::filesystem::copy_file(connector_path("generator"), more + "/open.so");
    ::chmod((more + "/open.so").c_str(), 0666);
    expect_told("open.so");
}

TEST_F(Libraries, AFolderOfThatNameIsRefused) {
    std::filesystem::create_directory(more + "/folder.so");
    expect_told("folder.so");
}

class Discover : public CopyFixture {};

TEST_F(Discover, ListsStreamsKeysAndCursors) {
    make_users(10);
    db.run(
        "CREATE INDEX ON users (updated_at); ANALYZE users;"
        "CREATE VIEW grown AS SELECT * FROM users");
    Ran const text = weir({"discover", server.url(database)});
    expect_exit(text, 0);
    for (char const* part : {"public.users", "public.grown", "id", "updated_at"})
        EXPECT_NE(text.out.find(part), std::string::npos) << part << text;
    Ran const json = weir({"discover", server.url(database), "--match", "public.users", "--json"});
    expect_exit(json, 0);
    ASSERT_TRUE(json.json.contains("streams")) << json;
    ASSERT_EQ(json.json["streams"].size(), 1u);
    EXPECT_NE(json.out.find("updated_at"), std::string::npos);
}

TEST_F(Discover, SaysWhatAPollCannotSee) {
    make_users(10);
    Ran const ran = weir({"discover", server.url(database), "--json"});
    expect_exit(ran, 0);
    EXPECT_NE(ran.out.find("caveats"), std::string::npos) << ran;
    EXPECT_NE(ran.out.find("delete"), std::string::npos) << ran;
}

TEST_F(Discover, SaysWhomACaveatIsAbout) {
    make_users(1);
    db.run("CREATE VIEW one AS TABLE users; CREATE VIEW two AS TABLE users");
    Ran const ran = weir({"discover", server.url(database)});
    expect_exit(ran, 0);
    std::string const streams = "⚠ public.one, public.two: a view";
    EXPECT_NE(ran.out.find(streams), std::string::npos) << ran;
    EXPECT_EQ(ran.out.find("⚠ a view"), std::string::npos) << ran;
    EXPECT_NE(ran.out.find("⚠ all streams: "), std::string::npos) << ran;
}

TEST_F(Discover, FailsAsCopyDoes) {
    Ran const refused = weir({"discover", server.url_as("weir", "wr0ng-Pa55", database), "--json"});
    expect_failure(refused, 3, refused.error_code());
    Ran const none = weir({"discover", server.url(database), "--match", "nothing.*", "--json"});
    expect_failure(none, 2, none.error_code());
}

class Readme : public CopyFixture {};

TEST_F(Readme, ItsCommandsWork) {
    make_users(10);
    std::istringstream text{read_file(WEIR_SOURCE_DIRECTORY "/README.md")};
    int commands = 0;
    for (std::string line; std::getline(text, line);) {
        std::string const start = "    build/bin/weir ";
        if (!line.starts_with(start)) continue;
        ++commands;
        ProcessOptions options{.directory = directory.path().string()};
        options.environment = {{"SHOP_URL", server.url(database)}};
        Process shell{{"sh", "-c", weir_path() + " " + line.substr(start.size())}, options};
        EXPECT_EQ(shell.wait(), 0) << line << "\n" << shell.output();
    }
    EXPECT_GE(commands, 2);
    EXPECT_EQ(Sqlite{directory / "shop.db"}.one("SELECT count(*) FROM users"), "10");
}

}  // namespace
}  // namespace weir::test
