// weir copy --mode reconcile, between PostgreSQL, MariaDB and SQLite: afterwards the target is what
// its source is, or nothing was touched and the reason told. Named after the hazards: H8 an update
// that the cursor does not see, H9 deletes and changed keys, H10 numbers that are used again.
#include <filesystem>

#include "reconcile_end.hpp"
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

struct Pair {
    Kind from, to;
};

class Reconcile : public testing::TestWithParam<Pair> {
protected:
    /// Fills both: 1,000 users, copied by a delta.
    void SetUp() override {
        source.make_users(1000);
        ASSERT_EQ(delta().code, 0);
        ASSERT_EQ(target.users().size(), 1000u);
        cursor = checkpoint();
    }
    Ran move(std::vector<std::string> more, ProcessOptions options = {}) {
        std::vector<std::string> all{"copy", source.url(), target.url(), "--stream",
                                     source.stream()};
        all.insert(all.end(), more.begin(), more.end());
        all.push_back("--json");
        options.directory = directory.path().string();
        return weir(all, options);
    }
    Ran delta() { return move({"--cursor", "updated_at"}); }
    Ran reconcile(std::vector<std::string> more = {}, ProcessOptions options = {}) {
        more.insert(more.begin(), {"--mode", "reconcile"});
        return move(more, options);
    }
    std::string checkpoint() {
        return target.one(target.kind() == Kind::mariadb
                              ? "SELECT `cursor` FROM _weir_checkpoint"
                              : "SELECT \"cursor\" FROM _weir_checkpoint");
    }

    void expect_equal() {
        Differences const differences = compare(source.users(), target.users());
        EXPECT_TRUE(differences.none()) << differences;
    }
    void expect_counts(Ran const& ran, std::uint64_t missing, std::uint64_t extra,
                       std::uint64_t deleted) {
        ASSERT_EQ(ran.code, 0) << ran;
        Json const& stream = ran.stream();
        EXPECT_EQ(stream.at("missing"), missing) << ran;
        EXPECT_EQ(stream.at("extra"), extra) << ran;
        EXPECT_EQ(stream.at("deleted"), deleted) << ran;
        EXPECT_EQ(stream.at("read"), stream.at("written").get<std::uint64_t>() +
                                         stream.at("filtered").get<std::uint64_t>() +
                                         stream.at("rejected").get<std::uint64_t>())
            << ran;
        EXPECT_EQ(checkpoint(), cursor) << "the position of the delta is none of its business";
    }
    /// A guard: exit code 1, the numbers, what to do, and nothing touched.
    void expect_refused(Ran const& ran, std::string const& code) {
        std::vector<Record> const before = target.users();
        EXPECT_EQ(ran.code, 1) << ran;
        EXPECT_EQ(ran.error_code(), code) << ran;
        EXPECT_NE(ran.json["error"].value("suggestion", "").find("--force"), std::string::npos)
            << ran;
        EXPECT_EQ(target.users().size(), before.size());
    }

    TempDir directory;
    End source{GetParam().from, directory / "from.db"};
    End target{GetParam().to, directory / "to.db"};
    std::string cursor;
};

INSTANTIATE_TEST_SUITE_P(Ends, Reconcile,
                         testing::Values(Pair{Kind::postgres, Kind::sqlite},
                                         Pair{Kind::postgres, Kind::postgres},
                                         Pair{Kind::postgres, Kind::mariadb},
                                         Pair{Kind::mariadb, Kind::mariadb},
                                         Pair{Kind::mariadb, Kind::sqlite},
                                         Pair{Kind::sqlite, Kind::sqlite}),
                         [](auto const& of) {
                             auto const name = [](Kind kind) -> std::string {
                                 return kind == Kind::postgres  ? "Postgres"
                                        : kind == Kind::mariadb ? "Mariadb"
                                                                : "Sqlite";
                             };
                             return name(of.param.from) + "To" + name(of.param.to);
                         });

