// What may happen while rows move from one MariaDB into another. The target has no unique key and
// rows are appended, so that a doubled row cannot hide.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "chaos/frozen.hpp"
#include "chaos/seed.hpp"
#include "support/ledger.hpp"
#include "support/mysql_copy_fixture.hpp"
#include "support/small_disk.hpp"
#include "support/tcp_gate.hpp"

namespace weir::test {
namespace {

/// A server that tests may kill; what was committed survives it.
MariadbServer& mortal() {
    static MariadbServer server{{"--innodb-flush-log-at-trx-commit=2"}};
    return server;
}

class MariaFaults : public MysqlCopyFixture {
protected:
    static constexpr int rows = 6000;
    std::string const values =
        " SELECT seq, REPEAT('x', 500), DATE_ADD('2024-01-01', INTERVAL seq DIV 10 SECOND) FROM " +
        numbers(rows);

    MariaFaults() {
        db.run("CREATE TABLE users (id bigint PRIMARY KEY, name text, updated_at datetime(6) NOT"
               " NULL, KEY (updated_at, id)); INSERT INTO users" +
               values);
        target().run("CREATE TABLE users (id bigint, name text, updated_at datetime(6))");
    }
    My target() const { return own.connect_as_owner(into); }
    std::string count() const { return target().one("SELECT count(*) FROM users"); }
    std::string doubled() const {
        return target().one("SELECT count(*) - count(DISTINCT id) FROM users");
    }
    void empty_target() {
        target().run("TRUNCATE users; DELETE FROM _weir_checkpoint");
    }
    static std::string through(TcpGate const& gate, std::string const& database) {
        return "mysql://weir:" + std::string{MariadbServer::password} + "@127.0.0.1:" +
               std::to_string(gate.port()) + "/" + database + "?sslmode=disable";
    }
    static std::vector<std::string> line(std::string const& source, std::string const& sink) {
        return {"copy",     source,  sink,         "--json",     "--stream", "users",
                "--cursor", "updated_at", "--write", "append",   "--batch-rows", "70"};
    }
    std::vector<std::string> line() const { return line(server.url(database), own.url(into)); }
    ProcessOptions here() const { return {.directory = directory.path().string()}; }
    Ran move(std::vector<std::string> const& words) const { return weir(words, here()); }
    Ran move() const { return move(line()); }

    /// Ends the process at the `pass`th time it comes to `point`. Answers whether it came there.
    bool killed_at(std::string const& point, int pass) const {
        ProcessOptions options = here();
        options.environment = {{"WEIR_FAILPOINT", point + ":" + std::to_string(pass)}};
        Ran const ran = weir(line(), options);
        EXPECT_TRUE(ran.code == 137 || ran.code == 0) << ran;
        return ran.code == 137;
    }
    void wait_for_rows(Process& process, int wanted) {
        My watch = target();
        while (!process.ended())
            if (std::stoi(watch.one("SELECT count(*) FROM users")) >= wanted) return;
    }
    Differences differ() {
        std::string const all = "SELECT id, name, updated_at FROM users";
        return compare(db.rows(all), target().rows(all));
    }
    void expect_exact() {
        Differences const differences = differ();
        EXPECT_TRUE(differences.none()) << differences;
    }

