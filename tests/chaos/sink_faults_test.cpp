// What may happen to PostgreSQL while rows are written into it. The target has no unique key and
// rows are appended, so that a doubled row cannot hide.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "chaos/frozen.hpp"
#include "chaos/seed.hpp"
#include "support/copy_fixture.hpp"
#include "support/small_disk.hpp"
#include "support/tcp_gate.hpp"

namespace weir::test {
namespace {

class SinkFaults : public CopyFixture {
protected:
    static constexpr int rows = 2800;

    SinkFaults() {
        db.run("CREATE TABLE users (id bigint PRIMARY KEY, name text, updated_at timestamptz NOT"
               " NULL);"
               "INSERT INTO users SELECT i, repeat('x', 500), timestamptz '2024-01-01Z' + (i / 10)"
               " * interval '1 s' FROM generate_series(1, " + std::to_string(rows) + ") i");
        make_target("");
    }
    void make_target(std::string const& where) {
        target().run("DROP TABLE IF EXISTS users; CREATE TABLE users (id bigint, name text,"
                     " updated_at timestamptz)" + where);
    }
    Pg target() const { return own.connect_as_owner(into); }
    std::string count() const { return target().one("SELECT count(*) FROM users"); }
    std::string doubled() const {
        return target().one("SELECT count(*) - count(DISTINCT id) FROM users");
    }
    std::string through(TcpGate const& gate) const {
        return "postgres://weir:" + std::string{PostgresServer::password} + "@127.0.0.1:" +
               std::to_string(gate.port()) + "/" + into + "?sslmode=disable";
    }
    std::vector<std::string> line(std::string const& sink) const {
        return {"copy",     server.url(database), sink,         "--json",
                "--stream", "public.users",       "--cursor",   "updated_at",
                "--write",  "append",             "--batch-rows", "70"};
    }
    std::vector<std::string> replacing() const {
        return {"copy",     server.url(database), own.url(into), "--json",  "--stream",
                "public.users", "--mode", "full", "--write", "replace", "--batch-rows", "700"};
    }
    ProcessOptions here() const { return {.directory = directory.path().string()}; }
    Ran move(std::string const& sink = {}) const {
        return weir(line(sink.empty() ? own.url(into) : sink), here());
    }
    void wait_for_rows(Process& process, int wanted) {
        Pg watch = target();
        while (!process.ended())
            if (std::stoi(watch.one("SELECT count(*) FROM users")) >= wanted) return;
    }
    /// A run may get over its fault by itself; then there is nothing left for the next round.
    void expect_none_doubled_and_leave_some() {
        EXPECT_EQ(doubled(), "0");
        if (std::stoi(count()) == rows)
            target().run("TRUNCATE users; DELETE FROM _weir_checkpoint");
    }
    bool moves_beside_one_frozen_at(int at, std::vector<std::string> const& words);
    void expect_that_no_frozen_owner_holds_up(std::vector<std::string> const& words);
    void expect_exact() {
        Differences const differences =
            compare(users_in_source(),
                    target().rows("SELECT id, name, to_char(updated_at AT TIME ZONE 'UTC', "
                                  "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM users"));
        EXPECT_TRUE(differences.none()) << differences;
    }

