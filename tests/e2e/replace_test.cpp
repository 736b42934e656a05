// --write replace: what the source no longer has is gone, and nobody sees half a table.
#include <atomic>
#include <filesystem>
#include <thread>

#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Replace : public CopyFixture {
protected:
    /// The staging files beside the sink.
    std::vector<std::string> stages() const {
        std::vector<std::string> found;
        for (auto const& file : std::filesystem::directory_iterator{directory.path()})
            if (file.path().extension() == ".stage")
                found.push_back(file.path().filename().string());
        return found;
    }

    std::vector<std::string> const replace{"--stream", "public.users", "--write", "replace"};
};

TEST_F(Replace, RemovesWhatTheSourceNoLongerHas) {
    make_users(20);
    expect_moved(copy(replace), 20, 20);
    db.run("DELETE FROM users WHERE id % 4 = 0; UPDATE users SET name = 'new' WHERE id = 3");
    Ran const ran = copy(replace);
    expect_moved(ran, 15, 15);
    EXPECT_EQ(ran.stream().at("deleted"), 5);
    expect_users_equal();
    EXPECT_EQ(sink().tables(), (std::vector<std::string>{"_weir_checkpoint", "users"}));
}

TEST_F(Replace, WorksWithoutAKey) {
    make_users(20);
    db.run("ALTER TABLE users DROP CONSTRAINT users_pkey");
    expect_moved(copy(replace), 20, 20);
    db.run("DELETE FROM users WHERE id > 5");
    expect_moved(copy(replace), 5, 5);
    expect_users_equal();
}

TEST_F(Replace, AnEmptySourceNeedsForce) {
    make_users(5);
    expect_moved(copy(replace), 5, 5);
    db.run("DELETE FROM users");
    Ran const ran = copy(replace);
    EXPECT_NE(expect_failure(ran, 1, ran.error_code()).find("--force"), std::string::npos);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "5");
    std::vector<std::string> arguments = replace;
    arguments.push_back("--force");
    Ran const forced = copy(arguments);
    expect_moved(forced, 0, 0);
    EXPECT_EQ(forced.stream().at("deleted"), 5);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "0");
}

TEST_F(Replace, AnEmptySourceMayFillAnEmptyTarget) {
    make_users(0);
    std::vector<std::string> dry = replace;
    dry.push_back("--dry-run");
    expect_exit(copy(dry), 0);
    expect_moved(copy(replace), 0, 0);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "0") << "the table is there";
    expect_exit(copy(dry), 0);
    expect_moved(copy(replace), 0, 0);
    add_users(1, 3);
    expect_moved(copy(replace), 3, 3);
    expect_exit(copy(dry), 0);
}

TEST_F(Replace, ADryRunRefusesWhatTheRunWouldRefuse) {
    make_users(3);
    expect_moved(copy(replace), 3, 3);
    db.run("DELETE FROM users");
    std::vector<std::string> dry = replace;
    dry.push_back("--dry-run");
    expect_failure(copy(dry), 1, "copy.replace_empty");
    dry.push_back("--force");
    expect_exit(copy(dry), 0);
    sink().run("CREATE TABLE other (id INTEGER); INSERT INTO other VALUES (1)");
    db.run("CREATE TABLE other (id int)");
    expect_failure(copy({"--stream", "public.other", "--write", "replace", "--dry-run"}), 1,
                   "copy.replace_empty");
    expect_failure(copy({"--stream", "public.other", "--write", "replace"}), 1,
                   "copy.replace_empty");
    EXPECT_EQ(sink().one("SELECT count(*) FROM other"), "1");
}

TEST_F(Replace, WhatAKilledRunLeftGoesWithTheNextCopyOfAnotherStream) {
    make_users(50);
    db.run("CREATE TABLE other AS SELECT 1 AS n");
    ProcessOptions options{.directory = directory.path().string()};
    options.environment = {{"WEIR_FAILPOINT", "pump.after_commit:3"}};
    std::vector<std::string> arguments = replace;
    arguments.insert(arguments.end(), {"--batch-rows", "7"});
    EXPECT_EQ(copy(arguments, options).code, 137);
    EXPECT_EQ(stages().size(), 1u);
    expect_moved(copy({"--stream", "public.other", "--write", "append"}), 1, 1);
    EXPECT_EQ(stages(), (std::vector<std::string>{}));
}

