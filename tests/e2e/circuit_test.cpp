// A source that does not answer: who still asks it, what people are told, and how it comes back.
#include <cstdint>

#include "e2e/serve_fixture.hpp"
#include "support/tcp_gate.hpp"

namespace weir::test {
namespace {

class ASourceThatIsDown : public Serve {
protected:
    Json gated(std::string const& id) const {
        return {{"id", id},
                {"connector", "postgres"},
                {"config",
                 {{"host", "127.0.0.1"},
                  {"port", gate.port()},
                  {"user", PostgresServer::user},
                  {"password", PostgresServer::password},
                  {"database", database}}}};
    }
    static Json job_on(std::string const& connection, std::string const& id) {
        Json job = users_job(id);
        job["source"]["connection"] = connection;
        job["destination"]["table"] = id;
        return job;
    }
    static Json circuit(WeirServer& host, std::string const& id) {
        return host.get("/replication/connections/" + id).body.at("circuit");
    }
    static std::int64_t attempts(WeirServer& host) {
        std::int64_t sum = 0;
        Answer const runs = host.get("/runs?limit=1000");
        for (Json const& run : runs.body.at("items")) sum += run.at("attempts").get<std::int64_t>();
        return sum;
    }

    /// For those who are connected already, too.
    void go_down() {
        gate.refuse(true);
        gate.cut_after(1);
    }

    TcpGate gate{server.port()};
};

TEST_F(ASourceThatIsDown, IsAskedByOneAtATimeAndComesBackByItself) {
    constexpr int jobs = 12;
    make_users(3);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    ASSERT_EQ(host.post("/replication/connections", gated("down")).status, 201u);
    ASSERT_EQ(host.post("/replication/jobs", job_on("shop", "well")).status, 201u);
    for (int i = 0; i < jobs; ++i)
        ASSERT_EQ(host.post("/replication/jobs", job_on("down", "j" + std::to_string(i))).status,
                  201u);
    EXPECT_EQ(circuit(host, "down").at("state"), "closed");
    go_down();
    for (int i = 0; i < jobs; ++i) host.post("/replication/jobs/j" + std::to_string(i) + "/run");
    ASSERT_TRUE(eventually([&] { return circuit(host, "down").contains("error"); }))
        << host.get("/runs");
    Json const open = circuit(host, "down");
    EXPECT_EQ(open.at("error").at("code"), "postgres.unreachable") << open;
    EXPECT_GE(open.at("failures"), 5);
    EXPECT_TRUE(open.at("since").is_string());
    EXPECT_TRUE(open.at("next_probe_at").is_string());
    EXPECT_EQ(circuit(host, "shop").at("state"), "closed");
    std::string const listed = host.cli({"conn", "list"}).out;
    EXPECT_NE(listed.find("down"), listed.rfind("down")) << "its name, and its state: " << listed;

    // Somebody sleeps and says why; a healthy connection is not touched.
    Json status;
    ASSERT_TRUE(eventually([&] {
        for (int i = 0; i < jobs; ++i) {
            status = host.get("/replication/jobs/j" + std::to_string(i) + "/status").body;
            Json const error = status.value("error", Json());
            if (error.is_object() && error.value("code", "") == "run.connection_down") return true;
        }
        return false;
    }));
    EXPECT_EQ(status.at("state"), "retrying") << status;
    EXPECT_NE(status.at("circuit").at("state"), "closed");
    EXPECT_EQ(host.run_job("well").body.at("status"), "succeeded");

    // All tries but the probes came before it opened; without a circuit they are four times that.
    int const later = open.at("failures").get<int>() + 3;
    ASSERT_TRUE(eventually([&] { return circuit(host, "down").at("failures") >= later; }));
    EXPECT_LE(attempts(host), jobs + 6) << host.get("/runs");

    gate.refuse(false);
    for (int i = 0; i < jobs; ++i)
        EXPECT_TRUE(eventually([&] {
            return !finished(host, "j" + std::to_string(i)).empty() ||
                   host.get("/replication/jobs/j" + std::to_string(i)).body.at("last_status") ==
                       "failed";
        })) << i;
    EXPECT_EQ(circuit(host, "down").at("state"), "closed");
    int good = 0;
    for (int i = 0; i < jobs; ++i) good += finished(host, "j" + std::to_string(i)).empty() ? 0 : 1;
    EXPECT_GE(good, jobs - 1) << "only who probed used up its tries";
}

TEST_F(ASourceThatIsDown, FailsARunThatIsWaitedForWithTheReason) {
    make_users(3);
    WeirServer host{data()};
    ASSERT_EQ(host.post("/replication/connections", gated("down")).status, 201u);
    ASSERT_EQ(host.post("/replication/jobs", job_on("down", "users")).status, 201u);
    go_down();
    Answer const run =
        host.post("/data-replication/sync/users", Json::object(), {{"Prefer", "wait=10"}});
    EXPECT_EQ(run.status, 200u) << run;
    EXPECT_EQ(run.body.at("status"), "failed") << run;
    EXPECT_EQ(run.body.at("error").at("code"), "postgres.unreachable");
    EXPECT_EQ(run.body.at("attempts"), 4);
}

TEST_F(ASourceThatIsDown, DoesNotMakeAPositionForgotten) {
    make_users(3);
    WeirServer host{data()};
    ASSERT_EQ(host.post("/replication/connections", gated("down")).status, 201u);
    Json job = job_on("down", "users");
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    ASSERT_EQ(host.run_job("users").body.at("status"), "succeeded");
    ASSERT_TRUE(eventually([&] {
        return host.get("/replication/jobs/users").body.at("last_status") == "succeeded";
    }));
    go_down();
    job["source"]["cursor"] = "id";
    Answer const refused = host.call("PUT", "/replication/jobs/users", job);
    EXPECT_EQ(refused.status, 409u) << refused;
    EXPECT_EQ(refused.code(), "replication.needs_reset");
    job["source"]["cursor"] = "updated_at";
    job["schedule"] = "1h";
    EXPECT_EQ(host.call("PUT", "/replication/jobs/users", job).status, 200u)
        << "what leaves the position alone needs no source";
}

TEST_F(ASourceThatIsDown, ACheckThatSucceedsOpensTheWay) {
    make_users(3);
    WeirServer host{data()};
    ASSERT_EQ(host.post("/replication/connections", gated("down")).status, 201u);
    Json job = job_on("down", "users");
    job["source"]["retry"] = {{"attempts", 6}, {"delay", 10}, {"backoff", "fixed"}};
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    go_down();
    host.post("/replication/jobs/users/run");
    ASSERT_TRUE(eventually([&] { return circuit(host, "down").contains("error"); }));
    gate.refuse(false);
    EXPECT_EQ(host.post("/replication/connections/down/check").body.at("ok"), true);
    EXPECT_EQ(circuit(host, "down").at("state"), "closed");
    EXPECT_TRUE(eventually([&] { return !finished(host, "users").empty(); }));
}

}  // namespace
}  // namespace weir::test