    MariadbServer& own = mortal();
    std::string const into = own.fresh();
    Chance chance;
};

TEST_F(MariaFaults, H22AHostThatIsKilledAtACommitLosesAndDoublesNothing) {
    int kills = 0;
    for (char const* point : {"pump.before_commit", "pump.after_commit"}) {
        for (int round = 0; round < rounds(3, 30); ++round)
            kills += killed_at(point, chance.between(1, 12));
    }
    EXPECT_GT(kills, 2);
    EXPECT_EQ(move().code, 0);
    expect_exact();
    Ran const again = move();
    EXPECT_EQ(again.stream().at("read"), 0) << again;
}

TEST_F(MariaFaults, H22AHostThatIsKilledAtAnyMomentLosesAndDoublesNothing) {
    for (int round = 0; round < rounds(8, 200); ++round) {
        int const before = std::stoi(count());
        Process process{weir_command(line()), here()};
        wait_for_rows(process, std::min(before + 70 * chance.between(0, 12), rows));
        for (int looks = chance.between(0, 20); looks > 0; --looks) count();
        process.kill(SIGKILL);
        process.wait();
        EXPECT_EQ(doubled(), "0");
    }
    EXPECT_EQ(move().code, 0);
    expect_exact();
}

TEST_F(MariaFaults, ASinkThatDiesIsGoneOnInto) {
    int broken = 0;
    for (int round = 0; round < rounds(3, 30); ++round) {
        int const before = std::stoi(count());
        Process process{weir_command(line()), here()};
        wait_for_rows(process, before + 70 * chance.between(1, 20));
        own.stop_immediately();
        Ran const ran = finish(process);
        EXPECT_TRUE(ran.code == 3 || ran.code == 0) << ran;
        broken += ran.code == 3;
        own.start();
        EXPECT_EQ(doubled(), "0");
        if (std::stoi(count()) == rows) empty_target();
    }
    EXPECT_GT(broken, 0) << "no run was under way";
    EXPECT_EQ(move().code, 0);
    expect_exact();
}

TEST_F(MariaFaults, ASourceThatDiesIsGoneOnFrom) {
    // The other way around: the server that dies is the source.
    My source = own.connect_as_owner(into);
    source.run("DROP TABLE users; CREATE TABLE users (id bigint PRIMARY KEY, name text,"
               " updated_at datetime(6) NOT NULL); INSERT INTO users" +
               values);
    db.run("DROP TABLE users; CREATE TABLE users (id bigint, name text, updated_at datetime(6))");
    std::vector<std::string> const words = line(own.url(into), server.url(database));
    auto const moved = [&] { return std::stoi(db.one("SELECT count(*) FROM users")); };
    int broken = 0;
    for (int round = 0; round < rounds(2, 30); ++round) {
        int const wanted = std::min(moved() + 70 * chance.between(1, 20), rows);
        Process process{weir_command(words), here()};
        while (!process.ended() && moved() < wanted) continue;
        own.stop_immediately();
        Ran const ran = finish(process);
        EXPECT_TRUE(ran.code == 3 || ran.code == 0) << ran;
        broken += ran.code == 3;
        own.start();
        EXPECT_EQ(db.one("SELECT count(*) - count(DISTINCT id) FROM users"), "0");
        if (moved() == rows) db.run("TRUNCATE users; DELETE FROM _weir_checkpoint");
    }
    EXPECT_GT(broken, 0) << "no run was under way";
    Ran const last = move(words);
    EXPECT_EQ(last.code, 0) << last;
    std::string const all = "SELECT id, name, updated_at FROM users";
    Differences const found = compare(own.connect_as_owner(into).rows(all), db.rows(all));
    EXPECT_TRUE(found.none()) << found;
}

TEST_F(MariaFaults, AConnectionCutAnywhereLosesAndDoublesNothing) {
    TcpGate from{server.port()}, to{own.port()};
    std::vector<std::string> const words = line(through(from, database), through(to, into));
    for (int round = 0; round < rounds(8, 200); ++round) {
        if (round % 2)
            from.cut_after(chance.between(100, 1'000'000));
        else
            to.cut_after_sent(chance.between(100, 1'000'000));
        Ran const ran = move(words);
        EXPECT_TRUE(ran.code == 0 || ran.code == 3) << ran;
        EXPECT_EQ(doubled(), "0");
    }
    from.cut_after(-1);
    to.cut_after_sent(-1);
    EXPECT_GT(from.cuts() + to.cuts(), 0);
    EXPECT_EQ(move(words).code, 0);
    expect_exact();
}

TEST_F(MariaFaults, H23TheAnswerToACommitThatIsSwallowedIsFoundOut) {
    TcpGate gate{own.port()};
    std::vector<std::string> const words = line(server.url(database), through(gate, into));
    int const rounds_max = rounds(4, 200);
    for (int round = 0; round < rounds_max; ++round) {
        gate.swallow_the_answer_to("COMMIT", chance.between(1, 12));
        Ran const ran = move(words);
        EXPECT_TRUE(ran.code == 0 || ran.code == 3) << ran;
        EXPECT_EQ(doubled(), "0");
        if (std::stoi(count()) == rows && round + 1 < rounds_max) empty_target();
    }
    EXPECT_GT(gate.cuts(), 2);
    gate.swallow_the_answer_to("", 0);
    EXPECT_EQ(move(words).code, 0);
    expect_exact();
}

TEST_F(MariaFaults, H24AnOwnerFrozenForEverHoldsNobodyUp) {
    for (int round = 0; round < rounds(3, 60); ++round) {
        Process frozen{weir_command(line()), here()};
        wait_for_rows(frozen, 70 * chance.between(1, 40));
        for (int looks = chance.between(0, 20); looks > 0; --looks) count();
        frozen.kill(SIGSTOP);
        Ran const next = move();
        EXPECT_EQ(next.code, 0) << next;
        EXPECT_EQ(count() + " " + doubled(), std::to_string(rows) + " 0");
        frozen.kill(SIGCONT);
        Ran const late = finish(frozen);
        EXPECT_TRUE(late.code == 0 || late.error_code() == "sink.fenced") << late;
        EXPECT_EQ(count() + " " + doubled(), std::to_string(rows) + " 0");
        empty_target();
    }
}

#ifndef __SANITIZE_ADDRESS__  // whose look for leaks needs what strace takes
// Some of these calls are those of its fence, others the COMMIT of an open transaction.
TEST_F(MariaFaults, AnOwnerFrozenAtAnyCallHoldsNobodyUp) {
    int const step = rounds(11, 1);
    int frozen = 0;
    for (int at = 46 + chance.between(0, step - 1); at < 140; at += step) {
        {
            Frozen early{weir_command(line()), at, directory / "calls.trace", here()};
            frozen += early.wait();
            Ran const next = move();
            EXPECT_EQ(next.code, 0) << "frozen at call " << at << ": " << next;
        }
        EXPECT_EQ(count() + " " + doubled(), std::to_string(rows) + " 0");
        empty_target();
    }
    EXPECT_GT(frozen, 3);
}
#endif

TEST_F(MariaFaults, F10AFullDiskLosesAndDoublesNothing) {
    SmallDisk disk{1 << 20};
    ASSERT_TRUE(disk.is_mounted()) << "this needs the right to mount a tmpfs";
    std::string const folder = disk / "rows";
    MariadbServer small{{"--innodb-flush-log-at-trx-commit=2",
                         "--loose-innodb-directories=" + folder}};
    struct stat owner {};
    ASSERT_EQ(::stat(small.socket().c_str(), &owner), 0);
    ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
    ASSERT_EQ(::chown(folder.c_str(), owner.st_uid, owner.st_gid), 0);
    std::string const name = small.fresh();
    small.connect(name).run("CREATE TABLE users (id bigint, name text, updated_at datetime(6))"
                            " DATA DIRECTORY = '" + folder + "'");
    std::vector<std::string> const words = line(server.url(database), small.url(name));
    Ran const full = move(words);
    EXPECT_EQ(full.code, 3) << full;
    EXPECT_NE(full.error_code(), "");
    small.stop_immediately();  // where it did not give up by itself
    disk.grow(64 << 20);
    small.start();
    My there = small.connect_as_owner(name);
    EXPECT_LT(std::stoi(there.one("SELECT count(*) FROM users")), rows) << "it was not full";
    EXPECT_EQ(there.one("SELECT count(*) - count(DISTINCT id) FROM users"), "0");
    EXPECT_EQ(move(words).code, 0);
    std::string const all = "SELECT id, name, updated_at FROM users";
    Differences const differences = compare(db.rows(all), there.rows(all));
    EXPECT_TRUE(differences.none()) << differences;
}

TEST_F(MariaFaults, WithoutThePositionRowsWouldDouble) {
    ASSERT_TRUE(killed_at("pump.after_commit", 5));
    target().run("UPDATE _weir_checkpoint SET `cursor` = ''");  // the mechanism switched off
    EXPECT_EQ(move().code, 0);
    EXPECT_EQ(differ().doubled.size(), 350u);
}

TEST_F(MariaFaults, TheVerifierFindsWhatIsWrong) {
    ASSERT_EQ(move().code, 0);
    expect_exact();
    target().run("INSERT INTO users SELECT * FROM users WHERE id = 7; DELETE FROM users WHERE id ="
                 " 8; UPDATE users SET name = 'x' WHERE id = 9; INSERT INTO users VALUES (9999,"
                 " '', '2024-01-01')");
    Differences const found = differ();
    EXPECT_EQ(found.doubled, (std::vector<std::string>{"7"}));
    EXPECT_EQ(found.lost, (std::vector<std::string>{"8"}));
    EXPECT_EQ(found.stale, (std::vector<std::string>{"9"}));
    EXPECT_EQ(found.phantom, (std::vector<std::string>{"9999"}));
}

}  // namespace
}  // namespace weir::test
