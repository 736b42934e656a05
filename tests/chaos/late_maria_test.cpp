// Rows that are committed late (I3) in MariaDB, while eight sessions write and copies run one after
// the other. What everybody writes first runs beside them and loses rows: if it does not, the test
// is broken.
#include <iostream>
#include <memory>

#include "chaos/late_maria_writers.hpp"
#include "chaos/seed.hpp"
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class LateMaria : public testing::Test {
protected:
    /// One way of copying late, with a file of its own.
    struct Way {
        std::string name;
        std::vector<std::string> words;
        bool appends = false;
        int runs = 0;
        std::uint64_t rows = 0, last = 0;
    };

    LateMaria() {
        for (Way const& way : ways)
            if (way.appends)  // without a unique key, so that a doubled row cannot hide
                sink(way).run("CREATE TABLE late (id INTEGER, body TEXT, updated_at TEXT)");
    }
    Sqlite sink(Way const& way) const { return Sqlite{directory / (way.name + ".db")}; }

    /// Every way once, at the same time.
    void copy_all() {
        std::vector<std::unique_ptr<Process>> processes;
        for (Way const& way : ways) {
            std::vector<std::string> words{"copy", server.url(database),
                                           "sqlite:" + directory / (way.name + ".db"), "--json",
                                           "--stream", "late"};
            words.insert(words.end(), way.words.begin(), way.words.end());
            processes.push_back(std::make_unique<Process>(
                weir_command(words), ProcessOptions{.directory = directory.path().string()}));
        }
        for (std::size_t i = 0; i < ways.size(); ++i) {
            Ran const ran = finish(*processes[i]);
            ASSERT_EQ(ran.code, 0) << ways[i].name << ran;
            ++ways[i].runs;
            ways[i].last = ran.stream().at("read").get<std::uint64_t>();
            ways[i].rows += ways[i].last;
        }
    }
    /// Of a cursor that sees no updates only the records themselves are compared.
    Differences differ(Way const& way) {
        bool const sees_all = way.words[1] != "id";
        std::string const more =
            sees_all ? ", body, DATE_FORMAT(updated_at, '%Y-%m-%dT%H:%i:%s.%fZ')"
                     : "";
        std::vector<Record> const source = db.rows("SELECT id" + more + " FROM late");
        if (!way.appends || !sees_all)
            return compare(source, sink(way).rows(sees_all ? "SELECT id, body, updated_at FROM late"
                                                           : "SELECT id FROM late"));
        // Each version is appended: the same one twice is a double, the last one must be there.
        std::vector<Record> const twice = sink(way).rows(
            "SELECT id FROM late GROUP BY id, body, updated_at HAVING count(*) > 1");
        Differences found = compare(
            source, sink(way).rows("SELECT id, body, updated_at FROM late WHERE rowid IN (SELECT"
                                   " max(rowid) FROM late GROUP BY id)"));
        for (Record const& row : twice) found.doubled.push_back(row.at(0).value_or(""));
        return found;
    }

    MariadbServer server;
    std::string const database = server.fresh();
    My db = server.connect_as_owner(database);
    TempDir directory;
    Chance chance;
    std::vector<Way> ways{{"time", {"--cursor", "updated_at", "--batch-rows", "50"}},
                          {"id", {"--cursor", "id", "--batch-rows", "50"}},
                          {"append_time",
                           {"--cursor", "updated_at", "--write", "append", "--batch-rows", "50"},
                           true},
                          {"append_id",
                           {"--cursor", "id", "--write", "append", "--batch-rows", "50"},
                           true}};
};

TEST_F(LateMaria, H2EightWritersLoseNothingAndANaiveReaderDoes) {
    LateMariaWriters writers{server, database, chance.seed(), rounds(12, 150),
                             rounds(3'000, 5'000)};
    NaiveMariaReader by_id{server, database, "id"},
        by_time{server, database, "updated_at, id"};
    do {
        by_id.read();
        by_time.read();
        copy_all();
    } while (writers.busy() && !HasFatalFailure());
    ASSERT_EQ(writers.join(), "");
    by_id.read();
    by_time.read();
    copy_all();
    for (Way const& way : ways) {
        Differences const found = differ(way);
        EXPECT_TRUE(found.none()) << way.name << ": " << found;
        std::cerr << way.name << ": " << way.runs << " runs read " << way.rows << " rows, lost="
                  << found.lost.size() << " phantom=" << found.phantom.size()
                  << " stale=" << found.stale.size() << " doubled=" << found.doubled.size() << "\n";
    }
    copy_all();
    for (Way const& way : ways) EXPECT_EQ(way.last, 0u) << way.name << ": nothing is left";
    std::size_t const lost_by_id = by_id.lost(), lost_by_time = by_time.lost();
    std::cerr << db.one("SELECT count(*) FROM late") << " rows; a naive reader lost " << lost_by_id
              << " by id, " << lost_by_time << " by time\n";
    EXPECT_GT(lost_by_id, 0u);
    EXPECT_GT(lost_by_time, 0u);
}

}  // namespace
}  // namespace weir::test
