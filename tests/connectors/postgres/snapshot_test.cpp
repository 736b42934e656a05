#include <thread>

#include "postgres_test.hpp"

namespace weir::test {
namespace {

/// Reads of one name see one state.
class PostgresSnapshot : public PostgresTest {
protected:
    PostgresSnapshot() {
        owner_.run("CREATE TABLE a (id bigint PRIMARY KEY); INSERT INTO a VALUES (1);"
                   "CREATE TABLE b (id bigint PRIMARY KEY); INSERT INTO b VALUES (1)");
    }
    static ReadRequest of(std::string const& stream, std::string const& name) {
        return {.stream = "public." + stream,
                .select = {{"key", {"id"}}, {"snapshot", name}}};
    }
    std::size_t count(ReadRequest const& request) { return read(request).size(); }
};

TEST_F(PostgresSnapshot, IsWhatItWasAsLongAsItsFirstReadIsOpen) {
    {
        testkit::Reader const first = source_->open(of("a", "x"));
        owner_.run("INSERT INTO b VALUES (2)");
        EXPECT_EQ(count(of("b", "x")), 1u);
        EXPECT_EQ(count(of("b", "x")), 1u) << "any number of times";
        EXPECT_EQ(count(of("b", "y")), 2u) << "another name, another moment";
        EXPECT_EQ(count({.stream = "public.b", .select = {{"key", {"id"}}}}), 2u);
    }
    EXPECT_EQ(count(of("b", "x")), 2u) << "made anew";
}

TEST_F(PostgresSnapshot, IsMissedWhenItsSessionEnds) {
    testkit::Reader const first = source_->open(of("a", "x"));
    admin("SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE"
          " datname = current_database() AND state = 'idle in transaction'");
    testkit::Failure const lost = failure([&] { source_->open(of("b", "x")); });
    EXPECT_EQ(lost.status, WEIR_E_IO);
    EXPECT_EQ(lost.code, "source.snapshot_lost") << lost.what();
}

// The server sees no circle: the first read waits for nothing.
TEST_F(PostgresSnapshot, IsGivenUpWhereSomebodyWaitsForIt) {
    std::optional<testkit::Reader> first{source_->open(of("a", "x"))};
    Pg changing = server_.connect_as_owner(database_);
    std::thread waiting{[&] { changing.run("ALTER TABLE a ADD COLUMN n int"); }};
    while (owner_.one("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0")
        std::this_thread::yield();
    testkit::Failure const lost = failure([&] { source_->open(of("a", "x")); });
    testkit::Failure const uncut = failure([&] {
        source_->open({.stream = "public.a", .select = {{"key", {"id"}}, {"cut", 2}}});
    });
    EXPECT_EQ(uncut.code, "source.snapshot_lost") << "nor is its cut waited for " << uncut.what();
    ReadRequest part = of("b", "x");
    part.select["above"] = {"0"};
    EXPECT_EQ(count(part), 1u) << "of a table that nobody waits for";
    first.reset();
    waiting.join();
    EXPECT_EQ(lost.status, WEIR_E_IO);
    EXPECT_EQ(lost.code, "source.snapshot_lost") << lost.what();
    EXPECT_EQ(count(of("a", "x")), 1u) << "made anew";
}

// A table that is younger than the snapshot looks empty to it, and no error of the server says so.
TEST_F(PostgresSnapshot, DoesNotTakeATableThatWasReplacedForAnEmptyOne) {
    owner_.run("CREATE TABLE other (id bigint PRIMARY KEY); INSERT INTO other VALUES (1);"
               "CREATE TABLE parts (id bigint PRIMARY KEY) PARTITION BY RANGE (id);"
               "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9)");
    testkit::Reader const first = source_->open(of("a", "x"));
    for (auto const& [change, stream] : std::vector<std::pair<char const*, char const*>>{
             {"TRUNCATE b; INSERT INTO b VALUES (7)", "b"},
             {"ALTER TABLE other RENAME TO old; CREATE TABLE other (id bigint PRIMARY KEY);"
              "INSERT INTO other VALUES (7)",
              "other"},
             {"TRUNCATE part; INSERT INTO part VALUES (7)", "parts"}}) {
        owner_.run(change);
        testkit::Failure const refused = failure([&] { source_->open(of(stream, "x")); });
        EXPECT_EQ(refused.status, WEIR_E_IO) << change;
        EXPECT_EQ(refused.code, "postgres.rewritten") << change << refused.what();
        EXPECT_EQ(count(of(stream, "y")), 1u) << "at a moment behind it";
    }
}

TEST_F(PostgresSnapshot, SaysWhichStreamsAStreamReferences) {
    owner_.run("CREATE TABLE \"odd.name\" (x bigint, y bigint NOT NULL, self bigint,"
               " PRIMARY KEY (y), FOREIGN KEY (self) REFERENCES \"odd.name\");"
               "ALTER TABLE \"odd.name\" ADD FOREIGN KEY (x) REFERENCES a,"
               " ADD FOREIGN KEY (y) REFERENCES b");
    EXPECT_EQ(discover_one("public.\"odd.name\"").meta["references"],
              Json::parse(R"([{"fields":["x"],"stream":"public.a","nullable":true},
                              {"fields":["y"],"stream":"public.b","nullable":false}])"));
    EXPECT_EQ(discover_one("public.a").meta["references"], Json::array());
}

}  // namespace
}  // namespace weir::test
