// Disks that fail: errors at any call, power that goes, no room for the log of a PostgreSQL. Rows
// are appended without a unique key, so that a doubled row cannot hide.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "chaos/seed.hpp"
#include "support/copy_fixture.hpp"
#include "support/small_disk.hpp"

namespace weir::test {
namespace {

class DiskFaults : public CopyFixture {
protected:
    DiskFaults() {
        make_users(400);
        db.run("UPDATE users SET updated_at = timestamptz '2024-01-01Z' + (id / 10) * interval "
               "'1 second'");
    }
    static void make_target(std::string const& path) {
        Sqlite{path}.run("CREATE TABLE users (id INTEGER, name TEXT, updated_at TEXT)");
    }
    std::vector<std::string> line(std::string const& sink) const {
        return {"copy",         server.url(database), sink,     "--json",
                "--stream",     "public.users",       "--write", "append",
                "--cursor",     "updated_at",         "--batch-rows", "90"};
    }
    ProcessOptions here() const { return {.directory = directory.path().string()}; }
    Differences differ(std::string const& path) {
        return compare(users_in_source(),
                       Sqlite{path}.rows("SELECT id, name, updated_at FROM users"));
    }
    void expect_exact(std::string const& path) {
        EXPECT_EQ(Sqlite{path}.one("PRAGMA integrity_check"), "ok");
        Differences const differences = differ(path);
        EXPECT_TRUE(differences.none()) << differences;
    }
    Chance chance;
};

#ifndef __SANITIZE_ADDRESS__  // whose look for leaks needs what strace takes, and which comes first
TEST_F(DiskFaults, F3AnErrorAtEveryNthCallIsNamedAndLosesNothing) {
    int const step = rounds(29, 1);
    int failed = 0;
    for (std::string const how : {"EIO", "EIO+", "ENOSPC", "ENOSPC+"}) {
        std::string const every = how.ends_with('+') ? "+" : "";
        std::string const error = how.substr(0, how.find('+'));
        bool is_met = true;
        for (int at = chance.between(1, step); is_met; at += step) {
            std::filesystem::remove(sink_path() + "-wal");
            std::filesystem::remove(sink_path() + "-shm");
            std::filesystem::remove(sink_path());
            make_target(sink_path());
            std::vector<std::string> traced{
                "strace", "-f", "-qq", "-o", directory / "trace", "-e",
                "inject=pwrite64,fdatasync,fsync,ftruncate:error=" + error +
                    ":when=" + std::to_string(at) + every};
            std::vector<std::string> const own = weir_command(line(sink_url()));
            traced.insert(traced.end(), own.begin(), own.end());
            Process process{traced, here()};
            Ran const ran = finish(process);
            EXPECT_TRUE(ran.code == 0 || ran.code == 3) << how << " at " << at << ": " << ran;
            if (ran.code != 0) {
                EXPECT_NE(ran.error_code(), "") << ran;
            }
            failed += ran.code == 3;
            std::ifstream trace{directory / "trace"};
            std::string const calls{std::istreambuf_iterator<char>{trace}, {}};
            is_met = calls.find("(INJECTED)") != calls.npos;
            ASSERT_EQ(weir(line(sink_url()), here()).code, 0);
            expect_exact(sink_path());
        }
    }
    EXPECT_GT(failed, 3) << "no error was met";
}

/// What runs on a disk that forgets, and what is left of it when the power is gone.
class PowerLoss : public DiskFaults {
protected:
    PowerLoss() { make_target(sink_path()); }
    Ran move(std::map<std::string, std::string> more = {}) {
        left_ = std::make_unique<TempDir>();
        for (auto const& file : std::filesystem::directory_iterator{directory.path()})
            std::filesystem::copy(file.path(), left_->path());
        more["LD_PRELOAD"] = CHAOS_FORGETFUL;
        more["FORGETFUL_FROM"] = directory.path();
        more["FORGETFUL_TO"] = left_->path();
        ProcessOptions options = here();
        options.environment = more;
        return weir(line(sink_url()), options);
    }
    /// The machine comes back with what its disk has.
    void lose_power() {
        for (auto const& file : std::filesystem::directory_iterator{directory.path()})
            std::filesystem::remove(file.path());
        for (auto const& file : std::filesystem::directory_iterator{left_->path()})
            std::filesystem::copy(file.path(), directory.path());
        std::filesystem::remove(sink_path() + "-shm");
    }

private:
    std::unique_ptr<TempDir> left_;
};

TEST_F(PowerLoss, F4WhatARunSaidIsThereWhenThePowerGoes) {
    ASSERT_EQ(move().code, 0);
    lose_power();
    expect_exact(sink_path());
    expect_moved(weir(line(sink_url()), here()), 0, 0);
}

TEST_F(PowerLoss, F4AtAnySyncNothingIsLostOrDoubled) {
    int kills = 0, code = 137;
    for (int at = 1; code == 137; at += rounds(2, 1)) {
        code = move({{"FORGETFUL_KILL", std::to_string(at)}}).code;
        ASSERT_TRUE(code == 137 || code == 0);
        kills += code == 137;
        lose_power();
        Differences const now = differ(sink_path());
        EXPECT_TRUE(now.phantom.empty() && now.stale.empty() && now.doubled.empty()) << now;
        ASSERT_EQ(weir(line(sink_url()), here()).code, 0);
        expect_exact(sink_path());
        std::filesystem::remove(sink_path());
        make_target(sink_path());
    }
    EXPECT_GT(kills, 2);
}

TEST_F(PowerLoss, F4ADiskThatLiesWouldBeFoundOut) {
    ASSERT_EQ(move({{"FORGETFUL_LIES", "4"}}).code, 0);
    lose_power();
    EXPECT_FALSE(differ(sink_path()).lost.empty());
}
#endif

TEST_F(DiskFaults, F10APostgresqlWithoutRoomForItsLogLosesAndDoublesNothing) {
    SmallDisk disk{24u << 20};
    ASSERT_TRUE(disk.is_mounted()) << "this needs the right to mount a tmpfs";
    // No checkpoint gives room back meanwhile.
    PostgresServer own{{"max_wal_size=1GB", "checkpoint_timeout=1d"}};
    std::string const into = own.fresh();
    own.stop();
    std::string const log = own.data_directory() + "/pg_wal";
    own.as_server({PostgresServer::programs + "pg_resetwal", "--wal-segsize=1", "-D",
                   own.data_directory()});
    struct stat owner {};
    ASSERT_EQ(::stat(own.data_directory().c_str(), &owner), 0);
    ASSERT_EQ(::chown((disk / ".").c_str(), owner.st_uid, owner.st_gid), 0);
    own.as_server({"cp", "-a", log, disk / "pg_wal"});
    own.as_server({"rm", "-r", log});
    own.as_server({"ln", "-s", disk / "pg_wal", log});
    own.start();
    own.connect_as_owner(into).run("CREATE TABLE users (id bigint, name text, updated_at "
                                   "timestamptz)");
    db.run("INSERT INTO users SELECT i, repeat(md5(i::text), 60), timestamptz '2025-01-01Z' + (i / "
           "10) * interval '1 s' FROM generate_series(1001, 16000) i");
    Ran const full = weir(line(own.url(into)), here());
    EXPECT_EQ(full.code, 3) << full;
    EXPECT_NE(full.error_code(), "");
    own.stop_immediately();
    disk.grow(512u << 20);
    own.start();
    auto const there = [&](std::string const& what) {
        return own.connect_as_owner(into).one("SELECT " + what + " FROM users");
    };
    EXPECT_LT(std::stoi(there("count(*)")), 15400) << "the disk never was full";
    EXPECT_EQ(there("count(*) - count(DISTINCT id)"), "0");
    Ran const rest = weir(line(own.url(into)), here());
    EXPECT_EQ(rest.code, 0) << rest;
    EXPECT_EQ(there("count(*) || ' ' || count(DISTINCT id)"), "15400 15400");
    std::string const all = "SELECT md5(string_agg(u::text, ',' ORDER BY id)) FROM users u";
    EXPECT_EQ(own.connect_as_owner(into).one(all), db.one(all));
    own.stop();
}

}  // namespace
}  // namespace weir::test
