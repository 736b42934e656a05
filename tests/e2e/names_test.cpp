// Names as people have them: quoted parts, odd characters, names that differ only in case.
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

using Names = CopyFixture;

TEST_F(Names, H30OddNamesAreKept) {
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

TEST_F(Names, ATargetMayBeNamedWithItsSchemaWhereTheSinkHasSchemas) {
    make_users(5);
    std::string const other = server.fresh();
    Pg there = server.connect_as_owner(other);
    auto const go = [&](std::string const& to, std::string const& url) {
        return weir({"copy", server.url(database), url, "--stream", "public.users", "--cursor",
                     "updated_at", "--to", to, "--json"});
    };
    auto const tables = [&] {
        return there.one("SELECT string_agg(format('%I.%I', schemaname, tablename), ' ' ORDER BY "
                         "schemaname, tablename) FROM pg_tables "
                         "WHERE schemaname IN ('public', 'sales') AND tablename !~ '^_weir'");
    };
    Ran const first = go("sales.o2", server.url(other));
    expect_moved(first, 5, 5);
    EXPECT_EQ(first.stream().at("target"), "o2") << "bare, as it stands there";
    EXPECT_EQ(tables(), "sales.o2");
    expect_moved(go("sales.o2", server.url(other)), 0, 0);
    expect_moved(go("o2", server.url(other)), 5, 5);
    expect_moved(go("\"sales.o2\"", server.url(other)), 5, 5);
    EXPECT_EQ(tables(), "public.o2 public.\"sales.o2\" sales.o2");
    EXPECT_EQ(there.one("SELECT count(*) FROM _weir_checkpoint"), "3") << "each goes on by itself";
    std::string const said =
        expect_failure(go("a.b.c", server.url(other)), 2, "copy.bad_target");
    EXPECT_NE(said.find("--to '\"a.b.c\"'"), std::string::npos) << said;
    Ran const help = weir({"copy", "--help"});
    EXPECT_NE(help.out.find("SCHEMA.TABLE"), std::string::npos) << help;
}

TEST_F(Names, ADotInTheNameOfATargetIsToldWhereTheSinkHasNoSchemas) {
    make_users(5);
    for (std::vector<std::string> const& more :
         {std::vector<std::string>{"--dry-run"}, std::vector<std::string>{}}) {
        std::vector<std::string> line{"--stream", "public.users", "--to", "sales.o2"};
        line.insert(line.end(), more.begin(), more.end());
        Ran const ran = copy(line);
        expect_exit(ran, 0);
        EXPECT_NE(ran.err.find("the table is named \"sales.o2\", with the dot"), std::string::npos)
            << ran;
    }
    Ran const quoted = copy({"--stream", "public.users", "--to", "\"sales.o2\""});
    expect_exit(quoted, 0);
    EXPECT_EQ(quoted.err.find("with the dot"), std::string::npos) << "which says it: " << quoted;
    EXPECT_EQ(sink().tables(), (std::vector<std::string>{"_weir_checkpoint", "sales.o2"}));
}

TEST_F(Names, TwoTargetsOfOneNameAreRefused) {
    db.run(
        "CREATE SCHEMA other; CREATE TABLE users (id int PRIMARY KEY);"
        "CREATE TABLE other.users (id int PRIMARY KEY)");
    Ran const ran = copy({"--stream", "*.users"});
    EXPECT_NE(expect_failure(ran, 2, ran.error_code()).find("other.users"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(sink_path()));
}

TEST_F(Names, H30TablesThatDifferOnlyInCaseAreRefused) {
    db.run(
        "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE \"Users\" (id int PRIMARY KEY);"
        "INSERT INTO users VALUES (1); INSERT INTO \"Users\" VALUES (2)");
    expect_failure(copy({"--stream", "public.*"}), 2, "copy.same_target");
    EXPECT_FALSE(std::filesystem::exists(sink_path())) << "refused before anything is written";
}

TEST_F(Names, H30ColumnsThatDifferOnlyInCaseAreRefused) {
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

TEST_F(Names, H29ManyColumnsAreCopied) {
    std::string columns = "id int PRIMARY KEY";
    for (int i = 0; i < 1500; ++i) columns += ", c" + std::to_string(i) + " int";
    db.run("CREATE TABLE wide (" + columns +
           "); INSERT INTO wide (id, c7, c1499) VALUES (1, 7, 9)");
    expect_moved(copy({"--stream", "public.wide"}), 1, 1);
    EXPECT_EQ(sink().one("SELECT c7 || ' ' || c1499 FROM wide"), "7 9");
}

}  // namespace
}  // namespace weir::test
