// The server while its disk is full, and while sources of some of its jobs are away.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <set>

#include "chaos/seed.hpp"
#include "chaos/ticks.hpp"
#include "e2e/serve_fixture.hpp"
#include "support/small_disk.hpp"
#include "support/tcp_gate.hpp"

namespace weir::test {
namespace {

/// Takes all the room that is left where `path` lies.
void fill_disk(std::string const& path) {
    int const file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    std::string const page(4096, 'x');
    while (::write(file, page.data(), page.size()) > 0) {
    }
    ::close(file);
}

class ServeOnFullDisk : public Serve {
protected:
    ServeOnFullDisk() {
        make_users(300);
        sink().run("CREATE TABLE users (id INTEGER, name TEXT, updated_at TEXT)");
    }
    void make_job(WeirServer& host) {
        add_shop(host);
        host.post("/replication/connections",
                  {{"id", "out"}, {"connector", "sqlite"}, {"config", {{"url", sink_url()}}}});
        Json job = users_job("users", "* * * * * *");
        job["destination"] = {{"connection", "out"}, {"table", "users"}, {"mode", "append"}};
        Answer const made = host.post("/replication/jobs", job);
        ASSERT_EQ(made.status, 201u) << made;
    }
    /// Adds an event of 30 KiB; keeps its name when the server said that it is stored.
    Answer add_event(WeirServer& host) {
        std::string const name = "e" + std::to_string(asked_++);
        Json const payload{{"x", std::string(30'000, 'x')}};
        Answer const answer = host.post(
            "/cron/events", {{"name", name}, {"schedule", "@yearly"}, {"payload", payload}});
        if (answer.status == 201) stored.insert(name);
        return answer;
    }
    std::set<std::string> listed(WeirServer& host) {
        std::set<std::string> names;
        Answer const all = host.get("/cron/events?owner=user&limit=1000");
        for (Json const& event : all.body.at("items")) names.insert(event.at("name"));
        return names;
    }

    // The server keeps copies of its libraries there; a sanitizer makes them ten times as large.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SmallDisk disk{96u << 20};
#else
    SmallDisk disk{8u << 20};
#endif
    std::string const state = disk / "data";
    std::set<std::string> stored;

private:
    int asked_ = 0;
};

TEST_F(ServeOnFullDisk, ReadsGoOnWritesSaySoAndWorkResumesByItself) {
    if (!disk.is_mounted()) {
        std::cout << "no file system can be mounted here: nothing was tested\n";
        return;
    }
    WeirServer host{state};
    make_job(host);
    int users = 300;
    for (int round = 0; round < rounds(2, 20); ++round) {
        std::size_t const before = finished(host, "users").size();
        ASSERT_TRUE(eventually([&] { return finished(host, "users").size() > before; }))
            << host.process().output();
        fill_disk(disk / "filler");
        Answer refused;
        ASSERT_TRUE(eventually([&] { return (refused = add_event(host)).status >= 300; }));
        EXPECT_EQ(refused.status, 503u) << refused;
        EXPECT_EQ(refused.code(), "store.disk_full") << refused;
        EXPECT_GE(std::stoi(refused.headers["retry-after"]), 1) << refused;
        for (char const* path : {"/livez", "/replication/jobs", "/runs", "/cron/events", "/plugins",
                                 "/replication/jobs/users/status", "/metrics"})
            EXPECT_EQ(host.get(path).status, 200u) << path;
        EXPECT_EQ(listed(host), stored);
        Answer ready;
        EXPECT_TRUE(eventually([&] {
            fill_disk(disk / "filler");  // what a checkpoint gave back
            return (ready = host.get("/readyz?verbose")).status == 503;
        }));
        EXPECT_NE(ready.text.find("disk"), std::string::npos) << ready;
        add_users(users + 1, users + 50);
        users += 50;
        std::filesystem::remove(disk / "filler");
        EXPECT_TRUE(eventually([&] { return host.get("/readyz").status == 200; }));
        EXPECT_EQ(add_event(host).status, 201u);
        EXPECT_TRUE(eventually([&] { return users_differ().none(); }))
            << users_differ() << host.get("/runs?limit=3") << host.process().output();
        EXPECT_EQ(listed(host), stored);
    }
    host.process().kill(SIGTERM);
    EXPECT_EQ(host.process().wait(), 0) << host.process().output();
    Ticks const ticks = ticks_of(state + "/state.db", "users");
    EXPECT_TRUE(ticks.all_once()) << ticks;
    expect_users_equal();
}

class SourcesDown : public Serve {
protected:
    static constexpr std::size_t count = 3;

    SourcesDown() {
        make_users(100);
        for (std::size_t i = 0; i < count; ++i)
            gates.push_back(std::make_unique<TcpGate>(server.port()));
    }
    void make_jobs(WeirServer& host) {
        add_shop(host);
        ASSERT_EQ(host.post("/replication/jobs", users_job("well", "* * * * * *")).status, 201u);
        for (std::size_t i = 0; i < count; ++i) {
            std::string const id = name(i);
            std::string const url = "postgres://weir:" + std::string{PostgresServer::password} +
                                    "@127.0.0.1:" + std::to_string(gates[i]->port()) + "/" +
                                    database + "?sslmode=disable&connect_timeout=2";
            host.post("/replication/connections",
                      {{"id", id}, {"connector", "postgres"}, {"config", {{"url", url}}}});
            Json job = users_job(id, "* * * * * *");
            job["source"]["connection"] = id;
            job["destination"]["table"] = id;
            Answer const made = host.post("/replication/jobs", job);
            ASSERT_EQ(made.status, 201u) << made;
        }
    }
    static std::string name(std::size_t i) { return "far" + std::to_string(i); }
    /// Waits for `more` ticks of the job that is well to have run.
    void wait_for_ticks(WeirServer& host, std::size_t more) {
        std::size_t const before = finished(host, "well").size();
        ASSERT_TRUE(eventually([&] { return finished(host, "well").size() >= before + more; }))
            << host.get("/runs?limit=5") << host.process().output();
    }
    static std::size_t runs(WeirServer& host, std::string const& job, std::string const& status) {
        Answer const all = host.get("/runs?job=" + job + "&status=" + status + "&limit=1000");
        return all.body.at("items").size();
    }

    std::vector<std::unique_ptr<TcpGate>> gates;
};

TEST_F(SourcesDown, OthersRunOnTimeAndTheirReturnIsNoStorm) {
    WeirServer host{data()};
    make_jobs(host);
    for (std::size_t i = 0; i < count; ++i)
        ASSERT_TRUE(eventually([&] { return !finished(host, name(i)).empty(); }))
            << host.get("/runs?job=" + name(i)) << host.process().output();
    // Two break and refuse, the last takes everything and says nothing.
    gates.back()->black_hole(true);
    for (std::size_t i = 0; i + 1 < count; ++i) {
        gates[i]->refuse(true);
        gates[i]->break_all();
    }
    std::vector<int> came;
    for (auto const& gate : gates) came.push_back(gate->connections());
    std::size_t const skipped = runs(host, "well", "skipped");
    wait_for_ticks(host, rounds(6, 60));
    // A busy machine may be late once or twice; who waited for the others would be late each time.
    EXPECT_LE(runs(host, "well", "skipped"), skipped + rounds(6, 60) / 2)
        << "one that is well waits for no other";
    for (std::size_t i = 0; i + 1 < count; ++i)
        EXPECT_TRUE(eventually([&] {
            return runs(host, name(i), "failed") + runs(host, name(i), "retrying") > 0;
        })) << host.get("/runs?job=" + name(i));
    for (std::size_t i = 0; i < count; ++i) {
        std::cout << name(i) << " away: " << gates[i]->connections() - came[i] << " logins tried\n";
        came[i] = gates[i]->connections();
        gates[i]->refuse(false);
        gates[i]->black_hole(false);
    }
    gates.back()->break_all();  // what it took is gone, and nobody would ever answer
    add_users(101, 150);
    for (std::size_t i = 0; i < count; ++i)
        EXPECT_TRUE(eventually([&] { return local_differs(name(i)).none(); }))
            << local_differs(name(i)) << host.get("/runs?job=" + name(i));
    wait_for_ticks(host, 5);
    for (std::size_t i = 0; i < count; ++i) {
        int const logins = gates[i]->connections() - came[i];
        std::cout << name(i) << " back: " << logins << " logins\n";
        EXPECT_LE(logins, 6) << name(i);
    }
    host.process().kill(SIGTERM);
    EXPECT_EQ(host.process().wait(), 0) << host.process().output();
    for (char const* job : {"well", "far0", "far1", "far2"}) {
        Ticks const ticks = ticks_of(data() + "/state.db", job);
        EXPECT_TRUE(ticks.all_once()) << job << ": " << ticks;
    }
}

}  // namespace
}  // namespace weir::test