TEST_P(Reconcile, H9ADeletedRecordGoes) {
    source.run("DELETE FROM users WHERE id % 100 = 0");
    ASSERT_EQ(delta().code, 0);
    cursor = checkpoint();
    EXPECT_EQ(target.users().size(), 1000u) << "a delta sees no deletes";
    Ran const ran = reconcile();
    expect_counts(ran, 0, 10, 10);
    EXPECT_EQ(ran.stream().at("checked"), 990);
    EXPECT_EQ(ran.stream().at("written"), 0);
    expect_equal();
    expect_counts(reconcile(), 0, 0, 0);
}

TEST_P(Reconcile, H9AnEmptySourceStopsItUnlessForced) {
    source.run("DELETE FROM users");
    Ran const ran = reconcile();
    expect_refused(ran, "reconcile.source_empty");
    EXPECT_EQ(ran.stream().at("extra"), 1000) << ran;
    EXPECT_EQ(target.users().size(), 1000u);
    Ran const forced = reconcile({"--force"});
    expect_counts(forced, 0, 1000, 1000);
    ASSERT_TRUE(forced.stream().contains("notes")) << forced;
    EXPECT_NE(forced.stream()["notes"][0].get<std::string>().find("reconcile.source_empty"),
              std::string::npos);
    EXPECT_EQ(target.users().size(), 0u);
}

TEST_P(Reconcile, H9ATableThatIsSwappedForAnEmptyOneStopsIt) {
    source.run("ALTER TABLE users RENAME TO gone");
    source.make_users(0);
    expect_refused(reconcile(), "reconcile.source_empty");
    EXPECT_EQ(target.users().size(), 1000u);
}

TEST_P(Reconcile, H9ATruncateAndReloadIsRefusedOrEqual) {
    source.run(source.kind() == Kind::sqlite ? "DELETE FROM users" : "TRUNCATE users");
    source.add_users(2001, 2100);
    expect_refused(reconcile(), "reconcile.too_many_deletes");
    EXPECT_EQ(target.users().size(), 1000u);
    expect_counts(reconcile({"--force"}), 100, 1000, 1000);
    expect_equal();
}

TEST_P(Reconcile, TooManyDeletesAreRefusedAndTheNumbersTold) {
    source.run("DELETE FROM users WHERE id <= 101");
    Ran const ran = reconcile();
    expect_refused(ran, "reconcile.too_many_deletes");
    EXPECT_NE(ran.err.find("101 of 1000 rows"), std::string::npos) << ran;
    expect_counts(reconcile({"--max-delete-fraction", "0.101"}), 0, 101, 101);
    expect_equal();
}

TEST_P(Reconcile, H9AChangedKeyIsOneRowAgain) {
    source.run("UPDATE users SET id = 5000 WHERE id = 5");
    expect_counts(reconcile(), 1, 1, 1);
    expect_equal();
}

TEST_P(Reconcile, H9TwoKeysSwappedAreRepairedByTheirValues) {
    source.run(
        "BEGIN; UPDATE users SET id = -1 WHERE id = 1; UPDATE users SET id = 1 WHERE id = 2;"
        "UPDATE users SET id = 2 WHERE id = -1; COMMIT");
    Ran const keys = reconcile();
    expect_counts(keys, 0, 0, 0);
    EXPECT_TRUE(keys.stream().at("drifted").is_null()) << "nobody looked";
    Ran const values = reconcile({"--compare", "values"});
    expect_counts(values, 0, 0, 0);
    EXPECT_EQ(values.stream().at("drifted"), 2);
    EXPECT_EQ(values.stream().at("written"), 2);
    expect_equal();
}

TEST_P(Reconcile, H8AnUpdateWithoutBumpIsRepairedByItsValues) {
    source.run("UPDATE users SET name = 'other' WHERE id = 7");
    ASSERT_EQ(delta().code, 0);
    cursor = checkpoint();
    EXPECT_FALSE(compare(source.users(), target.users()).none()) << "a delta cannot see it";
    Ran const ran = reconcile({"--compare", "values"});
    expect_counts(ran, 0, 0, 0);
    EXPECT_EQ(ran.stream().at("drifted"), 1);
    expect_equal();
}