    PostgresServer own;
    std::string const into = own.fresh();
    Chance chance;
};

TEST_F(SinkFaults, ASinkThatDiesIsGoneOnInto) {
    int broken = 0;
    for (int round = 0; round < rounds(3, 30); ++round) {
        int const before = std::stoi(count());
        Process process{weir_command(line(own.url(into))), here()};
        wait_for_rows(process, before + 70 * chance.between(1, 12));
        own.stop_immediately();
        Ran const ran = finish(process);
        EXPECT_TRUE(ran.code == 3 || ran.code == 0) << ran;
        broken += ran.code == 3;
        own.start();
        expect_none_doubled_and_leave_some();
    }
    EXPECT_GT(broken, 0) << "no run was under way";
    EXPECT_EQ(move().code, 0);
    expect_exact();
}

TEST_F(SinkFaults, AConnectionCutAnywhereInACopyLosesAndDoublesNothing) {
    TcpGate gate{own.port()};
    for (int round = 0; round < rounds(4, 200); ++round) {
        gate.cut_after_sent(chance.between(100, 1'000'000));
        Ran const ran = move(through(gate));
        EXPECT_TRUE(ran.code == 0 || ran.code == 3) << ran;
        expect_none_doubled_and_leave_some();
    }
    gate.cut_after_sent(-1);
    EXPECT_GT(gate.cuts(), 0);
    EXPECT_EQ(move(through(gate)).code, 0);
    expect_exact();
}

TEST_F(SinkFaults, H23TheAnswerToACommitThatIsSwallowedIsFoundOut) {
    TcpGate gate{own.port()};
    for (int round = 0; round < rounds(4, 200); ++round) {
        int const before = std::stoi(count());
        gate.swallow_the_answer_to("COMMIT", chance.between(1, 12));
        Ran const ran = move(through(gate));
        EXPECT_TRUE(ran.code == 0 || ran.code == 3) << ran;
        if (ran.code == 0) EXPECT_EQ(ran.stream().at("written"), rows - before) << ran;
        expect_none_doubled_and_leave_some();
    }
    EXPECT_GT(gate.cuts(), 2);
    gate.swallow_the_answer_to("", 0);
    EXPECT_EQ(move(through(gate)).code, 0);
    expect_exact();
}

TEST_F(SinkFaults, H24AnOwnerFrozenForEverHoldsNobodyUp) {
    for (int round = 0; round < rounds(4, 60); ++round) {
        Process frozen{weir_command(line(own.url(into))), here()};
        wait_for_rows(frozen, 70 * chance.between(1, 25));
        for (int looks = chance.between(0, 20); looks > 0; --looks) count();
        frozen.kill(SIGSTOP);
        Ran const next = move();
        EXPECT_EQ(next.code, 0) << next;
        EXPECT_EQ(count() + " " + doubled(), std::to_string(rows) + " 0");
        frozen.kill(SIGCONT);
        Ran const late = finish(frozen);
        EXPECT_TRUE(late.code == 0 || late.error_code() == "sink.fenced") << late;
        EXPECT_EQ(count() + " " + doubled(), std::to_string(rows) + " 0");
        target().run("TRUNCATE users; DELETE FROM _weir_checkpoint");
    }
}

#ifndef __SANITIZE_ADDRESS__
/// Moves everything by `words` while another one that does the same is frozen at its `at`th call.
/// Whether it was.
bool SinkFaults::moves_beside_one_frozen_at(int at, std::vector<std::string> const& words) {
    target().run("TRUNCATE users; DELETE FROM _weir_checkpoint");
    std::string const all = std::to_string(rows) + " 0";
    bool is_frozen = false;
    {
        Frozen early{weir_command(words), at, directory / "frozen.trace", here()};
        is_frozen = early.wait();
        Ran const next = weir(words, here());
        EXPECT_EQ(next.code, 0) << "frozen at call " << at << ": " << next;
        // What is appended waits for whoever has a transaction at the source, and says so.
        bool const waits = next.err.find("held_back") != std::string::npos;
        if (!waits) {
            EXPECT_EQ(count() + " " + doubled(), all) << at << ": " << next;
        }
    }
    EXPECT_EQ(weir(words, here()).code, 0);
    EXPECT_EQ(count() + " " + doubled(), all) << at;
    return is_frozen;
}

/// At one of its calls after the other: in its fence, amid a COPY, with locks in its hands.
void SinkFaults::expect_that_no_frozen_owner_holds_up(std::vector<std::string> const& words) {
    std::vector<std::string> const calls =
        calls_of(weir_command(words), directory / "calls.trace", here());
    int const all = static_cast<int>(calls.size());
    ASSERT_GT(all, 20) << "that many calls to the servers a copy makes";
    int const step = rounds(std::max(all / 8, 1), 1);
    int frozen = 0;
    for (int at = chance.between(1, step); at <= all; at += step)
        frozen += moves_beside_one_frozen_at(at, words);
    EXPECT_GT(frozen, 3);
}

TEST_F(SinkFaults, AnOwnerFrozenInItsFenceHoldsNobodyUp) {
    target().run("ALTER TABLE users ADD PRIMARY KEY (id)");
    std::vector<std::string> const words = replacing();
    std::vector<std::string> const calls =
        calls_of(weir_command(words), directory / "calls.trace", here());
    auto const fence = std::ranges::find_if(calls, [](std::string const& call) {
        return call.find("ON CONFLICT (job, stream)") != call.npos;
    });
    ASSERT_NE(fence, calls.end());
    // The next one would be the commit of that transaction.
    EXPECT_TRUE(moves_beside_one_frozen_at(static_cast<int>(fence - calls.begin()) + 1, words));
}

TEST_F(SinkFaults, AnOwnerFrozenAtAnyCallHoldsNobodyUp) {
    expect_that_no_frozen_owner_holds_up(line(own.url(into)));
}

TEST_F(SinkFaults, AnOwnerFrozenAtAnyCallOfAReplaceHoldsNobodyUp) {
    target().run("ALTER TABLE users ADD PRIMARY KEY (id)");
    expect_that_no_frozen_owner_holds_up(replacing());
}
#endif

TEST_F(SinkFaults, AFullDiskLosesAndDoublesNothing) {
    SmallDisk disk{1 << 20};
    ASSERT_TRUE(disk.is_mounted()) << "this needs the right to mount a tmpfs";
    struct stat owner {};
    ASSERT_EQ(::stat(own.data_directory().c_str(), &owner), 0);
    ASSERT_EQ(::chown((disk / ".").c_str(), owner.st_uid, owner.st_gid), 0);
    own.connect().run("CREATE TABLESPACE small LOCATION '" + (disk / ".") + "'");
    own.connect().run("GRANT CREATE ON TABLESPACE small TO weir");
    make_target(" TABLESPACE small");
    int full = 0;
    for (std::uint64_t size = 1 << 20; size < (4u << 20); size += 1 << 20) {
        disk.grow(size);
        Ran const ran = move();
        EXPECT_TRUE(ran.code == 3 || ran.code == 0) << ran;
        full += ran.code == 3;
        EXPECT_EQ(doubled(), "0");
    }
    EXPECT_GT(full, 0) << "the disk never was full";
    disk.grow(64 << 20);
    EXPECT_EQ(move().code, 0);
    expect_exact();
    target().run("DROP TABLE users");
    own.connect().run("DROP TABLESPACE small");
}

}  // namespace
}  // namespace weir::test
