// One big stream in several parts at once, by the binary.
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "support/copy_fixture.hpp"
#include "support/mariadb_server.hpp"
#include "support/mover.hpp"

namespace weir::test {
namespace {

constexpr std::uint64_t rows = 60'000;

/// The child of it that holds the library; 0: none.
pid_t child_of(pid_t parent) {
    std::string const id = std::to_string(parent);
    std::ifstream in{"/proc/" + id + "/task/" + id + "/children"};
    pid_t child = 0;
    in >> child;
    return child;
}

class Parts : public CopyFixture {
protected:
    /// Large enough for five.
    Parts() {
        db.run("CREATE TABLE big (id bigint PRIMARY KEY, amount bigint, filler text);"
               "INSERT INTO big SELECT i, 1000, repeat(md5(i::text), 12)"
               " FROM generate_series(1, 60000) i");
    }
    Ran move(std::string const& to, std::vector<std::string> more, ProcessOptions options = {}) {
        more.insert(more.begin(), {"copy", server.url(database), to, "--stream", "public.big"});
        more.push_back("--json");
        options.directory = directory.path().string();
        return weir(more, options);
    }
    std::string source_sum() {
        return db.one("SELECT md5(string_agg(id || filler || amount, '' ORDER BY id)) FROM big");
    }
};

TEST_F(Parts, HoldEachRecordOnceWhateverTheirNumber) {
    std::string const target = server.fresh();
    Pg other = server.connect_as_owner(target);
    for (char const* parts : {"1", "2", "5", "64"}) {
        std::string const copied = "copy_" + std::string{parts};
        Ran const ran = move(server.url(target), {"--parts", parts, "--to", copied});
        expect_moved(ran, rows, rows);
        EXPECT_EQ(ran.stream().value("snapshot", ""), parts == std::string{"1"} ? "" : "shared")
            << ran;
        EXPECT_EQ(other.one("SELECT md5(string_agg(id || filler || amount, '' ORDER BY id))"
                            " FROM " + copied),
                  source_sum());
        expect_moved(move(sink_url(), {"--parts", parts, "--to", copied}), rows, rows);
        EXPECT_EQ(sink().one("SELECT count(DISTINCT id) || ' ' || sum(amount) FROM " + copied),
                  "60000 60000000");
    }
}

TEST_F(Parts, AreOfOneStateWhileOthersWrite) {
    // What the mover takes from the first record it gives to the last one.
    db.run("CREATE VIEW a AS SELECT id, amount FROM big WHERE id = 1;"
           "CREATE VIEW b AS SELECT id - 59999 AS id, amount FROM big WHERE id = 60000");
    Mover<Pg> const mover{server.connect_as_owner(database)};
    for (int i = 0; i < 5; ++i) {
        mover.await_one();
        expect_moved(move(sink_url(), {"--parts", "2", "--write", "replace"}), rows, rows);
        EXPECT_EQ(sink().one("SELECT sum(amount) FROM big"), "60000000");
    }
    // Each part at a moment of its own, in the same minute of the same test, they do not agree.
    std::string const low = db.one("SELECT sum(amount) FROM big WHERE id <= 30000");
    mover.await_one();
    EXPECT_NE(db.one("SELECT " + low + " + sum(amount) FROM big WHERE id > 30000"), "60000000");
}

// What is in the target when it is killed is not read again, in no part.
TEST_F(Parts, GoOnWhereTheyWereKilled) {
    std::string const target = server.fresh();
    MariadbServer& maria = MariadbServer::shared();
    std::string const in_maria = maria.fresh();
    ProcessOptions killed;
    killed.environment = {{"WEIR_FAILPOINT", "pump.after_commit:9"}};
    std::vector<std::string> const small{"--batch-rows", "700"};
    std::vector<std::string> cut = small;
    cut.insert(cut.end(), {"--parts", "3"});
    for (std::string const& url : {server.url(target), sink_url(), maria.url(in_maria)}) {
        auto const there = [&](std::string const& sql) {
            if (url == sink_url()) return sink().rows(sql);
            return url.starts_with("mysql") ? maria.connect_as_owner(in_maria).rows(sql)
                                            : server.connect_as_owner(target).rows(sql);
        };
        auto const count = [&] {
            return std::stoull(there("SELECT count(*) FROM big").at(0).at(0).value());
        };
        std::uint64_t before = 0;
        for (int kills = 0; kills < 4; ++kills) {
            Ran const ran = move(url, kills % 2 ? small : cut, killed);
            ASSERT_NE(ran.code, 0) << ran;
            EXPECT_GT(count(), before);
            before = count();
        }
        expect_failure(move(url, {"--limit", "5"}), 2, "copy.conflicting_options");
        Ran const ran = move(url, {});
        expect_moved(ran, rows - before, rows - before);
        // How it is cut stands in the position, whatever is asked for later.
        EXPECT_EQ(ran.stream().value("snapshot", ""), "shared") << ran;
        std::string const all = "SELECT id, amount, filler FROM big";
        Differences const differences = compare(db.rows(all), there(all));
        EXPECT_TRUE(differences.none()) << differences;
    }
}

/// The library of PostgreSQL put where somebody else's lie: it runs in a process of its own then.
class PartsInAChild : public Parts {
protected:
    PartsInAChild() {
        std::filesystem::create_directory(libraries());
        for (char const* const end : {"postgres.so", "postgres.json"})
            std::filesystem::copy_file(std::filesystem::path{WEIR_CONNECTOR_DIRECTORY} / end,
                                       libraries() / end);
    }
    std::filesystem::path libraries() const { return directory.path() / "more"; }
    std::vector<std::string> in_parts() const {
        return {"--parts", "3", "--batch-rows", "700", "--connector-dir", libraries().string()};
    }
};

TEST_F(PartsInAChild, HoldEachRecordOnce) {
    Ran const ran = move(sink_url(), in_parts());
    expect_moved(ran, rows, rows);
    EXPECT_EQ(ran.stream().value("snapshot", ""), "shared") << ran;
    std::string const all = "SELECT id, amount, filler FROM big";
    Differences const differences = compare(db.rows(all), sink().rows(all));
    EXPECT_TRUE(differences.none()) << differences;
}

// The target has no key, and rows are appended: one that came twice would stay.
TEST_F(PartsInAChild, GoOnWhereItWasKilled) {
    sink().run("CREATE TABLE big (id INTEGER, amount INTEGER, filler TEXT)");
    std::vector<std::string> words{"copy", server.url(database), sink_url(), "--stream",
                                   "public.big", "--write", "append", "--json"};
    for (std::string const& word : in_parts()) words.push_back(word);
    Process process{weir_command(words), {.directory = directory.path().string()}};
    auto const there = [&] { return std::stoull(sink().one("SELECT count(*) FROM big")); };
    while (!process.ended() && there() < 700) continue;
    process.kill(SIGSTOP);
    pid_t const child = child_of(process.pid());
    ASSERT_GT(child, 0) << process.output();
    ASSERT_LT(there(), rows / 2) << "too fast";
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    process.kill(SIGCONT);
    Ran const ran = finish(process);
    expect_moved(ran, rows, rows);
    EXPECT_NE(ran.err.find("trying again"), std::string::npos) << ran;
    EXPECT_EQ(ran.stream().value("snapshot", ""), "shared") << ran;
    EXPECT_EQ(sink().one("SELECT count(*) || ' ' || count(DISTINCT id) FROM big"), "60000 60000");
}

TEST_F(Parts, MayRefuseRecordsOfTheirOwn) {
    db.run("UPDATE big SET filler = repeat('y', 2000000) WHERE id IN (2, 59999)");
    Ran const ran = move(sink_url(), {"--parts", "4", "--row-bytes-max", "1000000", "--on-error",
                                      "dead_letter"});
    EXPECT_EQ(ran.stream().at("written"), rows - 2) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 2) << ran;
    EXPECT_EQ(sink().one("SELECT count(*) FROM big WHERE id NOT IN (2, 59999)"), "59998");
}

TEST_F(Parts, AreNotMadeOfWhatIsNotCut) {
    db.run("CREATE TABLE small (id bigint PRIMARY KEY); INSERT INTO small VALUES (1), (2);"
           "CREATE TABLE keyless AS SELECT * FROM big LIMIT 50000");
    for (std::vector<std::string> const& what : std::vector<std::vector<std::string>>{
             {"--stream", "public.small"},
             {"--stream", "public.keyless"},
             {"--stream", "public.big", "--limit", "7", "--to", "limited"},
             {"--stream", "public.big", "--cursor", "id", "--write", "append", "--to",
              "tracked"}}) {
        std::vector<std::string> all = what;
        all.insert(all.end(), {"--parts", "4"});
        Ran const ran = copy(all);
        expect_exit(ran, 0);
        EXPECT_EQ(ran.stream().value("snapshot", ""), "") << ran;
    }
    EXPECT_EQ(sink().one("SELECT (SELECT count(*) FROM small) || ' ' || (SELECT count(*) FROM"
                         " keyless) || ' ' || (SELECT count(*) FROM limited) || ' ' ||"
                         " (SELECT count(*) FROM tracked)"),
              "2 50000 7 60000");
    expect_exit(move(sink_url(), {"--parts", "0"}), 2);
}

/// A source whose records name the state that they are read in. It loses one when it is told to.
class PartedSource : public testing::Test {
protected:
    PartedSource() {
        std::filesystem::create_directory(directory / "more");
        std::filesystem::copy_file(E2E_PARTED, directory / "more/parted.so");
    }
    Ran move(std::string const& deed, std::string const& parts, ProcessOptions options = {}) {
        options.directory = directory.path().string();
        return weir({"copy", "parted:" + deed, "sqlite:" + (directory / "out.db"), "--parts", parts,
                     "--batch-rows", "7", "--connector-dir", directory / "more", "--json"},
                    options);
    }
    std::string one(std::string const& sql) { return Sqlite{directory / "out.db"}.one(sql); }

