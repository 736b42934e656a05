// Every library of a server replaced again and again while jobs tick each second, rows come, and
// somebody asks: no run fails, no row is lost or doubled (the target has no unique key), no tick is
// lost, doubled or counted as missed. That the checks find what they look for is shown beside
// serve_kill and kill.
#include <atomic>
#include <csignal>
#include <iostream>
#include <thread>

#include "chaos/seed.hpp"
#include "chaos/ticks.hpp"
#include "e2e/serve_fixture.hpp"

namespace weir::test {
namespace {

/// Somebody who asks without a pause until told to stop.
class Asking {
public:
    explicit Asking(WeirServer const& host)
        : thread_{[this, &host] {
              for (char const* path = "/runs?limit=5"; !is_over_;
                   path = path[1] == 'r' ? "/cron/events?limit=5" : "/runs?limit=5") {
                  Answer const answer = host.get(path);
                  ++(answer.status == 200 ? answered : answer.status == 503 ? put_off : refused);
              }
          }} {}
    ~Asking() { stop(); }
    void stop() {
        is_over_ = true;
        if (thread_.joinable()) thread_.join();
    }

    std::atomic<int> answered{0}, put_off{0}, refused{0};

private:
    std::atomic<bool> is_over_{false};
    std::thread thread_;
};

class ServeSwap : public Serve {
protected:
    ServeSwap() {
        make_users(400);
        for (char const* table : {"a", "b"})
            sink().run("CREATE TABLE " + std::string{table} +
                       " (id INTEGER, name TEXT, updated_at TEXT)");
    }
    void make_jobs(WeirServer& host) {
        add_shop(host);
        host.post("/replication/connections",
                  {{"id", "out"}, {"connector", "sqlite"}, {"config", {{"url", sink_url()}}}});
        for (char const* id : {"a", "b"}) {
            Json job = users_job(id, "* * * * * *");
            job["source"]["batchSize"] = 7;
            job["destination"] = {{"connection", "out"}, {"table", id}, {"mode", "append"}};
            Answer const made = host.post("/replication/jobs", job);
            ASSERT_EQ(made.status, 201u) << made;
        }
        Json made_up{{"id", "made"},
                     {"source", {{"url", "generator:rows=3000"}, {"batchSize", 50}}},
                     {"destination", {{"connection", "local"}, {"table", "made"}}},
                     {"schedule", "* * * * * *"}};
        Answer const made = host.post("/replication/jobs", made_up);
        ASSERT_EQ(made.status, 201u) << made;
    }
    static std::size_t runs(WeirServer& host, std::string const& status) {
        return host.get("/runs?limit=1000&status=" + status).body.at("items").size();
    }
    bool is_equal() { return users_differ("a").none() && users_differ("b").none(); }
};

TEST_F(ServeSwap, OfEveryLibraryUnderLoadLosesAndDoublesNothing) {
    WeirServer host{data()};
    make_jobs(host);
    for (char const* job : {"a", "b", "made"})
        ASSERT_TRUE(eventually([&] { return !finished(host, job).empty(); })) << job;
    int users = 400, swaps = 0;
    std::chrono::milliseconds longest{0};
    {
        Asking asking{host};
        for (int round = 0; round < rounds(5, 100); ++round) {
            add_users(users + 1, users + 60);
            users += 60;
            for (char const* id : {"postgres", "cron", "sqlite", "replication", "generator"}) {
                auto const began = std::chrono::steady_clock::now();
                Answer const swapped = host.post(std::string{"/plugins/"} + id + "/reload");
                EXPECT_EQ(swapped.status, 200u) << id << ": " << swapped;
                longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                                std::chrono::steady_clock::now() - began));
                ++swaps;
            }
        }
        asking.stop();
        EXPECT_GT(asking.answered, swaps);
        EXPECT_EQ(asking.refused, 0) << "503 is the only other answer to who asks meanwhile";
        std::cout << swaps << " swaps, the longest " << longest.count() << " ms; "
                  << asking.answered << " requests answered, " << asking.put_off << " put off\n";
    }
    EXPECT_TRUE(eventually([&] { return is_equal(); })) << users_differ("a") << users_differ("b");
    for (char const* job : {"a", "b", "made"}) {
        std::size_t const before = finished(host, job).size();
        EXPECT_TRUE(eventually([&] { return finished(host, job).size() >= before + 2; })) << job;
    }
    for (char const* status : {"failed", "partial", "cancelled", "retrying"})
        EXPECT_EQ(runs(host, status), 0u) << status << host.get("/runs?status=failed&limit=3");
    host.process().kill(SIGTERM);
    EXPECT_EQ(host.process().wait(), 0) << host.process().output();
    Sqlite state{data() + "/state.db"};
    for (std::string const job : {"a", "b", "made"}) {
        Ticks const ticks = ticks_of(data() + "/state.db", job);
        EXPECT_TRUE(ticks.all_once()) << job << ": " << ticks;
        std::string const of_job =
            " FROM weir_event WHERE topic = 'cron/1:dev.weir.replication/job:" + job + "'";
        EXPECT_EQ(state.one("SELECT sum(json_extract(data, '$.missed'))" + of_job), "0") << job;
        std::cout << job << ": " << ticks.fired.size() << " ticks, the latest by "
                  << state.one("SELECT max(at / 1000 - 1000 * "
                               "unixepoch(json_extract(data, '$.scheduled_at')))" +
                               of_job)
                  << " ms\n";
    }
    EXPECT_TRUE(is_equal()) << users_differ("a") << users_differ("b");
    EXPECT_EQ(local().one("SELECT count(*) || ' ' || count(DISTINCT id) FROM made"), "3000 3000");
}

}  // namespace
}  // namespace weir::test
