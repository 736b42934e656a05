// Whole schemas by the binary: one moment for all streams, the order of foreign keys, several
// streams at once, and each stream's own end.
#include <signal.h>

#include <thread>

#include "support/copy_fixture.hpp"
#include "support/mover.hpp"

namespace weir::test {
namespace {

class ManyStreams : public CopyFixture {
protected:
    std::vector<std::string> command(std::vector<std::string> more) {
        more.insert(more.begin(), {"copy", server.url(database), server.url(target)});
        more.push_back("--json");
        return more;
    }
    Ran move(std::vector<std::string> const& more) {
        return weir(command(more), {.directory = directory.path().string()});
    }
    static std::vector<std::string> streams_of(Ran const& ran) {
        std::vector<std::string> names;
        for (Json const& each : ran.json.at("streams")) names.push_back(each.at("stream"));
        return names;
    }
    /// The database's own total of two tables of accounts.
    static std::string total(Pg& at) {
        return at.one("SELECT (SELECT sum(amount) FROM a) + (SELECT sum(amount) FROM b)");
    }
    /// Returns when rows of so many streams have been committed.
    void await_commits(int streams) {
        while (sink.one("SELECT to_regclass('_weir_checkpoint') IS NOT NULL") != "t" ||
               sink.one("SELECT count(*) FROM _weir_checkpoint WHERE rows > 0") !=
                   std::to_string(streams))
            std::this_thread::yield();
    }
    void wait_until(std::string const& sql) {
        while (watcher.one(sql) != "t") std::this_thread::yield();
    }