    TempDir directory;
};

// It is lost between the first part and the second.
TEST_F(PartedSource, WhoseStateIsLostIsReadInTheNextOneInAllParts) {
    Ran const ran = move("loses", "3");
    EXPECT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(one("SELECT count(*) || ' ' || count(DISTINCT id) FROM numbers"), "1000 1000");
    EXPECT_EQ(one("SELECT group_concat(DISTINCT state) FROM numbers"), "2");
    EXPECT_EQ(ran.err.find("trying again"), std::string::npos) << ran;
}

// The first ones are read then, and what is committed of them is not read again.
TEST_F(PartedSource, WhoseStateIsLostLaterGoesOnInTheNextOneAndSaysSo) {
    ProcessOptions killed;
    killed.environment = {{"WEIR_FAILPOINT", "pump.after_commit:3"}};
    ASSERT_EQ(move("", "5", killed).code, 137);
    std::string const before = one("SELECT count(*) FROM numbers");
    Ran const ran = move("loses_late", "2");
    EXPECT_EQ(ran.code, 0) << ran;
    EXPECT_NE(ran.err.find("trying again"), std::string::npos) << ran;
    EXPECT_NE(ran.err.find("is read at a later moment"), std::string::npos) << ran;
    EXPECT_EQ(ran.stream().at("written"), 1000 - std::stoi(before)) << ran;
    EXPECT_EQ(one("SELECT count(*) || ' ' || count(DISTINCT id) FROM numbers"), "1000 1000");
}

// It has looked at its call all the while, which lies in memory that both share.
TEST_F(PartedSource, WhoseHostIsKilledEndsInPeace) {
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    for (int round = 0; round < 20; ++round) {
        std::filesystem::remove(directory / "looking");
        Process host{weir_command({"copy", "parted:looks", "sqlite:" + (directory / "out.db"),
                                   "--parts", "3", "--connector-dir", directory / "more"}),
                     {.directory = directory.path().string()}};
        while (!std::filesystem::exists(directory / "looking")) ASSERT_FALSE(host.ended());
        pid_t const child = child_of(host.pid());
        host.kill(SIGKILL);
        host.wait();
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    }
}

}  // namespace
}  // namespace weir::test