TEST_P(Reconcile, H10NumbersUsedAgainAreEqualAfterwards) {
    source.run("DELETE FROM users WHERE id > 950");
    source.run("INSERT INTO users VALUES (951, 'again', '2024-01-01T00:00:01.000000Z')");
    Ran const ran = reconcile({"--compare", "values"});
    expect_counts(ran, 0, 49, 49);
    EXPECT_EQ(ran.stream().at("drifted"), 1);
    expect_equal();
}

TEST_P(Reconcile, WhatIsMissingComesBack) {
    target.run("DELETE FROM users WHERE id IN (3, 4)");
    Ran const ran = reconcile();
    expect_counts(ran, 2, 0, 0);
    EXPECT_EQ(ran.stream().at("written"), 2);
    EXPECT_EQ(ran.stream().at("read"), 1002) << "all keys and two records: " << ran;
    expect_equal();
}

TEST_P(Reconcile, TheDeltaReadsOnFromWhereItWas) {
    source.run("DELETE FROM users WHERE id = 1");
    source.add_users(1001, 1010);
    expect_counts(reconcile(), 10, 1, 1);
    source.add_users(1011, 1015);
    Ran const ran = delta();
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_GE(ran.stream().at("read"), 5) << ran;
    EXPECT_LE(ran.stream().at("read"), 20) << "and not all of it: " << ran;
    expect_equal();
}

TEST_P(Reconcile, ADryRunCountsAndTouchesNothing) {
    source.run("DELETE FROM users WHERE id <= 3");
    target.run("DELETE FROM users WHERE id = 9");
    std::vector<Record> const before =
        target.rows("SELECT epoch, run_id, updated_at FROM _weir_checkpoint");
    for (char const* what : {"keys", "values"}) {
        Ran const ran = reconcile({"--dry-run", "--compare", what});
        ASSERT_EQ(ran.code, 0) << ran;
        EXPECT_EQ(ran.stream().at("extra"), 3) << ran;
        EXPECT_EQ(ran.stream().at("missing"), 1) << ran;
        EXPECT_EQ(ran.stream().at("deleted"), 0) << ran;
        EXPECT_NE(ran.stream()["actions"].dump().find("3 rows are deleted"), std::string::npos);
    }
    EXPECT_EQ(target.users().size(), 999u);
    EXPECT_EQ(target.rows("SELECT epoch, run_id, updated_at FROM _weir_checkpoint"), before);
    source.run("DELETE FROM users");
    expect_refused(reconcile({"--dry-run"}), "reconcile.source_empty");
}

TEST_P(Reconcile, ADryRunCountsWhatAColumnThatTheSourceGainedBrings) {
    source.run("ALTER TABLE users ADD COLUMN more bigint");
    source.run("UPDATE users SET more = 1 WHERE id <= 3");
    Ran const looked = reconcile({"--dry-run", "--compare", "values"});
    ASSERT_EQ(looked.code, 0) << looked;
    EXPECT_EQ(looked.stream().at("drifted"), 3) << looked;
    EXPECT_ANY_THROW(target.run("SELECT more FROM users")) << "nothing was touched";
    Ran const ran = reconcile({"--compare", "values"});
    expect_counts(ran, 0, 0, 0);
    EXPECT_EQ(ran.stream().at("drifted"), 3) << ran;
    EXPECT_EQ(target.one("SELECT sum(more) FROM users"), "3");
}

TEST_P(Reconcile, ASoftDeleteMarksAndReappearingClears) {
    source.run("DELETE FROM users WHERE id IN (5, 6)");
    expect_counts(reconcile({"--on-delete", "soft"}), 0, 2, 2);
    auto const marked = [&] {
        return target.one("SELECT count(*) FROM users WHERE _weir_deleted_at IS NOT NULL");
    };
    EXPECT_EQ(target.users().size(), 1000u);
    EXPECT_EQ(marked(), "2");
    expect_counts(reconcile({"--on-delete", "soft"}), 0, 0, 0);
    EXPECT_EQ(marked(), "2") << "when it went is known already";
    source.run("INSERT INTO users VALUES (5, 'user 5', '2024-01-01T00:00:05.000000Z')");
    expect_counts(reconcile({"--on-delete", "soft"}), 1, 0, 0);
    EXPECT_EQ(marked(), "1") << "it came back, as it was";
    source.run("INSERT INTO users VALUES (6, 'back', '2025-01-01T00:00:00.000000Z')");
    ASSERT_EQ(delta().code, 0);
    EXPECT_EQ(marked(), "0") << "a delta clears it too";
    expect_equal();
}

