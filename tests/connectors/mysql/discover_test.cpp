#include <algorithm>

#include "mysql_test.hpp"

namespace weir::test {
namespace {

using MysqlDiscover = MysqlTest;

TEST_F(MysqlDiscover, NamesTablesAndViewsOfTheDatabase) {
    owner_.run(
        "CREATE TABLE plain (id int PRIMARY KEY);"
        "CREATE TABLE `odd.name` (id int PRIMARY KEY);"
        "CREATE TABLE `_weir_checkpoint` (id int PRIMARY KEY);"
        "CREATE SEQUENCE counting;"
        "CREATE VIEW seen AS SELECT id FROM plain");
    std::vector<std::string> names;
    for (auto const& found : source_->discover()) names.push_back(found.name);
    EXPECT_EQ(names, (std::vector<std::string>{stream("\"odd.name\""), stream("plain"),
                                               stream("seen")}));
    EXPECT_EQ(discover_one("plain").name, stream("plain"));
    EXPECT_EQ(discover_one(stream("\"odd.name\"")).meta["target"], "odd.name");
    EXPECT_EQ(discover_one("_weir_checkpoint").name, stream("_weir_checkpoint"));
    EXPECT_EQ(source_->discover("*lai?").size(), 1u);
    EXPECT_TRUE(source_->discover("PLAIN").empty()) << "names of tables have a case";
}

TEST_F(MysqlDiscover, WithoutADatabaseAllOfThem) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY)");
    std::unique_ptr<testkit::SourceInstance> const all = connect(server_.url(""));
    auto const found = all->discover();
    EXPECT_TRUE(std::ranges::any_of(
        found, [this](auto const& each) { return each.name == stream("t"); }));
    EXPECT_TRUE(std::ranges::none_of(
        found, [](auto const& each) { return each.name.starts_with("mysql."); }));
    EXPECT_TRUE(all->discover("t").empty());
    EXPECT_EQ(all->open({.stream = stream("t")}).rest().size(), 0u);
}

TEST_F(MysqlDiscover, KeysAreUniqueWholeAndNeverNull) {
    owner_.run(
        "CREATE TABLE t (a int NOT NULL, b int NOT NULL, c int, d text NOT NULL,"
        " e varchar(9) NOT NULL, UNIQUE KEY (c), UNIQUE KEY (d(5)), UNIQUE KEY z (e),"
        " KEY (a), PRIMARY KEY (b, a))");
    Json const meta = discover_one("t").meta;
    EXPECT_EQ(meta["keys"], (Json{{"b", "a"}, {"e"}}));
    bool const says = std::ranges::any_of(meta["caveats"], [](Json const& caveat) {
        return caveat.get<std::string>().find("utf8mb4_general_ci") != std::string::npos;
    });
    EXPECT_TRUE(says) << meta["caveats"];
}

TEST_F(MysqlDiscover, RanksCursorsAndSaysWhatTheySee) {
    owner_.run(
        "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, made datetime,"
        " updated_at timestamp(6) NOT NULL DEFAULT current_timestamp(6)"
        " ON UPDATE current_timestamp(6), note text, KEY (updated_at))");
    Json const meta = discover_one("t").meta;
    ASSERT_EQ(meta["tracking"].size(), 3u);
    EXPECT_EQ(meta["tracking"][0]["field"], "updated_at");
    EXPECT_EQ(meta["tracking"][0]["notes"],
              (Json{"indexed", "set by the server when a row is inserted or changed",
                    "never null", "guarantee: settled"}));
    EXPECT_EQ(meta["tracking"][1]["field"], "id");
    EXPECT_EQ(meta["cursors"]["updated_at"],
              (Json{{"kind", "timestamp"},
                    {"updates", true},
                    {"indexed", true},
                    {"nulls", false},
                    {"lookback_helps", true},
                    {"method", "fence"},
                    {"guarantee", "settled"}}));
    EXPECT_EQ(meta["cursors"]["id"]["updates"], false);
    EXPECT_TRUE(meta["cursors"]["note"].is_null());
}

TEST_F(MysqlDiscover, CountsRowsAndTellsOfEnginesWithoutSnapshots) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY) ENGINE=Aria; INSERT INTO t VALUES (1), (2)");
    Json const meta = discover_one("t").meta;
    EXPECT_EQ(meta["rows"], 2);
    bool const says = std::ranges::any_of(meta["caveats"], [](Json const& caveat) {
        return caveat.get<std::string>().find("Aria") != std::string::npos;
    });
    EXPECT_TRUE(says) << meta["caveats"];
}

}  // namespace
}  // namespace weir::test
