// weir copy --mode reconcile where the target lacks records: a few are read by their keys, which
// the count of what was read shows: all keys, and as many records as are missing.
#include <gtest/gtest.h>

#include <filesystem>

#include "reconcile_end.hpp"
#include "support/ledger.hpp"
#include "support/temp_dir.hpp"
#include "support/weir.hpp"

namespace weir::test {
namespace {

constexpr int told_max = 10'000;  ///< more are not told, and the stream is read whole

struct Pair {
    Kind from, to;
};

class ReconcileFetch : public testing::TestWithParam<Pair> {
protected:
    std::string stream() const {
        return source.kind() == Kind::postgres ? "public.things" : "things";
    }
    Ran move(std::vector<std::string> more) {
        std::vector<std::string> all{"copy",     source.url(), target.url(),
                                     "--stream", stream(),     "--json"};
        all.insert(all.end(), more.begin(), more.end());
        return weir(all, {.directory = directory.path().string()});
    }
    static std::vector<Record> content(End& end) {
        return end.rows("SELECT n, a, b, v FROM things ORDER BY n");
    }

    TempDir directory;
    End source{GetParam().from, directory / "from.db"};
    End target{GetParam().to, directory / "to.db"};
};

std::string name(Kind kind) {
    return kind == Kind::postgres ? "Postgres" : kind == Kind::mariadb ? "Mariadb" : "Sqlite";
}

INSTANTIATE_TEST_SUITE_P(Ends, ReconcileFetch,
                         testing::Values(Pair{Kind::postgres, Kind::sqlite},
                                         Pair{Kind::postgres, Kind::postgres},
                                         Pair{Kind::postgres, Kind::mariadb},
                                         Pair{Kind::mariadb, Kind::mariadb},
                                         Pair{Kind::mariadb, Kind::postgres},
                                         Pair{Kind::sqlite, Kind::sqlite},
                                         Pair{Kind::sqlite, Kind::postgres}),
                         [](auto const& of) {
                             return name(of.param.from) + "To" + name(of.param.to);
                         });

TEST_P(ReconcileFetch, RecordsOfACompositeKeyComeByIt) {
    std::string const text = source.kind() == Kind::mariadb ? "varchar(40)" : "text";
    source.run("CREATE TABLE things (n bigint NOT NULL, a bigint NOT NULL, b " + text +
               " NOT NULL, v " + text + ", PRIMARY KEY (a, b))");
    for (int i = 0; i < 40; ++i) {
        std::string const n = std::to_string(i);
        source.run("INSERT INTO things VALUES (" + n + ", " + std::to_string(i / 4 - 5) +
                   ", 'b " + n + "', 'v" + n + "')");
    }
    source.run("INSERT INTO things VALUES (40, -9007199254740993, 'O''Brien', 'x'), "
               "(41, 9007199254740993, 'Grün 日本', 'y'), (42, 0, ' blank ', NULL)");
    ASSERT_EQ(move({}).code, 0);
    ASSERT_EQ(content(source), content(target));
    target.run("DELETE FROM things WHERE n IN (3, 40, 41, 42)");
    source.run("DELETE FROM things WHERE n IN (7, 8)");
    source.run("INSERT INTO things VALUES (43, 77, 'b', 'new')");
    Ran const ran = move({"--mode", "reconcile"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream().at("missing"), 5) << ran;
    EXPECT_EQ(ran.stream().at("written"), 5) << ran;
    EXPECT_EQ(ran.stream().at("deleted"), 2) << ran;
    EXPECT_EQ(ran.stream().at("read"), 42 + 5) << ran;
    EXPECT_EQ(content(source), content(target));
    Ran const equal = move({"--mode", "reconcile"});
    EXPECT_EQ(equal.stream().at("read"), 42) << equal;
}

TEST_P(ReconcileFetch, ARecordThatTheTargetRefusesIsALetter) {
    std::string const text = source.kind() == Kind::mariadb ? "varchar(40)" : "text";
    source.run("CREATE TABLE things (n bigint NOT NULL PRIMARY KEY, a bigint, b " + text + ", v " +
               text + ")");
    source.run("INSERT INTO things VALUES (1, 1, 'b', 'v')");
    ASSERT_EQ(move({}).code, 0);
    target.run("CREATE UNIQUE INDEX one ON things (a)");
    source.run("INSERT INTO things VALUES (2, 1, 'b', 'clashes'), (3, 3, 'b', 'v')");
    Ran const stopped = move({"--mode", "reconcile"});
    EXPECT_EQ(stopped.code, 1) << stopped;
    EXPECT_EQ(content(target).size(), 1u) << "all or nothing";
    Ran const ran = move({"--mode", "reconcile", "--on-error", "skip"});
    ASSERT_EQ(ran.code, 4) << ran;
    EXPECT_EQ(ran.stream().at("written"), 1) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 1) << ran;
    EXPECT_EQ(ran.stream().at("read"), 3 + 2) << ran;
    EXPECT_EQ(content(target).size(), 2u);
}

/// From SQLite into SQLite.
class ReconcileFetchFiles : public testing::Test {
protected:
    Ran move(std::vector<std::string> const& more) {
        std::vector<std::string> all{"copy", "sqlite:from.db", "sqlite:to.db", "--stream",
                                     "things", "--json"};
        all.insert(all.end(), more.begin(), more.end());
        return weir(all, {.directory = directory.path().string()});
    }
    std::vector<Record> content(Sqlite& end) { return end.rows("SELECT * FROM things ORDER BY v"); }