TEST_F(Replace, TheStageOfALiveCopyStays) {
    make_users(5);
    db.run(
        "CREATE VIEW waits AS SELECT id FROM users WHERE pg_advisory_xact_lock_shared(7) IS NOT "
        "NULL");
    Pg locker = server.connect_as_owner(database);
    locker.run("SELECT pg_advisory_lock(7)");
    Process process{weir_command(copy_arguments({"--stream", "public.waits"})),
                    {.directory = directory.path().string()}};
    while (stages().empty() && !process.ended()) std::this_thread::yield();
    std::vector<std::string> const live = stages();
    ASSERT_EQ(live.size(), 1u) << process.output();
    expect_moved(copy({"--stream", "public.users"}), 5, 5);
    EXPECT_EQ(stages(), live);
    locker.run("SELECT pg_advisory_unlock(7)");
    expect_moved(finish(process), 5, 5);
    EXPECT_EQ(sink().one("SELECT group_concat(id) FROM waits"), "1,2,3,4,5");
    EXPECT_EQ(stages(), (std::vector<std::string>{}));
}

TEST_F(Replace, AReaderSeesTheOldOrTheNew) {
    make_users(5000);
    expect_moved(copy(replace), 5000, 5000);
    db.run("UPDATE users SET name = 'new'; DELETE FROM users WHERE id > 4000");
    std::vector<std::string> arguments = replace;
    arguments.insert(arguments.end(), {"--batch-rows", "100"});
    ProcessOptions const options{.directory = directory.path().string()};
    Process process{weir_command(copy_arguments(arguments)), options};
    Sqlite reader{sink_path()};
    std::vector<std::string> seen;
    do {
        std::string const now =
            reader.one("SELECT count(*) || ' ' || sum(name = 'new') FROM users");
        if (seen.empty() || seen.back() != now) seen.push_back(now);
    } while (!process.ended());
    expect_exit(finish(process), 0);
    std::vector<std::string> const states{"5000 0", "4000 4000"};
    ASSERT_LE(seen.size(), states.size());
    for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], states[i]);
    expect_users_equal();
}

TEST_F(Replace, AKilledRunShowsNothing) {
    make_users(50);
    expect_moved(copy(replace), 50, 50);
    db.run("UPDATE users SET name = 'new'");
    std::vector<std::string> arguments = replace;
    arguments.insert(arguments.end(), {"--batch-rows", "7"});
    ProcessOptions options{.directory = directory.path().string()};
    options.environment = {{"WEIR_FAILPOINT", "pump.after_commit:3"}};
    EXPECT_EQ(copy(arguments, options).code, 137);
    EXPECT_EQ(sink().one("SELECT sum(name = 'new') FROM users"), "0");
    expect_moved(copy(replace), 50, 50);
    expect_users_equal();
    EXPECT_EQ(sink().tables(), (std::vector<std::string>{"_weir_checkpoint", "users"}));
}

TEST_F(Replace, KeepsWhatHangsOnTheTable) {
    make_users(10);
    sink().run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, updated_at TEXT, "
        "note TEXT); CREATE INDEX by_name ON users (name); CREATE VIEW v AS SELECT * FROM "
        "users; INSERT INTO users VALUES (2, 'old', '', 'mine'), (99, 'gone', '', 'x')");
    expect_exit(copy(replace), 0);
    expect_users_equal();
    EXPECT_EQ(sink().one("SELECT note FROM v WHERE id = 2"), "mine");
    EXPECT_EQ(sink().one("SELECT count(*) FROM sqlite_schema WHERE name = 'by_name'"), "1");
}

}  // namespace
}  // namespace weir::test
