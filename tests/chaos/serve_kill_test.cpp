// The server killed with -9 again and again, jobs ticking each second: no row is lost or doubled,
// no tick runs twice, and none goes uncounted. The target has no unique key.
#include <csignal>

#include "chaos/seed.hpp"
#include "chaos/ticks.hpp"
#include "e2e/serve_fixture.hpp"

namespace weir::test {
namespace {

class ServeKill : public Serve {
protected:
    ServeKill() {
        make_users(400);
        for (char const* table : {"a", "b"})
            sink().run("CREATE TABLE " + std::string{table} +
                       " (id INTEGER, name TEXT, updated_at TEXT)");
        host = std::make_unique<WeirServer>(data());
        add_shop(*host);
        host->post("/replication/connections",
                   {{"id", "out"}, {"connector", "sqlite"}, {"config", {{"url", sink_url()}}}});
        for (char const* id : {"a", "b"}) {
            Json job = users_job(id, "* * * * * *");
            job["source"]["batchSize"] = 7;
            job["destination"] = {{"connection", "out"}, {"table", id}, {"mode", "append"}};
            Answer const made = host->post("/replication/jobs", job);
            EXPECT_EQ(made.status, 201u) << made;
        }
    }
    void start(std::map<std::string, std::string> environment = {}) {
        ProcessOptions options;
        options.environment = std::move(environment);
        host = std::make_unique<WeirServer>(data(), std::vector<std::string>{}, options);
    }
    void add_more() {
        add_users(users_ + 1, users_ + 20);
        users_ += 20;
    }
    bool is_equal() { return users_differ("a").none() && users_differ("b").none(); }
    void expect_no_row_twice() {
        for (char const* table : {"a", "b"}) {
            Differences const so_far = users_differ(table);
            EXPECT_TRUE(so_far.phantom.empty() && so_far.stale.empty() && so_far.doubled.empty())
                << table << so_far;
        }
    }
    /// Everything arrives, and the state agrees.
    void expect_all_once() {
        EXPECT_TRUE(eventually([&] { return is_equal(); })) << host->process().output();
        for (char const* job : {"a", "b"}) {
            std::size_t const before = finished(*host, job).size();
            EXPECT_TRUE(eventually([&] { return finished(*host, job).size() >= before + 2; }));
        }
        host->process().kill(SIGTERM);
        EXPECT_EQ(host->process().wait(), 0) << host->process().output();
        for (char const* job : {"a", "b"}) {
            Ticks const ticks = ticks_of(data() + "/state.db", job);
            EXPECT_GT(ticks.fired.size(), 1u);
            EXPECT_TRUE(ticks.all_once()) << job << ": " << ticks;
        }
        EXPECT_TRUE(is_equal());
    }

    std::unique_ptr<WeirServer> host;
    Chance chance;

private:
    int users_ = 400;
};

TEST_F(ServeKill, AtRandomMomentsNoTickDoublesAndNoRowIsLost) {
    for (int round = 0; round < rounds(4, 60); ++round) {
        for (int looks = chance.between(0, 1'500); looks > 0; --looks) host->get("/livez");
        add_more();
        host->process().kill(SIGKILL);
        host->process().wait();
        expect_no_row_twice();
        start();
    }
    expect_all_once();
}

TEST_F(ServeKill, AtACommitOfTheStateNoTickDoublesAndNoRowIsLost) {
    for (int round = 0; round < rounds(4, 60); ++round) {
        host->process().kill(SIGKILL);
        host->process().wait();
        std::string const point = chance.between(0, 1) ? "before" : "after";
        int const pass = chance.between(1, 60);
        add_more();
        try {
            start({{"WEIR_FAILPOINT", "store." + point + "_commit:" + std::to_string(pass)}});
            EXPECT_EQ(host->process().wait(), 128 + SIGKILL) << host->process().output();
        } catch (std::runtime_error const&) {  // it came to the point before it was ready
        }
        expect_no_row_twice();
        start();
    }
    expect_all_once();
}

TEST_F(ServeKill, TheCheckFindsWhatIsWrong) {
    ASSERT_TRUE(eventually([&] { return finished(*host, "a").size() >= 4; }));
    expect_all_once();
    std::string const state = data() + "/state.db";
    Sqlite stored{state};
    std::string const of_a = " topic = 'cron/1:dev.weir.replication/job:a'";
    std::string const third = "(SELECT seq FROM weir_event WHERE" + of_a +
                              " ORDER BY seq LIMIT 1 OFFSET 2)";
    std::string const at = ticks_of(state, "a").fired.at(2);
    stored.run(
        "INSERT INTO weir_event(topic, dedupe_key, data, at) SELECT topic, 'again', data, at FROM "
        "weir_event WHERE seq = " +
        third);
    EXPECT_EQ(ticks_of(state, "a").doubled, std::vector<std::string>{at});
    stored.run("DELETE FROM weir_event WHERE dedupe_key = 'again'");
    EXPECT_TRUE(ticks_of(state, "a").all_once());
    stored.run(
        "UPDATE weir_run SET trigger_json = json_set(trigger_json, '$.scheduled_at', '" + at +
        "') WHERE job = 'a' AND seq = (SELECT max(seq) FROM weir_run WHERE job = 'a')");
    Ticks const reran = ticks_of(state, "a");
    EXPECT_EQ(reran.reran, std::vector<std::string>{at});
    EXPECT_EQ(reran.not_run.size(), 1u);
    stored.run("DELETE FROM weir_event WHERE seq = " + third);
    Ticks const lost = ticks_of(state, "a");
    EXPECT_EQ(lost.lost, 1);
    EXPECT_EQ(lost.unfired.size(), 2u);
}

}  // namespace
}  // namespace weir::test