    TempDir directory;
    Sqlite source{directory / "from.db"};
};

TEST_F(ReconcileFetchFiles, MoreThanAreToldAreReadWhole) {
    source.run("CREATE TABLE things (k integer PRIMARY KEY, v text);"
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)"
               "INSERT INTO things SELECT i, 'v' || i FROM n");
    for (int const missing : {told_max, told_max + 1}) {
        SCOPED_TRACE(missing);
        ASSERT_EQ(move({}).code, 0);
        Sqlite{directory / "to.db"}.run("DELETE FROM things WHERE k <= " + std::to_string(missing));
        Ran const ran = move({"--mode", "reconcile"});
        ASSERT_EQ(ran.code, 0) << ran;
        EXPECT_EQ(ran.stream().at("written"), missing) << ran;
        EXPECT_EQ(ran.stream().at("read"), missing > told_max ? 12'000 : 12'000 + missing) << ran;
        Sqlite target{directory / "to.db"};
        EXPECT_EQ(content(source), content(target));
    }
}

// The number 5 in a column of no type is not the text '5' that it is looked for by.
TEST_F(ReconcileFetchFiles, WhatIsNotFoundByItsKeyIsReadWhole) {
    source.run("CREATE TABLE things (k PRIMARY KEY NOT NULL, v text);"
               "INSERT INTO things VALUES (5, 'a'), ('5', 'b'), ('x', 'c'), (x'0035', 'd')");
    ASSERT_EQ(move({}).code, 0);
    Sqlite{directory / "to.db"}.run("DELETE FROM things WHERE v IN ('a', 'c')");
    Ran const ran = move({"--mode", "reconcile"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream().at("missing"), 2) << ran;
    EXPECT_EQ(ran.stream().at("read"), 4) << "whole: " << ran;
    Sqlite target{directory / "to.db"};
    EXPECT_EQ(content(source), content(target));
}

// Every library is somebody else's to a binary that lies elsewhere, and runs in weir-runner.
TEST_F(ReconcileFetchFiles, ThroughProcessesOfTheirOwnTheKeysComeAlike) {
    namespace fs = std::filesystem;
    fs::path const here{directory.path()}, built = fs::path{weir_command({}).at(0)}.parent_path();
    fs::create_directories(here / "bin");
    fs::create_directories(here / "lib/weir");
    fs::copy_file(built / "weir", here / "bin/weir");
    fs::copy_file(built / "../lib/weir/weir-runner", here / "lib/weir/weir-runner");
    source.run("CREATE TABLE things (k integer PRIMARY KEY, v text);"
               "INSERT INTO things VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')");
    auto const run = [&](std::vector<std::string> const& more) {
        std::vector<std::string> all{(here / "bin/weir").string(), "copy", "sqlite:from.db",
                                     "sqlite:to.db", "--stream", "things", "--json",
                                     "--connector-dir",
                                     (built / "../lib/weir/connectors").string()};
        all.insert(all.end(), more.begin(), more.end());
        Process process{all, {.directory = here.string()}};
        return finish(process);
    };
    Ran const copied = run({});
    ASSERT_EQ(copied.code, 0) << copied;
    Sqlite{directory / "to.db"}.run("DELETE FROM things WHERE k IN (2, 4)");
    Ran const ran = run({"--mode", "reconcile"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream().at("written"), 2) << ran;
    EXPECT_EQ(ran.stream().at("read"), 4 + 2) << ran;
    Sqlite target{directory / "to.db"};
    EXPECT_EQ(content(source), content(target));
}

}  // namespace
}  // namespace weir::test