TEST_P(Reconcile, AMarkThatIsDataOfTheSourceIsRefused) {
    source.run("ALTER TABLE users ADD gone text; UPDATE users SET gone = 'data'");
    ASSERT_EQ(move({"--mode", "full"}).code, 0);
    cursor = checkpoint();
    source.run("DELETE FROM users WHERE id = 5");
    std::vector<std::string> const soft{"--on-delete", "soft", "--deleted-at", "gone"};
    Ran const refused = reconcile(soft);
    EXPECT_EQ(refused.code, 2) << refused;
    EXPECT_EQ(refused.error_code(), "copy.conflicting_options") << refused;
    EXPECT_NE(refused.err.find("has a field \"gone\" of its own"), std::string::npos) << refused;
    EXPECT_EQ(target.one("SELECT count(*) FROM users WHERE gone = 'data'"), "1000");
}

TEST_P(Reconcile, SomebodyElsesTableNamesItsColumn) {
    std::string const time = target.time_type();
    target.run("DROP TABLE users; CREATE TABLE users (id bigint NOT NULL PRIMARY KEY, name text, "
               "updated_at " + time + ", gone_at " + time + ")");
    ASSERT_EQ(move({}).code, 0);
    cursor = checkpoint();
    source.run("DELETE FROM users WHERE id = 5");
    Ran const refused = reconcile({"--on-delete", "soft"});
    EXPECT_EQ(refused.code, 2) << refused;
    EXPECT_EQ(refused.error_code(),
              target.kind() == Kind::postgres  ? "postgres.no_deletion_column"
              : target.kind() == Kind::mariadb ? "mysql.no_deletion_column"
                                               : "sqlite.no_deletion_column")
        << refused;
    expect_counts(reconcile({"--on-delete", "soft", "--deleted-at", "gone_at"}), 0, 1, 1);
    EXPECT_EQ(target.one("SELECT count(*) FROM users WHERE gone_at IS NOT NULL"), "1");
    source.run("INSERT INTO users VALUES (5, 'user 5', '2024-01-01T00:00:05.000000Z')");
    ASSERT_EQ(move({"--mode", "full"}).code, 0);
    EXPECT_EQ(target.one("SELECT count(*) FROM users WHERE gone_at IS NOT NULL"), "0")
        << "the job remembers the column";
}

TEST_P(Reconcile, KilledAnywhereNothingIsHalfAndTheNextRunEndsIt) {
    for (std::string point : {"pump.before_commit:1", "pump.before_commit:3",
                              "reconcile.before_sweep:1", "reconcile.after_sweep:1",
                              "pump.after_commit:1"}) {
        SCOPED_TRACE(point);
        source.delete_first(5);
        target.run("DELETE FROM users WHERE id = 990");
        std::size_t const before = target.users().size();
        Ran const killed = reconcile({"--batch-rows", "100"},
                                     {.environment = {{"WEIR_FAILPOINT", point}}});
        ASSERT_EQ(killed.code, 137) << killed;
        std::size_t const after = target.users().size();
        EXPECT_EQ(after, before) << "nothing of it shows";
        EXPECT_EQ(checkpoint(), cursor);
        Ran const ran = reconcile();
        ASSERT_EQ(ran.code, 0) << ran;
        EXPECT_EQ(ran.stream().at("deleted"), 5) << ran;
        expect_equal();
    }
}

