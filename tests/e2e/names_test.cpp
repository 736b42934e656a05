// Names as people have them: quoted parts, odd characters, names that differ only in case, drift.
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

using Names = CopyFixture;

TEST_F(Names, OddNamesAreKept) {
    db.run(
        "CREATE SCHEMA \"My Schema\";"
        "CREATE TABLE \"My Schema\".\"odd.name \"\"é😀\"\" select\" "
        "(\"the id\" int PRIMARY KEY, \"select\" text, \"a\"\"b\" text, \"sémantique.x\" int);"
        "INSERT INTO \"My Schema\".\"odd.name \"\"é😀\"\" select\" VALUES (1, 'a', 'b', 3)");
    Ran const ran = copy({"--stream", "\"My Schema\".\"odd.name \"\"é😀\"\" select\""});
    expect_moved(ran, 1, 1);
    EXPECT_EQ(ran.stream().at("target"), "odd.name \"é😀\" select");
    EXPECT_EQ(sink().rows("SELECT \"the id\", \"select\", \"a\"\"b\", \"sémantique.x\" "
                          "FROM \"odd.name \"\"é😀\"\" select\""),
              (std::vector<Record>{{"1", "a", "b", "3"}}));
}

TEST_F(Names, WildcardsInsideQuotesAreThemselves) {
    db.run(
        "CREATE TABLE \"a*\" (id int PRIMARY KEY); CREATE TABLE ab (id int PRIMARY KEY);"
        "INSERT INTO \"a*\" VALUES (1)");
    Ran const quoted = copy({"--stream", "public.\"a*\""});
    expect_moved(quoted, 1, 1);
    Ran const pattern = copy({"--stream", "public.a?"});
    expect_exit(pattern, 0);
    EXPECT_EQ(pattern.json.at("streams").size(), 2u) << pattern;
}

