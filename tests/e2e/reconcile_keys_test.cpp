// weir copy --mode reconcile between two databases of PostgreSQL, for each kind of key: what is too
// much and what is missing is found alike, whether keys are met as they come or staged.
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

struct Key {
    char const* name;
    char const* columns;  ///< of the table
    char const* values;   ///< of the row number i, from -150 to 149
    char const* key = "k";
};

class ReconcileKeys : public testing::TestWithParam<Key> {
protected:
    Ran move(std::vector<std::string> more) {
        std::vector<std::string> all{"copy", server.url(from), server.url(to), "--stream",
                                     "public.things", "--json"};
        all.insert(all.end(), more.begin(), more.end());
        return weir(all, {.directory = directory.path().string()});
    }
    std::vector<Record> content(Pg& side) {
        return side.rows("SELECT t::text FROM things t ORDER BY n");
    }

    PostgresServer& server = PostgresServer::shared();
    std::string const from = server.fresh(), to = server.fresh();
    Pg source = server.connect_as_owner(from), target = server.connect_as_owner(to);
    TempDir directory;
};

INSTANTIATE_TEST_SUITE_P(
    Keys, ReconcileKeys,
    testing::Values(
        Key{"int2", "k int2", "i * 200"}, Key{"int4", "k int4", "i * 14000000"},
        Key{"int8", "k int8", "i * 61000000000000000"},
        Key{"uuid", "k uuid", "md5(i::text)::uuid"},
        Key{"date", "k date",
            "CASE i WHEN 149 THEN 'infinity' ELSE date '2000-01-01' + i * 4000 END"},
        Key{"timestamp", "k timestamp", "timestamp '2000-01-01' + i * interval '1 hour 1 us'"},
        Key{"timestamptz", "k timestamptz", "timestamptz '1970-01-01' + i * interval '99 days'"},
        Key{"composite", "a int4, b uuid, c int2", "i / 10, md5(i::text)::uuid, -i", "a, b, c"},
        Key{"mixed", "a int8, b text", "i / 10, chr(200 - i % 10) || i", "a, b"},
        Key{"text", "k text", "chr(250 + i % 13) || (i % 2) || i"},
        Key{"numeric", "k numeric", "i / 7.0 + i * 10000000000000000000000"},
        Key{"bytea", "k bytea", "decode(md5(i::text), 'hex')"},
        Key{"boolean", "a boolean, b int4", "i > 0, i", "a, b"}),
    [](auto const& of) { return std::string{of.param.name}; });

TEST_P(ReconcileKeys, WhatIsTooMuchAndWhatIsMissingIsFound) {
    Key const& key = GetParam();
    std::string const values = std::string{"SELECT i, "} + key.values + " FROM generate_series";
    source.run(std::string{"CREATE TABLE things (n int, "} + key.columns + ", PRIMARY KEY (" +
               key.key + ")); INSERT INTO things " + values + "(-140, 149) i");
    Ran const copied = move({});
    ASSERT_EQ(copied.code, 0) << copied;
    Ran const equal = move({"--mode", "reconcile"});
    ASSERT_EQ(equal.code, 0) << equal;
    EXPECT_EQ(equal.stream().at("checked"), 290) << equal;
    EXPECT_EQ(equal.stream().at("extra"), 0) << equal;
    EXPECT_EQ(equal.stream().at("missing"), 0) << equal;

    target.run("INSERT INTO things " + values + "(-150, -141) i");
    source.run("DELETE FROM things WHERE n IN (-140, 0, 77, 149)");
    target.run("DELETE FROM things WHERE n IN (-139, 5, 148)");
    Ran const ran = move({"--mode", "reconcile"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream().at("extra"), 14) << ran;
    EXPECT_EQ(ran.stream().at("deleted"), 14) << ran;
    EXPECT_EQ(ran.stream().at("missing"), 3) << ran;
    EXPECT_EQ(ran.stream().at("read"), 286 + 3) << "all keys and three records: " << ran;
    EXPECT_EQ(content(target), content(source));
}

// Equal is what the database takes for equal.
TEST(ReconcileKeysAlike, WhatTheDatabaseTakesForOneIsOne) {
    PostgresServer& server = PostgresServer::shared();
    std::string const from = server.fresh(), to = server.fresh();
    Pg source = server.connect_as_owner(from), target = server.connect_as_owner(to);
    source.run("CREATE TABLE things (k numeric PRIMARY KEY);"
               "INSERT INTO things VALUES (1.0), (2.50), (3)");
    TempDir directory;
    auto const move = [&](std::vector<std::string> more) {
        std::vector<std::string> all{"copy", server.url(from), server.url(to), "--stream",
                                     "public.things", "--json"};
        all.insert(all.end(), more.begin(), more.end());
        return weir(all, {.directory = directory.path().string()});
    };
    ASSERT_EQ(move({}).code, 0);
    target.run("UPDATE things SET k = 1.000 WHERE k = 1; UPDATE things SET k = 2.5 WHERE k = 2.5");
    Ran const ran = move({"--mode", "reconcile"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.stream().at("extra"), 0) << ran;
    EXPECT_EQ(ran.stream().at("missing"), 0) << ran;
}

}  // namespace
}  // namespace weir::test