TEST_P(Reconcile, ATargetOfTwoJobsIsRefused) {
    source.run("CREATE TABLE others (id bigint NOT NULL PRIMARY KEY, name text, updated_at " +
               source.time_type() + ")");
    source.run("INSERT INTO others SELECT id + 5000, name, updated_at FROM users");
    std::string const other = source.kind() == Kind::postgres ? "public.others" : "others";
    Ran const second = weir({"copy", source.url(), target.url(), "--stream", other, "--to",
                             "users", "--json"},
                            {.directory = directory.path().string()});
    ASSERT_EQ(second.code, 0) << second;
    expect_refused(reconcile(), "sink.target_shared");
    EXPECT_EQ(target.users().size(), 2000u);
}

TEST_P(Reconcile, WithoutAKeyItIsRefused) {
    source.run("CREATE TABLE notes (body text); INSERT INTO notes VALUES ('a')");
    std::string const notes = source.kind() == Kind::postgres ? "public.notes" : "notes";
    Ran const ran = weir({"copy", source.url(), target.url(), "--stream", notes, "--mode",
                          "reconcile", "--json"},
                         {.directory = directory.path().string()});
    EXPECT_EQ(ran.code, 2) << ran;
    EXPECT_EQ(ran.error_code(), "reconcile.no_key") << ran;
}

TEST_P(Reconcile, AFreshTargetIsFilled) {
    target.run("DROP TABLE users");
    Ran const ran = reconcile();
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream().at("written"), 1000) << ran;
    expect_equal();
}

// Every library is somebody else's to a binary that lies elsewhere, and runs in weir-runner.
TEST(ReconcileContained, ASinkInAProcessOfItsOwnIsComparedAlike) {
    namespace fs = std::filesystem;
    TempDir directory;
    fs::path const here{directory.path()}, built = fs::path{weir_command({}).at(0)}.parent_path();
    fs::create_directories(here / "bin");
    fs::create_directories(here / "lib/weir");
    fs::copy_file(built / "weir", here / "bin/weir");
    fs::copy_file(built / "../lib/weir/weir-runner", here / "lib/weir/weir-runner");
    auto const reconcile = [&](std::vector<std::string> more) {
        std::vector<std::string> all{(here / "bin/weir").string(), "copy", "sqlite:from.db",
                                     "sqlite:to.db", "--stream", "users", "--json",
                                     "--connector-dir",
                                     (built / "../lib/weir/connectors").string()};
        all.insert(all.end(), more.begin(), more.end());
        Process process{all, {.directory = here.string()}};
        return finish(process);
    };
    Sqlite{(here / "from.db").string()}.run(
        "CREATE TABLE users (id integer PRIMARY KEY, name text);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
        "INSERT INTO users SELECT i, 'user ' || i FROM n");
    Ran const copied = reconcile({});
    ASSERT_EQ(copied.code, 0) << copied;
    Sqlite{(here / "from.db").string()}.run(
        "DELETE FROM users WHERE id <= 5; UPDATE users SET name = 'other' WHERE id = 9;"
        "INSERT INTO users VALUES (500, 'new')");
    Ran const ran = reconcile({"--mode", "reconcile", "--compare", "values"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream().at("deleted"), 5) << ran;
    EXPECT_EQ(ran.stream().at("missing"), 1) << ran;
    EXPECT_EQ(ran.stream().at("drifted"), 1) << ran;
    char const all[] = "SELECT * FROM users ORDER BY id";
    EXPECT_EQ(Sqlite{(here / "to.db").string()}.rows(all),
              Sqlite{(here / "from.db").string()}.rows(all));
}

TEST_P(Reconcile, OptionsThatContradictItAreRefused) {
    for (std::vector<std::string> const& more : std::vector<std::vector<std::string>>{
             {"--mode", "reconcile", "--write", "append"},
             {"--mode", "reconcile", "--limit", "5"},
             {"--mode", "full", "--on-delete", "soft"},
             {"--mode", "reconcile", "--max-delete-fraction", "2"}}) {
        Ran const ran = move(more);
        EXPECT_EQ(ran.code, 2) << ran;
    }
}

}  // namespace
}  // namespace weir::test