TEST_F(Names, TwoTargetsOfOneNameAreRefused) {
    db.run(
        "CREATE SCHEMA other; CREATE TABLE users (id int PRIMARY KEY);"
        "CREATE TABLE other.users (id int PRIMARY KEY)");
    Ran const ran = copy({"--stream", "*.users"});
    EXPECT_NE(expect_failure(ran, 2, ran.error_code()).find("other.users"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(sink_path()));
}

TEST_F(Names, TablesThatDifferOnlyInCaseAreRefused) {
    db.run(
        "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE \"Users\" (id int PRIMARY KEY);"
        "INSERT INTO users VALUES (1); INSERT INTO \"Users\" VALUES (2)");
    expect_failure(copy({"--stream", "public.*"}), 2, "copy.same_target");
    EXPECT_FALSE(std::filesystem::exists(sink_path())) << "refused before anything is written";
}

TEST_F(Names, ColumnsThatDifferOnlyInCaseAreRefused) {
    db.run(
        "CREATE TABLE users (id int PRIMARY KEY, a int, \"A\" int);"
        "INSERT INTO users VALUES (1, 2, 3)");
    expect_failure(copy({"--stream", "public.users"}), 2, "sqlite.name_clash");
    EXPECT_FALSE(sink().has_table("users"));
}

TEST_F(Names, WeirsOwnTableIsNoTarget) {
    make_users(3);
    for (char const* name : {"_weir_checkpoint", "sqlite_master"})
        expect_failure(copy({"--stream", "public.users", "--to", name}), 2, "sqlite.reserved_name");
}

TEST_F(Names, AColumnOfWeirsOwnNameIsRefused) {
    db.run("CREATE TABLE t (id int PRIMARY KEY, _weir_x int)");
    expect_failure(copy({"--stream", "public.t"}), 2, "sqlite.reserved_name");
}

TEST_F(Names, FieldsWithACommaStandInQuotes) {
    db.run(
        "CREATE TABLE t (\"a,b\" int, \"say \"\"x\"\"\" int, c int, d int); "
        "INSERT INTO t VALUES (1, 2, 3, 4)");
    Ran const ran = copy({"--stream", "public.t", "--fields", "\"a,b\",say \"x\"", "--fields", "c",
                          "--key", "\"a,b\",c"});
    expect_moved(ran, 1, 1);
    EXPECT_EQ(sink().rows("SELECT * FROM t"), (std::vector<Record>{{"1", "2", "3"}}));
    std::string const said =
        expect_failure(copy({"--stream", "public.t", "--fields", "\"a,b"}), 2, "usage");
    EXPECT_NE(said.find("not closed"), std::string::npos) << said;
    std::string const needed = expect_failure(
        copy({"--stream", "public.t", "--fields", "c,d", "--key", "\"a,b\"", "--to", "u"}), 2,
        "copy.field_needed");
    EXPECT_NE(needed.find("--fields '\"a,b\",c,d'"), std::string::npos) << needed;
}

TEST_F(Names, ASuggestedNameIsOneWordOfAShell) {
    db.run("CREATE TABLE \"it's odd\" (id int); CREATE TABLE \"it's odder\" (id int)");
    std::string const said = expect_failure(copy({}), 2, "copy.no_stream");
    EXPECT_NE(said.find(R"(--stream 'public."it'\''s odd"')"), std::string::npos) << said;
}

TEST_F(Names, ManyColumnsAreCopied) {
    std::string columns = "id int PRIMARY KEY";
    for (int i = 0; i < 1500; ++i) columns += ", c" + std::to_string(i) + " int";
    db.run("CREATE TABLE wide (" + columns +
           "); INSERT INTO wide (id, c7, c1499) VALUES (1, 7, 9)");
    expect_moved(copy({"--stream", "public.wide"}), 1, 1);
    EXPECT_EQ(sink().one("SELECT c7 || ' ' || c1499 FROM wide"), "7 9");
}

class Drift : public CopyFixture {
protected:
    Drift() {
        make_users(10);
        expect_moved(copy(by_time), 10, 10);
    }
    void expect_stopped(std::string const& column) {
        std::string const before = sink().one("SELECT cursor FROM _weir_checkpoint");
        Ran const ran = copy(by_time);
        EXPECT_NE(expect_failure(ran, 1, ran.error_code()).find(column), std::string::npos) << ran;
        EXPECT_EQ(sink().one("SELECT cursor FROM _weir_checkpoint"), before) << "position kept";
        EXPECT_EQ(sink().one("SELECT count(*) FROM users WHERE name LIKE 'user %'"), "10");
    }
    std::vector<std::string> const by_time{"--stream", "public.users", "--cursor", "updated_at"};
};

TEST_F(Drift, AColumnAddedIsAdded) {
    db.run("ALTER TABLE users ADD colour text");
    db.run("INSERT INTO users VALUES (11, 'user 11', timestamptz '2025-01-01Z', 'red')");
    expect_moved(copy(by_time), 1, 1);
    EXPECT_EQ(sink().rows("SELECT id, colour FROM users WHERE id >= 10 ORDER BY id"),
              (std::vector<Record>{{"10", std::nullopt}, {"11", "red"}}));
}

TEST_F(Drift, AColumnDroppedStopsTheRun) {
    db.run("ALTER TABLE users DROP name");
    expect_stopped("name");
}

TEST_F(Drift, AColumnRenamedStopsTheRun) {
    db.run("ALTER TABLE users RENAME name TO label");
    expect_stopped("name");
}

TEST_F(Drift, AColumnRetypedStopsTheRun) {
    db.run("ALTER TABLE users ALTER name TYPE bytea USING name::bytea");
    expect_stopped("name");
}

TEST_F(Drift, AnotherPrimaryKeyStopsTheRunAndSaysWhatToDo) {
    db.run("ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (name)");
    for (std::vector<std::string> const& arguments :
         {by_time, std::vector<std::string>{"--stream", "public.users", "--mode", "full"}}) {
        std::string const said = expect_failure(copy(arguments), 1, "copy.key_changed");
        EXPECT_NE(said.find("by its key id, now its key is name"), std::string::npos) << said;
        EXPECT_NE(said.find("--to"), std::string::npos) << said;
        EXPECT_NE(said.find("--key"), std::string::npos) << said;
    }
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "10");
    expect_moved(copy({"--stream", "public.users", "--to", "anew"}), 10, 10);
    expect_users_equal("anew");
    add_users(11, 12);
    expect_moved(copy({"--stream", "public.users", "--mode", "full", "--key", "id"}), 12, 12);
    expect_users_equal();
}

TEST_F(Drift, AfterItIsMendedTheRunGoesOn) {
    db.run("ALTER TABLE users RENAME name TO label");
    expect_stopped("name");
    db.run("ALTER TABLE users RENAME label TO name");
    add_users(11, 12);
    expect_moved(copy(by_time), 2, 2);
    expect_users_equal();
}

TEST_F(Drift, AColumnOnlyTheSinkHasIsLeftAlone) {
    sink().run("ALTER TABLE users ADD COLUMN note TEXT; UPDATE users SET note = 'mine'");
    add_users(11, 12);
    expect_moved(copy(by_time), 2, 2);
    expect_users_equal();
    EXPECT_EQ(sink().one("SELECT count(*) FROM users WHERE note = 'mine'"), "10");
}

TEST_F(Drift, AColumnDroppedInTheSinkStopsTheRun) {
    sink().run("ALTER TABLE users DROP COLUMN name");
    add_users(11, 12);
    std::string const said = expect_failure(copy(by_time), 1, "sqlite.column_missing");
    EXPECT_NE(said.find("\"name\", which the last run wrote"), std::string::npos) << said;
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "10");
}

}  // namespace
}  // namespace weir::test