    std::string const target = server.fresh();
    Pg sink = server.connect_as_owner(target);
    Pg watcher = server.connect(database);
};

TEST_F(ManyStreams, AreReadAtOneMomentWhileOthersWrite) {
    for (char const* table : {"a", "b"})
        db.run(std::string{"CREATE TABLE "} + table +
               " (id bigint PRIMARY KEY, amount bigint, filler text); INSERT INTO " + table +
               " SELECT i, 1000, repeat('x', 100) FROM generate_series(1, 20000) i");
    std::string const whole = total(db);
    Mover<Pg> const mover{server.connect_as_owner(database)};
    for (char const* lanes : {"1", "4"}) {
        mover.await_one();
        Ran const ran = move({"--stream", "public.*", "--mode", "full", "--parallel", lanes});
        expect_exit(ran, 0);
        EXPECT_EQ(ran.stream(1).value("snapshot", ""), "shared") << ran;
        EXPECT_EQ(total(sink), whole) << lanes << " at once";
    }
    // Each at a moment of its own, in the same minute of the same test, they do not agree.
    expect_exit(move({"--stream", "public.a", "--mode", "full"}), 0);
    mover.await_one();
    expect_exit(move({"--stream", "public.b", "--mode", "full"}), 0);
    EXPECT_NE(total(sink), whole);
}

constexpr char family_sql[] =
    "CREATE TABLE z_parent (id bigint PRIMARY KEY, name text);"
    "CREATE TABLE m_child (id bigint PRIMARY KEY, parent_id bigint NOT NULL REFERENCES z_parent,"
    " sibling_id bigint REFERENCES m_child);"
    "CREATE TABLE a_grandchild (id bigint PRIMARY KEY, child_id bigint REFERENCES m_child,"
    " parent_id bigint REFERENCES z_parent);";

TEST_F(ManyStreams, ComeBehindThoseThatTheyReference) {
    db.run(family_sql);
    db.run("INSERT INTO z_parent SELECT i, 'p' FROM generate_series(1, 5000) i;"
           "INSERT INTO m_child SELECT i, i, 1 FROM generate_series(1, 5000) i;"
           "INSERT INTO a_grandchild SELECT i, i, i FROM generate_series(1, 5000) i");
    sink.run(family_sql);
    Ran const alone = move({"--stream", "public.m_child"});
    expect_failure(alone, 1, "postgres.foreign_key");
    for (char const* lanes : {"1", "3"}) {
        sink.run("TRUNCATE z_parent, m_child, a_grandchild; DROP TABLE IF EXISTS _weir_checkpoint");
        Ran const ran = move({"--stream", "public.*", "--parallel", lanes});
        expect_exit(ran, 0);
        EXPECT_EQ(streams_of(ran), (std::vector<std::string>{"public.a_grandchild",
                                                             "public.m_child", "public.z_parent"}))
            << "reported as they were asked for";
        EXPECT_EQ(sink.one("SELECT count(*) FROM a_grandchild"), "5000");
    }
}

TEST_F(ManyStreams, ComeInOrderFromSqliteToo) {
    Sqlite{directory / "in.db"}.run(
        "CREATE TABLE z (id INTEGER PRIMARY KEY); INSERT INTO z VALUES (1), (2);"
        "CREATE TABLE a (id INTEGER PRIMARY KEY, z_id INTEGER NOT NULL REFERENCES Z (id));"
        "INSERT INTO a VALUES (10, 1), (11, 2)");
    sink.run("CREATE TABLE z (id bigint PRIMARY KEY);"
             "CREATE TABLE a (id bigint PRIMARY KEY, z_id bigint NOT NULL REFERENCES z)");
    Ran const ran = weir({"copy", "sqlite:" + (directory / "in.db"), server.url(target), "--stream",
                          "*", "--parallel", "2", "--json"});
    expect_exit(ran, 0);
    EXPECT_EQ(sink.one("SELECT count(*) FROM a"), "2");
}

TEST_F(ManyStreams, ThatReferenceEachOtherInACircleAreTold) {
    db.run("CREATE TABLE a (id bigint PRIMARY KEY, b_id bigint);"
           "CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint REFERENCES a);"
           "ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b;"
           "INSERT INTO a VALUES (1, NULL); INSERT INTO b VALUES (1, 1)");
    Ran const ran = move({"--stream", "public.*"});
    expect_exit(ran, 0);
    EXPECT_NE(ran.err.find("public.a, public.b reference each other in a circle"), ran.err.npos)
        << ran;
    EXPECT_EQ(sink.one("SELECT count(*) FROM a"), "1");
}

/// A view whose rows come only when nobody holds the lock 7.
constexpr char gate_sql[] =
    "CREATE TABLE b (id bigint PRIMARY KEY); INSERT INTO b VALUES (1), (2);"
    "CREATE VIEW a AS SELECT id FROM b, (SELECT pg_advisory_xact_lock_shared(7)) gate";
constexpr char at_gate_sql[] =
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)";

TEST_F(ManyStreams, AreCopiedSideBySide) {
    db.run(gate_sql);
    for (bool const side_by_side : {true, false}) {
        sink.run("DROP TABLE IF EXISTS a, b, _weir_checkpoint");
        watcher.run("SELECT pg_advisory_lock(7)");
        Process process{weir_command(command({"--stream", "public.*", "--parallel",
                                              side_by_side ? "2" : "1"})),
                        {.directory = directory.path().string()}};
        wait_until(at_gate_sql);
        auto const has_b = [&] {
            return sink.one("SELECT to_regclass('b') IS NOT NULL") == "t" &&
                   sink.one("SELECT count(*) FROM b") == "2";
        };
        while (side_by_side && !has_b() && !process.ended()) std::this_thread::yield();
        EXPECT_EQ(has_b(), side_by_side);
        watcher.run("SELECT pg_advisory_unlock(7)");
        expect_exit(finish(process), 0);
        EXPECT_EQ(sink.one("SELECT count(*) FROM a"), "2");
    }
}

TEST_F(ManyStreams, FailEachForItself) {
    db.run("CREATE TABLE a (id bigint PRIMARY KEY); INSERT INTO a VALUES (1);"
           "CREATE TABLE b (id bigint PRIMARY KEY); INSERT INTO b VALUES (1);"
           "CREATE TABLE c (id bigint PRIMARY KEY); INSERT INTO c VALUES (1)");
    sink.run("CREATE TABLE b (id bigint PRIMARY KEY CHECK (id > 1))");
    Ran const ran = move({"--stream", "public.*", "--parallel", "3"});
    expect_exit(ran, 4);
    EXPECT_EQ(ran.json.at("status"), "partial");
    EXPECT_EQ(streams_of(ran), (std::vector<std::string>{"public.a", "public.b", "public.c"}));
    EXPECT_EQ(ran.error_code(), "postgres.check");
    EXPECT_TRUE(ran.stream(0).at("error").is_null());
    EXPECT_EQ(ran.stream(1).at("error").at("code"), "postgres.check");
    EXPECT_EQ(ran.stream(2).at("written"), 1);
    EXPECT_EQ(sink.one("SELECT (SELECT count(*) FROM a) + (SELECT count(*) FROM c)"), "2");
}

TEST_F(ManyStreams, KeepEachItsPlaceWhenInterrupted) {
    for (char const* table : {"a", "b"})
        db.run(std::string{"CREATE TABLE "} + table +
               " (id bigint PRIMARY KEY, filler text); INSERT INTO " + table +
               " SELECT i, repeat('x', 200) FROM generate_series(1, 300000) i");
    std::vector<std::string> const asked{"--stream", "public.*", "--parallel", "2",
                                         "--batch-rows", "500"};
    Process process{weir_command(command(asked)), {.directory = directory.path().string()}};
    await_commits(2);
    process.kill(SIGINT);
    Ran const stopped = finish(process);
    expect_exit(stopped, 130);
    std::vector<std::uint64_t> safe;
    for (std::size_t i = 0; i < 2; ++i) {
        safe.push_back(stopped.stream(i).at("written"));
        EXPECT_GT(safe[i], 0u) << stopped;
        EXPECT_LT(safe[i], 300000u) << stopped;
    }
    Ran const ran = move(asked);
    expect_exit(ran, 0);
    for (std::size_t i = 0; i < 2; ++i)
        EXPECT_EQ(ran.stream(i).at("read"), 300000u - safe[i]) << "nothing is read twice";
    for (char const* table : {"a", "b"})
        EXPECT_EQ(sink.one(std::string{"SELECT count(*) FROM "} + table), "300000");
}

TEST_F(ManyStreams, AndOneThatIsBigGoOnInTheMiddleAfterAKill) {
    db.run("CREATE TABLE big (id bigint PRIMARY KEY, filler text);"
           "INSERT INTO big SELECT i, repeat('x', 200) FROM generate_series(1, 300000) i");
    std::vector<std::string> const asked{"--stream", "public.big"};
    std::uint64_t safe = 0;
    for (int kills = 0; kills < 3; ++kills) {
        Process process{weir_command(command(asked)), {.directory = directory.path().string()}};
        while (!process.ended() &&
               (sink.one("SELECT to_regclass('_weir_checkpoint') IS NOT NULL") != "t" ||
                sink.one("SELECT coalesce(sum(rows), 0) > " + std::to_string(safe) +
                         " FROM _weir_checkpoint") != "t"))
            std::this_thread::yield();
        process.kill(SIGKILL);
        process.wait();
        // Of what was on its way to the server, the server may still make something.
        while (sink.one("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                        " AND pid <> pg_backend_pid() AND backend_type = 'client backend'") != "0")
            std::this_thread::yield();
        safe = std::stoull(sink.one("SELECT rows FROM _weir_checkpoint"));
        EXPECT_EQ(sink.one("SELECT count(*) FROM big"), std::to_string(safe));
    }
    ASSERT_LT(safe, 300000u) << "killed too late to tell anything";
    Ran const ran = move(asked);
    expect_exit(ran, 0);
    EXPECT_EQ(ran.stream().at("read"), 300000u - safe)
        << "nothing that was committed is read again";
    EXPECT_EQ(sink.one("SELECT count(*) || ' ' || sum(id) FROM big"), "300000 45000150000");
}

// Else a delta would wait for the long reads beside it, which write nothing, and settle nothing.
TEST_F(ManyStreams, WithACursorWaitForWritersAndNotForEachOther) {
    db.run(gate_sql);
    db.run("CREATE TABLE c (id bigserial PRIMARY KEY, v text); INSERT INTO c (v) VALUES ('x')");
    watcher.run("SELECT pg_advisory_lock(7)");
    Process process{weir_command(command({"--stream", "public.a", "--stream", "public.c",
                                          "--cursor", "id", "--key", "id", "--parallel", "2"})),
                    {.directory = directory.path().string()}};
    wait_until(at_gate_sql);
    std::string const kept = "SELECT cursor FROM _weir_checkpoint WHERE stream = 'public.c'";
    // Its rows may come before its end.
    std::string const ended = "SELECT count(*) FROM _weir_checkpoint WHERE stream = 'public.c' AND "
                              "cursor <> '' AND coalesce(cursor::json ->> 'scan', '') = ''";
    while (!process.ended() &&
           (sink.one("SELECT to_regclass('_weir_checkpoint') IS NOT NULL") != "t" ||
            sink.one(ended) != "1"))
        std::this_thread::yield();
    Json const cursor = Json::parse(sink.one(kept));
    EXPECT_EQ(cursor.at("pending"), Json::array()) << cursor;
    EXPECT_EQ(cursor.at("settled"), Json::array({"1"})) << cursor;
    watcher.run("SELECT pg_advisory_unlock(7)");
    expect_exit(finish(process), 0);
}

TEST_F(ManyStreams, ANumberOfLanesIsOneOrMore) {
    expect_failure(move({"--stream", "public.*", "--parallel", "0"}), 2, "usage");
}

}  // namespace
}  // namespace weir::test
