#include "postgres_test.hpp"

namespace weir::test {
namespace {

/// A stream that is read in parts.
class PostgresParts : public PostgresTest {
protected:
    using Place = std::vector<std::string>;

    std::vector<Place> places(std::string const& stream, Json const& key, int parts) {
        std::vector<Place> out;
        for (testkit::Record const& record :
             read({.stream = "public." + stream, .select = {{"key", key}, {"cut", parts}}})) {
            Place& place = out.emplace_back();
            for (std::optional<std::string> const& value : record) place.push_back(value.value());
        }
        return out;
    }
    static ReadRequest part(std::string const& stream, Json const& key, Place const& above,
                            Place const& upto) {
        ReadRequest request{.stream = "public." + stream, .select = {{"key", key}}};
        if (!above.empty()) request.select["above"] = above;
        if (!upto.empty()) request.select["upto"] = upto;
        return request;
    }
    /// The records of all parts, and how many each has.
    std::pair<Records, std::vector<std::size_t>> read_parts(std::string const& stream,
                                                            Json const& key,
                                                            std::vector<Place> const& places) {
        Records all;
        std::vector<std::size_t> sizes;
        for (std::size_t i = 0; i <= places.size(); ++i) {
            Records some = read(part(stream, key, i ? places[i - 1] : Place{},
                                     i < places.size() ? places[i] : Place{}));
            sizes.push_back(some.size());
            all.insert(all.end(), some.begin(), some.end());
        }
        return {all, sizes};
    }
};

TEST_F(PostgresParts, AreOfAboutOneSizeAndHoldEachRecordOnce) {
    // Keys come in no order, and values of the first field again and again.
    owner_.run("CREATE TABLE big (region text, n int, filler text, PRIMARY KEY (region, n));"
               "INSERT INTO big SELECT 'Süd''' || i % 3, i * 7919 % 60013, repeat('x', 400)"
               " FROM generate_series(1, 60000) i");
    Json const key{"region", "n"};
    std::vector<Place> const cut = places("big", key, 4);
    ASSERT_EQ(cut.size(), 3u);
    auto const [all, sizes] = read_parts("big", key, cut);
    EXPECT_EQ(all, read({.stream = "public.big", .select = {{"key", key}}}));
    for (std::size_t const size : sizes) EXPECT_NEAR(static_cast<double>(size), 15000, 3000);
    EXPECT_LT(places("big", key, 64).size(), 16u) << "no part is too small to be worth a session";
}

TEST_F(PostgresParts, OfAPartitionedTableGoAcrossItsPartitions) {
    owner_.run("CREATE TABLE split (id bigint PRIMARY KEY, filler text) PARTITION BY HASH (id);"
               "CREATE TABLE split_0 PARTITION OF split FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
               "CREATE TABLE split_1 PARTITION OF split FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
               "INSERT INTO split SELECT i, repeat('x', 400) FROM generate_series(1, 40000) i");
    Json const key{"id"};
    std::vector<Place> const cut = places("split", key, 3);
    ASSERT_EQ(cut.size(), 2u);
    auto const [all, sizes] = read_parts("split", key, cut);
    EXPECT_EQ(all.size(), 40000u);
    EXPECT_EQ(all, read({.stream = "public.split", .select = {{"key", key}}}));
}

// The end of the places tells where the delta stands; of several servers another one may answer for
// the parts, and lag behind that.
TEST_F(PostgresParts, OfADeltaComeWithItsPositionAndFromOneServerAlone) {
    owner_.run("CREATE TABLE big (id bigserial PRIMARY KEY, filler text);"
               "INSERT INTO big (filler) SELECT repeat('x', 400) FROM generate_series(1, 40000)");
    ReadRequest const asked{.stream = "public.big",
                            .mode = WEIR_READ_DELTA,
                            .select = {{"key", {"id"}}, {"tracking", "id"}, {"cut", 3}}};
    Run const cut = run(asked);
    EXPECT_EQ(cut.records.size(), 2u);
    ReadRequest behind = asked;
    behind.select.erase("cut");
    behind.cursor = cut.cursor;
    EXPECT_EQ(read(behind).size(), 0u);
    owner_.run("INSERT INTO big (filler) VALUES ('new')");
    EXPECT_EQ(firsts(read(behind)), std::vector<std::string>{"40001"});
    std::string const port = std::to_string(server_.port());
    std::string two = server_.url(database_);
    two.replace(two.find(':' + port), port.size() + 1, ':' + port + ",127.0.0.1:" + port);
    source_ = connect(two);
    Run const whole = run(asked);
    EXPECT_EQ(whole.records.size(), 0u);
    EXPECT_EQ(whole.cursor, "");
}

TEST_F(PostgresParts, BeginBehindOnePlaceAndEndAtTheOther) {
    owner_.run("CREATE TABLE t (id numeric PRIMARY KEY);"
               "INSERT INTO t SELECT i FROM generate_series(1, 10) i");
    Json const key{"id"};
    using Firsts = std::vector<std::string>;
    EXPECT_EQ(firsts(read(part("t", key, {"3"}, {"7"}))), (Firsts{"4", "5", "6", "7"}));
    EXPECT_EQ(firsts(read(part("t", key, {}, {"2"}))), (Firsts{"1", "2"}));
    EXPECT_EQ(firsts(read(part("t", key, {"9"}, {}))), Firsts{"10"});
    // Cut off, it goes on in its own bounds.
    ReadRequest request = part("t", key, {"3"}, {"7"});
    request.rows_max = 2;
    EXPECT_EQ(firsts(run_with_kills(request).records), (Firsts{"4", "5", "6", "7"}));
}

TEST_F(PostgresParts, AreNotMadeWhereNothingIsGained) {
    owner_.run("CREATE TABLE small (id bigint PRIMARY KEY); INSERT INTO small VALUES (1), (2), (3);"
               "CREATE TABLE empty (id bigint PRIMARY KEY);"
               "CREATE VIEW seen AS SELECT i AS id FROM generate_series(1, 3) i");
    owner_.run("CREATE TABLE tree (id bigint PRIMARY KEY, parent bigint REFERENCES tree, filler"
               " text); INSERT INTO tree SELECT i, nullif(i / 2, 0), repeat('x', 400) FROM"
               " generate_series(1, 40000) i");
    for (char const* stream : {"small", "empty", "seen", "tree"})
        EXPECT_TRUE(places(stream, {"id"}, 2).empty()) << stream;
    testkit::Failure const none =
        failure([&] { read({.stream = "public.small", .select = {{"cut", 2}}}); });
    EXPECT_EQ(none.status, WEIR_E_CONFIG) << none.what();
}

}  // namespace
}  // namespace weir::test
