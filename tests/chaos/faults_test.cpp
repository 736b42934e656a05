// Two copies at once, a source that dies, a connection that breaks, a full disk.
#include <csignal>
#include <filesystem>

#include "chaos/seed.hpp"
#include "support/copy_fixture.hpp"
#include "support/small_disk.hpp"
#include "support/tcp_gate.hpp"

namespace weir::test {
namespace {

class Faults : public CopyFixture {
protected:
    void make_target() {
        sink().run("CREATE TABLE users (id INTEGER, name TEXT, updated_at TEXT)");
    }
    std::vector<std::string> by_time() const {
        return {"--stream", "public.users", "--cursor",     "updated_at",
                "--write",  "append",       "--batch-rows", "7"};
    }
    Process::Options here() const { return {.directory = directory.path().string()}; }
    /// Waits, by looking, until the target holds at least `rows`.
    void wait_for_rows(Process& process, int rows) {
        Sqlite watch{sink_path()};
        while (!process.ended())
            if (watch.has_table("users") &&
                std::stoi(watch.one("SELECT count(*) FROM users")) >= rows)
                return;
        FAIL() << process.output();
    }
    Chance chance;
};

TEST_F(Faults, H24TheLaterOfTwoCopiesWins) {
    auto command = [&](std::string const& source) {
        return weir_command({"copy", source, sink_url(), "--cursor", "id", "--batch-rows", "20",
                             "--write", "append", "--json"});
    };
    Process early{command("generator:rows=100000,rate=1000"), here()};
    wait_for_rows(early, 1);
    // The same job: rate says how fast, not what.
    Process late{command("generator:rows=100000,rate=1000"), here()};
    Ran const lost = finish(early);
    EXPECT_EQ(lost.code, 1) << lost;
    EXPECT_EQ(lost.error_code(), "sink.fenced") << lost;
    EXPECT_EQ(lost.err.find("again in"), std::string::npos) << "it does not try again: " << lost;
    late.kill(SIGINT);
    Ran const won = finish(late);
    EXPECT_EQ(won.code, 130) << won;
    EXPECT_EQ(sink().one("SELECT count(*) - count(DISTINCT id) FROM users"), "0");
    EXPECT_EQ(sink().one("SELECT max(id) - count(*) FROM users"), "0") << "no gap either";
}

// What they read lies in a stage, which the later one takes away.
TEST_F(Faults, H24TheLaterOfTwoCopiesWithoutAKeyWins) {
    db.run("CREATE TABLE loose AS SELECT i AS a FROM generate_series(1, 200000) i");
    std::vector<std::string> const command =
        weir_command({"copy", server.url(database), sink_url(), "--stream", "public.loose",
                      "--batch-rows", "7", "--json"});
    auto const has_stage = [&] {
        for (auto const& entry : std::filesystem::directory_iterator{directory.path()})
            if (entry.path().extension() == ".stage") return true;
        return false;
    };
    Process early{command, here()};
    while (!has_stage() && !early.ended()) continue;
    Process late{command, here()};
    Ran const lost = finish(early), won = finish(late);
    EXPECT_EQ(lost.code, 1) << lost;
    EXPECT_EQ(lost.error_code(), "sink.fenced") << lost;
    EXPECT_EQ(won.code, 0) << won;
    EXPECT_EQ(sink().one("SELECT count(*) || ' ' || count(DISTINCT a) FROM loose"),
              "200000 200000");
}

TEST_F(Faults, H24AnEarlierCopyDoesNotWriteAfterItWasFenced) {
    make_users(300);
    make_target();
    Process early{weir_command(copy_arguments(by_time())), here()};
    wait_for_rows(early, 7);
    early.kill(SIGSTOP);
    // It may stand amid a transaction, and then the file stays locked as long as it stands.
    Process late{weir_command(copy_arguments(by_time())), here()};
    early.kill(SIGCONT);
    Ran const first = finish(early), second = finish(late);
    EXPECT_TRUE(first.code == 0 || first.error_code() == "sink.fenced") << first;
    EXPECT_EQ(second.code, 0) << second;
    expect_users_equal();
}

TEST_F(Faults, ASourceThatDiesIsGoneOnFrom) {
    PostgresServer own;
    std::string const name = own.fresh();
    own.connect_as_owner(name).run(
        "CREATE TABLE users (id bigint PRIMARY KEY, name text, updated_at timestamptz NOT NULL)");
    int there = 0;
    auto add = [&](int rows) {
        own.connect_as_owner(name).run(
            "INSERT INTO users SELECT i, repeat('x', 2000), timestamptz '2024-01-01Z' + (i / 10) * "
            "interval '1 s' FROM generate_series(" +
            std::to_string(there + 1) + ", " + std::to_string(there + rows) + ") i");
        own.connect().run("CHECKPOINT");  // nothing is synced: the rows themselves must survive
        there += rows;
    };
    auto moved = [this] { return std::stoi(sink().one("SELECT count(*) FROM users")); };
    add(20000);
    make_target();
    std::vector<std::string> line{"copy", own.url(name), sink_url(), "--json"};
    for (std::string const& word : by_time()) line.push_back(word);
    for (int round = 0; round < rounds(2, 30); ++round) {
        int const before = moved();
        Process process{weir_command(line), here()};
        wait_for_rows(process, before + 7 * chance.between(1, 200));
        own.stop_immediately();
        Ran const ran = finish(process);
        EXPECT_EQ(ran.code, 3) << ran;
        EXPECT_NE(ran.error_code(), "");
        own.start();
        add(moved() - before);  // so that no round comes to the end
    }
    Ran const last = weir(line);
    EXPECT_EQ(last.code, 0) << last;
    std::string const all = std::to_string(there);
    EXPECT_EQ(sink().one("SELECT count(*) || ' ' || count(DISTINCT id) FROM users"),
              all + " " + all);
}

TEST_F(Faults, AConnectionThatBreaksIsGoneOnFrom) {
    db.run(
        "CREATE TABLE users (id bigint PRIMARY KEY, name text, updated_at timestamptz NOT NULL);"
        "INSERT INTO users SELECT i, repeat('x', 500), timestamptz '2024-01-01Z' + (i / 10) * "
        "interval '1 s' FROM generate_series(1, 4000) i");
    make_target();
    TcpGate gate{server.port()};
    std::string const url = "postgres://weir:" + std::string{PostgresServer::password} +
                            "@127.0.0.1:" + std::to_string(gate.port()) + "/" + database +
                            "?sslmode=disable";
    std::vector<std::string> line{"copy", url, sink_url(), "--json"};
    for (std::string const& word : by_time()) line.push_back(word);
    for (int round = 0; round < rounds(8, 200); ++round) {
        gate.cut_after(chance.between(100, 2'000'000));
        Ran const ran = weir(line, here());
        EXPECT_TRUE(ran.code == 0 || ran.code == 3) << ran;
        EXPECT_EQ(sink().one("SELECT count(*) - count(DISTINCT id) FROM users"), "0");
    }
    gate.cut_after(-1);
    EXPECT_EQ(weir(line, here()).code, 0);
    EXPECT_EQ(sink().one("SELECT count(*) || ' ' || count(DISTINCT id) FROM users"), "4000 4000");
    EXPECT_GT(gate.cuts(), 0);
}

TEST_F(Faults, F9ASourceThatFallsSilentAndComesBackLosesNothingAndHoldsNobodyUp) {
    make_users(300);
    db.run("UPDATE users SET name = repeat('x', 100000)");  // more than is on its way at once
    make_target();
    Process slow{weir_command(copy_arguments(by_time())), here()};
    wait_for_rows(slow, 7);
    std::string const pid = db.one("SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE "
                                   "datname = current_database() AND query LIKE 'COPY (%'");
    ASSERT_NE(pid, "0") << "all that it reads was sent already";
    ASSERT_EQ(::kill(std::stoi(pid), SIGSTOP), 0);
    Ran const other = weir({"copy", server.url(database), "sqlite:" + (directory / "other.db"),
                            "--stream", "public.users", "--json"});
    EXPECT_EQ(other.code, 0) << other;
    EXPECT_EQ(slow.ended(), false) << "it had nothing to wait for";
    ASSERT_EQ(::kill(std::stoi(pid), SIGCONT), 0);
    EXPECT_EQ(finish(slow).code, 0) << slow.output();
    expect_users_equal();
}

TEST_F(Faults, AFullDiskLosesAndDoublesNothing) {
    db.run(
        "CREATE TABLE users (id bigint PRIMARY KEY, name text, updated_at timestamptz NOT NULL);"
        "INSERT INTO users SELECT i, repeat('x', 500), timestamptz '2024-01-01Z' + (i / 10) * "
        "interval '1 s' FROM generate_series(1, 8000) i");
    SmallDisk disk{1 << 20};
    {
        Sqlite target{disk / "out.db"};
        target.run("CREATE TABLE users (id INTEGER, name TEXT, updated_at TEXT)");
    }
    std::vector<std::string> line{"copy", server.url(database), "sqlite:" + (disk / "out.db"),
                                  "--json"};
    for (std::string const& word : by_time()) line.push_back(word);
    for (std::uint64_t size = 1 << 20; size < (8u << 20); size += 1 << 20) {
        disk.grow(size);
        ProcessOptions options = here();
        if (disk.file_size_max()) options.file_size_max = disk.file_size_max();
        Ran const ran = weir(line, options);
        EXPECT_TRUE(ran.code == 3 || ran.code == 0) << ran;
        Sqlite target{disk / "out.db"};
        EXPECT_EQ(target.one("SELECT count(*) - count(DISTINCT id) FROM users"), "0");
    }
    disk.grow(64 << 20);
    EXPECT_EQ(weir(line, here()).code, 0);
    Sqlite target{disk / "out.db"};
    EXPECT_EQ(target.one("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(target.one("SELECT count(*) || ' ' || count(DISTINCT id) FROM users"), "8000 8000");
}

TEST_F(Faults, WithoutTheEpochTheEarlierCopyWouldGoOn) {
    auto command = weir_command({"copy", "generator:rows=100000,rate=1000", sink_url(), "--cursor",
                                 "id", "--batch-rows", "20", "--write", "append", "--json"});
    Process early{command, here()};
    wait_for_rows(early, 1);
    std::string const before = sink().one("SELECT count(*) FROM users");
    // What a later copy does, but for the epoch: nothing stops the earlier one.
    sink().run("UPDATE _weir_checkpoint SET run_id = 'another'");
    wait_for_rows(early, std::stoi(before) + 40);
    EXPECT_FALSE(early.ended());
    sink().run("UPDATE _weir_checkpoint SET epoch = epoch + 1");
    EXPECT_EQ(finish(early).code, 1);
}

}  // namespace
}  // namespace weir::test
